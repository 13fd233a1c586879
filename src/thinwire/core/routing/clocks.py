"""Deadlines (DESIGN.md §4): four clocks and the connect limit, turned into one absolute deadline
for each wait. Passive: the time comes from the caller.

  total        whole call, retries and fallbacks included
  first_token  one attempt, from its start to its first delta
  progress     from one delta to the next
  liveness     from one read to the next, whatever it brought

Comments and role-only chunks are bytes (liveness) but not deltas: keep-alives cannot hold a dead
stream open (WIRE.md C1-C3), and a slow model that still sends comments is not cut by liveness.
"""


class Timeouts:
    """Limits in seconds; None for no limit.

    Args:
        connect: name lookup, connection and TLS handshake.
        first_token: from the start of an attempt to its first content, reasoning or tool delta.
        progress: longest gap between two such deltas.
        liveness: longest gap between any two bytes, comments included.
        total: the whole call.
    """

    def __init__(
        self,
        connect: "float | None" = 10,
        first_token: "float | None" = 15,
        progress: "float | None" = 60,
        liveness: "float | None" = 60,
        total: "float | None" = None,
    ) -> None:
        self.connect = _ms("connect", connect)
        self.first_token = _ms("first_token", first_token)
        self.progress = _ms("progress", progress)
        self.liveness = _ms("liveness", liveness)
        self.total = _ms("total", total)

    def idle_ms(self) -> "int | None":
        """The longest silence any clock allows inside a stream, in milliseconds."""
        limits = [ms for ms in (self.progress, self.liveness) if ms is not None]
        return min(limits) if limits else None


def _ms(name: str, seconds: "float | None") -> "int | None":
    if seconds is None or seconds == float("inf"):
        return None
    if not seconds > 0:
        raise ValueError("timeout %s must be greater than 0 seconds, or None" % name)
    return max(int(seconds * 1000), 1)


class Clocks:
    """The clocks of one attempt.

    Args:
        timeouts: the limits.
        start_ms: time of the call's start, from where the total clock runs.
        now_ms: time of the attempt's start.
    """

    def __init__(self, timeouts: Timeouts, start_ms: int, now_ms: int) -> None:
        self._timeouts = timeouts
        self._start = start_ms
        self._attempt = now_ms
        self._bytes = now_ms
        self._delta = -1

    def received(self, now_ms: int) -> None:
        """Bytes have arrived."""
        self._bytes = now_ms

    def delta(self, now_ms: int) -> None:
        """A delta has arrived."""
        self._delta = now_ms

    def connect_deadline(self) -> "int | None":
        """When the connection must stand."""
        limit = self._timeouts.connect
        return None if limit is None else self._attempt + limit

    def head_deadline(self) -> "int | None":
        """When the response head must have arrived."""
        # While the request is being sent nothing is expected to arrive.
        limits = self._timeouts
        found = _sooner(limits.first_token, self._attempt, None)
        return _sooner(limits.total, self._start, found)

    def deadline(self) -> "int | None":
        """When the next bytes must have arrived."""
        # Asked for each read: without a tuple, which a chip has to collect.
        limits = self._timeouts
        if self._delta < 0:
            found = _sooner(limits.first_token, self._attempt, None)
        else:
            found = _sooner(limits.progress, self._delta, None)
        found = _sooner(limits.liveness, self._bytes, found)
        return _sooner(limits.total, self._start, found)

    def next(self) -> str:
        """Name of the clock that runs out first, "" when none runs."""
        deadline = self.deadline()
        waiting = ("first_token", self._attempt) if self._delta < 0 else ("progress", self._delta)
        for name, since in (waiting, ("liveness", self._bytes), ("total", self._start)):
            limit = getattr(self._timeouts, name)
            if limit is not None and since + limit == deadline:
                return name
        return ""

    def expired(self, now_ms: int) -> bool:
        """Whether a clock has run out."""
        deadline = self.deadline()
        return deadline is not None and now_ms >= deadline

    def limit(self, name: str) -> str:
        """A clock's limit as words, e.g. "15 s"."""
        ms = getattr(self._timeouts, name, None)
        return "%g s" % (ms / 1000) if ms is not None else "no limit"


def _sooner(limit: "int | None", since: int, other: "int | None") -> "int | None":
    if limit is None or (other is not None and other <= since + limit):
        return other
    return since + limit

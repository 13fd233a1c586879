"""How many requests a deployment may have at a time (`max_concurrent`), and may begin within any
minute (`requests_per_minute`); shared by all calls of a client.

A request that may not begin fails its attempt with kind "limit" before anything is sent. That
attempt is free, and what follows is

  the next of the chain   that has room; the one at its limit stays behind it
  a wait                  where nobody has: until the first has, within `total`
  the error               where that would be too late, or never

Whoever waits stands in the queue of each. A place that becomes free is promised to the first
there: nobody who comes later gets it. The minute of one deployment is booked. A call gives back
what it has and what it was promised however it ends, see Exchange.close. Threads may share a
Client: one at a time looks at limits.

Loaded for deployments that have such a limit.
"""

from thinwire.core._compat import const, threads
from thinwire.core.error_kinds import ThinwireError

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from thinwire.core.exchange import Exchange
    from thinwire.core.providers.options import Options
    from thinwire.core.request.http_request import Abortable
    from thinwire.core.routing.deployment import Deployment
    from thinwire.core.routing.plan import Attempt, Plan

_MINUTE = const(60000)
_EARLY_MS = const(5)  # that a timer may be
_LONG = const(86400000)  # of a wait that nothing but a free place ends
HINT = " (none becomes free in time: name a fallback, or give it time, Timeouts(total=...))"


class Unshared:
    """Stands for a lock where there are no threads."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, *details: object) -> None:
        pass


# Whoever looks at limits has it.
_LOCK: "AbstractContextManager[object]" = Unshared() if threads is None else threads.RLock()


def _me() -> object:
    return 0 if threads is None else threads.get_ident()


class Limit:
    """One deployment's limits, and who is within them.

    Args:
        options: the deployment's.

    Attributes:
        most: how many requests at a time, None for any number.
        per_minute: how many may begin within a minute, None likewise.
        takers: the thread of each that is at work, or that has been promised a place.
        waiting: calls that want a place, in order.
        begun: when requests of the last minute began, and will, for whom a moment is booked.
    """

    def __init__(self, options: "Options") -> None:
        self.most = options.max_concurrent
        self.per_minute = options.requests_per_minute
        self.takers: list[object] = []
        self.waiting: list[Admission] = []
        self.begun: list[int] = []

    def full(self) -> bool:
        """Whether no place is free."""
        return self.most is not None and len(self.takers) >= self.most

    def next_ms(self, now_ms: int) -> int:
        """When the next request may begin, as far as minutes are concerned."""
        begun, most = self.begun, self.per_minute
        while begun and begun[0] <= now_ms - _MINUTE:
            begun.pop(0)
        return now_ms if most is None or len(begun) < most else begun[-most] + _MINUTE

    def wait_ms(self, now_ms: int) -> int:
        """How long until it has room, in milliseconds; 1 where nobody knows."""
        return max(int(self.full()), self.next_ms(now_ms) - now_ms)

    def book(self, moment_ms: int) -> None:
        """Counts a request that begins at a moment that has room for it."""
        self.begun.append(moment_ms)
        self.begun.sort()

    def cancel(self, moment_ms: int) -> None:
        """Takes that back."""
        self.begun.remove(moment_ms)

    def give_back(self, taker: object) -> None:
        """Frees the place of `taker`, for the first who waits."""
        self.takers.remove(taker)
        if self.waiting:
            self.waiting[0].promise(self)


class Limits:
    """The limits of a client's deployments, as far as they have been asked.

    Attributes:
        known: name -> Limit.
    """

    def __init__(self) -> None:
        self.known: dict[str, Limit] = {}

    def wait_ms(self, name: str, now_ms: int) -> int:
        """How long until a deployment has room, 0 for at once; see Limit."""
        with _LOCK:
            limit = self.known.get(name)
            return 0 if limit is None else limit.wait_ms(now_ms)


class Admission:
    """What one call has of the limits of its deployments.

    A plan has one, which knows it only from a refusal to what follows: a stream that is left
    without a word is let go at once, and with it its place. A chip, which tells nobody that it
    lets go, needs `aclose`.
    """

    def __init__(self, limits: Limits) -> None:
        self._plan: Plan | None = None
        self._limits = limits
        self._held: list[tuple[Attempt, Limit, object]] = []
        self._pause: Abortable | None = None
        self._thread: object = 0  # that waits
        self._queues: list[Limit] = []
        self._promised: Limit | None = None
        self._booked: tuple[Limit, int] | None = None

    def __del__(self) -> None:
        while self._held:
            self.closed(self._held[0][0])

    def admit(self, plan: "Plan", attempt: "Attempt", deployment: "Deployment") -> None:
        """Takes a place for an attempt that is about to be made.

        Raises:
            ThinwireError: of kind "limit".
        """
        name, options = attempt.deployment, deployment.options
        now_ms = plan.start_ms + attempt.started_ms
        self._plan = plan
        with _LOCK:
            limit = self._limits.known.get(name)
            if limit is None:
                limit = self._limits.known[name] = Limit(options)  # type: ignore[arg-type]
            taker = _me()
            if self._promised is limit:
                self._promised = None
                taker = self._thread
            elif limit.full():
                said = "%d requests at work, all that max_concurrent allows"
                self._give_up()
                raise _refused(name, said % len(limit.takers))
            else:
                limit.takers.append(taker)
            self._held.append((attempt, limit, taker))
            booked = self._booked
            if booked is not None and booked[0] is limit and booked[1] <= now_ms + _EARLY_MS:
                self._booked = None
            elif limit.next_ms(now_ms) > now_ms:
                said = "begun %d requests within a minute, all that requests_per_minute allows"
                self._give_up()
                self.closed(attempt)
                raise _refused(name, said % limit.per_minute)
            elif limit.per_minute is not None:
                limit.book(now_ms)
            self._give_up()
            self._plan = None

    def wake(self, pause: "Abortable", exchange: "Exchange") -> None:
        """Ends a pause as soon as a deployment has room, if the pause is for that.

        Args:
            pause: is about to begin.
            exchange: the attempt that failed last.
        """
        attempt = exchange.attempt
        error: ThinwireError = attempt.error  # type: ignore[assignment]
        if error.kind != "limit":
            return
        plan: Plan = self._plan  # type: ignore[assignment]  # it was refused
        with _LOCK:
            self._pause, self._thread = pause, _me()
            for name in plan.left if plan.policy.falls_back(error) else [attempt.deployment]:
                limit = self._limits.known[name]
                if limit.full():
                    limit.waiting.append(self)
                    self._queues.append(limit)
                elif self._booked is None:
                    moment = limit.next_ms(exchange.now_ms)
                    if moment <= exchange.now_ms:  # another thread has made room meanwhile
                        pause.abort()
                    if limit.per_minute is not None:
                        limit.book(moment)
                        self._booked = (limit, moment)

    def promise(self, limit: Limit) -> None:
        """Takes a place that has become free, and ends the wait for it."""
        limit.takers.append(self._thread)
        self._give_up()
        self._promised = limit
        left, known = self._plan.left, self._limits.known  # type: ignore[union-attr]
        place = [known.get(name) is limit for name in left].index(True)
        left.insert(0, left.pop(place))
        self._pause.abort()  # type: ignore[union-attr]

    def closed(self, attempt: "Attempt") -> None:
        """Gives back what an attempt has, which is over, and what its call waits for."""
        with _LOCK:
            for place in range(len(self._held)):
                one, limit, taker = self._held[place]
                if one is attempt:
                    self._held.pop(place)
                    limit.give_back(taker)
                    break
            self._give_up()

    def _give_up(self) -> None:
        while self._queues:
            self._queues.pop().waiting.remove(self)
        promised, self._promised = self._promised, None
        if promised is not None:
            promised.give_back(self._thread)
        booked, self._booked = self._booked, None
        if booked is not None:
            booked[0].cancel(booked[1])


def _refused(name: str, why: str) -> ThinwireError:
    error = ThinwireError("deployment %r has %s" % (name, why))
    error.kind = "limit"
    return error


def admit(plan: "Plan", attempt: "Attempt", deployment: "Deployment") -> None:
    """Takes a place for an attempt that is about to be made; see Admission.

    Raises:
        ThinwireError: of kind "limit".
    """
    with _LOCK:
        if plan.health.limits is None:
            plan.health.limits = Limits()
    if plan.places is None:
        plan.places = Admission(plan.health.limits)
    plan.places.admit(plan, attempt, deployment)


def next_step(
    plan: "Plan", name: str, error: ThinwireError, now_ms: int
) -> "tuple[str, list[str], int] | None":
    """What follows an attempt that was refused; changes nothing.

    Args:
        name: of the deployment that refused it.

    Returns:
        The action, the names to try, milliseconds to wait; None for the error.
    """
    with _LOCK:
        return _next_step(plan, name, error, now_ms)


def _next_step(
    plan: "Plan", name: str, error: ThinwireError, now_ms: int
) -> "tuple[str, list[str], int] | None":
    falls_back = plan.policy.falls_back(error)
    others = [one for one in plan.left if one != name] if falls_back else []
    known = {} if plan.health.limits is None else plan.health.limits.known
    waits = {one: known[one].wait_ms(now_ms) for one in [name] + others if one in known}
    room = [one for one in others if not waits.get(one)]
    blocked = [one for one in others if waits.get(one)]
    if room:
        return "fallback", room + [name] + blocked, 0
    # The moment is known where a minute is full, and is not where all places are taken: those may
    # become free at any time, unless they are this thread's own, which is about to wait.
    me, hopeless = _me(), plan.router.blocking
    moments = []
    for one in [name] + blocked:
        if one not in known or not known[one].full():
            moments.append((waits.get(one, 1), one))
        elif [taker for taker in known[one].takers if taker != me]:
            hopeless = False
    first = min(moments) if moments else None
    total = plan.policy.timeouts_at(plan.router.deployment(name)).total
    left = _LONG if total is None else plan.start_ms + total - now_ms
    places = len(moments) < 1 + len(blocked) and not hopeless
    names = [name] + blocked
    if first is not None and first[0] < left:
        left = first[0]
        names.remove(first[1])
        names.insert(0, first[1])
    elif not places or left <= 0:
        return None
    names += [one for one in plan.left if one not in names]
    return "retry", names, max(left, 1)

# Which deployments are left alone for a while, shared by all calls of a client. A server that
# says when to come back (Retry-After) cools down until then; one that fails again and again, for
# a fixed time. After that time the next failure cools it down at once: one call tries, not all.

from thinwire.core._compat import TYPE_CHECKING, unix_time
from thinwire.core.pins import Pins
from thinwire.core.policy import COOLS

if TYPE_CHECKING:
    from thinwire.core.errors import ThinwireError
    from thinwire.core.store import Store

_RELOAD_MS = 1000  # how old what other processes stored may get


class CooldownPolicy:
    """When a deployment is left alone.

    Args:
        failures: failed attempts in a row after which it cools down.
        seconds: for how long.
        max_seconds: longest cooldown that a server's Retry-After may cause, in seconds.

    Raises:
        ValueError: a number that makes no sense.
    """

    def __init__(self, failures: int = 3, seconds: float = 30, max_seconds: float = 600) -> None:
        if not (failures >= 1 and seconds >= 0 and max_seconds >= 0):
            raise ValueError("CooldownPolicy needs failures >= 1 and seconds >= 0")
        self.failures = failures
        self.ms = int(seconds * 1000)
        self.max_ms = int(max_seconds * 1000)


class DeploymentState:
    """How a deployment is doing.

    Attributes:
        healthy: whether calls go to it first; else it is tried after all others of a chain.
        cooldown_ms: how long it is still left alone, in milliseconds.
        failures: failed attempts since the last answer.
        reason: kind of the last of them, "" after an answer.
    """

    def __init__(self, cooldown_ms: int = 0, failures: int = 0, reason: str = "") -> None:
        self.healthy = cooldown_ms <= 0
        self.cooldown_ms = max(cooldown_ms, 0)
        self.failures = failures
        self.reason = reason

    def __repr__(self) -> str:
        words = "healthy" if self.healthy else "cools down for %d ms" % self.cooldown_ms
        return "DeploymentState(%s, failures=%d, %r)" % (words, self.failures, self.reason)


class _Record:
    def __init__(self) -> None:
        self.until_ms = 0
        self.failures = 0
        self.reason = ""


class Health:
    """The state of all deployments of a client.

    Args:
        policy: when one is left alone.
        store: where the state is kept beyond this process, or None.

    Attributes:
        needs_length: names of deployments that asked for a Content-Length.
        pins: which provider behind a gateway answered a session last.
        problem: why the state could not be stored, "" when it was.
    """

    def __init__(self, policy: CooldownPolicy, store: "Store | None" = None) -> None:
        self._policy = policy
        self._store = store
        self._records: dict[str, _Record] = {}
        self._known: dict[str, object] = {}  # what the store held last
        self._loaded_ms = -_RELOAD_MS
        self.needs_length: list[str] = []
        self.pins = Pins()
        self.problem = ""

    def failed(self, name: str, error: "ThinwireError", now_ms: int) -> None:
        """An attempt failed."""
        asked = getattr(error, "retry_after_ms", None)
        if error.kind not in COOLS and not asked:
            return
        self._load(now_ms)
        record = self._records.setdefault(name, _Record())
        record.failures += 1
        record.reason = error.kind
        if asked:
            record.until_ms = max(record.until_ms, now_ms + min(asked, self._policy.max_ms))
        elif record.failures >= self._policy.failures:
            record.until_ms = max(record.until_ms, now_ms + self._policy.ms)
        self._save(now_ms)

    def answered(self, name: str, now_ms: int) -> None:
        """A deployment answered: what was before does not count any more."""
        if name in self._records:
            self._load(now_ms)  # or what others have stored meanwhile would be lost
            self._records.pop(name, None)
            self._save(now_ms)

    def wait_ms(self, name: str, now_ms: int) -> int:
        """How long a deployment is still left alone, in milliseconds."""
        record = self._records.get(name)
        return max(record.until_ms - now_ms, 0) if record is not None else 0

    def in_order(self, names: "list[str]", now_ms: int) -> "list[str]":
        """`names` with those that cool down at the end, the one that is ready first before."""
        self._load(now_ms)
        waits = [(self.wait_ms(name, now_ms), place) for place, name in enumerate(names)]
        return [names[place] for _, place in sorted(waits)]

    def state(self, name: str, now_ms: int) -> DeploymentState:
        """How a deployment is doing."""
        self._load(now_ms)
        record = self._records.get(name)
        if record is None:
            return DeploymentState()
        return DeploymentState(self.wait_ms(name, now_ms), record.failures, record.reason)

    def _load(self, now_ms: int) -> None:
        # What could not be saved is better known here than in the store.
        if self._store is None or self.problem or now_ms - self._loaded_ms < _RELOAD_MS:
            return
        self._loaded_ms = now_ms
        stored = self._stored()
        # What is still as it was is known better here: `left_ms` must not begin anew.
        if stored is not None and stored != self._known:
            self._known = stored
            self._records = {}
            for name, values in stored.items():
                self._restore(name, values, now_ms)

    def _stored(self) -> "dict[str, object] | None":
        try:
            return self._store.load()  # type: ignore[union-attr]
        except OSError as error:  # a file never does, a database may
            self.problem = "the state of deployments cannot be loaded: %s" % error
            return None

    def _restore(self, name: str, values: object, now_ms: int) -> None:
        # What is stored may be anybody's file: anything that is not ours is left out.
        if not isinstance(values, dict):
            return
        record = self._records[name] = _Record()
        left, until, now = _integer(values, "left_ms"), _integer(values, "until"), unix_time()
        if until and now:  # both clocks were set; a chip's may not have been
            left = min((until - now) * 1000, left)
        record.until_ms = now_ms + min(left, self._policy.max_ms)
        record.failures = _integer(values, "failures")
        record.reason = str(values.get("reason", ""))

    def _save(self, now_ms: int) -> None:
        if self._store is None:
            return
        now = unix_time()
        state: dict[str, object] = {}
        for name, record in self._records.items():
            left = self.wait_ms(name, now_ms)
            state[name] = {
                "left_ms": left,
                "until": now + (left + 999) // 1000 if now else 0,
                "failures": record.failures,
                "reason": record.reason,
            }
        try:
            self._store.save(state)
            self._known = state
            self.problem = ""
        except OSError as error:
            self.problem = "the state of deployments is not stored: %s" % error


def _integer(values: "dict[str, object]", name: str) -> int:
    value = values.get(name)
    return value if isinstance(value, int) and value > 0 else 0

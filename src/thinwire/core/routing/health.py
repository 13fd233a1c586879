"""Which deployments are left alone for a while, shared by all calls of a client. A server that
says when to come back (Retry-After) cools down until then; one that fails again and again, for
a fixed time. After that time the next failure cools it down at once: one call tries, not all.
"""

from thinwire.core._compat import const
from thinwire.core.error_kinds import COOLDOWN_ON

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from thinwire.core.errors import ThinwireError
    from thinwire.core.routing.affinity import Pins
    from thinwire.core.routing.store import Shelf, Store

# What is known of deployments that failed; loaded when one has, or when somebody asks.


class Record:
    """The failures of a deployment since its last answer.

    Attributes:
        until_ms: when it may be asked again.
        failures: how many attempts failed.
        reason: kind of the last error.
    """

    def __init__(self, until_ms: int = 0, failures: int = 0, reason: str = "") -> None:
        self.until_ms = until_ms
        self.failures = failures
        self.reason = reason

    def wait_ms(self, now_ms: int) -> int:
        """How long the deployment is still left alone, in milliseconds."""
        return max(self.until_ms - now_ms, 0)


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


class Health:
    """The state of all deployments of a client.

    Args:
        policy: when one is left alone.
        store: where the state is kept beyond this process, or None.

    Attributes:
        needs_length: names of deployments that asked for a Content-Length.
    """

    def __init__(self, policy: CooldownPolicy, store: "Store | None" = None) -> None:
        self._policy = policy
        self._records: dict[str, Record] = {}
        self._shelf: Shelf | None = None
        self._pins: Pins | None = None
        self.needs_length: list[str] = []
        if store is not None:
            from thinwire.core.routing import store as shelf

            self._shelf = shelf.Shelf(store, policy.max_ms)

    @property
    def problem(self) -> str:
        """Why the state could not be stored, "" when it was."""
        return "" if self._shelf is None else self._shelf.problem

    def pins(self) -> "Pins":
        """Which provider behind a gateway answered a session last."""
        if self._pins is None:
            from thinwire.core.routing import affinity as pins

            self._pins = pins.Pins()
        return self._pins

    def failed(self, name: str, error: "ThinwireError", now_ms: int) -> None:
        """An attempt failed."""
        asked = getattr(error, "retry_after_ms", None)
        if error.kind not in COOLDOWN_ON and not asked:
            return

        self._load(now_ms)
        record = self._records.setdefault(name, Record())
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
        return record.wait_ms(now_ms) if record is not None else 0

    def in_order(self, names: "list[str]", now_ms: int) -> "list[str]":
        """`names` with those that cool down at the end, the one that is ready first before."""
        self._load(now_ms)
        waits = [(self.wait_ms(name, now_ms), place) for place, name in enumerate(names)]
        return [names[place] for _, place in sorted(waits)]

    def state(self, name: str, now_ms: int) -> "DeploymentState":
        """How a deployment is doing."""

        self._load(now_ms)
        record = self._records.get(name)
        if record is None:
            return DeploymentState()
        return DeploymentState(record.wait_ms(now_ms), record.failures, record.reason)

    def _load(self, now_ms: int) -> None:
        if self._shelf is not None:
            self._records = self._shelf.load(self._records, now_ms)

    def _save(self, now_ms: int) -> None:
        if self._shelf is not None:
            self._shelf.save(self._records, now_ms)

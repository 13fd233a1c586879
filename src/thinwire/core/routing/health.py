"""Which deployments are left alone for a while, shared by all calls of a client.

A server that says when to come back (Retry-After) cools down until then; one that fails again and
again, for a fixed time. After that time the next failure cools it down at once: one call tries,
not all.
"""

from thinwire.core._compat import const, public
from thinwire.core.error_kinds import COOLDOWN_ON

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from collections.abc import Callable

    from thinwire.core.errors import ThinwireError
    from thinwire.core.routing.affinity import SessionAffinity
    from thinwire.core.routing.limits import Limits
    from thinwire.core.routing.store import Store, StoredStates


@public
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

    def __repr__(self) -> str:
        seconds, most = self.ms / 1000, self.max_ms / 1000
        shown = (self.failures, seconds, most)
        return "CooldownPolicy(failures=%r, seconds=%g, max_seconds=%g)" % shown


@public
class DeploymentState:
    """How a deployment is doing.

    Args:
        until_ms: when it may be asked again.
        now_ms: the time that `cooldown_ms` and `healthy` speak of.

    Attributes:
        healthy: whether calls go to it first; else it is tried after all others of a chain.
        cooldown_ms: how long it is still left alone, in milliseconds.
        failures: failed attempts since the last answer.
        reason: kind of the last of them, "" after an answer.
    """

    def __init__(
        self, until_ms: int = 0, failures: int = 0, reason: str = "", now_ms: int = 0
    ) -> None:
        self.until_ms = until_ms
        self.failures = failures
        self.reason = reason
        self.cooldown_ms = max(until_ms - now_ms, 0)
        self.healthy = self.cooldown_ms == 0

    def __repr__(self) -> str:
        shown = "healthy" if self.healthy else "cools down for %d ms" % self.cooldown_ms
        return "DeploymentState(%s, failures=%d, %r)" % (shown, self.failures, self.reason)


class Health:
    """The state of all deployments of a client.

    Args:
        policy: when one is left alone.
        store: where the state is kept beyond this process, or None.
        on_problem: told in words why the store failed, or None.

    Attributes:
        limits: what deployments may have at a time, None where none has such a limit.
        needs_length: names of deployments that want a Content-Length.
        tried_chunks: names of those that took a request in chunks, or were sent one with its
            length in place of it.
    """

    limits: "Limits | None" = None

    def __init__(
        self,
        policy: CooldownPolicy,
        store: "Store | None" = None,
        on_problem: "Callable[[str], object] | None" = None,
    ) -> None:
        self._policy = policy
        self._states: dict[str, DeploymentState] = {}
        self._stored: StoredStates | None = None
        self._affinity: SessionAffinity | None = None
        self.needs_length: list[str] = []
        self.tried_chunks: list[str] = []
        if store is not None:
            from thinwire.core.routing import store as stores

            self._stored = stores.StoredStates(store, policy.max_ms, on_problem)

    def affinity(self) -> "SessionAffinity":
        """Which provider behind a gateway answered a session last."""
        if self._affinity is None:
            from thinwire.core.routing import affinity

            self._affinity = affinity.SessionAffinity()
        return self._affinity

    def failed(self, name: str, error: "ThinwireError", now_ms: int) -> None:
        """Takes note that an attempt failed."""
        asked = error.retry_after_ms
        if error.kind not in COOLDOWN_ON and not asked:
            return
        if self._stored is not None:
            self._states = self._stored.load(self._states, now_ms)
        state = self._states.setdefault(name, DeploymentState())
        state.failures += 1
        state.reason = error.kind
        if asked:
            state.until_ms = max(state.until_ms, now_ms + min(asked, self._policy.max_ms))
        elif state.failures >= self._policy.failures:
            state.until_ms = max(state.until_ms, now_ms + self._policy.ms)
        if self._stored is not None:
            self._stored.save(self._states, now_ms, name)

    def answered(self, name: str, now_ms: int) -> None:
        """Takes note that a deployment answered: what was before does not count any more."""
        state = self._states.get(name)
        if state is not None and (state.failures or state.until_ms <= now_ms):
            self._load(now_ms)  # or what others have stored meanwhile would be lost
            self._states.pop(name, None)
            if self._stored is not None:
                self._stored.save(self._states, now_ms)

    def rest(self, name: str, ms: int, now_ms: int) -> None:
        """Takes note that a deployment answers, and says that it will answer no more for a while.

        Args:
            ms: how long, in milliseconds.
        """
        self._load(now_ms)
        until = now_ms + min(ms, self._policy.max_ms)
        self._states[name] = DeploymentState(until, 0, "rate_limit")
        if self._stored is not None:
            self._stored.save(self._states, now_ms, name)

    def wait_ms(self, name: str, now_ms: int) -> int:
        """How long a deployment is still left alone, in milliseconds."""
        state = self._states.get(name)
        wait = max(state.until_ms - now_ms, 0) if state is not None else 0
        return wait if self.limits is None else max(wait, self.limits.wait_ms(name, now_ms))

    def in_order(self, names: "list[str]", now_ms: int) -> "list[str]":
        """`names` with those that cool down at the end, the one that is ready first before."""
        if self._stored is not None:
            self._load(now_ms)
        if not self._states and self.limits is None:
            return names
        waits = [(self.wait_ms(name, now_ms), place) for place, name in enumerate(names)]
        return [names[place] for _, place in sorted(waits)]

    def state(self, name: str, now_ms: int) -> DeploymentState:
        """How a deployment is doing, as of `now_ms`."""
        self._load(now_ms)
        known = self._states.get(name) or DeploymentState()
        return DeploymentState(known.until_ms, known.failures, known.reason, now_ms)

    def _load(self, now_ms: int) -> None:
        if self._stored is not None:
            self._states = self._stored.load(self._states, now_ms)

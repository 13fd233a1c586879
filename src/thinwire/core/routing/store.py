"""The state of deployments beyond this process, so that a chip that reboots or the next process
of a server does not run into the same rate limit again; loaded when there is a store.

Flash wears out, and stands still while it is written. So a failure is stored if it says something
new: that a deployment is left alone now, or for more than twice as long, or twice as many failures
as are stored. Recovery always is.
"""

import json

from thinwire.core._compat import (
    const,
    fraction,
    is_awaitable,
    public,
    remove_file,
    replace_file,
    unix_time,
)
from thinwire.core.routing.health import DeploymentState

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from collections.abc import Callable
    from os import PathLike
    from typing import Any

    States = dict[str, DeploymentState]

_RELOAD_MS = const(1000)  # how old what other processes stored may get
_RECOVER_MS = const(30000)  # how long a store that cannot be loaded is left alone


@public
class Store:
    """Keeps the state of deployments; subclass it to keep it in Redis, NVS or RTC memory.

    Both methods are plain ones, not async. What they raise, whatever its class, ends no call: the
    log and `on_event` say so, and the client goes on with what it knows.
    """

    def load(self) -> "dict[str, Any] | None":
        """What was saved last, by whichever process; None when there is nothing."""
        raise NotImplementedError

    def save(self, state: "dict[str, Any]") -> None:
        """Keeps `state`, a JSON object."""
        raise NotImplementedError


@public
class FileStore(Store):
    """Keeps the state in a small file, replaced as a whole.

    Args:
        path: of the file; its folder must exist.

    Several processes may share a file: each reads it at most once a second, and the last one that
    writes wins, which can lose a cooldown but never breaks the file.
    """

    def __init__(self, path: "str | PathLike[str]") -> None:
        self._path = path

    def load(self) -> "dict[str, Any] | None":
        """See Store.load; a file that is no state of ours is as good as none."""
        try:
            with open(self._path) as file:
                state = json.loads(file.read())
        except (OSError, ValueError, RuntimeError, MemoryError):
            return None  # RuntimeError: thousands of brackets
        return state if isinstance(state, dict) else None

    def save(self, state: "dict[str, Any]") -> None:
        """See Store.save."""
        # A name of its own: another process may be writing, too.
        temporary = "%s.%d" % (self._path, int(fraction() * 1000000))
        try:
            with open(temporary, "w") as file:
                file.write(json.dumps(state))
            replace_file(temporary, self._path)
        except OSError:
            try:
                remove_file(temporary)  # a full flash must not fill up with what did not fit
            except OSError:  # pragma: no cover (MicroPython)
                pass  # it was never made
            raise


class StoredStates:
    """Loads and saves the states of a client's deployments.

    Args:
        store: where they are kept.
        max_ms: longest cooldown that a store may cause, in milliseconds.
        on_problem: told in words why the store failed, or None.
    """

    def __init__(
        self, store: Store, max_ms: int, on_problem: "Callable[[str], object] | None" = None
    ) -> None:
        self._store = store
        self._max_ms = max_ms
        self._on_problem = on_problem
        self._known: dict[str, object] = {}  # what the store held last
        self._loaded_ms = -_RELOAD_MS
        self._failed = False

    def load(self, states: "States", now_ms: int) -> "States":
        """What others have stored meanwhile, else `states`."""
        # What could not be saved is better known here than in the store.
        if self._failed or now_ms - self._loaded_ms < _RELOAD_MS:
            return states
        self._loaded_ms = now_ms
        try:
            stored = self._store.load()
            if stored is not None and not isinstance(stored, dict):
                raise TypeError("load() gave %s, not a dict" % type(stored).__name__)
        except Exception as error:  # a file never does, a database has errors of its own
            self._loaded_ms = now_ms + _RECOVER_MS - _RELOAD_MS
            self._problem("cannot be loaded", error)
            return states
        # What is still as it was is known better here: `left_ms` must not begin anew.
        if stored is None or stored == self._known:
            return states
        self._known = stored
        found = {}
        for name, values in stored.items():
            # It may be anybody's file: what is not ours is left out.
            if isinstance(values, dict):
                left, until = _integer(values, "left_ms"), _integer(values, "until")
                now = unix_time()
                if until and now:  # both clocks were set; a chip's may not have been
                    left = min((until - now) * 1000, left)
                until_ms = now_ms + min(left, self._max_ms)
                reason = str(values.get("reason", ""))
                found[name] = DeploymentState(until_ms, _integer(values, "failures"), reason)
        return found

    def save(self, states: "States", now_ms: int, failed: str = "") -> None:
        """Stores them, or tells why not.

        Args:
            failed: the deployment that has failed once more, and nothing else has changed; "" if
                what changed is to be stored in any case.
        """
        states = dict(states)  # other threads may be taking note of theirs
        state = states.get(failed)
        if state is not None and not self._failed and not self._is_news(failed, state, now_ms):
            return
        now = unix_time()
        stored: dict[str, object] = {}
        for name, state in states.items():
            left = max(state.until_ms - now_ms, 0)
            stored[name] = {
                "left_ms": left,
                "until": now + (left + 999) // 1000 if now else 0,
                "failures": state.failures,
                "reason": state.reason,
            }
        try:
            result: object = self._store.save(stored)  # type: ignore[func-returns-value]
            if is_awaitable(result):
                raise TypeError("save() is async, and would have to be a plain method")
            self._known = stored
            self._failed = False
        except Exception as error:
            self._failed = True
            self._problem("is not stored", error)

    def _is_news(self, name: str, state: DeploymentState, now_ms: int) -> bool:
        # Whether a failure says more than what is stored.
        before = self._known.get(name)
        if not isinstance(before, dict):
            return True
        if state.failures >= 2 * _integer(before, "failures"):
            return True
        return state.until_ms - now_ms > 2 * _integer(before, "left_ms")

    def _problem(self, message: str, error: Exception) -> None:
        if self._on_problem is not None:
            shown = (message, type(error).__name__, error)
            self._on_problem("the state of deployments %s: %s: %s" % shown)


def _integer(values: "dict[str, object]", name: str) -> int:
    value = values.get(name)
    return value if isinstance(value, int) and value > 0 else 0

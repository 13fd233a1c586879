"""The records of deployments in a store of the user's, where other processes and the next start of
this one find them; loaded when there is a store.
"""

import json

from thinwire.core._compat import const, fraction, remove_file, replace_file, unix_time
from thinwire.core.routing.health import Record

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    Records = dict[str, Record]

# Where a client keeps what it knows about its deployments, so that a chip that reboots or the
# next process of a server does not run into the same rate limit again.


class Store:
    """Keeps the state of deployments; subclass it to keep it in Redis, NVS or RTC memory."""

    def load(self) -> "dict[str, object] | None":
        """What was saved last, by whichever process; None when there is nothing."""
        raise NotImplementedError

    def save(self, state: "dict[str, object]") -> None:
        """Keeps `state`, a JSON object.

        Raises:
            OSError: it cannot; the call goes on, and the log says so.
        """
        raise NotImplementedError


class FileStore(Store):
    """Keeps the state in a small file, replaced as a whole.

    Args:
        path: of the file; its folder must exist.

    Several processes may share a file: each reads it at most once a second, and the last one that
    writes wins, which can lose a cooldown but never breaks the file.
    """

    def __init__(self, path: str) -> None:
        self._path = path

    def load(self) -> "dict[str, object] | None":
        """See Store.load; a file that is no state of ours is as good as none."""
        try:
            with open(self._path) as file:
                state = json.loads(file.read())
        except (OSError, ValueError, RuntimeError, MemoryError):
            return None  # RuntimeError: thousands of brackets
        return state if isinstance(state, dict) else None

    def save(self, state: "dict[str, object]") -> None:
        """See Store.save."""
        # A name of its own: another process may be writing, too.
        temporary = "%s.%d" % (self._path, int(fraction() * 1000000))
        try:
            with open(temporary, "w") as file:
                file.write(json.dumps(state))
            replace_file(temporary, self._path)
        except OSError:
            _discard(temporary)  # a full flash must not fill up with what did not fit
            raise


def _discard(path: str) -> None:
    try:
        remove_file(path)
    except OSError:
        pass  # it was never made


_RELOAD_MS = const(1000)  # how old what other processes stored may get


class Shelf:
    """Loads and saves records.

    Args:
        store: where they are kept.
        max_ms: longest cooldown that a store may cause, in milliseconds.

    Attributes:
        problem: why they could not be stored, "" when they were.
    """

    def __init__(self, store: "Store", max_ms: int) -> None:
        self._store = store
        self._max_ms = max_ms
        self._known: dict[str, object] = {}  # what the store held last
        self._loaded_ms = -_RELOAD_MS
        self.problem = ""

    def load(self, records: "Records", now_ms: int) -> "Records":
        """What others have stored meanwhile, else `records`.

        What could not be saved is better known here than in the store.
        """
        if self.problem or now_ms - self._loaded_ms < _RELOAD_MS:
            return records
        self._loaded_ms = now_ms
        stored = self._stored()
        # What is still as it was is known better here: `left_ms` must not begin anew.
        if stored is None or stored == self._known:
            return records
        self._known = stored
        found = {}
        for name, values in stored.items():
            # It may be anybody's file: what is not ours is left out.
            if isinstance(values, dict):
                found[name] = self._record(values, now_ms)
        return found

    def save(self, records: "Records", now_ms: int) -> None:
        """Stores them, or says why not in `problem`."""
        now = unix_time()
        state: dict[str, object] = {}
        for name, record in records.items():
            left = record.wait_ms(now_ms)
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

    def _stored(self) -> "dict[str, object] | None":
        try:
            return self._store.load()
        except OSError as error:  # a file never does, a database may
            self.problem = "the state of deployments cannot be loaded: %s" % error
            return None

    def _record(self, values: "dict[str, object]", now_ms: int) -> Record:
        left, until, now = _integer(values, "left_ms"), _integer(values, "until"), unix_time()
        if until and now:  # both clocks were set; a chip's may not have been
            left = min((until - now) * 1000, left)
        until_ms = now_ms + min(left, self._max_ms)
        return Record(until_ms, _integer(values, "failures"), str(values.get("reason", "")))


def _integer(values: "dict[str, object]", name: str) -> int:
    value = values.get(name)
    return value if isinstance(value, int) and value > 0 else 0

# The records of deployments in a store of the user's, where other processes and the next start of
# this one find them; loaded when there is a store.

from thinwire.core._compat import const, unix_time
from thinwire.core.records import Record

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from thinwire.core.store import Store

    Records = dict[str, Record]

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

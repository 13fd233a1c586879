# Where a client keeps what it knows about its deployments, so that a chip that reboots or the
# next process of a server does not run into the same rate limit again.

import json

from thinwire.core._compat import fraction, remove_file, replace_file


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

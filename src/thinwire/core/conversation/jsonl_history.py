"""Conversations in a folder, one file of JSON lines for each session, on a server's disk or on a
chip's flash. request/jsonl.py has what keeps a file whole; here sessions get their names.
"""

from thinwire.core._compat import const, escape, import_module, make_folder, public
from thinwire.core.request.jsonl import JSONLMessages

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from collections.abc import Iterable
    from os import PathLike

    from thinwire.core.request.jsonl import Message

_PLAIN = b"abcdefghijklmnopqrstuvwxyz0123456789_-"
_LONGEST = const(80)  # characters of a file name; LittleFS has 255, and a path has to fit as well
_SHOWN = const(24)
_DEVICES = ("con", "prn", "aux", "nul", "com", "lpt")  # of Windows, whatever their ending
_EXISTS = const(17)  # EEXIST


@public
class JSONLHistory:
    """Keeps conversations in a folder: a `JSONLMessages` for each session.

    What is read is read from the disk while it is sent, and never in memory as a whole. A turn
    that was appended is there when the process is killed at the next instant, and one that was
    being appended is there as a whole or not at all; the same holds for what replaces a
    conversation. Several processes and threads may share a folder where the system has flock (on
    Windows and on a chip it is one process's): turns are whole, and stand in the order in which
    they were appended; `replace` takes the place of what others have appended meanwhile, too.

    Args:
        folder: made with the first turn where there is none. A session "kitchen" is in
            kitchen.jsonl; any name is legal, and what is not lower-case ASCII is spelt "%41".
        fsync: whether a turn is on the disk when `append` returns, so that it outlives a power
            failure, too, at some milliseconds each. On a chip it always is on the flash, and
            `replace` always waits for the disk.
    """

    def __init__(self, folder: "str | PathLike[str]", fsync: bool = False) -> None:
        self._folder = folder
        self._fsync = fsync

    def read(self, session: str) -> "JSONLMessages":
        """The messages of a session, none if it is not known; read anew by each iteration.

        Errors of the iteration: see JSONLMessages.
        """
        return _Session("%s/%s.jsonl" % (self._folder, file_name(session)), self._fsync)

    def append(self, session: str, messages: "Iterable[Message]") -> None:
        """Adds the messages of a turn: all of them, or none.

        Raises: see JSONLMessages.extend.
        """
        self._made().read(session).extend(messages)

    def replace(self, session: str, messages: "Iterable[Message]") -> None:
        """Puts other messages in the place of all, or none of them.

        Args:
            messages: may be read from this very session while it is replaced.

        Raises: see JSONLMessages.replace.
        """
        self._made().read(session).replace(messages)

    def delete(self, session: str) -> None:
        """Forgets a session; harmless when it is not known."""
        self.read(session).delete()

    def _made(self) -> "JSONLHistory":
        try:
            make_folder(self._folder)
        except OSError as error:
            # A full heap leaves an error without its number: whether there is one, opening tells.
            if error.args[:1] not in ((), (_EXISTS,)):
                raise
        return self


class _Session(JSONLMessages):
    _required = False


def file_name(session: str) -> str:
    """A name for a session's file, without its ending: another one for each session, on any file
    system, also one that takes capitals for small letters, and none that leads out of a folder.

    Raises:
        TypeError: it is no str.
    """
    if not isinstance(session, str):
        raise TypeError("a session is named by a str, not by %s" % type(session).__name__)
    # As in JSON: so halves of surrogate pairs have bytes, too.
    data = bytes(escape(session))
    name = "".join([chr(byte) if byte in _PLAIN else "%%%02x" % byte for byte in data])
    if name[:3] in _DEVICES and len(name) <= 4:
        name = "%%%02x%s" % (data[0], name[1:])
    if len(name) > _LONGEST:
        digest = import_module("hashlib").sha256(data).digest()
        name = name[:_SHOWN] + "%-" + "".join(["%02x" % byte for byte in digest])
    return name or "%"

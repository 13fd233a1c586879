"""A conversation on disk: one message per line, read while it is sent, so that it is never in
memory as a whole, on a server's disk or on a chip's flash.
"""

from thinwire.core._compat import const, loads_whole, public
from thinwire.core.errors import EncodeError
from thinwire.core.wire.json_encode import encoded

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from typing import BinaryIO

    from thinwire.core.answer.completion import Completion


@public
class JSONLMessages:
    """The messages in a file of JSON lines; an iterable that starts anew each time.

    Args:
        path: UTF-8 file with one message, a JSON object, per line. Blank lines are skipped.

    Errors of the iteration: OSError when the file cannot be read; EncodeError naming file and
    line when a line is no JSON object.
    """

    def __init__(self, path: str) -> None:
        self.path = path

    def __iter__(self) -> "_Lines":
        return _Lines(self.path)

    def append(self, message: "dict[str, object] | Completion") -> None:
        """Adds a message, or an answer as its message, at the end of the file.

        Raises:
            EncodeError: the message holds what JSON cannot carry; nothing is written then.
            OSError: the file cannot be written.
        """
        line = encoded(message if isinstance(message, dict) else message.to_message())
        with open(self.path, "ab") as file:
            file.write(line)
            file.write(b"\n")

    def __repr__(self) -> str:
        return "JSONLMessages(%r)" % (self.path,)


class _Lines:
    def __init__(self, path: str) -> None:
        self._path = path
        self._number = 0
        self._file: BinaryIO | None = None
        self._ended = False

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> "dict[str, object]":
        # Opened by the first step: an iterator that is only made leaves no file behind.
        if self._file is None:
            self._file = open(self._path, "rb")  # noqa: SIM115 - closed at the end, or by close()
        line = b"" if self._ended else b"\n"
        while line and not line.strip():
            line = self._file.readline()
            self._number += 1
        if not line:
            self.close()
            raise StopIteration
        try:
            message = loads_whole(line)
        except ValueError:
            message = None
        if not isinstance(message, dict):
            self.close()
            raise EncodeError("%s, line %d is no JSON object" % (self._path, self._number), "")
        return message

    def close(self) -> None:
        """Closes the file; harmless when called again."""
        self._ended = True
        if self._file is not None:
            self._file.close()

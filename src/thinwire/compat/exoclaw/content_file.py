"""A file in place of a message's content: what exoclaw's `_content_file` means."""

from thinwire.core._compat import const
from thinwire.core.errors import EncodeError
from thinwire.core.request.sources import Source, TextFile
from thinwire.core.wire.json_encode import Reader, TextReader

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from thinwire.core.wire.json_encode import Readable


class ContentFile(Source):
    """The text of a file or, when nothing of it can be read, its preview; never some of both.

    Args:
        path: UTF-8 file; opened anew for each attempt.
        preview: sent in its place.
    """

    def __init__(self, path: str, preview: str) -> None:
        self.path = path
        self.preview = preview

    def open(self) -> "Readable":
        """A reader of the file that has its first piece already, else one of the preview."""
        try:
            return _Begun(TextFile(self.path).open())
        except (OSError, EncodeError):
            return TextReader(self.preview)

    def __repr__(self) -> str:
        return "ContentFile(%r)" % self.path


class _Begun(Reader):
    # Once the first piece is on its way, an error in the file ends the request.
    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._first: bytes | memoryview | None = None
        try:
            self._first = reader.read_piece()
        except BaseException:
            reader.close()
            raise

    def read_piece(self) -> "bytes | memoryview | None":
        first, self._first = self._first, None
        return self._reader.read_piece() if first is None else first

    def close(self) -> None:
        self._reader.close()

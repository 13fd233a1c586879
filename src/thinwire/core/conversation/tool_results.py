"""What a model is told of a call: the result of the function, or in its place why there is none.

  str, source (TextFile)     as it is; a source is read while it is sent, in each later round
  an open file, a path       a source of its text, from where it stands; the file has to stay open
  content parts              as they are: {"type": "text" | "image_url" | "input_audio" | "file"}
  all else                   its JSON text

An error is told as {"error": "ValueError: no such city"}, in words: no traceback, no secret of a
deployment's, and no more than a thousand characters. A model can do better the next time only if
it knows what was wrong.
"""

from thinwire.core import adapters
from thinwire.core._compat import MICROPYTHON, PIECE, const, decode
from thinwire.core.errors import without
from thinwire.core.wire.json_encode import encoded
from thinwire.core.wire.utf8 import unfinished

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

_PARTS = ("text", "image_url", "input_audio", "file")
_LONGEST = const(1000)  # characters of an error's words


def content_of(value: "Any") -> object:
    """The content of a tool message that tells a result.

    Args:
        value: what the function has returned.

    Raises:
        EncodeError: JSON cannot carry it.
        OSError, ValueError: a file that cannot be read, or is closed already.
    """
    if isinstance(value, str):
        return value
    if hasattr(value, "open") and hasattr(value, "replayable"):
        if value.stored:
            value.open().close()  # now, when the model can be told that it cannot be read
        return value
    if hasattr(value, "__fspath__"):
        from thinwire.core.request.sources import TextFile

        return content_of(TextFile(value))
    if hasattr(value, "read") and hasattr(value, "seek"):
        from thinwire.core.request.sources import TextStream

        pieces = _Pieces(value, value.tell())
        return TextStream(pieces.read)
    if _is_part(value):
        return [value]
    if isinstance(value, (list, tuple)) and value and False not in [_is_part(x) for x in value]:
        return list(value)
    if not MICROPYTHON or TYPE_CHECKING:  # pragma: no branch (there is nothing to convert there)
        value = adapters.plain(value)
    return str(encoded(value), "utf-8")


def _is_part(value: "Any") -> bool:
    kind = value.get("type") if isinstance(value, dict) else None
    return kind in _PARTS and kind in value


class _Pieces:
    # The text of an open file, as often as it is asked for.
    def __init__(self, file: "Any", start: int) -> None:
        self._file = file
        self._start = start

    def read(self) -> "Iterator[str]":
        file, kept = self._file, b""
        file.seek(self._start)
        while True:
            data = file.read(PIECE)
            if isinstance(data, str):
                if not data:
                    return
                yield data
                continue
            ended = not data
            data = kept + data
            size = len(data) if ended else len(data) - unfinished(data, len(data))
            yield decode(data, 0, size)
            if ended:
                return
            kept = data[size:]


def error_content(words: str, hidden: "Sequence[str]" = ()) -> "tuple[str, str]":
    """The content of a tool message that tells why there is no result; and its words.

    Args:
        words: what was wrong.
        hidden: secrets that are taken out of them.
    """
    for secret in hidden:
        words = without(words, secret)
    if len(words) > _LONGEST:
        words = words[:_LONGEST] + "..."
    return str(encoded({"error": words}), "utf-8"), words

"""Images, audio and documents as parts of a message, for every wire.

A part is a dict in the words of OpenAI's chat API; the other dialects have their own for it. A
path is read while it is sent, and opened anew for each attempt; an open file is wound back. What
it is shows in the name of the file, else in its first bytes.

The public door is thinwire/parts.py.
"""

from thinwire.core._compat import PIECE, const, public
from thinwire.core.request.sources import Base64File, BytesStream, Source, media_type_of

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from os import PathLike
    from typing import Any, BinaryIO, Literal

    From = str | PathLike[str] | bytes | bytearray | memoryview | BinaryIO | Source

_BLOCK = PIECE // 4 * 3
_HEAD = const(16)  # bytes that say what a file is
# How files begin -> what they are; "?" is any byte. File formats' own documents say so.
_BEGINNINGS = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF8", "image/gif"),
    (b"RIFF????WEBP", "image/webp"),
    (b"RIFF????WAVE", "audio/wav"),
    (b"????ftyphei", "image/heic"),
    (b"????ftypmif1", "image/heic"),
    (b"????ftypavif", "image/avif"),
    (b"????ftypM4A", "audio/mp4"),
    (b"????ftyp", "video/mp4"),
    (b"BM", "image/bmp"),
    (b"%PDF-", "application/pdf"),
    (b"ID3", "audio/mpeg"),
    (b"\xff\xfb", "audio/mpeg"),
    (b"\xff\xf3", "audio/mpeg"),
    (b"\xff\xf2", "audio/mpeg"),
    (b"fLaC", "audio/flac"),
    (b"OggS", "audio/ogg"),
)
# What chat APIs call the formats of sound.
_FORMATS = {"audio/mpeg": "mp3", "audio/mp4": "m4a"}


@public
def image(
    source: "From",
    *,
    detail: "Literal['auto', 'low', 'high'] | None" = None,
    media_type: "str | None" = None,
) -> "dict[str, Any]":
    """The part of an image.

    Args:
        source: a path, the bytes, an open binary file, a source (DataURL), or a link: a str that
            begins with "http://", "https://" or "data:". A path is opened anew for each attempt.
            A file is read from where it stands, for one call at a time; where it cannot be wound
            back (a pipe), the request is sent once.
        detail: how closely it is looked at; None: not said. Anthropic has no such thing.
        media_type: e.g. "image/png"; None: by the name or the first bytes.

    Raises:
        ValueError: it does not show what it is, or is no image.
        OSError: the file cannot be read, where its name says nothing.
    """
    url, kind = _url(source, media_type)
    if kind and not kind.startswith("image/"):
        raise ValueError("an image is expected, and this is %s" % kind)
    fields = {"url": url}
    if detail is not None:
        fields["detail"] = detail
    return {"type": "image_url", "image_url": fields}


@public
def audio(source: "From", *, format: "str | None" = None) -> "dict[str, Any]":
    """The part of a recording.

    Args:
        source: see `image`; APIs take no links here.
        format: e.g. "wav" or "mp3", what most servers take; None: by the name or first bytes.

    Raises:
        ValueError, OSError: see `image`.
    """
    if isinstance(source, str) and _is_link(source):
        raise ValueError("APIs take no link to a recording: give its path or its bytes")
    if format is None:
        kind = _kind(source)
        if not kind.startswith("audio/"):
            raise ValueError("a recording is expected, and this is %s" % kind)
        format = _FORMATS.get(kind, kind.partition("/")[2])
    data = source if isinstance(source, Source) else _encoded(source, "")
    return {"type": "input_audio", "input_audio": {"data": data, "format": format}}


@public
def document(
    source: "From", *, filename: "str | None" = None, media_type: "str | None" = None
) -> "dict[str, Any]":
    """The part of a document, such as a PDF.

    Args:
        source: see `image`. A link goes as `file_url`, which the Responses API and Anthropic take.
        filename: what the server is told; None: that of the path, else "document.pdf" and the
            like.
        media_type: e.g. "application/pdf"; None: by the name or the first bytes.

    Raises:
        ValueError, OSError: see `image`.
    """
    url, kind = _url(source, media_type)
    if not kind:
        field = "file_data" if isinstance(url, Source) or url[:5] == "data:" else "file_url"
        return {"type": "file", "file": _named({field: url}, filename)}
    filename = filename or _name(source) or "document." + kind.rpartition("/")[2]
    return {"type": "file", "file": _named({"file_data": url}, filename)}


def _named(fields: "dict[str, Any]", filename: "str | None") -> "dict[str, Any]":
    if filename is not None:
        fields["filename"] = filename
    return fields


def _url(source: "Any", media_type: "str | None") -> "tuple[Any, str]":
    # What stands in the place of a URL, and what it is; "" for what is one already.
    if isinstance(source, Source) or (isinstance(source, str) and _is_link(source)):
        return source, ""
    kind = media_type or _kind(source)
    return _encoded(source, "data:%s;base64," % kind), kind


def _is_link(text: str) -> bool:
    return text[:8].lower().startswith(("http://", "https://", "data:"))


def _encoded(source: "Any", prefix: str) -> Source:
    # A source that gives base64 after a prefix.
    if _is_bytes(source):
        return BytesStream((source,), prefix)
    if not hasattr(source, "read"):
        return Base64File(source, prefix)
    begin = _position(source)
    if begin is None:
        return BytesStream(_Blocks(source, None), prefix)
    return BytesStream(lambda: _Blocks(source, begin), prefix)


def _is_bytes(source: object) -> bool:
    return isinstance(source, (bytes, bytearray, memoryview))


def _position(file: "Any") -> "int | None":
    # Where an open file stands, None where it cannot be wound back.
    try:
        at = file.tell()
        file.seek(at)
    except (AttributeError, OSError, ValueError):
        return None
    return at  # type: ignore[no-any-return]


class _Blocks:
    # The blocks of an open file from a position on. It is wound before each, since an attempt that
    # is started beside another reads the same file.
    def __init__(self, file: "Any", at: "int | None") -> None:
        self._file = file
        self._at = at

    def __iter__(self) -> "_Blocks":
        return self

    def __next__(self) -> "bytes":
        if self._at is not None:
            self._file.seek(self._at)
        block: bytes = self._file.read(_BLOCK)
        if not block:
            raise StopIteration
        if self._at is not None:
            self._at += len(block)
        return block


def _name(source: "Any") -> str:
    # The name of a file, without its folders; "" where it has none.
    name = getattr(source, "name", "") if hasattr(source, "read") else source
    if _is_bytes(name) or isinstance(name, int):  # which is a descriptor
        return ""
    return str(name).replace("\\", "/").rpartition("/")[2]


def _kind(source: "Any") -> str:
    # The media type of what is given.
    name = getattr(source, "path", "") if isinstance(source, Source) else _name(source)
    if name:
        try:
            return media_type_of(name)
        except ValueError:
            pass
    head = _head(source)
    for beginning, kind in _BEGINNINGS:
        if _begins(head, beginning):
            return kind
    shown = repr(name) if name else "what is given"
    raise ValueError("%s does not show what it is: give media_type, or format" % shown)


def _begins(head: bytes, beginning: bytes) -> bool:
    if len(head) < len(beginning):
        return False
    for index, wanted in enumerate(beginning):
        if wanted != 0x3F and head[index] != wanted:
            return False
    return True


def _head(source: "Any") -> bytes:
    # The first bytes of what is given, b"" where looking at them would use them up.
    if _is_bytes(source):
        return bytes(source[:_HEAD])
    if isinstance(source, Source):
        return b""
    if hasattr(source, "read"):
        begin = _position(source)
        if begin is None:
            return b""
        head: bytes = source.read(_HEAD)
        source.seek(begin)
        return head
    with open(source, "rb") as file:
        return file.read(_HEAD)

"""A form with a file (multipart/form-data, RFC 7578), streamed: what is held of the file at any
time is one small piece.

A file is whatever gives bytes: a path, an open binary file (from where it stands), bytes, an
iterable of bytes, plain or async (a microphone), a callable that gives one for each attempt; or a
source of this library
(Base64File and DataURL by their path, BytesStream by its blocks): as it is here, not as base64.
"""

from thinwire.core._compat import const, random_id
from thinwire.core.errors import EncodeError
from thinwire.core.request.fresh_body import FreshBody, blocks_of
from thinwire.core.request.raw_call import ProducedBody

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from collections.abc import AsyncIterable, Callable, Iterable, Iterator, Mapping
    from os import PathLike
    from typing import Any, BinaryIO

    from thinwire.core.request.http_request import Body
    from thinwire.core.request.sources import Source

    Blocks = Iterable[bytes] | AsyncIterable[bytes]
    File = (
        str | PathLike[str] | bytes | bytearray | BinaryIO | Source | Blocks | Callable[[], Blocks]
    )


class Multipart:
    """A form with one file, the last of its fields.

    Args:
        fields: name -> text, number, bool, or a list or dict of these; None is left out.
        file: see the head of this module.
        filename: what the server is told; its ending tells many servers the format.
        media_type: of the file.
        name: of the file's field.

    Attributes:
        media_type: of the form.
        once: whether the file can be read only once.
    """

    def __init__(
        self,
        fields: "Mapping[str, object]",
        file: "File",
        filename: str,
        media_type: str,
        name: str = "file",
    ) -> None:
        self._fields = dict(fields)
        if [c for c in media_type if c <= " " or c >= "\x7f"]:
            raise ValueError("media type %r has a character that a form cannot carry" % media_type)
        self._file_head = '%s; filename="%s"\r\nContent-Type: %s\r\n\r\n' % (
            _named(name),
            _quoted(filename),
            media_type,
        )
        self._mark = "thinwire-" + random_id()
        self.media_type = "multipart/form-data; boundary=" + self._mark
        self._blocks: Any = getattr(file, "_factory", file)  # of a BytesStream
        self._at = _position(self._blocks)
        one_shot = hasattr(self._blocks, "__next__") or hasattr(self._blocks, "__anext__")
        self.once = self._at is None and one_shot and not callable(self._blocks)

    def body(self, model: str) -> "Body":
        """The form as a body, a fresh one for each attempt; `once`: for the only one.

        Args:
            model: the deployment's id, for the field `model` where there is none.
        """

        def parts() -> object:
            fields = dict(self._fields)
            fields.setdefault("model", model)
            head = self._head(fields)
            tail = ("\r\n--%s--\r\n" % self._mark).encode()
            if self._at is not None:
                self._blocks.seek(self._at)
            blocks = _opened(self._blocks)
            if hasattr(blocks, "__aiter__"):
                return _Around(head, blocks, tail)
            return _around(head, blocks, tail)

        if self.once:
            return ProducedBody(parts())  # type: ignore[arg-type]
        return FreshBody(parts, self._at is None)

    def _head(self, fields: "dict[str, object]") -> bytes:
        lines: list[str] = []
        for name, value in fields.items():
            self._add(lines, name, value)
        return ("".join(lines) + "--%s\r\n%s" % (self._mark, self._file_head)).encode()

    def _add(self, lines: "list[str]", name: str, value: "Any") -> None:
        # Lists and objects are spelled as OpenAI's library does: name[] and name[field].
        if isinstance(value, (list, tuple)):
            for one in value:
                self._add(lines, name if name.endswith("[]") else name + "[]", one)
        elif isinstance(value, dict):
            for field, one in value.items():
                self._add(lines, "%s[%s]" % (name, field), one)
        elif value is not None:
            if isinstance(value, bool):
                value = "true" if value else "false"
            lines.append("--%s\r\n%s\r\n\r\n%s\r\n" % (self._mark, _named(name), value))


def _named(name: str) -> str:
    return 'Content-Disposition: form-data; name="%s"' % _quoted(name)


def _quoted(text: str) -> str:
    # As browsers do (WHATWG HTML, multipart/form-data), which servers expect (RFC 7578 §4.2).
    for character, code in (('"', "%22"), ("\r", "%0D"), ("\n", "%0A")):
        text = text.replace(character, code)
    return text


def _position(file: "Any") -> "int | None":
    # Where an open file stands, so that the next attempt can begin there; None for a pipe.
    if not hasattr(file, "readinto") or not hasattr(file, "seek"):
        return None
    try:
        return file.seek(0, 1)  # type: ignore[no-any-return]
    except (OSError, ValueError):
        return None


def _opened(file: "Any") -> "Any":
    # Blocks of bytes, plain or async.
    own = callable(file)
    if own:
        file = file()
    if isinstance(file, (bytes, bytearray, memoryview)):
        return (file,)
    path = getattr(file, "path", file)  # of a Base64File
    if isinstance(path, str) or hasattr(path, "__fspath__"):
        try:
            file, own = open(path, "rb"), True  # noqa: SIM115 - closed with the body
        except OSError as error:
            raise EncodeError("cannot read %s: %s" % (path, error), "", error)
    return blocks_of(file, own)


def _around(head: bytes, blocks: "Any", tail: bytes) -> "Iterator[bytes | memoryview]":
    yield head
    yield from blocks
    yield tail


class _Around:
    # The same around async blocks; MicroPython has no async generators.
    def __init__(self, head: bytes, blocks: "Any", tail: bytes) -> None:
        self._blocks = blocks.__aiter__()
        self._ends = [tail, head]

    def __aiter__(self) -> "_Around":
        return self

    async def __anext__(self) -> bytes:
        if len(self._ends) == 2:
            return self._ends.pop()
        if self._ends:
            try:
                return await self._blocks.__anext__()  # type: ignore[no-any-return]
            except StopAsyncIteration:
                return self._ends.pop()
        raise StopAsyncIteration

"""JSON, encoded while it is read. The document is walked with an explicit stack; what is held at
any time is the caller's buffer and one small piece, however large the document or any string
in it. Output is compact, with raw UTF-8 (RFC 8259 §8.1), which halves CJK text on the wire.

Two ways through a document. The careful walk takes one token at a time and knows the path of
each. Where a whole run of list items is small and plain (chat messages mostly are), CPython's C
encoder writes them in one go (_compat.fits decides; MicroPython always walks).

States: a piece is being copied out; a leaf (long string or source) is being read; the top frame
is being stepped; the stack is empty, and the document is done.
"""

from thinwire.core._compat import (
    PIECE,
    const,
    encode_small,
    escape,
    fits,
    text_end,
    text_piece,
    text_units,
    with_cause,
)
from thinwire.core.errors import EncodeError

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from thinwire.core.errors import EncodeError
    from thinwire.core.request.sources import Source


# What is read piece by piece while it is sent: the base of all readers, and that of long texts.
# Apart from sources.py, since a long text alone shall not load that.


class Reader:
    """Reads one source once.

    Attributes:
        size: bytes of the source, None when only reading tells. A source whose size changes from
            one attempt to the next is refused.
    """

    size: "int | None" = None

    def read_piece(self) -> "bytes | memoryview | None":
        """The next bytes between the quotes; empty at the end, None: `await more()` first."""
        raise NotImplementedError

    async def more(self) -> None:
        """Waits until `read_piece` has something to say. Only after it returned None."""

    def close(self) -> None:
        """Frees what the reader holds; harmless when called again."""


class TextReader(Reader):
    # A str that is too long to escape in one go.
    def __init__(self, text: str) -> None:
        self._units = text_units(text)
        self._at = 0

    def read_piece(self) -> "bytes | memoryview":
        start = self._at
        self._at = text_end(self._units, start, PIECE)
        return escape(text_piece(self._units, start, self._at))


# The parts of a walk through a document (json_encode.py): containers that are open, and the words
# for what stops it.


class Items:
    """Marks any iterable of values as a JSON array; a one-shot iterator can be sent once.

    Args:
        iterable: e.g. messages that are read from a file while they are sent.
    """

    def __init__(self, iterable: object) -> None:
        self.iterable = iterable

    def replayable(self) -> bool:
        """Whether a second walk sees the items again."""
        return not hasattr(self.iterable, "__next__")


class Frame:
    """A container that is being walked."""

    def __init__(
        self, container: object, items: "Iterator[object]", closing: bytes, mapping: bool
    ) -> None:
        self.container = container
        self.items = items
        self.closing = closing
        self.mapping = mapping
        self.label: object = None  # key or index of the item that is being written
        self.index = 0
        self._first = True

    def comma(self) -> bytes:
        if self._first:
            self._first = False
            return b""
        return b","


def refusal(value: object) -> str:
    """Why `value` is no JSON, and what to do."""
    name = type(value).__name__
    if isinstance(value, (bytes, bytearray, memoryview)):
        return "%s is not JSON: decode it to str, or use Base64File for binary data" % name
    if hasattr(value, "model_dump"):
        return "%s is not JSON: pass %s.model_dump()" % (name, name)
    return "%s is not JSON: use dict, list, tuple, str, int, float, bool or None" % name


def unreadable(error: Exception, source: "Source | None", path: str) -> "EncodeError":
    """The error for a source, or for items, that cannot be read."""
    what = "cannot read %r: %s" % (source, error) if source else "cannot read: %s" % error
    if isinstance(error, EncodeError):
        what = error.message
    result = EncodeError(what, path, error)
    with_cause(result, error)
    return result


_BATCH = const(64)  # items tried for one piece; bounds the time of one step
_END = object()


class JSONEncoder:
    """Encodes one document, pulled by `readinto`.

    Args:
        document: dicts, lists, tuples, str, int, float, bool, None, sources and Items, nested in
            any way. It must not change until the end was read.
        sizes: sizes of the sources met so far, by id; a dict that is handed to the encoders of
            all attempts makes sure that each sends the same.

    Attributes:
        replayable: False once the walk has come to an iterator that can be walked only once.

    Errors (already when made, if the document itself is at fault): EncodeError with the path of
    what JSON cannot carry (nan, bytes, sets, keys that are not str, cycles) or of what cannot be
    read. What an iterator of the caller's raises otherwise is passed on.
    """

    def __init__(self, document: object, sizes: "dict[int, int] | None" = None) -> None:
        self.replayable = True
        self._sizes = {} if sizes is None else sizes
        self._waiting = False  # the leaf has nothing to give before it was awaited
        self._stack: list[Frame] = []
        self._leaf: Reader | None = None
        self._source: Source | None = None  # opened last, for its errors
        self._piece: bytes | memoryview = b""
        self._at = 0
        self._value(b"", document)

    def readinto(self, buffer: "bytearray | memoryview") -> "int | None":
        """Fills `buffer` with the next bytes.

        Returns:
            Their number; 0 at the end; None when a source has to be awaited first (`more`).
        """
        view = memoryview(buffer)
        done = 0
        while done < len(view):
            if self._at == len(self._piece) and not self._advance():
                break
            count = min(len(self._piece) - self._at, len(view) - done)
            piece = memoryview(self._piece)
            view[done : done + count] = piece[self._at : self._at + count]
            self._at += count
            done += count
        return None if self._waiting and not done else done

    async def more(self) -> None:
        """Waits for the source that has nothing to give. Only after `readinto` returned None."""
        if self._leaf is not None:
            self._waiting = False
            await self._leaf.more()

    def count(self) -> "int | None":
        """Size of the document in bytes, in place of reading it; None if it cannot be told.

        That is so when it is not replayable (what can be walked only once is then still
        untouched) or when a source would have to be awaited.
        """
        total = len(self._piece)
        while self.replayable and self._advance():
            total += len(self._piece)
        known = self.replayable and not self._waiting
        self.close()
        return total if known else None

    def close(self) -> None:
        """Closes what is open; what follows is undefined. Harmless when called again."""
        self._close_leaf()
        for frame in self._stack:
            if isinstance(frame.container, Items) and hasattr(frame.items, "close"):
                frame.items.close()

    def _close_leaf(self) -> None:
        if self._leaf is not None:
            self._leaf.close()
            self._leaf = None

    def _advance(self) -> bool:
        # Makes the next piece; False at the end of the document, or when a leaf must be awaited.
        self._at = 0
        self._piece = b""
        if self._leaf is not None:
            return self._read_leaf(self._leaf)
        if not self._stack:
            return False
        self._step(self._stack[-1])
        return True

    def _read_leaf(self, leaf: "Reader") -> bool:
        try:
            piece = leaf.read_piece()
        except (OSError, EncodeError) as error:
            self._close_leaf()
            raise unreadable(error, self._source, self._path())
        self._waiting = piece is None
        if piece is not None:
            self._piece = piece or b'"'
        if piece is not None and not piece:
            self._close_leaf()
        return not self._waiting

    def _step(self, frame: "Frame") -> None:
        item = self._next(frame)
        if item is _END:
            self._stack.pop()
            self._piece = frame.closing
        elif frame.mapping:
            self._member(frame, item[0], item[1])  # type: ignore[index]
        else:
            self._element(frame, item)

    def _next(self, frame: "Frame") -> object:
        try:
            return next(frame.items, _END)
        except (OSError, EncodeError) as error:  # items may come from a file
            frame.label = None
            raise unreadable(error, None, self._path())

    def _member(self, frame: "Frame", key: object, value: object) -> None:
        if not isinstance(key, str):
            frame.label = None
            raise EncodeError("key %r is not a string" % (key,), self._path())
        frame.label = key
        self._value(frame.comma() + b'"' + bytes(escape(key)) + b'":', value)

    def _element(self, frame: "Frame", item: object) -> None:
        frame.label = frame.index
        frame.index += 1
        room = fits(item, PIECE)
        if room < 0:
            self._value(frame.comma(), item)
            return
        batch = [item]
        while room > 0 and len(batch) < _BATCH:
            item = self._next(frame)
            room = fits(item, room)  # never for _END
            if room >= 0:
                frame.index += 1
                batch.append(item)
        self._piece = frame.comma() + encode_small(batch)
        if room < 0 and item is not _END:
            self._behind(frame, item)

    def _behind(self, frame: "Frame", item: object) -> None:
        # The item that ended a batch did not fit: it follows the batch in the same piece.
        frame.label = frame.index
        frame.index += 1
        self._value(bytes(self._piece) + frame.comma(), item)

    def _value(self, prefix: bytes, value: object) -> None:
        # Starts `value`: a scalar is a whole piece, a container pushes a frame, a long string or
        # a source becomes the leaf.
        if isinstance(value, str):
            self._text(prefix, value)
        elif value is None or value is True or value is False:
            self._piece = prefix + (b"null" if value is None else b"true" if value else b"false")
        elif isinstance(value, (int, float)):
            self._piece = prefix + self._number(value)
        elif isinstance(value, (list, tuple, Items)):
            self._array(prefix, value)
        elif hasattr(value, "items") and hasattr(value, "keys"):
            self._piece = prefix + b"{"
            self._push(Frame(value, iter(value.items()), b"}", True))
        elif hasattr(value, "open") and hasattr(value, "replayable"):
            # A Source. By its class it would be known only with sources.py: 2 KB on a chip.
            self._open(prefix, value)  # type: ignore[arg-type]
        else:
            raise EncodeError(refusal(value), self._path())

    def _array(self, prefix: bytes, value: "list[object] | tuple[object, ...] | Items") -> None:
        self._piece = prefix + b"["
        items: Any = value
        if isinstance(value, Items):
            items = value.iterable
            self.replayable = self.replayable and value.replayable()
        try:
            self._push(Frame(value, iter(items), b"]", False))
        except OSError as error:
            raise unreadable(error, None, self._path())

    def _text(self, prefix: bytes, text: str) -> None:
        if len(text) <= PIECE:
            self._piece = prefix + b'"' + bytes(escape(text)) + b'"'
            return

        self._piece = prefix + b'"'
        self._leaf = TextReader(text)

    def _open(self, prefix: bytes, source: "Source") -> None:
        self._piece = prefix + b'"'
        self._source = source
        self.replayable = self.replayable and source.replayable
        try:
            self._leaf = source.open()
        except (OSError, EncodeError) as error:
            raise unreadable(error, source, self._path())
        self._check_size(source, self._leaf.size)

    def _check_size(self, source: "Source", size: "int | None") -> None:
        before = size if size is None else self._sizes.setdefault(id(source), size)
        if before != size:
            self._close_leaf()
            text = "%r changed from %s to %s bytes between two attempts" % (source, before, size)
            raise EncodeError(text, self._path())

    def _number(self, value: "int | float") -> bytes:
        if isinstance(value, float):
            if value - value != 0.0:
                raise EncodeError("%r is not a JSON number" % value, self._path())
            return repr(float(value)).encode()
        try:
            return ("%d" % value).encode()
        except ValueError as error:  # CPython refuses to print thousands of digits
            raise EncodeError("integer too long: %s" % error, self._path(), error)

    def _push(self, frame: "Frame") -> None:
        for outer in self._stack:
            if outer.container is frame.container:
                raise EncodeError("contains itself", self._path())
        self._stack.append(frame)

    def _path(self) -> str:
        path = ""
        for frame in self._stack:
            if frame.label is None:
                break
            if frame.mapping:
                path += ("." if path else "") + str(frame.label)
            else:
                path += "[%d]" % frame.label  # type: ignore[str-format]
        return path


def encoded(value: object) -> bytearray:
    """`value` as JSON, for what is known to be small.

    Raises:
        EncodeError: see JSONEncoder.
    """
    encoder = JSONEncoder(value)
    out = bytearray()
    buffer = bytearray(256)
    count = encoder.readinto(buffer)
    while count:
        out.extend(memoryview(buffer)[:count])
        count = encoder.readinto(buffer)
    return out

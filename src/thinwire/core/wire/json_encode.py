"""JSON, encoded while it is read. The document is walked with an explicit stack; what is held at
any time is the caller's buffer and one small piece, however large the document or any string
in it. Output is compact, with raw UTF-8 (RFC 8259 §8.1), which halves CJK text on the wire.

What a walk meets:

  scalar     written at once: one piece
  container  pushes a frame; each step of a frame writes one item of it, or opens it
  leaf       a string too long for one piece, or a source (request/sources.py): its reader gives
             piece after piece, and may have to be awaited in between

States: a piece is being copied out; a leaf is being read; the top frame is being stepped; the
stack is empty, and the document is done.

Two ways through a document, and a list in it. The careful walk takes one token at a time and
knows the path of each. Where all of it, or a whole run of items, is small and plain (chat messages
mostly are), CPython's C encoder writes it in one go (_compat.fits decides; MicroPython always
walks).
"""

from thinwire.core._compat import (
    PIECE,
    claim,
    const,
    encode_small,
    escape,
    fits,
    one_story,
    text_end,
    text_piece,
    text_units,
)
from thinwire.core.error_kinds import NO_WORDS
from thinwire.core.errors import EncodeError

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any, Protocol

    from thinwire.core.request.sources import Source

    class Readable(Protocol):
        """What a source opens: a Reader, or what looks like one."""

        size: int | None

        def read_piece(self) -> bytes | memoryview | None: ...

        async def more(self) -> None: ...

        def close(self) -> None: ...


_BATCH = const(64)  # items tried for one piece; bounds the time of one step
_END = object()
_UNREADABLE = (OSError, EncodeError)  # made here: in an `except` it would take memory


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
    """Reads a str that is too long to escape in one go.

    Args:
        text: the str.
    """

    def __init__(self, text: str) -> None:
        self._units = text_units(text)
        self._at = 0

    def read_piece(self) -> "bytes | memoryview":
        """See Reader; never None."""
        start = self._at
        self._at = text_end(self._units, start, PIECE)
        return escape(text_piece(self._units, start, self._at))


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


class JSONEncoder:
    """Encodes one document, pulled by `readinto`.

    Args:
        document: dicts, lists, tuples, str, int, float, bool, None, sources and Items, nested in
            any way. It must not change until the end was read.
        sizes: sizes of the sources met so far, by path and repr, since a source may be made
            anew for each walk; a dict that is handed to the encoders of all attempts makes sure
            that each sends the same.
        once: see below.
        opens: False walks past the sources.

    Attributes:
        once: whether to read what can be read only once. False leaves it alone: the walk halts in
            front of it, and goes on once this is True.
        replayable: False once the walk has come to an iterator that can be walked only once.

    Errors (already when made, if the document itself is at fault): EncodeError with the path of
    what JSON cannot carry (nan, bytes, sets, keys that are not str, cycles) or of what cannot be
    read where it is stored, in a file. What the caller's own code raises that produces something
    is the caller's, and is passed on.
    """

    def __init__(
        self,
        document: object,
        sizes: "dict[str, int] | None" = None,
        once: bool = True,
        opens: bool = True,
    ) -> None:
        self.replayable = True
        self._sizes = {} if sizes is None else sizes
        self.once = once
        self._opens = opens
        self._later: object = None  # what the walk has halted at
        self._waiting = False  # the leaf has nothing to give before it was awaited
        self._stack: list[_Frame] = []
        self._leaf: Readable | None = None
        self._source: Source | None = None  # opened last, for its errors
        self._piece: bytes | memoryview = b""
        self._at = 0
        if fits(document, PIECE) >= 0:
            self._piece = encode_small([document])
        else:
            self._value(b"", document)

    def readinto(self, buffer: "bytearray | memoryview") -> "int | None":
        """Fills `buffer` with the next bytes.

        Returns:
            Their number; 0 at the end; None when a source has to be awaited first (`more`), or
            the walk has halted.
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
        halted = self._waiting or (self._later is not None and not self.once)
        return None if halted and not done else done

    async def more(self) -> None:
        """Waits for the source that has nothing to give. Only after `readinto` returned None."""
        if self._leaf is not None:
            self._waiting = False
            try:
                await self._leaf.more()
            except MemoryError as error:
                claim(error)
                raise

    def count(self) -> "int | None":
        """Walks to the end in place of reading it: bytes of what it opened, None: cannot be told.

        That is so when the document can be read only once, or a source would have to be awaited.
        """
        total = len(self._piece)
        while self.replayable and self._advance():
            total += len(self._piece)
        known = self.replayable and self._later is None and not self._waiting
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
        if self._later is not None:
            return self._go_on()
        if not self._stack:
            return False

        frame = self._stack[-1]
        item: Any = self._next(frame)
        if item is _END:
            self._stack.pop()
            self._piece = frame.closing
            return True
        comma, frame.comma = frame.comma, b","
        if not frame.mapping:
            self._element(frame, comma, item)
        elif isinstance(item[0], str):
            frame.label = item[0]
            self._value(comma + b'"' + bytes(escape(item[0])) + b'":', item[1])
        else:
            frame.label = None
            raise EncodeError("key %r is not a string" % (item[0],), self._path())
        return True

    def _go_on(self) -> bool:
        # At what can be read only once, unless it is to be left alone.
        value: Any = self._later
        if self.once:
            self._later = None
            if isinstance(value, Items):
                self._push_array(value)
            else:
                self._open(value)
        return self.once

    def _read_leaf(self, leaf: "Readable") -> bool:
        try:
            piece = leaf.read_piece()
        except _UNREADABLE as error:
            self._close_leaf()
            raise self._unreadable(error, self._source, True)
        except MemoryError as error:
            if not getattr(self._source, "stored", True):
                claim(error)
            raise
        self._waiting = piece is None
        if piece:
            self._piece = piece
        elif piece is not None:
            self._piece = b'"'
            self._close_leaf()
        return not self._waiting

    def _next(self, frame: "_Frame") -> object:
        try:
            return next(frame.items, _END)
        except _UNREADABLE as error:  # items may come from a file
            frame.label = None
            raise self._unreadable(error, frame.origin, False)
        except MemoryError as error:
            origin = frame.origin
            ours = origin is None or isinstance(origin, (list, tuple))
            if not ours and not getattr(origin, "stored", False):
                claim(error)
            raise

    def _element(self, frame: "_Frame", comma: bytes, item: object) -> None:
        # Writes an item of a list, and with it all that follow and fit into the same piece.
        frame.label = frame.index
        frame.index += 1
        room = fits(item, PIECE)
        if room < 0:
            self._value(comma, item)
            return
        batch = [item]
        while room > 0 and len(batch) < _BATCH:
            item = self._next(frame)
            room = fits(item, room)  # never for _END
            if room >= 0:
                frame.index += 1
                batch.append(item)
        self._piece = comma + encode_small(batch)
        if room < 0 and item is not _END:
            # The item that ended the batch did not fit: it follows behind.
            frame.label = frame.index
            frame.index += 1
            self._value(self._piece + b",", item)

    def _value(self, prefix: bytes, value: object) -> None:
        # Starts `value`: a scalar is a whole piece, a container pushes a frame, a long string or
        # a source becomes the leaf.
        if isinstance(value, str):
            if len(value) <= PIECE:
                self._piece = prefix + b'"' + bytes(escape(value)) + b'"'
            else:
                self._piece = prefix + b'"'
                self._leaf = TextReader(value)
        elif value is None or value is True or value is False:
            self._piece = prefix + (b"null" if value is None else b"true" if value else b"false")
        elif isinstance(value, (int, float)):
            self._piece = prefix + self._number(value)
        elif isinstance(value, (list, tuple, Items)):
            self._piece = prefix + b"["
            self._push_array(value)
        elif hasattr(value, "items") and hasattr(value, "keys"):
            self._piece = prefix + b"{"
            self._push(_Frame(value, iter(value.items()), b"}", True))
        elif hasattr(value, "open") and hasattr(value, "replayable"):
            # A Source. By its class it would be known only with sources.py: 2 KB on a chip.
            self._piece = prefix + b'"'
            self._open(value)  # type: ignore[arg-type]
        else:
            raise EncodeError(_why_not_json(value), self._path())

    def _number(self, value: "int | float") -> bytes:
        if isinstance(value, float):
            if value - value != 0.0:
                raise EncodeError("%r is not a JSON number" % value, self._path())
            return repr(float(value)).encode()
        try:
            return ("%d" % value).encode()
        except ValueError as error:  # CPython refuses to print thousands of digits
            raise EncodeError("integer too long: %s" % error, self._path(), error)

    def _push_array(self, value: "list[object] | tuple[object, ...] | Items") -> None:
        items: Any = value
        if isinstance(value, Items):
            items = value.iterable
            if not self._may_read(value, value.replayable()):
                return
        try:
            self._push(_Frame(value, iter(items), b"]", False, items))
        except OSError as error:
            raise self._unreadable(error, items, False)

    def _push(self, frame: "_Frame") -> None:
        for outer in self._stack:
            if outer.container is frame.container:
                raise EncodeError("contains itself", self._path())
        self._stack.append(frame)

    def _open(self, source: "Source") -> None:
        self._source = source
        if not self._may_read(source, source.replayable):
            return
        if not self._opens:
            self._piece = bytes(self._piece) + b'"'
            return
        try:
            self._leaf = source.open()
        except _UNREADABLE as error:
            raise self._unreadable(error, source, True)
        size = self._leaf.size
        if size is None:
            return
        before = self._sizes.setdefault("%s %r" % (self._path(), source), size)
        if before != size:
            self._close_leaf()
            text = "%r changed from %s to %s bytes between two attempts" % (source, before, size)
            raise EncodeError(text, self._path())

    def _may_read(self, value: object, again: bool) -> bool:
        # Takes note of what can be read only once (not `again`); whether it may be read now.
        if again:
            return True
        if not self.once:
            self._later = value
            return False
        self.replayable = False
        return True

    def _unreadable(self, error: Exception, origin: object, stored: bool) -> Exception:
        # The error for a source, or for items, that cannot be read: EncodeError, or what the
        # caller's own code raised where it says that nothing is stored (`stored`).
        if isinstance(error, OSError) and not getattr(origin, "stored", stored):
            return error
        try:
            what = "cannot read %r: %s" % (origin, error)
            if isinstance(error, EncodeError):
                what = error.message
            result = EncodeError(what, self._path(), error)
        except MemoryError:
            result = EncodeError(NO_WORDS, "", error)
        one_story(result)
        return result

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


class _Frame:
    # A container that is being walked.
    def __init__(
        self,
        container: object,
        items: "Iterator[object]",
        closing: bytes,
        mapping: bool,
        origin: object = None,
    ) -> None:
        self.container = container
        self.origin = origin  # what the items come from, where that is not the container itself
        self.items = items
        self.closing = closing
        self.mapping = mapping
        self.comma = b""  # what stands before the next item
        self.label: str | int | None = None  # key or index of the item that is being written
        self.index = 0


def _why_not_json(value: object) -> str:
    # ... and what to do.
    name = type(value).__name__
    if isinstance(value, (bytes, bytearray, memoryview)):
        return "%s is not JSON: decode it to str, or use Base64File for binary data" % name
    if hasattr(value, "model_dump"):
        return "%s is not JSON: pass %s.model_dump()" % (name, name)
    return "%s is not JSON: use dict, list, tuple, str, int, float, bool or None" % name


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

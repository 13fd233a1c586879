"""Server-sent events (WHATWG HTML §9.2), parsed where they were received.

One buffer. The pump reads into `get_buffer()`, says how much came with `buffer_updated(n)`, and
asks `next_event()` until it has none; an event's data then stands in buffer[data_start:data_end]
until the next call of get_buffer() or next_event(). Nothing is copied but what is left of an
unfinished event when the buffer is full, and the later lines of multi-line data.

  buffer  |....data of this event....|...line being searched...|      free      |
          0   data_start    data_end  _line                _scan _end

Lines end with LF, CR or CR LF; a CR at the end of what was received may be half of a CR LF, so
an LF right behind it is skipped later. `_data` is False until the event has a data field: an
event without one is not dispatched (openai/openai-python#2722: retry:, id: or comments alone).
"""

from thinwire.core._compat import BUFFER, EVENT_LIMIT, GROWTH, const, decode
from thinwire.core.errors import StreamError

_LF = const(10)
_COLON = const(58)
_SPACE = const(32)
_DATA = const(b"data:")
_BOM = const(b"\xef\xbb\xbf")
_COMMENT = const(81)  # bytes that are kept of one, its colon included


class SSEParser:
    """Incremental parser of one event stream.

    Args:
        size: bytes of the buffer to start with; it grows when one event needs more.
        limit: largest event in bytes; the buffer never grows beyond it.
        buffer: to start with, in place of an own one.

    Attributes:
        buffer, data_start, data_end: where the data of the event just returned stands.
        event: its type, "message" unless the stream named one.
        last_id: last event id seen, as for reconnection.
        retry_ms: last reconnection time the server asked for, or None.
        unfinished: the event just returned was cut off by the end of the stream.
        comment: the start of the last comment, for whoever wants to know what a server is doing.
        view: of the buffer; a text out of it takes less memory on a chip.
    """

    # What few streams have: each attribute less is memory, on a chip.
    last_id = ""
    retry_ms: "int | None" = None

    def __init__(
        self, size: int = BUFFER, limit: int = EVENT_LIMIT, buffer: "bytearray | None" = None
    ) -> None:
        self.buffer = bytearray(min(size, limit)) if buffer is None else buffer
        self.data_start = 0
        self.data_end = 0
        self.event = "message"
        self.unfinished = False
        self.comment = b""
        self.view = memoryview(self.buffer)
        self._room: memoryview | None = None  # what was asked for and has not been filled
        self._limit = limit
        self._line = 0
        self._scan = 0
        self._end = 0
        self._data = False
        self._given = False  # the event was handed out: the next call starts a new one
        self._skip_lf = False
        self._start = True
        self._eof = False

    def get_buffer(self) -> memoryview:
        """Free space to receive into, never empty.

        Raises:
            StreamError: one event is larger than the limit, or than the memory there is.
        """
        room = self._room
        if room is None:
            if self._given:
                self._given = self._data = self.unfinished = False
                self.event = "message"
            if self._end == self._line and not self._data:
                self._line = self._scan = self._end = 0
                return self.view
            if len(self.buffer) - self._end <= len(self.buffer) // 4:
                self._make_room()
            room = self._room = self.view[self._end :]
        return room

    def buffer_updated(self, count: int, offset: int = 0) -> None:
        """Takes `count` bytes of the last `get_buffer()`, from `offset` on, as received."""
        end, self._room = self._end, None
        if offset and not end and not self._start:
            self._line = self._scan = offset  # nothing is moved in front of what is empty
            end = offset
        elif offset:
            self.view[end : end + count] = self.view[end + offset : end + offset + count]
        self._end = end + count

    def eof_received(self) -> None:
        """The stream has ended; an unfinished last event is still returned, and flagged."""
        self._eof = True

    def first_byte(self) -> int:
        """The first byte that is neither white space nor of a comment, -1 for none yet; before
        anything is parsed. What stands before it is passed over."""
        buffer, at, end = self.buffer, self._line, self._end
        if at < end and _COLON < buffer[at] < _BOM[0]:  # as nearly all begin
            return buffer[at]
        found, scanned = -1, self._scan
        while at < end and found < 0:
            byte = buffer[at]
            have = min(end - at, 3)
            if byte in b" \t\r\n\v\f":
                at += 1
            elif byte == _COLON:
                # From where the last call has left off, or a long comment would take for ever.
                since = max(at, scanned)
                lf = buffer.find(b"\n", since, end)
                cr = buffer.find(b"\r", since, end if lf < 0 else lf)
                stop = lf if cr < 0 else cr
                if stop < 0:
                    self._line, self._scan = at, end
                    return -1
                self._field(at, stop)
                at = stop
            elif buffer[at : at + have] == _BOM[:have]:
                if have < 3:
                    break
                self._start = False
                at += 3
            else:
                found = byte
        self._line = self._scan = at
        return found

    def use(self, buffer: bytearray) -> bool:
        """Parses in `buffer` from now on.

        Returns:
            Whether it does: not where something in the buffer it has is still needed.
        """
        if self._end != self._line or self._data:
            return False
        self.buffer = buffer
        self.view = memoryview(buffer)
        self._line = self._scan = self._end = 0
        return True

    def received_last(self, count: int) -> memoryview:
        """The last `count` bytes received."""
        return self.view[self._end - count : self._end]

    def is_filling(self) -> bool:
        """Whether the buffer is about to grow for the line that is arriving."""
        room, end = len(self.buffer), self._end
        return room - end <= room // 4 and end - self._line > room // 2 and self._scan == end

    def line_start(self) -> int:
        """Where the line that is arriving begins."""
        return self._line

    def line_end(self) -> int:
        """Where what has come of it ends."""
        return self._end

    def cut(self, start: int, count: int) -> None:
        """Takes `count` bytes out of the line that is arriving, as if they had not come."""
        self.view[start : self._end - count] = self.view[start + count : self._end]
        self._end -= count
        self._scan = self._end
        self._room = None

    def unread(self) -> bytes:
        """What was received and not parsed yet."""
        return bytes(self.view[self._line : self._end])

    def free(self) -> None:
        """Gives the buffer back; the parser is of no further use."""
        # Nothing new is made: this is done where there was no memory left, too.
        self.buffer = self.view = b""  # type: ignore[assignment]
        self._room = None
        self._line = self._scan = self._end = 0
        self._data = self._given = False

    def next_event(self) -> bool:
        """Goes to the next event; False when more bytes are needed (or none are left)."""
        if self._given:
            self._given = self._data = self.unfinished = False
            self.event = "message"
        if self._start and not self._skip_bom():
            return False
        buffer = self.buffer
        while True:
            start = self._line
            if self._skip_lf and start < self._end:
                self._skip_lf = False
                if buffer[start] == _LF:
                    start = self._line = self._scan = start + 1
            lf = buffer.find(b"\n", self._scan, self._end)
            cr = buffer.find(b"\r", self._scan, self._end if lf < 0 else lf)
            if cr < 0 < lf and not self._data and buffer.startswith(_DATA, start):
                # Nearly each line is the only one of its event, and the blank one follows.
                if lf + 1 < self._end and buffer[lf + 1] == _LF:
                    self._line = self._scan = lf + 2
                    self._given = self._data = True
                    start += 5
                    if buffer[start] == _SPACE:  # before the LF, in any case
                        start += 1
                    self.data_start = start
                    self.data_end = lf
                    return True
            end = lf if cr < 0 else cr
            if end < 0:
                self._scan = self._end
                return self._eof and self._flush()
            self._line = self._scan = end + 1
            self._skip_lf = cr >= 0
            if start < end:
                self._field(start, end)
            elif self._data:
                self._given = True
                return True
            else:
                self.event = "message"  # a blank line without data resets the type only

    def data(self) -> str:
        """Text of the event's data; invalid UTF-8 becomes U+FFFD."""
        return decode(self.buffer, self.data_start, self.data_end)

    def _skip_bom(self) -> bool:
        # One leading byte order mark is not part of the stream. False: cannot tell yet.
        have = min(self._end, 3)
        if have < 3 and not self._eof and self.buffer[:have] == _BOM[:have]:
            return False
        if self.buffer[:3] == _BOM and self._end >= 3:
            self._line = self._scan = 3
        self._start = False
        return True

    def _flush(self) -> bool:
        # At the end of the stream: what would have needed another line end, or a blank line.
        if self._line < self._end:
            self._field(self._line, self._end)
            self._line = self._scan = self._end
        self.unfinished = self._given = self._data
        return self._given

    def _field(self, start: int, end: int) -> None:
        # One line that is not blank: a field, or a comment, which starts with a colon.
        buffer = self.buffer
        colon = buffer.find(b":", start, end)
        if colon == start:
            self.comment = bytes(self.view[start + 1 : min(end, start + _COMMENT)])
            return
        if colon < 0:
            colon = value = end
        else:
            value = colon + 1
            if value < end and buffer[value] == _SPACE:
                value += 1
        if colon - start == 4 and buffer.startswith(b"data", start):
            if not self._data:  # a field without a colon
                self._data = True
                self.data_start, self.data_end = value, end
                return
            # Later lines move up behind the first, joined by LF. The field name that stood
            # between is longer than that LF, so nothing unread is overwritten.
            first = self.data_end + 1
            buffer[self.data_end] = _LF
            self.data_end = first + end - value
            self.view[first : self.data_end] = self.view[value:end]
            return
        name, text = decode(buffer, start, colon), decode(buffer, value, end)
        if name == "event":
            self.event = text or "message"
        elif name == "id" and "\0" not in text:
            self.last_id = text
        elif name == "retry" and text.encode().isdigit() and len(text) < 16:
            self.retry_ms = int(text)  # ASCII digits only, and not thousands: int() would raise

    def _make_room(self) -> None:
        # Moves what is still needed to the front, the data so far and what is unread, and closes
        # the gap between them; grows when that does not free half of the buffer.
        start, line, end = self.data_start, self._line, self._end
        kept = self.data_end - start if self._data else 0
        size = kept + end - line
        if size == self._limit:
            self.free()
            raise StreamError("a server-sent event is larger than %d bytes" % self._limit)
        # No name for the buffer before the last error: its traceback would keep it alive.
        room = len(self.buffer)
        grown = None
        if size > room // 2 and room < self._limit:
            room = min(room * GROWTH, self._limit)
            grown = bytearray(room)
        old = self.view
        if grown is not None:
            self.buffer = grown
            self.view = memoryview(grown)
        # Nothing is moved to where it stands: near the limit this is done for each read.
        if kept and (start or grown is not None):
            self.view[:kept] = old[start : start + kept]
        if line != kept or grown is not None:
            self.view[kept:size] = old[line:end]
        self.data_start, self.data_end = 0, kept
        self._line, self._scan, self._end = kept, self._scan - line + kept, size

"""One attempt's answer: bytes in, events out.

Passive: it knows the wire, but neither the transport nor the time. Each attempt gets a fresh one,
so nothing of an attempt that failed is left.

It reads server-sent events and finds out what each is: a chunk, the end mark, an error, or
nothing of ours (docs/wire.md). What the chunks say goes to the assembler (assembler.py).
"""

from thinwire.core._compat import (
    MICROPYTHON,
    const,
    decode,
    import_module,
    loads,
    loads_whole,
)
from thinwire.core.answer import chunk
from thinwire.core.answer.assembler import CompletionAssembler
from thinwire.core.answer.chunk_memo import ChunkMemo
from thinwire.core.errors import StreamError
from thinwire.core.wire.sse import SSEParser

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from collections.abc import Callable

    from thinwire.core.answer.events import Event
    from thinwire.core.errors import ThinwireError
    from thinwire.core.wire.reserve import Reserve
    from thinwire.cpython.codec.chunk_runs import ChunkRuns

_RUNS = "thinwire.cpython.codec.chunk_runs"
_DONE = const(b"[DONE]")
_SHOWN = const(800)  # bytes of a body kept for its error, enough for 200 characters


class Answer:
    """An answer that is arriving.

    Args:
        keep: whether its text is kept in memory.
        buffers: whose `buffer` it is, and get it back.
        buffer: to receive into; None: an own one; empty: one is borrowed of `buffers` when there
            is something to receive.
        expected: number of choices that were asked for.
        kind: class of the assembler; None: CompletionAssembler.

    Attributes:
        end: "" until the end is known, then "finish", "done" or "eof"; see Completion.
        received: size of the body so far, in bytes.
        eof: the body has been read to its end.
        framed: its end is said by its framing, and is not just that of the connection.
        content_type: of the body, as the server says it.
        on_chunk: is told each chunk; see `tell`.
        parser: of the server-sent events.
        assembler: of the completion.
    """

    if TYPE_CHECKING:
        _runs: ChunkRuns  # on CPython
    on_chunk: "Callable[[dict[str, object]], object] | None" = None
    _taken = 0  # events at the front of the assembler's that were handed out

    def __init__(
        self,
        keep: bool = True,
        buffers: "Reserve | None" = None,
        buffer: "bytearray | None" = None,
        expected: int = 1,
        kind: "type[CompletionAssembler] | None" = None,
    ) -> None:
        self.end = ""
        self.received = 0
        self.eof = False
        self.framed = True
        self.content_type = ""
        self._buffers = buffers
        self._lent = buffer
        self.parser = SSEParser(buffer=self._lent)
        self.assembler = (kind or CompletionAssembler)(keep, expected, self.parser)
        if MICROPYTHON:  # pragma: no cover
            self._memo = ChunkMemo()
        else:
            self._memo = self._runs = import_module(_RUNS).ChunkRuns()
        self._cuts = not keep and expected == 1
        self._in_vain = 0  # size of the buffer when nothing in it could be cut from this event
        self._start = bytearray()  # of the body, while no chunk has come
        self._unseen = 0  # bytes received last that are not in it
        self._handed_out = False  # a delta was
        self._empty = True  # no chunk has come
        self._late: ThinwireError | None = None

    def tell(self, on_chunk: "Callable[[dict[str, object]], object]") -> None:
        """From now on `on_chunk` is called with each chunk, as it was parsed, which must not be
        changed; then each is parsed."""
        self.on_chunk = on_chunk
        self._memo.forget()

    if not MICROPYTHON or TYPE_CHECKING:  # pragma: no branch (one buffer, on a chip)

        def release_buffer(self) -> None:
            """Gives the receive buffer back for the time of a wait, if nothing in it is needed:
            ten thousand streams that wait need none. On CPython only."""
            if self._lent and not (self._empty and self._unseen) and self.parser.use(bytearray()):
                # Each its own empty one: threads would not agree how many views of it there are.
                lent, self._lent = self._lent, self.parser.buffer
                self._buffers.release(lent)  # type: ignore[union-attr]

    def get_buffer(self) -> memoryview:
        """Where to receive to; StreamError when one event is larger than the limit."""
        if not self._lent and self._lent is not None:
            self._lent = self._buffers.acquire()  # type: ignore[union-attr]
            self.parser.use(self._lent)
        if self._empty and self._unseen:
            # For the error if this is no stream at all; what came of a stream is parsed by now.
            # The view gets no name: a traceback would keep its buffer alive.
            room = _SHOWN - len(self._start)
            self._start.extend(self.parser.received_last(self._unseen)[:room])
            self._unseen = 0
            if not bytes(self._start).strip():
                self._start = bytearray()
        if self._cuts and self.parser.is_filling():
            self._cut()
        return self.parser.get_buffer()

    def buffer_updated(self, count: int, offset: int = 0) -> None:
        """Takes `count` bytes of the last `get_buffer()`, from `offset` on; 0 at the end of the
        body."""
        if count:
            self.parser.buffer_updated(count, offset)
            self._unseen = count
            self.received += count
        else:
            self.eof = True
            self.parser.eof_received()

    def first_byte(self) -> int:
        """What tells a JSON document, a page and events apart: see SSEParser.first_byte. Some
        servers send 13 KB of blank lines before a document (docs/wire.md C43)."""
        return self.parser.first_byte()

    def receive_document(self, body: bytearray) -> None:
        """Takes the one JSON answer of a server that does not stream; nothing else follows.

        Raises:
            StatusError: it is an error; StreamError: it is no answer.
        """
        from thinwire.core.answer import error_response

        begun = self.parser.line_end() - self.parser.line_start()
        self.received += len(body) - begun  # the first bytes have been counted
        self.eof = True
        document = error_response.document(body)
        self.assembler.parser = parser = SSEParser(buffer=body)
        parser.data_end = len(body)
        self.take(document, "message")
        self.assembler.parser = None  # an error must not keep the body alive
        self.finish()
        if self._says_nothing():
            raise StreamError("the answer has no choice: " + chunk.snippet(body))

    def next_event(self) -> "Event | str | None":
        """The next event; None when more bytes are needed, or at the `end`. A text where the
        assembler gives texts only.

        Raises:
            StatusError: the server sent an error; what came before it has been handed out.
            StreamError: what came is no stream of chunks, or ended too early.
        """
        events = self.assembler.events
        while not events:  # taken from the front without moving the others: there may be thousands
            if self._late is not None:
                # Not kept here: by its traceback it holds on to everything that is at work.
                late, self._late = self._late, None
                raise late
            if self.end:
                return None
            if not MICROPYTHON:  # pragma: no branch
                runs = self._runs
                if runs.texts or runs.read(self.parser):
                    # A chunk of which nothing but its text is not known; see _take_event.
                    text = runs.texts.pop()
                    if runs.numbers:
                        self.assembler.extra["sequence_number"] = runs.numbers.pop()
                    if runs.kind != "arguments":
                        return self.assembler.add(runs.kind, runs.index, text)
                    self.assembler.add_arguments(runs.index, runs.call, text)
                    continue
            if self.parser.next_event():
                one = self._take_event()
                if one is not None:
                    self._handed_out = True
                    return one
            elif self.eof:
                self._stop()
            else:
                return None
        self._handed_out = True
        event = events[self._taken]
        self._taken += 1
        if self._taken == len(events):
            self._taken = 0
            events.clear()
        return event

    def finish(self) -> None:
        """Nothing of the answer is missing: ends it; what was held back is handed out first."""
        self.assembler.finish()
        self.end = "finish" if self.assembler.has_reasons() else "done"

    def _says_nothing(self) -> bool:
        # An end with neither a delta nor a finish_reason before it is none.
        nothing = self.end == "done" and not self._handed_out and not self.assembler.events
        if nothing:
            self.end = ""
        return nothing

    def free(self) -> None:
        """Gives the receive buffer back: whoever keeps an error or a stream must not keep it."""
        self.parser.free()
        lent, self._lent = self._lent, None
        if lent and self._buffers is not None:
            self._buffers.release(lent)

    def _cut(self) -> None:
        # Looked at once for each size of the buffer, unless it helped.
        size = len(self.parser.buffer)
        if size > self._in_vain:
            if self.assembler.cut(self.parser):
                self._empty = False
            else:
                self._in_vain = size

    def _take_event(self) -> "Event | str | None":
        # One server-sent event: a chunk, the end mark, an error, or nothing of ours. Returns what
        # it causes, or queues it.
        self._in_vain = 0
        parser, memo = self.parser, self._memo
        start, end = parser.data_start, parser.data_end
        if start == end:
            return None
        plain = not parser.unfinished and parser.event == "message"
        if plain and memo.matches(parser.buffer, start, end):
            # A chunk like the one before, with another text.
            text = memo.text
            if text is None:
                try:
                    text = str(parser.view[memo.start : memo.end], "utf-8")
                except UnicodeError:
                    text = decode(parser.buffer, memo.start, memo.end)
            if memo.kind == "arguments":
                self.assembler.add_arguments(memo.index, memo.call, text)
                return None
            return self.assembler.add(memo.kind, memo.index, text)
        memo.before = b""  # what is parsed may change what the learned chunk would change back
        if end - start == 6 and parser.buffer.find(_DONE, start, end) == start:
            self.finish()
            if self._says_nothing():
                raise StreamError("the stream ended before any delta")
            return None
        obj: object
        try:
            if parser.unfinished:
                obj = loads_whole(parser.buffer[start:end], True)
            else:
                obj = loads(parser.buffer, start, end, True)
        except ValueError:
            if parser.unfinished:
                return None  # cut in the middle: the end of the stream is what went wrong
            # Not JSON: an error without form, or no chunk at all. White space is as good as no
            # data (openai/openai-python#2722).
            obj = parser.data()
            if parser.event == "message" and obj.strip():
                raise StreamError("an event is not JSON: " + chunk.one_line(obj, 80))
        self.take(obj, parser.event)
        if plain and self.assembler.events and isinstance(obj, dict) and self._late is None:
            memo.learn(parser.buffer, start, end, obj)
        return None

    def take(self, obj: object, event: str) -> None:
        """Takes what an event, or the one document, holds; a dialect whose events are others makes
        chunks of them here, for `take_chunk`, and says `finish` at the end.

        Args:
            obj: parsed JSON.
            event: its type; servers send events of their own beside ours (docs/wire.md C40).

        Raises:
            StatusError: it is an error.
        """
        if event == "error":
            obj = chunk.unwrapped(obj)
            raise chunk.error(chunk.mapping(obj)) or chunk.error_from(obj, 200)
        if isinstance(obj, list):  # Gemini's errors come as a list of one
            for one in obj:
                if self._late is None and not isinstance(one, list):
                    self.take(one, event)
        elif isinstance(obj, dict) and (
            event == "message" or isinstance(obj.get("choices"), list)
        ):
            self.take_chunk(obj)

    def take_chunk(self, obj: "dict[str, object]") -> None:
        """Takes a chat.completion.chunk."""
        self._empty = False
        if self.on_chunk is not None:
            self.on_chunk(obj)
        error = chunk.error(obj)
        if error is not None and not self._handed_out and not self.assembler.events:
            raise error
        try:
            self.assembler.receive(obj)
        except MemoryError:
            if error is None:
                raise
            raise error
        self._late = error  # once what came along with it was handed out, too

    def _stop(self) -> None:
        # The body has ended without [DONE]. A server may ignore n, drop a finish_reason or send
        # one with each chunk: then that the body is whole says that the answer is.
        if self.assembler.finished() or (self.framed and self.assembler.finish_seen):
            self.finish()
            self.end = "finish"
            return
        self.end = "eof"
        if self.assembler.finish_seen:
            raise StreamError(
                "the connection ended without [DONE], and with no finish_reason to rely on"
            )
        if not self._empty:
            raise StreamError("the stream ended without finish_reason and without [DONE]")
        kind = self.content_type or "none"
        if not self.received:
            raise StreamError("the answer is empty (content-type %s)" % kind)
        start = chunk.snippet(self._start)
        raise StreamError(
            "the answer is no stream of chunks (content-type %s): %s" % (kind, start)
        )

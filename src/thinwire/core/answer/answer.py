"""One attempt's answer: bytes in, events out. Passive: it knows the wire, but neither the
transport nor the time. Each attempt gets a fresh one, so nothing of an attempt that failed is
left.
"""

from thinwire.core._compat import const, decode, loads
from thinwire.core.answer import chunk
from thinwire.core.answer.assembler import CompletionAssembler
from thinwire.core.answer.chunk_memo import Template
from thinwire.core.errors import StreamError
from thinwire.core.wire.sse import SSEParser

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from thinwire.core.answer.completion import Completion, Event
    from thinwire.core.answer.keep import Keeper
    from thinwire.core.client import Buffers
    from thinwire.core.errors import ThinwireError

_DONE = const(b"[DONE]")
_SHOWN = const(800)  # bytes of a body kept for its error, enough for 200 characters
_WORDY = ("error", "ping", "heartbeat", "keepalive", "keep-alive")  # events that may be no JSON
_NO_END = "the stream ended without finish_reason and without [DONE]"


class Answer:
    """An answer that is arriving.

    Args:
        keeper: what becomes of its text; None: it is kept in memory.
        buffers: lends the buffer to receive into; None: an own one.

    Attributes:
        end: "" until the end is known, then "finish", "done" or "eof"; see Completion.
        received: size of the body so far, in bytes.
        eof: the body has been read to its end.
        content_type: of the body, as the server says it.
    """

    def __init__(self, keeper: "Keeper | None" = None, buffers: "Buffers | None" = None) -> None:
        self.end = ""
        self.received = 0
        self.eof = False
        self.content_type = ""
        self._start = bytearray()  # of the body, while no chunk has come
        self._unseen = 0  # bytes received last that are not in it
        self._assembler = CompletionAssembler(keeper)
        self._buffers = buffers
        self._lent = buffers.take() if buffers is not None else None
        self._template = Template()
        self._parser = SSEParser(buffer=self._lent)
        self._begun = False  # the first delta was handed out
        self._empty = True  # no chunk has come
        self._late: ThinwireError | None = None

    def room(self) -> memoryview:
        """Where to receive to; StreamError when one event is larger than the limit."""
        if self._empty and self._unseen:
            # For the error if this is no stream at all; what came of a stream is parsed by now.
            self._start.extend(self._parser.last(self._unseen)[: _SHOWN - len(self._start)])
            self._unseen = 0
        return self._parser.room()

    def receive(self, count: int) -> None:
        """Takes the first `count` bytes of the last `room()`; 0 at the end of the body."""
        if count:
            self._parser.receive(count)
            self._unseen = count
            self.received += count
        else:
            self.eof = True
            self._parser.receive_eof()

    def unread(self) -> bytes:
        """What was received and not parsed yet."""
        return self._parser.unread()

    def is_blank(self) -> bool:
        """Whether nothing but white space has come yet, and more may."""
        return not self.eof and self.received < _SHOWN and self._parser.first() < 0

    def is_document(self) -> bool:
        """Whether what was received begins like a JSON document."""
        return self._parser.first() in (0x7B, 0x5B)  # { [

    def receive_document(self, body: bytearray) -> None:
        """Takes the one JSON answer of a server that does not stream; nothing else follows.

        Raises:
            StatusError: it is an error; StreamError: it is no answer.
        """
        from thinwire.core.answer import error_response as refusal

        self.received = len(body)
        self.eof = True
        self._chunk(refusal.document(body))
        if not self._assembler.events and not self.finished():
            raise StreamError("the answer has no choice: " + refusal.snippet(body))
        self.end = "finish" if self.finished() else "done"

    def next_event(self) -> "Event | None":
        """The next event; None when more bytes are needed, or at the `end`.

        Raises:
            StatusError: the server sent an error; what came before it has been handed out.
            StreamError: what came is no stream of chunks, or ended too early.
        """
        events = self._assembler.events
        while not events:
            if self._late is not None:
                raise self._take_late()
            if self.end or not self._advance():
                return None
        self._begun = True
        return events.pop(0)

    def free(self) -> None:
        """Gives the receive buffer back: whoever keeps an error or a stream must not keep it."""
        self._parser.free()
        lent, self._lent = self._lent, None
        if lent is not None and self._buffers is not None:
            self._buffers.give(lent)

    def finished(self) -> bool:
        """Whether all that may still come is usage or [DONE]."""
        return self._assembler.finished()

    def content_chars(self) -> int:
        """Number of characters of content so far, of all choices."""
        return self._assembler.content_chars()

    def provider(self) -> str:
        """The provider behind a gateway that answers, "" when it does not say."""
        return self._assembler.provider

    def scratch(self) -> memoryview:
        """Where to read the rest of a body to that is of no interest any more."""
        return memoryview(self._parser.buffer)

    def completion(self, complete: bool) -> "Completion":
        """The answer as it stands; see CompletionAssembler."""
        result = self._assembler.completion(complete)
        result.received_bytes = self.received
        return result

    def _take_late(self) -> "ThinwireError":
        # Not kept here: an error holds on, by its traceback, to everything that is at work.
        late, self._late = self._late, None
        return late  # type: ignore[return-value]

    def _advance(self) -> bool:
        # One step through what was received; False when there is nothing to step to.
        if self._parser.next_event():
            self._event()
            return True
        if self.eof:
            self._stop()
        return self.eof

    def _event(self) -> None:
        # One server-sent event: a chunk, the end mark, an error, or nothing of ours.
        parser = self._parser
        start, end = parser.data_start, parser.data_end
        if start == end:
            return
        plain = not parser.unfinished and parser.event == "message"
        if plain and self._template.matches(parser.buffer, start, end):
            self._same_again()
            return
        if end - start == 6 and parser.buffer.find(_DONE, start, end) == start:
            self._done()
            return
        try:
            obj = self._value()
        except ValueError:
            if parser.unfinished:
                return  # cut in the middle: the end of the stream is what went wrong
            obj = self._words()
        if parser.event == "error":
            raise chunk.error(chunk.mapping(obj)) or chunk.error_from(obj, 200)
        if isinstance(obj, dict):
            self._chunk(obj)
            if plain:
                self._template.learn(parser.buffer, start, end, obj)

    def _same_again(self) -> None:
        # A chunk like the one before, with another text.
        template = self._template
        words = decode(self._parser.buffer, template.start, template.end)
        self._assembler.add(template.kind, template.index, words)

    def _value(self) -> object:
        parser = self._parser
        start, end = parser.data_start, parser.data_end
        if parser.unfinished:
            return chunk.whole(parser.buffer[start:end], True)
        return chunk.unwrapped(loads(parser.buffer, start, end, True))

    def _words(self) -> str:
        # Data that is not JSON: an error without form (WIRE.md C7), or no chunk at all.
        words = self._parser.data()
        # White space is as good as no data (openai/openai-python#2722).
        if self._parser.event in _WORDY or not words.strip():
            return words
        raise StreamError("an event is not JSON: " + chunk.one_line(words, 80))

    def _chunk(self, obj: "dict[str, object]") -> None:
        self._empty = False
        error = chunk.error(obj)
        if error is not None and not self._begun:
            raise error
        self._assembler.receive(obj)
        self._late = error  # once what came along with it was handed out, too

    def _done(self) -> None:
        if not self._begun and not self.finished():
            raise StreamError("the stream ended before any delta")
        self.end = "finish" if self.finished() else "done"

    def _stop(self) -> None:
        # The body has ended without [DONE].
        if not self.finished():
            self.end = "eof"
            raise StreamError(self._what_came() if self._empty else _NO_END)
        self.end = "finish"

    def _what_came(self) -> str:
        kind = self.content_type or "none"
        if not self.received:
            return "the answer is empty (content-type %s)" % kind
        from thinwire.core.answer import error_response as refusal

        start = refusal.snippet(self._start)
        return "the answer is no stream of chunks (content-type %s): %s" % (kind, start)

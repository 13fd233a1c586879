"""One attempt's answer: bytes in, events out.

Passive: it knows the wire, but neither the transport nor the time. Each attempt gets a fresh one,
so nothing of an attempt that failed is left.

Answer reads server-sent events and finds out what each is: a chunk, the end mark, an error, or
nothing of ours (docs/wire.md). CompletionAssembler puts the answer together chunk by chunk: it
queues the events that a chunk causes, and can give the completion as it stands at any time, so
that an interrupted answer is still an answer's beginning and not lost.
"""

from thinwire.core._compat import const, decode, loads, loads_whole
from thinwire.core.answer import chunk
from thinwire.core.answer.chunk_memo import ChunkMemo
from thinwire.core.answer.completion import (
    Choice,
    Completion,
    ContentDelta,
    DeltaText,
    ReasoningDelta,
    RefusalDelta,
)
from thinwire.core.errors import StreamError
from thinwire.core.wire.sse import SSEParser

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from collections.abc import Callable

    from thinwire.core.answer.completion import Event
    from thinwire.core.answer.keep import Keeper
    from thinwire.core.answer.media import MediaAssembler
    from thinwire.core.answer.tool_calls import ToolCallAssembler
    from thinwire.core.errors import ThinwireError
    from thinwire.core.wire.reserve import Reserve

_DONE = const(b"[DONE]")
_CHOICES = const(256)  # in one answer; APIs allow 128 at most, and each takes memory
_SHOWN = const(800)  # bytes of a body kept for its error, enough for 200 characters
# The fields that are ours: of a message, of a chunk. Obfuscation is padding, against those who
# listen to lengths.
_REASONING = ("reasoning_content", "reasoning")
_MESSAGE = tuple(
    "role content refusal reasoning_content reasoning tool_calls function_call images audio"
    " annotations".split()
)
_CHUNK = tuple(
    "id object created model choices usage service_tier provider error obfuscation".split()
)
_CHOICE = ("index", "delta", "message", "text", "finish_reason")
_OURS = ("logprobs", "usage")  # likewise, if they are objects


class Answer:
    """An answer that is arriving.

    Args:
        keeper: what becomes of its text; None: it is kept in memory.
        buffers: whose `buffer` it is, and get it back.
        buffer: to receive into; None: an own one.
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

    def __init__(
        self,
        keeper: "Keeper | None" = None,
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
        self.assembler = (kind or CompletionAssembler)(keeper, expected, self.parser)
        self.on_chunk: Callable[[dict[str, object]], object] | None = None
        self._memo = ChunkMemo()
        self._cuts = keeper is not None and expected == 1
        self._in_vain = 0  # size of the buffer when nothing in it could be cut from this event
        self._start = bytearray()  # of the body, while no chunk has come
        self._unseen = 0  # bytes received last that are not in it
        self._taken = 0  # events at the front of the assembler's that were handed out
        self._handed_out = False  # a delta was
        self._empty = True  # no chunk has come
        self._late: ThinwireError | None = None

    def tell(self, on_chunk: "Callable[[dict[str, object]], object]") -> None:
        """From now on `on_chunk` is called with each chunk, as it was parsed, which must not be
        changed; then each is parsed."""
        self.on_chunk = on_chunk
        self._memo.forget()

    def get_buffer(self) -> memoryview:
        """Where to receive to; StreamError when one event is larger than the limit."""
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

    def buffer_updated(self, count: int) -> None:
        """Takes the first `count` bytes of the last `get_buffer()`; 0 at the end of the body."""
        if count:
            self.parser.buffer_updated(count)
            self._unseen = count
            self.received += count
        else:
            self.eof = True
            self.parser.eof_received()

    def is_blank(self) -> bool:
        """Whether nothing but white space and comments has come yet, and more may; some servers
        send 13 KB of blank lines before a document (docs/wire.md C43)."""
        return self.parser.first_byte() < 0 and not self.eof

    def is_document(self) -> bool:
        """Whether what was received begins like a JSON document."""
        return self.parser.first_byte() in (0x7B, 0x5B)  # { [

    def is_page(self) -> bool:
        """Whether it begins like HTML."""
        return self.parser.first_byte() == 0x3C  # <

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

    def next_event(self) -> "Event | None":
        """The next event; None when more bytes are needed, or at the `end`.

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
            if self.parser.next_event():
                self._take_event()
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
        if lent is not None and self._buffers is not None:
            self._buffers.release(lent)

    def _cut(self) -> None:
        # Looked at once for each size of the buffer, unless it helped.
        size = len(self.parser.buffer)
        if size > self._in_vain:
            if self.assembler.cut(self.parser):
                self._empty = False
            else:
                self._in_vain = size

    def _take_event(self) -> None:
        # One server-sent event: a chunk, the end mark, an error, or nothing of ours.
        self._in_vain = 0
        parser, memo = self.parser, self._memo
        start, end = parser.data_start, parser.data_end
        if start == end:
            return
        plain = not parser.unfinished and parser.event == "message"
        if plain and memo.matches(parser.buffer, start, end):
            # A chunk like the one before, with another text.
            text = decode(parser.buffer, memo.start, memo.end)
            self.assembler.add(memo.kind, memo.index, text)
            return
        if end - start == 6 and parser.buffer.find(_DONE, start, end) == start:
            self.finish()
            if self._says_nothing():
                raise StreamError("the stream ended before any delta")
            return
        obj: object
        try:
            if parser.unfinished:
                obj = loads_whole(parser.buffer[start:end], True)
            else:
                obj = loads(parser.buffer, start, end, True)
        except ValueError:
            if parser.unfinished:
                return  # cut in the middle: the end of the stream is what went wrong
            # Not JSON: an error without form, or no chunk at all. White space is as good as no
            # data (openai/openai-python#2722).
            obj = parser.data()
            if parser.event == "message" and obj.strip():
                raise StreamError("an event is not JSON: " + chunk.one_line(obj, 80))
        self.take(obj, parser.event)
        if plain and isinstance(obj, dict) and self._late is None:
            memo.learn(parser.buffer, start, end, obj)

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


class CompletionAssembler:
    """Turns chunks into events and a completion.

    Args:
        keeper: what becomes of the texts; None: they are kept in memory.
        expected: number of choices that were asked for.
        parser: holds the event that a chunk came in.

    Attributes:
        events: list of events not yet taken; the caller takes them from the front.
        finish_seen: a finish_reason came.
        progress: a part of a tool call came, of which no event tells yet; the caller resets it.
        alive: payload came that is not ours, e.g. reasoning that is encrypted; likewise.
        parser: see above.
        upstream_provider: see Completion.
    """

    def __init__(
        self,
        keeper: "Keeper | None" = None,
        expected: int = 1,
        parser: "SSEParser | None" = None,
    ) -> None:
        self._keeper = keeper
        self._expected = expected
        self.parser = parser
        self.events: list[Event] = []
        self._choices: dict[int, Choice] = {}  # by index
        self._unfinished = 0  # how many of them have no finish_reason
        # Indexes of choices that there was something of -> whether it was a delta or message.
        self._begun: dict[int, bool] = {}
        self._tool_calls: dict[int, ToolCallAssembler] = {}  # index of the choice -> its calls
        self._media: dict[int, MediaAssembler] = {}  # likewise
        self._citations: list[object] = []
        self.finish_seen = False
        self.progress = False
        self.alive = False
        self._doubtful = False  # a delta followed a finish_reason: none of them proves anything
        self._usage: dict[str, object] = {}
        self._id = ""
        self._extra: dict[str, object] = {}
        self._model = ""
        self._service_tier: str | None = None
        self.upstream_provider = ""

    def receive(self, obj: "dict[str, object]") -> None:
        """Takes one chunk, or a whole completion (`message` in place of `delta`)."""
        place, whole = 0, -1
        for found in chunk.choices(obj):
            index = found.get("index")
            if type(index) is not int or index < 0:
                index = self._index(index, place)
            place += 1  # noqa: SIM113 - no pair for each chunk on a chip
            choice = self._choice(index)
            delta = chunk.fields(found.get("delta"))
            # The message of a server that does not stream; one that repeats what its deltas said
            # is not to be said twice, but one answer may be two messages under one index. The
            # older completions API has a text in their place.
            begun = self._begun.get(choice.index)
            if delta:
                self._delta(choice, delta)
            elif not begun and found.get("text") is not None:
                self._delta(choice, {"content": found["text"]})
                self._begun[choice.index] = False
            elif begun is None or choice.index == whole:
                delta = chunk.fields(found.get("message"))
                if delta:
                    self._delta(choice, delta)
                    whole = choice.index
            if self._keeper is None:
                for name, entries in chunk.mapping(found.get("logprobs")).items():
                    more = entries if isinstance(entries, list) else [entries]
                    choice.logprobs.setdefault(name, []).extend(more if entries else ())
            reason = found.get("finish_reason")
            if reason:
                self._unfinished -= choice.finish_reason is None
                choice.finish_reason = chunk.word(reason)
                self.finish_seen = True
            for name in found:
                value = found[name]
                known = name in _CHOICE or (name in _OURS and isinstance(value, dict))
                if not known and value is not None:
                    self._say(choice.beside, name, value)
            if "usage" in found:  # Moonshot's (earendil-works/pi#2017)
                self._count(found)
        for name in obj:
            if name not in _CHUNK and obj[name] is not None:
                self._say(self._extra, name, obj[name])
        self._citations = chunk.citations(obj) or self._citations
        self._count(obj)
        self._id = self._id or chunk.word(obj.get("id"))
        self._model = self._model or chunk.word(obj.get("model"))
        self._service_tier = chunk.word(obj.get("service_tier")) or self._service_tier
        self.upstream_provider = chunk.word(obj.get("provider")) or self.upstream_provider

    def _index(self, value: object, place: int) -> int:
        if value is None:
            return place
        index = chunk.integer(value, -1)
        if index < 0 and self._expected > 1:
            raise StreamError("the index of a choice is none: " + chunk.word(value))
        return max(index, 0)

    def _say(self, said: "dict[str, object]", name: str, value: object) -> None:
        # Said anew, it replaces what was said before. That something changes is a sign of life,
        # e.g. how far llama.cpp has read the prompt.
        if name in said and said[name] != value:
            self.alive = True
        said[name] = value

    def _count(self, fields: "dict[str, object]") -> None:
        counts = chunk.usage(fields)
        if counts:
            self._usage = chunk.counted(self._usage, counts)
        elif fields.get("usage"):
            self._extra["usage"] = fields["usage"]  # no counts, but somebody may read it

    def add(self, kind: str, index: int, text: str) -> None:
        """Takes the text of a chunk that has nothing else.

        Args:
            kind: "content" or "reasoning".
            index: of the choice.
        """
        choice = self._choice(index)
        if choice.finish_reason is not None:
            self._go_on(choice)
        if kind == "content":
            self.events.append(ContentDelta(choice.content_text.add_whole(text), index))
        else:
            self.events.append(ReasoningDelta(choice.reasoning_text.add_whole(text), index))

    def cut(self, parser: SSEParser) -> bool:
        """Hands out what has come of images whose event is arriving; see MediaAssembler.cut."""
        if parser.buffer.find(b";base64,", parser.line_start(), parser.line_end()) < 0:
            return False
        return self._media_of(0).cut(parser, self.events)

    def finished(self) -> bool:
        """Whether each choice that was asked for, or began, has a finish_reason to rely on."""
        # Asked for each read.
        if self._doubtful or len(self._choices) < self._expected:
            return False
        return self.has_reasons()

    def has_reasons(self) -> bool:
        """Whether each choice that began has a finish_reason, and there is one."""
        return self.finish_seen and not self._unfinished

    def finish(self) -> None:
        """Nothing follows: hands out what was held back, of characters and tool calls."""
        for index in sorted(self._choices):
            choice = self._choices[index]
            # A half of a character that is held back is all there will be of it.
            self._queue(ReasoningDelta, choice.reasoning_text.end(), index)
            self._queue(ContentDelta, choice.content_text.end(), index)
            self._queue(RefusalDelta, choice.refusal_text.end(), index)
        for calls in self._tool_calls.values():
            calls.finish(self.events)

    def lost_calls(self) -> bool:
        """Whether a tool call was announced, or began, that nobody can make."""
        # Asked once, at the end of an answer.
        for calls in self._tool_calls.values():
            if calls.lost():
                return True
        for index, choice in self._choices.items():
            if choice.finish_reason in chunk.CALLING:
                found = self._tool_calls.get(self._lane(index))
                if found is None or not found.named():
                    return True
        return False

    def content_chars(self) -> int:
        """Number of characters of content so far, of all choices."""
        return sum([choice.content_text.chars for choice in self._choices.values()])

    def completion(self, complete: bool) -> Completion:
        """The answer as it stands.

        Args:
            complete: whether it has come to its end.
        """
        if complete:
            self.finish()
        choices: list[Choice] = []
        for index in sorted(self._choices) or [0]:
            calls = self._tool_calls.get(index if choices else self._lane(index))
            found = [] if calls is None else calls.calls(complete)
            choice = self._choices.get(index) or self._new_choice(index)
            choices.append(choice.copy(found))
            if index in self._media:
                self._media[index].fill(choices[-1])
        if self._expected == 1 and len(choices) > 1:
            choices = self._calls_of(0).gather(choices)
        if self._citations and self._keeper is None:
            choices[0].annotations.extend(self._media_of(-1).citations(self._citations))
        result = Completion(tuple(choices))
        result.usage = self._usage
        result.cost = self._usage.get("cost")
        result.id = self._id
        result.extra = dict(choices[0].beside)
        result.extra.update(self._extra)
        result.upstream_model = self._model
        result.service_tier = self._service_tier
        result.upstream_provider = self.upstream_provider
        return result

    def _choice(self, index: int) -> Choice:
        choice = self._choices.get(index)
        if choice is None:
            if len(self._choices) == _CHOICES:
                raise StreamError("the answer has more than %d choices" % _CHOICES)
            choice = self._choices[index] = self._new_choice(index)
            self._unfinished += 1
        return choice

    def _new_choice(self, index: int) -> Choice:
        # No comprehension: what it closes over would be allocated for each token on a chip.
        texts = []
        for kind in ("content", "reasoning", "refusal"):
            buffer = None if self._keeper is None else self._keeper.buffer(kind, index)
            texts.append(DeltaText(buffer))
        return Choice(index, texts[0], texts[1], texts[2])

    def _go_on(self, choice: Choice) -> None:
        # A choice that had a finish_reason goes on: some gateways before Gemini send one with
        # each chunk (BerriAI/litellm#2195), which proves nothing then.
        choice.finish_reason = None
        self._unfinished += 1
        self._doubtful = True

    def _delta(self, choice: Choice, delta: "dict[str, object]") -> None:
        index = choice.index
        self._begun[index] = True
        if chunk.is_odd(delta):
            delta = chunk.other_kinds().delta(delta, self.parser)
        reasoning = chunk.reasoning(delta)
        content = chunk.text(delta.get("content"))
        refusal = chunk.text(delta.get("refusal"))
        if choice.finish_reason is not None and (reasoning or content or refusal):
            self._go_on(choice)
        self._queue(ReasoningDelta, choice.reasoning_text.add(reasoning), index)
        self._queue(ContentDelta, choice.content_text.add(content), index)
        self._queue(RefusalDelta, choice.refusal_text.add(refusal), index)
        if chunk.has_media(delta):
            self._look(choice, delta)
        for call in chunk.calls(delta):
            if call:
                self._fragment(choice, call)
        more = chunk.has_more(delta, _MESSAGE)
        if more and chunk.has_payload(delta, _MESSAGE):
            self.alive = True
        if self._keeper is None:
            self._keep_extra(choice, delta, more)

    def _keep_extra(self, choice: Choice, delta: "dict[str, object]", more: bool) -> None:
        # What some servers want back in the next turn. Reasoning is kept once: here its name.
        for name in _REASONING:
            if name in delta and name not in choice.reasoning_names:
                if chunk.text(delta[name]):
                    choice.reasoning_names += (name,)
                elif delta[name] == "":
                    choice.extra[name] = ""
        if more:
            if choice.extras is None:
                from thinwire.core.answer.extras import Extras

                choice.extras = Extras()
            choice.extras.add(delta, _MESSAGE)

    def _look(self, choice: Choice, delta: "dict[str, object]") -> None:
        # Images, audio and annotations.
        said = len(self.events)
        self._media_of(choice.index).receive(delta, self.events)
        self.progress = True
        if choice.finish_reason is not None and len(self.events) > said:
            self._go_on(choice)

    def _fragment(self, choice: Choice, call: object) -> None:
        fragment: dict[str, object] = call  # type: ignore[assignment]
        if chunk.is_odd_call(call):
            fragment = chunk.other_kinds().call(call, self.parser)
        if choice.finish_reason is not None:
            self._go_on(choice)
        self.progress = True
        index = self._lane(choice.index)
        self._calls_of(index).receive(fragment, self.events, choice.index - index)

    def _calls_of(self, index: int) -> "ToolCallAssembler":
        if index not in self._tool_calls:
            from thinwire.core.answer.tool_calls import ToolCallAssembler

            self._tool_calls[index] = ToolCallAssembler(index, self._keeper)
        return self._tool_calls[index]

    def _lane(self, index: int) -> int:
        # Whose calls those of a choice are: where one answer was asked for, all are the first's.
        return 0 if self._expected == 1 else index

    def _media_of(self, index: int) -> "MediaAssembler":
        if index not in self._media:
            from thinwire.core.answer.media import MediaAssembler

            self._media[index] = MediaAssembler(index, self._keeper)
        return self._media[index]

    def _queue(
        self, event: "type[ContentDelta | ReasoningDelta | RefusalDelta]", text: str, index: int
    ) -> None:
        if text:
            self.events.append(event(text, index))

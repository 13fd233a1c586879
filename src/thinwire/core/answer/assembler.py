"""The completion, put together chunk by chunk: events are queued as a chunk causes them, and the
answer can be had as it stands at any time, so that an interrupted one is still an answer's
beginning and not lost.
"""

from thinwire.core._compat import MICROPYTHON, const, import_module
from thinwire.core.answer import chunk
from thinwire.core.answer.completion import Choice, Completion, DeltaText
from thinwire.core.answer.events import ContentDelta, ReasoningDelta, RefusalDelta
from thinwire.core.errors import StreamError

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from collections.abc import Collection

    from thinwire.core.answer.events import Event
    from thinwire.core.answer.media import MediaAssembler
    from thinwire.core.answer.tool_calls import ToolCallAssembler
    from thinwire.core.answer.whole_calls import ToldCalls
    from thinwire.core.wire.sse import SSEParser

_TELLING = "thinwire.core.answer.stream_events"
_CHOICES = const(256)  # in one answer; APIs allow 128 at most, and each takes memory
# The fields that are ours: of a message, of a chunk. Obfuscation is padding, against those who
# listen to lengths.
_REASONING = ("reasoning_content", "reasoning")
_MESSAGE: "Collection[str]" = (
    "role",
    "content",
    "refusal",
    "reasoning_content",
    "reasoning",
    "tool_calls",
    "function_call",
    "images",
    "audio",
    "annotations",
)
_CHUNK: "Collection[str]" = (
    "id",
    "object",
    "created",
    "model",
    "choices",
    "usage",
    "service_tier",
    "provider",
    "error",
    "obfuscation",
)
_CHOICE: "Collection[str]" = ("index", "delta", "message", "text", "finish_reason")
if not MICROPYTHON:  # pragma: no branch (in flash a tuple takes no RAM, and here it takes time)
    _MESSAGE, _CHUNK, _CHOICE = frozenset(_MESSAGE), frozenset(_CHUNK), frozenset(_CHOICE)
_OURS = ("logprobs", "usage")  # likewise, if they are objects


class CompletionAssembler:
    """Turns chunks into events and a completion.

    Args:
        keep: whether the texts are kept in memory.
        expected: number of choices that were asked for.
        parser: holds the event that a chunk came in.

    Attributes:
        events: list of events not yet taken; the caller takes them from the front.
        texts_only: nobody looks at the events of a text: a piece of the first choice's content or
            refusal stands for itself among them, and "" for one of another text.
        finish_seen: a finish_reason came.
        progress: a part of a tool call came, of which no event tells yet; the caller resets it.
        alive: payload came that is not ours, e.g. reasoning that is encrypted; likewise.
        extra: what was said beside the choices, in fields that are not ours.
        told_usage: the token counts that were told, None before.
        parser: see above.
        upstream_provider: see Completion.
    """

    told_usage: "dict[str, object] | None" = None

    def __init__(
        self,
        keep: bool = True,
        expected: int = 1,
        parser: "SSEParser | None" = None,
    ) -> None:
        self._keep = keep
        self._expected = expected
        self.parser = parser
        self.events: list[Event | str] = []
        self.texts_only = False
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
        self.extra: dict[str, object] = {}
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
            choice = self._choices.get(index) or self._choice(index)
            delta = found.get("delta")
            if not isinstance(delta, dict):
                delta = chunk.fields(delta)
            # The message of a server that does not stream; one that repeats what its deltas said
            # is not to be said twice, but one answer may be two messages under one index. The
            # older completions API has a text in their place.
            begun = None if delta else self._begun.get(choice.index)
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
            if self._keep and found.get("logprobs"):
                for name, entries in chunk.mapping(found["logprobs"]).items():
                    more = entries if isinstance(entries, list) else [entries]
                    choice.logprobs.setdefault(name, []).extend(more if entries else ())
            reason = found.get("finish_reason")
            if reason:
                self._unfinished -= choice.finish_reason is None
                word = choice.finish_reason = chunk.word(reason)
                if word not in chunk.REASONS:
                    from thinwire.core.answer.finish_reasons import normal

                    choice.finish_reason = normal(word)
                    choice.beside["native_finish_reason"] = word
                self.finish_seen = True
                if self._tool_calls and not self.texts_only:
                    told: ToldCalls = self._calls_of(self._lane(choice.index))  # type: ignore[assignment]
                    told.reason_came(self.events)
            for name in found:
                if name not in _CHOICE:
                    value = found[name]
                    if value is not None and (name not in _OURS or not isinstance(value, dict)):
                        self._say(choice.beside, name, value)
            if "usage" in found:  # Moonshot's (earendil-works/pi#2017)
                self._count(found)
        for name in obj:
            if name not in _CHUNK and obj[name] is not None:
                self._say(self.extra, name, obj[name])
        if "citations" in obj or "search_results" in obj:
            self._citations = chunk.citations(obj) or self._citations
        if obj.get("usage") or "x_groq" in obj:
            self._count(obj)
        if not self._id:
            self._id = chunk.word(obj.get("id"))
        if not self._model:
            self._model = chunk.word(obj.get("model"))
        if "service_tier" in obj:
            self._service_tier = chunk.word(obj["service_tier"]) or self._service_tier
        if "provider" in obj:
            self.upstream_provider = chunk.word(obj["provider"]) or self.upstream_provider

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
            if not self.texts_only:
                import_module(_TELLING).tell_usage(self)
        elif fields.get("usage"):
            self.extra["usage"] = fields["usage"]  # no counts, but somebody may read it

    def add(self, kind: str, index: int, text: str) -> "Event | str | None":
        """Takes the text of a chunk that has nothing else, while no event is queued.

        Args:
            kind: "content" or "reasoning".
            index: of the choice.

        Returns:
            Its event, None where that is queued.
        """
        # Like the chunk before it, so neither an end nor half a character waits here: what follows
        # such a chunk is parsed.
        choice = self._choices.get(index) or self._choice(index)
        content = kind == "content"
        grown = choice.content_text if content else choice.reasoning_text
        grown.chars += len(text)
        if grown.buffer is not None:
            grown.buffer.append(text)
        if self.texts_only:
            return text if content and index == 0 else ""
        return ContentDelta(text, index) if content else ReasoningDelta(text, index)

    def add_arguments(self, index: int, call: int, text: str) -> None:
        """Takes a piece of a tool call's arguments, of a chunk that has nothing else.

        Args:
            index: of the choice.
            call: of the call, as the server gave it.
            text: without a half of a character.
        """
        choice = self._choices.get(index) or self._choice(index)
        calls = self._tool_calls.get(index)
        if calls is None or choice.finish_reason or not calls.go_on(call, text, self.events):
            self._fragment(choice, {"index": call, "function": {"arguments": text}})
        self.progress = True

    def cut(self, parser: "SSEParser") -> bool:
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
            if choice.reasoning_text.half:
                self._queue(ReasoningDelta, choice.reasoning_text.end(), index)
            held = choice.content_text.end()
            if held:
                self._queue(ContentDelta, held, index)
            if choice.refusal_text.half:
                self._queue(RefusalDelta, choice.refusal_text.end(), index)
        for calls in self._tool_calls.values():
            calls.finish(self.events)
        if self._usage and not self.texts_only:
            import_module(_TELLING).tell_usage(self)

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

    def is_empty(self) -> bool:
        """Whether nothing came that counts; see Completion.empty."""
        for choice in self._choices.values():
            extras = {} if choice.extras is None else choice.extras.value()
            if not choice.empty or extras.get("reasoning_details"):
                return False
        others = list(self._tool_calls.values()) + list(self._media.values())
        return not [one for one in others if not one.is_empty()]

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
        if self._citations and self._keep:
            choices[0].annotations.extend(self._media_of(-1).citations(self._citations))
        result = Completion(tuple(choices))
        result.usage = self._usage
        result.cost = self._usage.get("cost")
        result.id = self._id
        result.extra = dict(choices[0].beside)
        result.extra.update(self.extra)
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
        kept = self._keep
        return Choice(index, DeltaText(kept), DeltaText(kept), DeltaText(kept))

    def _go_on(self, choice: Choice) -> None:
        # A choice that had a finish_reason goes on: some gateways before Gemini send one with
        # each chunk (BerriAI/litellm#2195), which proves nothing then.
        choice.finish_reason = None
        self._unfinished += 1
        self._doubtful = True

    def _delta(self, choice: Choice, delta: "dict[str, object]") -> None:
        index = choice.index
        self._begun[index] = True
        if chunk.is_only_content(delta):  # as most that are parsed
            content = delta.get("content")
            if content:
                if choice.finish_reason is not None:
                    self._go_on(choice)
                self._queue(ContentDelta, choice.content_text.add(content), index)  # type: ignore[arg-type]
            return
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
        if self._keep:
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

            make = ToolCallAssembler
            if not self.texts_only:  # somebody hears of each call that is whole
                make = import_module("thinwire.core.answer.whole_calls").ToldCalls
            self._tool_calls[index] = make(index, self._keep)
        return self._tool_calls[index]

    def _lane(self, index: int) -> int:
        # Whose calls those of a choice are: where one answer was asked for, all are the first's.
        return 0 if self._expected == 1 else index

    def _media_of(self, index: int) -> "MediaAssembler":
        if index not in self._media:
            from thinwire.core.answer.media import MediaAssembler

            self._media[index] = MediaAssembler(index, self._keep)
        return self._media[index]

    def _queue(
        self, event: "type[ContentDelta | ReasoningDelta | RefusalDelta]", text: str, index: int
    ) -> None:
        if text and not self.texts_only:
            self.events.append(event(text, index))
        elif text:
            self.events.append("" if index or event is ReasoningDelta else text)

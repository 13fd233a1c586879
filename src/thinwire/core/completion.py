# The answer, put together chunk by chunk. The assembler is passive: it takes parsed chunks,
# queues the events they cause and can give the completion as it stands at any time, so that an
# interrupted answer is still an answer's beginning and not lost.

from thinwire.core import chunk
from thinwire.core._compat import const
from thinwire.core.delta_text import DeltaText
from thinwire.core.events import ContentDelta, ReasoningDelta, RefusalDelta

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from thinwire.core.attempt import Attempt
    from thinwire.core.events import Event
    from thinwire.core.keep import Keeper
    from thinwire.core.tool_calls import ToolCall, ToolCallAssembler


class Choice:
    """One of the answers to a request; all but the first exist only for n > 1.

    Attributes:
        index: the server's number for it.
        tool_calls: list of ToolCall.
        finish_reason: as the server sent it, None if it sent none.
        reasoning_details: OpenRouter's reasoning blocks exactly as they came, for the replay that
            some models need; [] if there were none.
        logprobs: {"content": [...], "refusal": [...]} as far as the server sent them, else {}.
    """

    def __init__(self, draft: "_Draft", complete: bool) -> None:
        self.index = draft.index
        self._content = draft.content
        self._reasoning = draft.reasoning
        self._refusal = draft.refusal
        self.tool_calls: list[ToolCall] = draft.calls(complete)
        self.finish_reason = draft.finish_reason
        self.reasoning_details = draft.reasoning_details
        self.logprobs = draft.logprobs

    # Texts are put together when they are asked for: a chip may have room for the pieces of a
    # long answer, but not for those and the whole.

    @property
    def content(self) -> "str | None":
        """Text of the answer, None if there was none."""
        return self._content.value() or None

    @property
    def reasoning_content(self) -> "str | None":
        """Text of the reasoning, None if there was none."""
        return self._reasoning.value() or None

    @property
    def refusal(self) -> "str | None":
        """Text of a refusal, None if there was none."""
        return self._refusal.value() or None

    def pieces(self) -> "list[str]":
        """Text of the answer in pieces, which are not put together; do not change the list."""
        return self._content.pieces()


class Timings:
    """What a call took, in milliseconds; None: not reached, or there was none.

    Attributes:
        connect_ms: how long the connection of the attempt that answered took, name lookup
            included; None when one was kept from an earlier call.
        tls_ms: how long its TLS handshake took.
        upload_ms: how long its request took to be sent.
        head_ms: from the call's start to the response head.
        first_byte_ms: from the call's start to the first byte of the answer.
        ttft_ms: from the call's start to the first delta.
        last_token_ms: from the call's start to the last delta.
        total_ms: from the call's start to the end of the stream.
    """

    def __init__(self) -> None:
        self.connect_ms: int | None = None
        self.tls_ms: int | None = None
        self.upload_ms: int | None = None
        self.head_ms: int | None = None
        self.first_byte_ms: int | None = None
        self.ttft_ms: int | None = None
        self.last_token_ms: int | None = None
        self.total_ms: int | None = None

    def tokens_per_s(self, tokens: int) -> float:
        """Speed of `tokens` tokens between first and last delta; 0.0 when that took no time."""
        span = (self.last_token_ms or 0) - (self.ttft_ms or 0)
        return max(tokens - 1, 0) * 1000 / span if span > 0 else 0.0


class Completion:
    """An answer.

    Attributes:
        content, reasoning_content, refusal, tool_calls, finish_reason, reasoning_details,
            logprobs: of the first choice.
        choices: tuple of Choice, more than one only for n > 1.
        usage: token counts as the server sent them, and `cached_tokens`; {} if it sent none.
        complete: whether the answer came to its end.
        end: "finish" (a finish_reason came), "done" ([DONE] without one), "eof", "error",
            "timeout" or "cancelled".
        id: the server's id of the answer.
        model: public name of the model that was asked for.
        deployment: name of the deployment that answered.
        upstream_model: model as the server names it.
        cost: billed cost if the server says it, else None.
        service_tier: as the server says it, else None.
        provider: provider behind a gateway that answered, as OpenRouter says it, else "".
        attempts: list of Attempt, each try of the call in the order they began.
        sent_bytes, sent_blocks: size of the request body, pieces it was pulled in.
        received_bytes: size of the response body.
        timings: see Timings.
    """

    def __init__(self, choices: "tuple[Choice, ...]") -> None:
        first = choices[0]
        self.choices = choices
        self.tool_calls = first.tool_calls
        self.finish_reason = first.finish_reason
        self.reasoning_details = first.reasoning_details
        self.logprobs = first.logprobs
        self.usage: dict[str, object] = {}
        self.complete = False
        self.end = ""
        self.id = ""
        self.model = ""
        self.deployment = ""
        self.upstream_model = ""
        self.cost: object = None
        self.service_tier: str | None = None
        self.provider = ""
        self.attempts: list[Attempt] = []
        self.sent_bytes = 0
        self.sent_blocks = 0
        self.received_bytes = 0
        self.timings = Timings()

    @property
    def tokens_per_s(self) -> float:
        """Completion tokens per second between first and last delta; 0.0 when unknown."""
        tokens = self.usage.get("completion_tokens")
        return self.timings.tokens_per_s(tokens) if isinstance(tokens, int) else 0.0

    @property
    def content(self) -> "str | None":
        """See Choice.content."""
        return self.choices[0].content

    @property
    def reasoning_content(self) -> "str | None":
        """See Choice.reasoning_content."""
        return self.choices[0].reasoning_content

    @property
    def refusal(self) -> "str | None":
        """See Choice.refusal."""
        return self.choices[0].refusal

    def pieces(self) -> "list[str]":
        """See Choice.pieces; to write a long answer to a file where memory is short."""
        return self.choices[0].pieces()

    @property
    def has_tool_calls(self) -> bool:
        """Whether the model asks for a function to be called."""
        return bool(self.tool_calls)

    def to_message(self) -> "dict[str, object]":
        """The answer as an assistant message, to be appended to the conversation."""
        message: dict[str, object] = {"role": "assistant", "content": self.content}
        if self.tool_calls:
            message["tool_calls"] = [call.to_dict() for call in self.tool_calls]
        if self.reasoning_details:
            message["reasoning_details"] = self.reasoning_details
        return message

    def __repr__(self) -> str:
        return "Completion(content=%r, tool_calls=%r, finish_reason=%r, end=%r)" % (
            self.content,
            self.tool_calls,
            self.finish_reason,
            self.end,
        )


class _Draft:
    # A choice that is still arriving.
    def __init__(self, index: int, keeper: "Keeper | None" = None) -> None:
        self.index = index
        self.content = self._text("content", keeper)
        self.reasoning = self._text("reasoning", keeper)
        self.refusal = self._text("refusal", keeper)
        self.reasoning_details: list[object] = []
        self.logprobs: dict[str, list[object]] = {}
        self.begun = False  # a delta has said something
        self.finish_reason: str | None = None
        self._keeper = keeper
        self._tool_calls: ToolCallAssembler | None = None

    def tool_calls(self) -> "ToolCallAssembler":
        # Made, and tool_calls.py loaded, at the first fragment of a call.
        if self._tool_calls is None:
            from thinwire.core.tool_calls import ToolCallAssembler

            self._tool_calls = ToolCallAssembler(self.index, self._keeper)
        return self._tool_calls

    def calls(self, complete: bool) -> "list[ToolCall]":
        return [] if self._tool_calls is None else self._tool_calls.calls(complete)

    def _text(self, kind: str, keeper: "Keeper | None") -> DeltaText:
        return DeltaText(keeper.buffer(kind, self.index) if keeper is not None else None)


class CompletionAssembler:
    """Turns chunks into events and a completion.

    Args:
        keeper: what becomes of the texts; None: they are kept in memory.

    Attributes:
        events: list of events not yet taken; the caller takes them from the front.
        provider: see Completion.
    """

    def __init__(self, keeper: "Keeper | None" = None) -> None:
        self._keeper = keeper
        self.events: list[Event] = []
        self._drafts: list[_Draft] = []
        self._usage: dict[str, object] = {}
        self._id = ""
        self._model = ""
        self._service_tier: str | None = None
        self.provider = ""
        self._finish_seen = False

    def receive(self, obj: "dict[str, object]") -> None:
        """Takes one chunk, or a whole completion (`message` in place of `delta`)."""
        for choice in chunk.choices(obj):
            draft = self._draft(chunk.integer(choice.get("index"), 0))
            # The message of a server that does not stream; one that repeats what its deltas said
            # is not to be said twice.
            message = {} if draft.begun else chunk.mapping(choice.get("message"))
            self._delta(draft, chunk.mapping(choice.get("delta")) or message)
            if self._keeper is None:
                _keep_lists(draft, choice)
            reason = choice.get("finish_reason")
            if isinstance(reason, str) and reason:
                self._finish(draft, reason)
        self._usage = chunk.usage(obj) or self._usage
        self._id = self._id or chunk.text(obj.get("id"))
        self._model = self._model or chunk.text(obj.get("model"))
        self._service_tier = chunk.text(obj.get("service_tier")) or self._service_tier
        self.provider = chunk.text(obj.get("provider")) or self.provider

    def finished(self) -> bool:
        """Whether each choice that began has its finish_reason, and there is one."""
        if not self._finish_seen:  # asked for each chunk: without a list, while it can be told
            return False
        return None not in [draft.finish_reason for draft in self._drafts]

    def content_chars(self) -> int:
        """Number of characters of content so far, of all choices."""
        return sum([draft.content.chars for draft in self._drafts])

    def completion(self, complete: bool) -> Completion:
        """The answer as it stands.

        Args:
            complete: whether it has come to its end.
        """
        drafts = sorted(self._drafts, key=_index) or [_Draft(0)]
        result = Completion(tuple([Choice(draft, complete) for draft in drafts]))
        result.complete = complete
        result.usage = self._usage
        result.cost = self._usage.get("cost")
        result.id = self._id
        result.upstream_model = self._model
        result.service_tier = self._service_tier
        result.provider = self.provider
        return result

    def _draft(self, index: int) -> _Draft:
        for draft in self._drafts:
            if draft.index == index:
                return draft
        self._drafts.append(_Draft(index, self._keeper))
        return self._drafts[-1]

    def add(self, kind: str, index: int, words: str) -> None:
        """Takes the text of a chunk that has nothing else.

        Args:
            kind: "content" or "reasoning".
            index: of the choice.
        """
        draft = self._draft(index)
        if kind == "content":
            self.events.append(ContentDelta(draft.content.add_whole(words), index))
        else:
            self.events.append(ReasoningDelta(draft.reasoning.add_whole(words), index))

    def _delta(self, draft: _Draft, delta: "dict[str, object]") -> None:
        draft.begun = draft.begun or bool(delta)
        words = draft.reasoning.add(chunk.reasoning(delta))
        if words:
            self.events.append(ReasoningDelta(words, draft.index))
        words = draft.content.add(chunk.text(delta.get("content")))
        if words:
            self.events.append(ContentDelta(words, draft.index))
        words = draft.refusal.add(chunk.text(delta.get("refusal")))
        if words:
            self.events.append(RefusalDelta(words, draft.index))
        for call in chunk.calls(delta):
            draft.tool_calls().receive(chunk.mapping(call), self.events)
        if self._keeper is None:
            draft.reasoning_details.extend(chunk.objects(delta.get("reasoning_details")))

    def _finish(self, draft: _Draft, reason: str) -> None:
        # A half of a character that is still held back is all there will be of it.
        draft.finish_reason = reason
        self._finish_seen = True
        texts = (
            (draft.reasoning, ReasoningDelta),
            (draft.content, ContentDelta),
            (draft.refusal, RefusalDelta),
        )
        for text, kind in texts:
            left = text.end()
            if left:
                self.events.append(kind(left, draft.index))


def _keep_lists(draft: _Draft, choice: "dict[str, object]") -> None:
    for name, entries in chunk.mapping(choice.get("logprobs")).items():
        draft.logprobs.setdefault(name, []).extend(chunk.objects(entries))


def _index(draft: _Draft) -> int:
    return draft.index

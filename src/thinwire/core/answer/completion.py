"""What a caller gets: an answer, its choices, what it took."""

from thinwire.core._compat import const

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from thinwire.core.answer.assembler import Draft
    from thinwire.core.answer.tool_calls import ToolCall
    from thinwire.core.routing.plan import Attempt

# What a stream hands to its user. Plain classes: they match by position and by name
# (`case ContentDelta(text)`), compare by value and cost little on a chip.


class Event:
    """Base of all stream events."""

    __match_args__: "tuple[str, ...]" = ()

    def _values(self) -> "list[object]":
        return [getattr(self, name) for name in self.__match_args__]

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self._values() == other._values()

    def __hash__(self) -> int:
        return hash(repr(self))

    def __repr__(self) -> str:
        fields = ["%s=%r" % (name, getattr(self, name)) for name in self.__match_args__]
        return "%s(%s)" % (type(self).__name__, ", ".join(fields))


class TextDelta(Event):
    """Base of the events that carry text.

    Attributes:
        text: the new characters, never empty.
        choice: index of the choice they belong to; 0 unless the request asked for n > 1.
    """

    __match_args__ = ("text", "choice")

    def __init__(self, text: str, choice: int = 0) -> None:
        self.text = text
        self.choice = choice


class ContentDelta(TextDelta):
    """Text of the answer."""


class ReasoningDelta(TextDelta):
    """Text of the model's reasoning, whatever name the server gives it."""


class RefusalDelta(TextDelta):
    """Text of a refusal."""


class ToolCallStarted(Event):
    """A tool call whose name is known; sent once for each call.

    Attributes:
        index: position of the call in `completion.tool_calls`.
        id: the call's id as the server gave it, "" when it gave none.
        name: function to call.
    """

    __match_args__ = ("index", "id", "name", "choice")

    def __init__(self, index: int, id: str, name: str, choice: int = 0) -> None:
        self.index = index
        self.id = id
        self.name = name
        self.choice = choice


class ToolCallDelta(Event):
    """A piece of a tool call's arguments.

    Attributes:
        index: position of the call in `completion.tool_calls`.
        arguments: the new characters of the JSON text.
    """

    __match_args__ = ("index", "arguments", "choice")

    def __init__(self, index: int, arguments: str, choice: int = 0) -> None:
        self.index = index
        self.arguments = arguments
        self.choice = choice


class StreamRestarted(Event):
    """The answer broke off and starts anew at a fallback; only with on_interrupt="restart".

    What was received before this event is void: text, reasoning, tool calls and all.

    Attributes:
        model: name of the deployment that takes over.
        reason: kind of the error that broke the answer off.
        void_chars: number of characters of content that were handed out and do not count.
    """

    __match_args__ = ("model", "reason", "void_chars")

    def __init__(self, model: str, reason: str, void_chars: int) -> None:
        self.model = model
        self.reason = reason
        self.void_chars = void_chars


class StreamComplete(Event):
    """The last event of a stream that came to its end.

    Attributes:
        completion: the whole answer.
    """

    __match_args__ = ("completion",)

    def __init__(self, completion: "Completion") -> None:
        self.completion = completion


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

    def __init__(self, draft: "Draft", complete: bool) -> None:
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

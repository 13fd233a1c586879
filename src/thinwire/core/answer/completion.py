"""The answer: its texts, its choices, what it took. Plain classes; a Choice grows while the answer
arrives, and is copied when it is handed out.
"""

from thinwire.core._compat import MICROPYTHON, TextBuffer, const, has_half, public

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from thinwire.core.answer.extras import Extras
    from thinwire.core.answer.tool_calls import ToolCall
    from thinwire.core.exchange import Exchange
    from thinwire.core.routing.plan import Attempt, Plan


class DeltaText:
    """One text of an answer, as it grows delta by delta.

    Some servers cut it between the two halves of an astral character, each half an escape of its
    own (\\ud83d in one delta, \\ude00 in the next): a half is held back until the other has come,
    so that no delta and no answer ever holds half a character.

    Args:
        kept: whether it is kept, too.

    Attributes:
        buffer: what keeps it, or None.
        half: of a character, which is held back.
        chars: number of characters so far.
    """

    def __init__(self, kept: bool = True) -> None:
        self.buffer = TextBuffer() if kept else None
        self.half = ""
        self.chars = 0

    def add(self, delta: str) -> str:
        """Takes the text of a delta; returns what of it can be handed out, "" for nothing."""
        if delta and (self.half or has_half(delta)):
            from thinwire.core.wire.utf8 import join_pairs, text  # few servers cut there

            data = (self.half + delta).encode("utf-8", "surrogatepass")
            joined = join_pairs(data, False, True)
            cut = len(joined)
            if cut >= 3 and joined[cut - 3] == 0xED and 0xA0 <= joined[cut - 2] < 0xB0:
                cut -= 3
            self.half = text(joined[cut:])
            delta = text(joined[:cut])
        return self.add_whole(delta) if delta else ""

    def add_whole(self, delta: str) -> str:
        """The same for text that has no half of a character, and none before it."""
        if self.buffer is not None:
            self.buffer.append(delta)
        self.chars += len(delta)
        return delta

    def end(self) -> str:
        """Nothing follows; returns what stands for a half that was never completed, or ""."""
        if not self.half:
            return ""
        self.half = ""
        return self.add_whole("\ufffd")

    def value(self) -> str:
        """Everything handed out so far, as far as it is kept."""
        text = "" if self.buffer is None else self.buffer.value()
        return text if len(text) <= self.chars else text[: self.chars]

    def pieces(self) -> "list[str]":
        """The same in pieces, which are not put together; do not change the list."""
        pieces: list[str] = [] if self.buffer is None else self.buffer.pieces()
        grown = sum([len(one) for one in pieces]) > self.chars
        return [self.value()] if grown else pieces

    def snapshot(self) -> "DeltaText":
        """The text as it is now, which grows no further."""
        result = DeltaText(False)
        if self.chars:
            result.buffer = self.buffer
            result.chars = self.chars
        return result


@public
class Choice:
    """One of the answers to a request; all but the first exist only for n > 1.

    It grows while an answer arrives. What is handed out is a copy.

    Args:
        index: the server's number for it.
        content_text, reasoning_text, refusal_text: its texts.

    Attributes:
        index: the server's number for it.
        tool_calls: list of ToolCall.
        finish_reason: why the model stopped, in OpenAI's words where there is one for it (see
            finish_reasons.py), else as the server sent it; None if it sent none.
        reasoning_names: the fields that its reasoning came in, for `message_extra`.
        extra: fields of its message that are not ours.
        beside: fields beside its message that are not ours, e.g. `native_finish_reason`, as they
            were said last; for reading, never sent.
        extras: what grows into them, None while there is nothing.
        logprobs: {"content": [...], "refusal": [...]} as far as the server sent them, else {}.
        images: list of images as they came: {"type": "image_url", "image_url": {"url": ...}}; the
            data of what is not kept is missing.
        audio: {"id": ..., "data": base64, "transcript": ...}, None if there was none.
        annotations: list of citations and the like as they came, parts of the content of a kind
            that is not known among them; links that stand beside the choices are
            {"type": "url_citation", "url_citation": {"url": ...}}.
        content_text, reasoning_text, refusal_text: its texts as they arrived; `content` and so on
            put them together, which a chip may have no room for.
    """

    # What few answers have: each attribute less is memory, on a chip.
    reasoning_names: "tuple[str, ...]" = ()
    extras: "Extras | None" = None
    audio: "dict[str, Any] | None" = None
    # Of its reasoning, what stood in its content; see think_tags.TaggedText.
    blocks: "Sequence[Sequence[int]]" = ()

    def __init__(
        self,
        index: int,
        content_text: DeltaText,
        reasoning_text: DeltaText,
        refusal_text: DeltaText,
    ) -> None:
        self.index = index
        self.content_text = content_text
        self.reasoning_text = reasoning_text
        self.refusal_text = refusal_text
        self.tool_calls: list[ToolCall] = []
        self.finish_reason: str | None = None
        self.extra: dict[str, Any] = {}
        self.beside: dict[str, Any] = {}
        self.logprobs: dict[str, list[Any]] = {}
        self.images: list[dict[str, Any]] = []
        self.annotations: list[Any] = []

    @property
    def content(self) -> "str | None":
        """Text of the answer, None if there was none."""
        return self.content_text.value() or None

    @property
    def reasoning_content(self) -> "str | None":
        """Text of the reasoning, None if there was none."""
        return self.reasoning_text.value() or None

    @property
    def refusal(self) -> "str | None":
        """Text of a refusal, None if there was none."""
        return self.refusal_text.value() or None

    @property
    def message_extra(self) -> "dict[str, Any]":
        """What its message said beside content, refusal and tool calls: reasoning under the name
        it came by, OpenRouter's `reasoning_details` in one piece each, and whatever else."""
        found = dict(self.extra)
        for name in self.reasoning_names:
            found[name] = self._in_tags()[1] if self.blocks else self.reasoning_text.value()
        return found

    @property
    def reasoning_details(self) -> "list[Any]":
        """OpenRouter's reasoning blocks, each in one piece; [] if there were none."""
        found = self.extra.get("reasoning_details")
        return found if isinstance(found, list) else []

    @property
    def text(self) -> "str | None":
        """Text of the answer, or of a refusal in its place; None if there was neither."""
        return self.content or self.refusal

    def thoughts(self) -> "list[list[object]]":
        """What of its reasoning stood in its content, with its tags: [place, text] each."""
        return self._in_tags()[0] if self.blocks else []

    def _in_tags(self) -> "tuple[list[list[object]], str]":
        from thinwire.core.answer import think_tags

        return think_tags.parted(self)

    @property
    def empty(self) -> bool:
        """See Completion.empty."""
        chars = self.content_text.chars + self.reasoning_text.chars + self.refusal_text.chars
        others = (self.tool_calls, self.images, self.audio, self.reasoning_details)
        return not chars and not [one for one in others if one]

    def pieces(self) -> "list[str]":
        """Text of the answer in pieces, which are not put together; do not change the list."""
        return self.content_text.pieces()

    def copy(self, tool_calls: "list[ToolCall]") -> "Choice":
        """The choice as it is now, which grows no further.

        Args:
            tool_calls: its calls as they are now.
        """
        reasoning, refusal = self.reasoning_text.snapshot(), self.refusal_text.snapshot()
        result = Choice(self.index, self.content_text.snapshot(), reasoning, refusal)
        result.tool_calls = tool_calls
        result.finish_reason = self.finish_reason
        if self.reasoning_names:
            result.reasoning_names = self.reasoning_names
        if self.blocks:
            result.blocks = [list(block) for block in self.blocks]
        if self.beside:
            result.beside.update(self.beside)
        if tool_calls:  # reasoning of no words is missed only beside a call
            result.extra.update(self.extra)
        if self.extras is not None:
            result.extra.update(self.extras.value())
        for name, entries in self.logprobs.items():
            result.logprobs[name] = list(entries)
        return result

    def __repr__(self) -> str:
        return "Choice(%d, content=%r, tool_calls=%r, finish_reason=%r)" % (
            self.index,
            self.content,
            self.tool_calls,
            self.finish_reason,
        )


_TIMINGS = (
    "connect_ms",
    "tls_ms",
    "upload_ms",
    "head_ms",
    "first_byte_ms",
    "ttft_ms",
    "last_token_ms",
    "total_ms",
)


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

    def __repr__(self) -> str:
        known = ["%s=%r" % (name, getattr(self, name)) for name in _TIMINGS]
        return "Timings(%s)" % ", ".join(known)


@public
class Completion:
    """An answer.

    Attributes:
        content, reasoning_content, refusal, tool_calls, finish_reason, message_extra,
            reasoning_details, logprobs, images, audio, annotations: of the first choice.
        choices: tuple of Choice, more than one only for n > 1.
        usage: token counts as the server sent them, and `cached_tokens`; {} if it sent none.
        complete: whether the answer came to its end.
        end: "finish" (a finish_reason came), "done" ([DONE] without one), "eof", "error",
            "timeout", "closed" (by `aclose`) or "cancelled" (the caller's task, or an error of its
            own, tore it).
        id: the server's id of the answer.
        extra: what the server said beside the choices, and in the first of them beside its
            message, in fields that are not ours, e.g. `citations`, `system_fingerprint` or
            `native_finish_reason`; for reading, never sent. What a message says is in
            `message_extra`.
        origin: scheme, host and port of the deployment that answered.
        model: public name of the model that was asked for.
        deployment: name of the deployment that answered.
        upstream_model: model as the server names it.
        cost: billed cost if the server says it; else what it comes to by the `prices` of its
            deployment, else None.
        cost_estimated: whether it was reckoned from those.
        service_tier: as the server says it, else None.
        upstream_provider: provider behind a gateway that answered, as OpenRouter says it, else "".
        attempts: list of Attempt, each try of the call in the order they began.
        sent_bytes, sent_blocks: size of the request body, pieces it was pulled in.
        received_bytes: size of the response body.
        headers: of the response, names in lower case, as far as the client keeps them
            (`keep_headers`).
        request_id: what the provider's support asks for, from those headers; "" when unknown.
        rate_limits: {"requests": {"limit", "remaining", "reset_ms"}, "tokens": likewise} as far
            as those headers tell; reset_ms is milliseconds from the answer on, None: not told.
        timings: see Timings.
        messages: of run_tools, all that its rounds have added, this answer last; else ().
        total_usage: of run_tools, the token counts of all its rounds; else None.
    """

    messages: "Sequence[dict[str, Any]]" = ()
    total_usage: "dict[str, Any] | None" = None
    cost_estimated = False

    def __init__(self, choices: "tuple[Choice, ...]") -> None:
        first = choices[0]
        self.choices = choices
        self.tool_calls = first.tool_calls
        self.finish_reason = first.finish_reason
        self.logprobs = first.logprobs
        self.images = first.images
        self.audio = first.audio
        self.annotations = first.annotations
        self.usage: dict[str, Any] = {}
        self.complete = False
        self.end = ""
        self.id = ""
        self.extra: dict[str, Any] = {}
        self.origin = ""
        self.model = ""
        self.deployment = ""
        self.upstream_model = ""
        self.cost: Any = None
        self.service_tier: str | None = None
        self.upstream_provider = ""
        self.attempts: list[Attempt] = []
        self.sent_bytes = 0
        self.sent_blocks = 0
        self.received_bytes = 0
        self.headers: dict[str, str] = {}
        self.request_id = ""
        self.rate_limits: dict[str, dict[str, int | None]] = {}
        self.timings = Timings()

    @property
    def tokens_per_s(self) -> float:
        """Completion tokens per second between first and last delta; 0.0 when unknown."""
        tokens = self.usage.get("completion_tokens")
        return self.timings.tokens_per_s(tokens) if isinstance(tokens, int) else 0.0

    @property
    def native_finish_reason(self) -> "str | None":
        """Why the model stopped, in the words of the server, or of whom a gateway asked."""
        return self.finish_reason and self.extra.get("native_finish_reason", self.finish_reason)

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

    @property
    def message_extra(self) -> "dict[str, Any]":
        """See Choice.message_extra."""
        return self.choices[0].message_extra

    @property
    def reasoning_details(self) -> "list[Any]":
        """See Choice.reasoning_details."""
        return self.choices[0].reasoning_details

    @property
    def text(self) -> "str | None":
        """See Choice.text."""
        return self.choices[0].text

    def pieces(self) -> "list[str]":
        """See Choice.pieces; to write a long answer to a file where memory is short."""
        return self.choices[0].pieces()

    @property
    def empty(self) -> bool:
        """Whether nothing came: no text, no refusal, no reasoning, no tool call and no media. A
        server that says so is believed: such an answer may be complete (RetryPolicy.retry_empty).
        """
        return not [choice for choice in self.choices if not choice.empty]

    @property
    def has_tool_calls(self) -> bool:
        """Whether the model asks for a function or a custom tool to be called."""
        return bool(self.tool_calls)

    def to_message(self) -> "dict[str, Any]":
        """The answer as an assistant message, to be appended to the conversation.

        It holds `message_extra`, and what came with the tool calls, for the server that sent it:
        some refuse the next turn without. Others refuse it with, so `_origin` says whose it is,
        and thinwire sends it, and `_origin` itself, to nobody else (docs/wire.md C105 and C121).
        `_thoughts` is reasoning that stood in the content, and goes back there likewise.
        """
        # A refusal is what the assistant said, and has a field of its own at few servers. Ollama
        # and others refuse null where there is no text (docs/wire.md C104).
        message: dict[str, Any] = {"role": "assistant", "content": self.text or ""}
        extra = self.message_extra
        message.update(extra)
        if self.tool_calls:
            message["tool_calls"] = [call.to_dict() for call in self.tool_calls]
        if self.audio and self.audio.get("id"):
            message["audio"] = {"id": self.audio["id"]}  # the server has the rest
            extra = message
        thoughts = self.choices[0].thoughts()
        if thoughts:
            message["_thoughts"] = thoughts
            extra = message
        if self.origin and (extra or True in [call.is_special() for call in self.tool_calls]):
            message["_origin"] = self.origin
        return message

    if not MICROPYTHON or TYPE_CHECKING:  # pragma: no branch (there only the function)

        def to_dict(self) -> "dict[str, Any]":
            """The answer as plain JSON; see thinwire.to_dict."""
            from thinwire.core.answer.as_json import to_dict

            return to_dict(self)

    def __repr__(self) -> str:
        return "Completion(content=%r, tool_calls=%r, finish_reason=%r, end=%r)" % (
            self.content,
            self.tool_calls,
            self.finish_reason,
            self.end,
        )


def completion_of(plan: "Plan", exchange: "Exchange | None", end: str) -> Completion:
    """All that is known of a call: its answer as it stands, what it took, who was asked.

    Args:
        plan: the call's.
        exchange: the attempt whose answer it is, None before the first.
        end: see Completion; "" while it is at work.
    """
    complete = end in ("finish", "done")
    if exchange is None:
        result = Completion((Choice(0, DeltaText(), DeltaText(), DeltaText()),))
    else:
        result = exchange.answer.assembler.completion(complete)
        result.received_bytes = exchange.answer.received
        attempt = exchange.attempt
        result.deployment = attempt.deployment
        result.headers, result.request_id = attempt.headers, attempt.request_id
        result.rate_limits = attempt.rate_limits
        deployment = exchange.deployment
        result.origin = deployment.url.origin()
        if deployment.options is not None:
            deployment.options.price(result)
        body = exchange.body
        if body is not None:
            result.sent_bytes, result.sent_blocks = body.sent_bytes, body.sent_blocks
        _measure(result.timings, exchange, plan.start_ms)
    result.complete = complete
    result.end = end
    result.model = plan.model
    result.attempts = list(plan.attempts)
    now = plan.start_ms if exchange is None else exchange.now_ms
    result.timings.total_ms = now - plan.start_ms
    return result


def _measure(timings: Timings, exchange: "Exchange", start_ms: int) -> None:
    request = exchange.request
    if request is not None:
        begun, connected, secured = exchange.begun_ms, request.connected_ms, request.secured_ms
        ready = secured or connected or begun
        timings.connect_ms = None if connected is None else connected - begun
        if connected is not None and secured is not None:
            timings.tls_ms = secured - connected
        timings.upload_ms = None if request.sent_ms is None else request.sent_ms - ready
    if exchange.head_ms >= 0:
        timings.head_ms = exchange.head_ms - start_ms
    if exchange.first_byte_ms >= 0:
        timings.first_byte_ms = exchange.first_byte_ms - start_ms
    if exchange.first_delta_ms >= 0:
        timings.ttft_ms = exchange.first_delta_ms - start_ms
        timings.last_token_ms = exchange.last_delta_ms - start_ms

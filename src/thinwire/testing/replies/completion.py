"""An answer of the mock model: deltas and an ending.

It is rendered per request, because the same answer is a stream or one JSON object, with or without
usage, as the request wants.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from thinwire._public import public
from thinwire.testing.dialects import wire_of
from thinwire.testing.replies.chunks import (
    DONE,
    Delta,
    Envelope,
    json_bytes,
    message_of,
    messages_of,
    sse_event,
    text_of,
)
from thinwire.testing.replies.reply import EVENT_STREAM, MockReply, WireOptions, with_content_type
from thinwire.testing.replies.steps import Send, Step, Wait
from thinwire.testing.server.request import RecordedRequest


class Deltas(Protocol):
    """Any number of deltas, the same at each walk; a list, or made on the way."""

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[Delta]: ...


@public
@dataclass(frozen=True)
class MockCompletion:
    """A scripted answer; called with the request, it gives the reply.

    Args:
        deltas: what the model says, piece by piece, without the opening role.
        finish_reason: in the chunk after them; None sends no such chunk.
        model: name in the chunks; by default the one asked for.
        usage: whether usage is sent when asked for; a mapping is sent as it is.
        cached_tokens: of the prompt, in `usage.prompt_tokens_details`.
        cost: in `usage.cost`, where OpenRouter reports it.
        delay_ms: pause before each delta.
        done: whether `[DONE]` ends the stream.
        ending: steps in place of finish_reason, usage and `[DONE]`.
        error: error object sent after the deltas in place of finish_reason and usage.
        event: name of that error's event.
        wire: see `WireOptions`.
    """

    deltas: Deltas
    finish_reason: str | None = "stop"
    model: str | None = None
    usage: bool | Mapping[str, Any] = True
    cached_tokens: int = 0
    cost: float | None = None
    delay_ms: float = 0
    done: bool = True
    ending: Sequence[Step] | None = None
    error: Mapping[str, Any] | None = None
    event: str | None = None
    wire: WireOptions = field(default_factory=WireOptions)

    @property
    def early(self) -> int | None:
        """See `WireOptions`."""
        return self.wire.get("early")

    def __call__(self, request: RecordedRequest) -> MockReply:
        """The reply to `request`: events if it asked to stream, else one JSON object."""
        if request.wire not in ("", "chat"):
            return wire_of(request.wire).reply(self, request)
        # An early answer is given before there is a body to look into.
        payload = request.json() if request.body_whole else {"stream": True}
        options = payload.get("stream_options")
        wanted = isinstance(options, dict) and options.get("include_usage") is True
        answered = self.model or request.model
        envelope = Envelope(
            f"chatcmpl-mock-{request.number}", answered, bool(self.usage) and wanted
        )
        usage = self.counts(messages_of(payload))
        if payload.get("stream"):
            return self.streamed(lambda: self._events(envelope, usage))
        if self.error is not None:
            return self.whole(json_bytes(self.error))
        body = envelope.whole(message_of(self.deltas), self.finish_reason, usage)
        return self.whole(body, self.ending)

    def streamed(self, events: Callable[[], Iterator[Step]]) -> MockReply:
        """The reply that is a stream.

        Args:
            events: gives its steps, anew at each call.
        """
        steps: Any = _Steps(events)
        return MockReply(steps=steps, **with_content_type(self.wire, EVENT_STREAM))

    def whole(self, body: bytes, ending: Sequence[Step] | None = None) -> MockReply:
        """The reply that is one document.

        Args:
            ending: steps in place of its second half.
        """
        wire = with_content_type({"framing": "length", **self.wire}, "application/json")
        steps: list[Step] = [Wait(self.delay_ms)] if self.delay_ms else []
        if ending is None:
            return MockReply(steps=[*steps, Send(body)], **wire)
        # The fault strikes in the middle, after a head that promised all of it.
        wire.setdefault("length", len(body))
        return MockReply(steps=[*steps, Send(body[: len(body) // 2]), *ending], **wire)

    def _events(self, envelope: Envelope, usage: Mapping[str, Any]) -> Iterator[Step]:
        yield Send(envelope.chunk({"role": "assistant", "content": "", "refusal": None}))
        for delta in self.deltas:
            if self.delay_ms:
                yield Wait(self.delay_ms)
            yield Send(envelope.chunk(delta))
        if self.ending is not None:
            yield from self.ending
            return
        if self.error is not None:
            yield Send(sse_event(self.error, self.event))
        elif self.finish_reason is not None:
            yield Send(envelope.chunk({}, self.finish_reason))
        if envelope.counts_usage and self.error is None:
            yield Send(envelope.usage(usage))
        if self.done:
            yield Send(DONE)

    def counts(self, messages: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
        """What is told as usage, in the words of chat completions.

        Args:
            messages: of the request, in chat's form.
        """
        if isinstance(self.usage, Mapping):
            return self.usage
        # A word is a token, here.
        words = sum(len(text_of(message).split()) for message in messages)
        prompt = max(words, self.cached_tokens, 1)
        known: dict[str, Any] = {"prompt_tokens": prompt, "completion_tokens": len(self.deltas)}
        known["total_tokens"] = prompt + len(self.deltas)
        known["prompt_tokens_details"] = {"cached_tokens": self.cached_tokens}
        return known if self.cost is None else {**known, "cost": self.cost}


@dataclass(frozen=True)
class _Steps:
    # Made anew at each walk: a Content-Length is counted first, and long answers are never held.
    events: Callable[[], Iterator[Step]]

    def __iter__(self) -> Iterator[Step]:
        return self.events()

"""A scripted answer as the events of Anthropic's Messages API: what chats call deltas, grouped
into content blocks."""

import contextlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

from thinwire.testing.replies.chunks import json_bytes, sse_event
from thinwire.testing.replies.completion import MockCompletion
from thinwire.testing.replies.steps import Send, Step, Wait

_KINDS = {"content": "text", "refusal": "text", "reasoning_content": "thinking"}
_KINDS["reasoning"] = "thinking"
_REASONS = {"stop": "end_turn", "length": "max_tokens", "tool_calls": "tool_use"}
_REASONS["content_filter"] = "refusal"


class MessageWriter:
    """Writes one message.

    Args:
        number: of the request, for the ids.
        model: that answers.
        signature: of its thinking.
    """

    def __init__(self, number: int, model: str, signature: str) -> None:
        self._number = number
        self._model = model
        self._signature = signature
        self._blocks: list[dict[str, Any]] = []
        self._open = False  # the last block is not stopped
        self._arguments = ""  # of it, where it is a call

    def events(self, completion: MockCompletion, usage: Mapping[str, Any]) -> Iterator[Step]:
        """The steps of the stream.

        Args:
            usage: in the words of chats.
        """
        counts = _counts(usage) if completion.usage else {}
        yield self._event("message_start", message=self._message({**counts, "output_tokens": 1}))
        yield self._event("ping")
        for delta in completion.deltas:
            if completion.delay_ms:
                yield Wait(completion.delay_ms)
            yield from self._delta(delta)
        if completion.ending is not None:
            yield from completion.ending
            return
        if completion.error is not None:
            yield Send(sse_event(error_of(completion.error), "error"))
            return
        if completion.finish_reason is None:
            return
        yield from self._close()
        reason = _REASONS.get(completion.finish_reason, completion.finish_reason)
        delta = {"stop_reason": reason, "stop_sequence": None}
        output = {"output_tokens": counts.get("output_tokens", 1)}
        yield self._event("message_delta", delta=delta, usage=output)
        yield self._event("message_stop")

    def document(self, completion: MockCompletion, usage: Mapping[str, Any]) -> bytes:
        """The body of the answer to a request that does not stream."""
        if completion.error is not None:
            return json_bytes(error_of(completion.error))
        for delta in completion.deltas:
            for _ in self._delta(delta):
                pass
        for _ in self._close():
            pass
        message = self._message(_counts(usage))
        reason = completion.finish_reason or "stop"
        message["stop_reason"] = _REASONS.get(reason, reason)
        return json_bytes(message)

    def _message(self, usage: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "id": f"msg_mock_{self._number}",
            "type": "message",
            "role": "assistant",
            "model": self._model,
            "content": [dict(block) for block in self._blocks],
            "stop_reason": None,
            "stop_sequence": None,
            "usage": usage,
        }

    def _delta(self, delta: Mapping[str, Any]) -> Iterator[Step]:
        for name, value in delta.items():
            if name in _KINDS:
                yield from self._say(_KINDS[name], value)
            elif name == "tool_calls":
                for fragment in value:
                    yield from self._call(fragment)

    def _say(self, kind: str, text: str) -> Iterator[Step]:
        if not self._open or self._blocks[-1]["type"] != kind:
            more = {"signature": ""} if kind == "thinking" else {}
            yield from self._begin({"type": kind, kind: "", **more})
        self._blocks[-1][kind] += text
        yield self._grow({"type": f"{kind}_delta", kind: text})

    def _call(self, fragment: Mapping[str, Any]) -> Iterator[Step]:
        function = fragment["function"]
        if "id" in fragment:
            fields = {"id": fragment["id"], "name": function["name"], "input": {}}
            yield from self._begin({"type": "tool_use", **fields})
        if function["arguments"]:
            self._arguments += function["arguments"]
            yield self._grow({"type": "input_json_delta", "partial_json": function["arguments"]})

    def _begin(self, block: dict[str, Any]) -> Iterator[Step]:
        yield from self._close()
        self._blocks.append(block)
        self._open, self._arguments = True, ""
        index = len(self._blocks) - 1
        yield self._event("content_block_start", index=index, content_block=dict(block))

    def _grow(self, delta: Mapping[str, Any]) -> Step:
        return self._event("content_block_delta", index=len(self._blocks) - 1, delta=delta)

    def _close(self) -> Iterator[Step]:
        if not self._open:
            return
        block, self._open = self._blocks[-1], False
        if block["type"] == "thinking":
            block["signature"] = self._signature
            yield self._grow({"type": "signature_delta", "signature": self._signature})
        elif block["type"] == "tool_use":
            with contextlib.suppress(ValueError):  # a script may break off where it likes
                block["input"] = json.loads(self._arguments or "{}")
        yield self._event("content_block_stop", index=len(self._blocks) - 1)

    def _event(self, kind: str, **more: Any) -> Step:
        return Send(sse_event({"type": kind, **more}, kind))


def _counts(usage: Mapping[str, Any]) -> dict[str, Any]:
    cached = (usage.get("prompt_tokens_details") or {}).get("cached_tokens", 0)
    return {
        "input_tokens": usage.get("prompt_tokens", 0) - cached,
        "cache_read_input_tokens": cached,
        "cache_creation_input_tokens": 0,
        "output_tokens": usage.get("completion_tokens", 0),
    }


def error_of(error: Mapping[str, Any]) -> dict[str, Any]:
    """The error of this API that a chat's error object is."""
    inner = error.get("error")
    fields = inner if isinstance(inner, Mapping) else error
    code = fields.get("code")
    kind = code if isinstance(code, str) else fields.get("type")
    if not str(kind).endswith("_error") or kind == "server_error":
        kind = "api_error"
    return {"type": "error", "error": {"type": kind, "message": fields.get("message")}}

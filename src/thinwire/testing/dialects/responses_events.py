"""A scripted answer as the events of a response: what chats call deltas, grouped into items."""

from collections.abc import Iterator, Mapping
from typing import Any

from thinwire.testing.replies.chunks import CREATED, json_bytes, sse_event
from thinwire.testing.replies.completion import MockCompletion
from thinwire.testing.replies.steps import Send, Step, Wait

_REASONING = ("reasoning_content", "reasoning")
_INCOMPLETE = {"length": "max_output_tokens", "content_filter": "content_filter"}
_USAGE = {
    "prompt_tokens": "input_tokens",
    "completion_tokens": "output_tokens",
    "prompt_tokens_details": "input_tokens_details",
    "completion_tokens_details": "output_tokens_details",
}


class ResponsesEvents:
    """Writes one response.

    Args:
        number: of the request, for the ids.
        model: that answers.
        hidden: encrypted content of its reasoning, "" for none.
    """

    def __init__(self, number: int, model: str, hidden: str) -> None:
        self._number = number
        self._model = model
        self._hidden = hidden
        self._sequence = 0
        self._output: list[dict[str, Any]] = []
        self._part = ""  # "output_text", "refusal" or "summary_text", while one is open
        self._text = ""  # of it, or the arguments of the call
        self._open = False  # the last item is not done

    def events(self, completion: MockCompletion, usage: Mapping[str, Any]) -> Iterator[Step]:
        """The steps of the stream.

        Args:
            usage: in the words of chats.
        """
        yield self._event("created", response=self._response("in_progress"))
        yield self._event("in_progress", response=self._response("in_progress"))
        for delta in completion.deltas:
            if completion.delay_ms:
                yield Wait(completion.delay_ms)
            yield from self._delta(delta)
        if completion.ending is not None:
            yield from completion.ending
            return
        if completion.error is not None:
            yield self._failure(completion)
            return
        if completion.finish_reason is None:
            return
        yield from self._close()
        status, response = self._whole(completion, usage)
        yield self._event(status, response=response)

    def _whole(
        self, completion: MockCompletion, usage: Mapping[str, Any]
    ) -> tuple[str, dict[str, Any]]:
        reason = _INCOMPLETE.get(completion.finish_reason or "")
        status = "incomplete" if reason else "completed"
        response = self._response(status)
        response["incomplete_details"] = {"reason": reason} if reason else None
        if completion.usage:
            counts = {_USAGE.get(name, name): usage[name] for name in usage}
            response["usage"] = {"output_tokens_details": {"reasoning_tokens": 0}, **counts}
        return status, response

    def _failure(self, completion: MockCompletion) -> Step:
        error = dict(completion.error or {}).get("error") or {}
        code = error.get("code") or error.get("type")
        if completion.event == "error":
            fields = {"code": code, "message": error.get("message"), "param": None}
            self._sequence += 1
            sent = {"type": "error", **fields, "sequence_number": self._sequence}
            return Send(sse_event(sent, "error"))
        response = self._response("failed")
        response["error"] = {"code": code, "message": error.get("message")}
        return self._event("failed", response=response)

    def _delta(self, delta: Mapping[str, Any]) -> Iterator[Step]:
        for name, value in delta.items():
            if name in _REASONING:
                yield from self._say("reasoning", "summary_text", value)
            elif name == "content":
                yield from self._say("message", "output_text", value)
            elif name == "refusal":
                yield from self._say("message", "refusal", value)
            elif name == "tool_calls":
                for fragment in value:
                    yield from self._call(fragment)

    def _say(self, kind: str, part: str, text: str) -> Iterator[Step]:
        if not self._open or self._output[-1]["type"] != kind:
            fields: dict[str, Any] = {"summary": []}
            if kind == "message":
                fields = {"role": "assistant", "status": "in_progress", "content": []}
            yield from self._begin({"type": kind, **fields})
        if self._part != part:
            yield from self._close_part()
            self._part = part
            yield self._part_event("added", "")
        self._text += text
        prefix = "reasoning_" if part == "summary_text" else ""
        yield self._event(f"{prefix}{part}.delta", **self._place(), delta=text)

    def _call(self, fragment: Mapping[str, Any]) -> Iterator[Step]:
        function = fragment["function"]
        piece = function["arguments"]
        if "id" in fragment:
            fields = {"call_id": fragment["id"], "name": function["name"], "arguments": ""}
            yield from self._begin({"type": "function_call", "status": "in_progress", **fields})
        if piece:
            self._text += piece
            yield self._event("function_call_arguments.delta", **self._place(), delta=piece)

    def _begin(self, item: dict[str, Any]) -> Iterator[Step]:
        yield from self._close()
        id = {"reasoning": "rs", "message": "msg", "function_call": "fc"}[item["type"]]
        self._output.append({"id": f"{id}_mock_{self._number}_{len(self._output)}", **item})
        self._open = True
        self._text = ""
        added = {**self._output[-1]}
        yield self._event("output_item.added", output_index=len(self._output) - 1, item=added)

    def _close_part(self) -> Iterator[Step]:
        if not self._part:
            return
        prefix = "reasoning_" if self._part == "summary_text" else ""
        name = "refusal" if self._part == "refusal" else "text"
        yield self._event(f"{prefix}{self._part}.done", **self._place(), **{name: self._text})
        yield self._part_event("done", self._text)
        item = self._output[-1]
        item["summary" if item["type"] == "reasoning" else "content"].append(self._shown())
        self._part = self._text = ""

    def _close(self) -> Iterator[Step]:
        if not self._open:
            return
        yield from self._close_part()
        item = self._output[-1]
        if item["type"] == "function_call":
            item["arguments"] = self._text
            place = self._place()
            yield self._event("function_call_arguments.done", **place, arguments=self._text)
        if item["type"] != "reasoning":
            item["status"] = "completed"
        elif self._hidden:
            item["encrypted_content"] = self._hidden
        self._open = False
        yield self._event("output_item.done", output_index=len(self._output) - 1, item={**item})

    def _place(self) -> dict[str, Any]:
        item = self._output[-1]
        place = {"item_id": item["id"], "output_index": len(self._output) - 1}
        if item["type"] == "message":
            place["content_index"] = len(item["content"])
        elif item["type"] == "reasoning":
            place["summary_index"] = len(item["summary"])
        return place

    def _shown(self) -> dict[str, Any]:
        if self._part == "refusal":
            return {"type": "refusal", "refusal": self._text}
        more: dict[str, Any] = (
            {"annotations": [], "logprobs": []} if self._part == "output_text" else {}
        )
        return {"type": self._part, "text": self._text, **more}

    def _part_event(self, what: str, text: str) -> Step:
        kind = "reasoning_summary_part" if self._part == "summary_text" else "content_part"
        self._text = text
        return self._event(f"{kind}.{what}", **self._place(), part=self._shown())

    def _event(self, kind: str, **more: Any) -> Step:
        self._sequence += 1
        name = "response." + kind
        return Send(sse_event({"type": name, "sequence_number": self._sequence - 1, **more}, name))

    def _response(self, status: str) -> dict[str, Any]:
        return {
            "id": f"resp_mock_{self._number}",
            "object": "response",
            "created_at": CREATED,
            "status": status,
            "background": False,
            "error": None,
            "incomplete_details": None,
            "instructions": None,
            "max_output_tokens": None,
            "model": self._model,
            "output": [dict(item) for item in self._output],
            "parallel_tool_calls": True,
            "previous_response_id": None,
            "reasoning": {"effort": None, "summary": None},
            "service_tier": "default",
            "store": False,
            "temperature": 1.0,
            "text": {"format": {"type": "text"}},
            "tool_choice": "auto",
            "tools": [],
            "top_p": 1.0,
            "truncation": "disabled",
            "usage": None,
            "user": None,
            "metadata": {},
        }

    def document(self, completion: MockCompletion, usage: Mapping[str, Any]) -> bytes:
        """The body of the answer to a request that does not stream."""
        for delta in completion.deltas:
            for _ in self._delta(delta):
                pass
        for _ in self._close():
            pass
        _, response = self._whole(completion, usage)
        error = dict(completion.error or {}).get("error")
        if error:
            code = error.get("code") or error.get("type")
            response["status"] = "failed"
            response["error"] = {"code": code, "message": error.get("message")}
        return json_bytes(response)

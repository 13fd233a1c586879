"""The naive client: httpx, aiter_lines and json.loads, as in many a blog post."""

import json
from typing import Any

import httpx

from thinwire.conformance.outcome import Outcome, arguments_of, error_fields

_PREFIX = "data: "
_HEADERS = {"Authorization": "Bearer sk-conformance-0123456789"}


async def run(base_url: str, model: str, request: dict[str, Any]) -> Outcome:
    """Make one call, or several turns; see docs/testing.md."""
    messages = list(request["messages"])
    outcome = await _ask(base_url, model, {**request, "messages": messages})
    for turn in request.get("turns") or ():
        messages += [_message(outcome), *turn["append"]]
        asked = {**request, "messages": messages}
        outcome = await _ask(turn["base_url"], turn["model"], asked)
        if outcome.error is not None and "fallback" in turn:
            outcome = await _ask(turn["fallback"]["base_url"], turn["fallback"]["model"], asked)
    return outcome


def _message(outcome: Outcome) -> dict[str, Any]:
    # What a blog post appends: the text and the calls.
    message: dict[str, Any] = {"role": "assistant", "content": outcome.content}
    if outcome.tool_calls:
        message["tool_calls"] = [
            {
                "id": call["id"],
                "type": "function",
                "function": {"name": call["name"], "arguments": json.dumps(call["arguments"])},
            }
            for call in outcome.tool_calls
        ]
    return message


async def _ask(base_url: str, model: str, request: dict[str, Any]) -> Outcome:
    outcome, calls = Outcome(complete=False), dict[int, dict[str, Any]]()
    try:
        async with httpx.AsyncClient(timeout=request["timeout_s"], trust_env=False) as client:
            url, body = f"{base_url}/chat/completions", _body(model, request)
            async with client.stream("POST", url, json=body, headers=_HEADERS) as response:
                response.raise_for_status()
                async for line in response.aiter_lines():
                    if line.startswith(_PREFIX) and _take(line[len(_PREFIX) :], outcome, calls):
                        break
    except httpx.HTTPStatusError as error:
        outcome.error = error_fields(error, error.response.status_code)
    except Exception as error:  # whatever a client raises is what we are here to see
        outcome.error = error_fields(error)
    outcome.tool_calls = [
        {**call, "arguments": arguments_of(call["arguments"])} for call in calls.values()
    ]
    outcome.complete = outcome.complete or outcome.finish_reason is not None
    return outcome


def _body(model: str, request: dict[str, Any]) -> dict[str, Any]:
    fixed = {"model": model, "messages": request["messages"], "stream": True}
    tools = {"tools": request["tools"]} if request.get("tools") else {}
    options = {"stream_options": {"include_usage": True}}
    return {**fixed, **options, **tools, **(request.get("params") or {})}


def _take(data: str, outcome: Outcome, calls: dict[int, dict[str, Any]]) -> bool:
    # True at the end of the stream.
    if data == "[DONE]":
        outcome.complete = True
        return True
    chunk = json.loads(data)
    outcome.usage = chunk.get("usage") or outcome.usage
    for choice in chunk["choices"][:1]:
        outcome.finish_reason = choice.get("finish_reason") or outcome.finish_reason
        delta = choice["delta"]
        if delta.get("content"):
            outcome.content = (outcome.content or "") + delta["content"]
        if delta.get("reasoning_content"):
            outcome.reasoning = (outcome.reasoning or "") + delta["reasoning_content"]
        for part in delta.get("tool_calls") or []:
            function = part["function"]
            empty = {"id": part.get("id"), "name": function.get("name"), "arguments": ""}
            call = calls.setdefault(part["index"], empty)
            call["arguments"] += function.get("arguments") or ""
    return False

"""openai: its chunks, put together as its documentation shows (`run`), and its own accumulator
(`run_stream`, behind `client.chat.completions.stream`). Both without retries, so that each
scenario is one exchange.
"""

from typing import Any

from openai import APIStatusError, OpenAI  # type: ignore[import-not-found]

from thinwire.conformance.outcome import Outcome, arguments_of, error_fields


def run(base_url: str, model: str, request: dict[str, Any]) -> Outcome:
    """Make one call with `create(stream=True)`; see docs/testing.md."""
    if request.get("turns"):
        raise NotImplementedError("chunks have no message to replay: openai-stream has")
    outcome = Outcome(complete=False)
    with _client(base_url, request) as client:
        try:
            answer = client.chat.completions.create(**_arguments(model, request), stream=True)
            _take_all(answer, outcome)
        except Exception as error:  # whatever a client raises is what we are here to see
            outcome.error = _error(error)
    outcome.complete = outcome.finish_reason is not None
    return outcome


def run_stream(base_url: str, model: str, request: dict[str, Any]) -> Outcome:
    """Make one call, or several turns, with `chat.completions.stream()`; see docs/testing.md."""
    messages = list(request["messages"])
    outcome, message = _streamed(base_url, model, {**request, "messages": messages})
    for turn in request.get("turns") or ():
        messages += [message, *turn["append"]]
        asked = {**request, "messages": messages}
        outcome, message = _streamed(turn["base_url"], turn["model"], asked)
        if outcome.error is not None and "fallback" in turn:
            place = turn["fallback"]
            outcome, message = _streamed(place["base_url"], place["model"], asked)
    return outcome


def _streamed(base_url: str, model: str, request: dict[str, Any]) -> tuple[Outcome, Any]:
    # The outcome, and the message as it is to be appended.
    outcome, pieces, message = Outcome(complete=False), list[str](), None
    with _client(base_url, request) as client:
        try:
            with client.chat.completions.stream(**_arguments(model, request)) as stream:
                for event in stream:
                    if event.type == "content.delta":
                        pieces.append(event.delta)
                completion = stream.get_final_completion()
                message = completion.choices[0].message.model_dump(exclude_none=True)
                message.pop("parsed", None)
                _whole(completion, outcome)
        except Exception as error:  # whatever a client raises is what we are here to see
            outcome.error = _error(error)
            outcome.content = outcome.content or "".join(pieces)
    outcome.complete = outcome.finish_reason is not None
    return outcome, message


def _client(base_url: str, request: dict[str, Any]) -> OpenAI:
    key, seconds = "sk-conformance-0123456789", request["timeout_s"]
    return OpenAI(base_url=base_url, api_key=key, max_retries=0, timeout=seconds)


def _arguments(model: str, request: dict[str, Any]) -> dict[str, Any]:
    found = {"model": model, "messages": request["messages"], **(request.get("params") or {})}
    if request.get("tools"):
        found["tools"] = request["tools"]
    return {**found, "stream_options": {"include_usage": True}}


def _take_all(chunks: Any, outcome: Outcome) -> None:
    # Puts chunks together as the documentation of openai does; what came before an error stays.
    calls: dict[int, Any] = {}
    texts: dict[int, str] = {}
    try:
        for chunk in chunks:
            if chunk.usage:
                outcome.usage = chunk.usage.model_dump()
            for choice in chunk.choices:
                texts[choice.index] = texts.get(choice.index, "") + (choice.delta.content or "")
                if choice.index == 0:
                    outcome.content = texts[0]
                    _add(choice, outcome, calls)
    finally:
        outcome.tool_calls = [_call(call) for call in calls.values()]
        outcome.choices = [text for _, text in sorted(texts.items())]


def _add(choice: Any, outcome: Outcome, calls: dict[int, Any]) -> None:
    delta = choice.delta
    thought = getattr(delta, "reasoning_content", None) or getattr(delta, "reasoning", None)
    outcome.reasoning = (outcome.reasoning or "") + (thought or "")
    outcome.refusal = (outcome.refusal or "") + (delta.refusal or "")
    outcome.finish_reason = choice.finish_reason or outcome.finish_reason
    outcome.logprobs += _tokens(choice)
    for call in delta.tool_calls or []:
        if call.index not in calls:
            calls[call.index] = call
        elif call.function is not None:  # of a custom tool there is only what pydantic lets pass
            calls[call.index].function.arguments += call.function.arguments


def _whole(completion: Any, outcome: Outcome) -> None:
    first = completion.choices[0]
    outcome.content, outcome.refusal = first.message.content, first.message.refusal
    outcome.reasoning = getattr(first.message, "reasoning_content", None)
    outcome.reasoning = outcome.reasoning or getattr(first.message, "reasoning", None)
    outcome.choices = [choice.message.content for choice in completion.choices]
    outcome.tool_calls = [_call(call) for call in first.message.tool_calls or []]
    outcome.finish_reason = first.finish_reason
    outcome.usage = completion.usage.model_dump() if completion.usage else {}
    outcome.logprobs = _tokens(first)


def _call(call: Any) -> dict[str, Any]:
    function = getattr(call, "function", None)
    if function is None:
        custom = getattr(call, "custom", None) or {}
        fields = custom if isinstance(custom, dict) else custom.model_dump()
        return {"id": call.id, "arguments": None, **fields}
    return {"id": call.id, "name": function.name, "arguments": arguments_of(function.arguments)}


def _tokens(choice: Any) -> list[str]:
    content = choice.logprobs.content if choice.logprobs else None
    return [item.token for item in content or []]


def _error(error: Exception) -> dict[str, Any]:
    if not isinstance(error, APIStatusError):
        return error_fields(error)
    headers = error.response.headers
    wait = headers.get("retry-after")
    if headers.get("retry-after-ms"):
        wait = str(float(headers["retry-after-ms"]) / 1000)
    fields = error_fields(error, error.status_code, wait)
    # What the message leaves out is still in the error's `body`.
    return {**fields, "message": f"{fields['message']} {error.body or ''}"}

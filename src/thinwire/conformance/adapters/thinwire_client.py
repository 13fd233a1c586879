"""thinwire, asynchronous (`run_async`) and blocking (`run`), on both runtimes; on CPython also on
sockets of its own.

On CPython the worker calls the functions, on MicroPython this file is the program and speaks JSON
lines itself. So it keeps to what both have.
"""

import asyncio
import json
import sys

from thinwire import (
    AsyncClient,
    Client,
    Deployment,
    RetryPolicy,
    StatusError,
    ThinwireError,
    Timeouts,
    __version__,
)
from thinwire.transport import SocketTransport

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from thinwire import Completion

KEY = "sk-conformance-0123456789"


def run(
    base_url: str, model: str, request: "dict[str, Any]", transport: "Any" = None
) -> "dict[str, Any]":
    """Makes one call with the sync client; an adapter as docs/testing.md describes it."""
    places = _Places(base_url, model, request)
    options = _client_options(request, transport)
    with Client("0", places.deployments, places.fallbacks, **options) as client:
        messages, completion, error = list(request["messages"]), None, None
        for number, turn in enumerate(places.turns):
            if completion is not None:
                messages += [completion.to_message()] + turn["append"]
            stream = client.stream(messages, model=str(number), **_options(request))
            try:
                with stream:
                    for _ in stream:
                        pass
            except ThinwireError as raised:
                error = raised
            completion = stream.completion
            if error is not None:
                break
        return _outcome(stream.completion, error)


async def run_async(
    base_url: str, model: str, request: "dict[str, Any]", transport: "Any" = None
) -> "dict[str, Any]":
    """Makes one call with the async client; an adapter as docs/testing.md describes it."""
    places = _Places(base_url, model, request)
    options = _client_options(request, transport)
    async with AsyncClient("0", places.deployments, places.fallbacks, **options) as client:
        messages, completion, error = list(request["messages"]), None, None
        for number, turn in enumerate(places.turns):
            if completion is not None:
                messages += [completion] + turn["append"]
            stream = client.stream(messages, model=str(number), **_options(request))
            try:
                async with stream:
                    async for _ in stream:
                        pass
            except ThinwireError as raised:
                error = raised
            completion = stream.completion
            if error is not None:
                break
        return _outcome(stream.completion, error)


def run_on_sockets(base_url: str, model: str, request: "dict[str, Any]") -> "dict[str, Any]":
    """`run`, on SocketTransport."""
    return run(base_url, model, request, SocketTransport())


async def run_async_on_sockets(
    base_url: str, model: str, request: "dict[str, Any]"
) -> "dict[str, Any]":
    """`run_async`, on SocketTransport."""
    return await run_async(base_url, model, request, SocketTransport())


class _Places:
    # Where each turn goes: turn number N to the deployment "N", then to "N-fallback".
    def __init__(self, base_url: str, model: str, request: "dict[str, Any]") -> None:
        first = {"base_url": base_url, "model": model, "dialect": request.get("dialect")}
        self.turns: list[dict[str, Any]] = [first]
        self.turns.extend(request.get("turns") or [])
        self.deployments: dict[str, Deployment] = {}
        self.fallbacks: dict[str, list[str]] = {}
        for number, turn in enumerate(self.turns):
            name, other = str(number), turn.get("fallback")
            self.deployments[name] = _deployment(turn, turn.get("dialect"))
            if other:
                name += "-fallback"
                self.deployments[name] = _deployment(other, turn.get("dialect"))
                self.fallbacks[str(number)] = [name]


def _deployment(place: "dict[str, Any]", dialect: "Any") -> Deployment:
    return Deployment(place["base_url"], KEY, place["model"], dialect=dialect)


def _client_options(request: "dict[str, Any]", transport: "Any") -> "dict[str, Any]":
    seconds = request["timeout_s"]
    limits = Timeouts(connect=seconds, first_token=seconds, progress=seconds, liveness=seconds)
    # What an answer means is judged by the first one.
    return {"timeouts": limits, "retry": RetryPolicy(attempts=1), "transport": transport}


def _options(request: "dict[str, Any]") -> "dict[str, Any]":
    options: dict[str, Any] = dict(request.get("params") or {})
    options["tools"] = request.get("tools")
    return options


def _outcome(completion: "Completion", error: "ThinwireError | None") -> "dict[str, Any]":
    calls: list[dict[str, Any]] = []
    for call in completion.tool_calls:
        calls.append({"id": call.id, "name": call.name, "arguments": call.arguments})
        if call.input is not None:
            calls[-1]["input"] = call.input
    logprobs = getattr(completion, "logprobs", None)
    items = logprobs.get("content") if isinstance(logprobs, dict) else logprobs
    return {
        "content": completion.content,
        "reasoning": completion.reasoning_content,
        "refusal": completion.refusal,
        "choices": [choice.content for choice in completion.choices],
        "tool_calls": calls,
        "finish_reason": completion.finish_reason,
        "usage": completion.usage,
        "logprobs": [item["token"] for item in items or []],
        "complete": completion.complete,
        "error": None if error is None else _error(error),
    }


def _error(error: ThinwireError) -> "dict[str, Any]":
    fields: dict[str, Any] = {"type": type(error).__name__, "message": str(error)}
    # What broke off a stream is the cause; what failed last is the last attempt's error.
    failure = error if isinstance(error, StatusError) else error.cause
    if isinstance(failure, StatusError):
        fields["status"] = failure.status
        if failure.retry_after_ms is not None:
            fields["retry_after_s"] = failure.retry_after_ms / 1000
    return fields


def main(asynchronous: bool) -> None:
    """Answers each line of stdin with one line."""
    # Not f-strings or platform: both cost a chip more than this.
    numbers = [str(part) for part in sys.implementation.version[:3]]
    print(
        json.dumps({"version": "thinwire %s, MicroPython %s" % (__version__, ".".join(numbers))})
    )
    line = sys.stdin.readline()
    while line:
        call = json.loads(line)
        given = call["base_url"], call["model"], call["request"]
        try:
            outcome = asyncio.run(run_async(*given)) if asynchronous else run(*given)
        except Exception as error:  # whatever a client raises is what we are here to see
            fields = {"type": type(error).__name__, "message": str(error)}
            outcome = {"complete": False, "error": fields}
        print(json.dumps(outcome))
        line = sys.stdin.readline()


if __name__ == "__main__":
    main("sync" not in sys.argv)

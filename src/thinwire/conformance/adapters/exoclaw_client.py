"""exoclaw-provider-openai, asked as exoclaw's agent loop does."""

from typing import Any

from exoclaw_provider_openai import (  # type: ignore[import-not-found]
    Deployment,
    OpenAIStreamingProvider,
)

from thinwire.conformance.outcome import Outcome, error_fields

_OWN = ("max_tokens", "temperature", "reasoning_effort", "response_format")


async def run(base_url: str, model: str, request: dict[str, Any]) -> Outcome:
    """Make one call; see docs/testing.md."""
    if request.get("turns"):
        raise NotImplementedError("a provider has no messages to replay")
    params = request.get("params") or {}
    own = {name: value for name, value in params.items() if name in _OWN}
    extra = {name: value for name, value in params.items() if name not in _OWN}
    seconds = request["timeout_s"]
    provider = OpenAIStreamingProvider(
        default_model=model,
        deployments={model: Deployment(base_url, "sk-conformance-0123456789", extra_body=extra)},
        request_timeout=seconds,
        stream_ttft_timeout=seconds,
    )
    pieces: list[str] = []

    async def note(text: str) -> None:
        pieces.append(text)

    try:
        tools = request.get("tools")
        return _outcome(await provider.chat(request["messages"], tools, on_delta=note, **own))
    except Exception as error:  # whatever a client raises is what we are here to see
        status = getattr(error, "status_code", None)
        failure = error_fields(error, status)
        return Outcome(content="".join(pieces), complete=False, error=failure)
    finally:
        await provider.close()


def _outcome(response: Any) -> Outcome:
    calls = [
        {"id": call.id, "name": call.name, "arguments": call.arguments}
        for call in response.tool_calls
    ]
    usage: dict[str, Any] = {**response.usage, "cost": response.cost}
    if "cached_tokens" in usage:
        usage["prompt_tokens_details"] = {"cached_tokens": usage["cached_tokens"]}
    return Outcome(
        content=response.content,
        reasoning=response.reasoning_content,
        choices=[response.content],
        tool_calls=calls,
        finish_reason=response.finish_reason,
        usage=usage,
        complete=response.finish_reason != "error",
    )

"""Attributes of the GenAI semantic conventions, version 1.41.0: the last one in
open-telemetry/semantic-conventions, before they moved to a repository of their own
(open-telemetry/semantic-conventions-genai). Their names are written out, so that a newer
opentelemetry-semantic-conventions package, which renames or drops them, changes nothing here.
"""

from collections.abc import Iterator, Mapping
from typing import Any

SCHEMA_URL = "https://opentelemetry.io/schemas/1.41.0"

# thinwire's word for a provider -> the conventions'. What is not among them goes as it is.
_PROVIDERS = {
    "azure": "azure.ai.openai",
    "bedrock": "aws.bedrock",
    "gemini": "gcp.gemini",
    "google": "gcp.gemini",
    "mistral": "mistral_ai",
    "vertex": "gcp.vertex_ai",
    "xai": "x_ai",
}
# A field of a chat -> its attribute, and what it may be.
_REQUEST: tuple[tuple[str, str, tuple[type, ...]], ...] = (
    ("frequency_penalty", "gen_ai.request.frequency_penalty", (int, float)),
    ("presence_penalty", "gen_ai.request.presence_penalty", (int, float)),
    ("temperature", "gen_ai.request.temperature", (int, float)),
    ("top_p", "gen_ai.request.top_p", (int, float)),
    ("top_k", "gen_ai.request.top_k", (int, float)),
    ("seed", "gen_ai.request.seed", (int,)),
    ("max_completion_tokens", "gen_ai.request.max_tokens", (int,)),
    ("max_tokens", "gen_ai.request.max_tokens", (int,)),
)
# Events that are noted on the span of their call, and which of their fields are.
CALL_EVENTS = {
    "retry_scheduled": ("deployment", "attempt", "next", "wait_ms", "kind"),
    "fallback": ("deployment", "attempt", "next", "kind"),
    "restart": ("deployment", "attempt", "next", "kind"),
    "hedge_skipped": ("deployment", "next", "reason"),
    "parameter_dropped": ("deployment", "name", "why"),
    "repaired": ("deployment", "what", "where"),
}


def operation(request: Any) -> str:
    """What a call does: "chat", "embeddings", or the path of an endpoint that has no name."""
    path = getattr(request, "path", None)
    if path is None:
        return "chat"
    name = str(path).partition("?")[0].strip("/")
    return "embeddings" if name.endswith("embeddings") else name


def provider(name: str, dialect: str) -> str:
    """The conventions' word for a provider; of an unknown one, whose wire it speaks."""
    if not name:
        return "anthropic" if dialect == "anthropic" else "openai"
    return _PROVIDERS.get(name, name)


def server(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Where an attempt goes."""
    return {
        "gen_ai.provider.name": provider(fields["provider"], fields["dialect"]),
        "server.address": fields["host"],
        "server.port": fields["port"],
    }


def request_attributes(request: Any, session: str) -> dict[str, Any]:
    """What of a request is numbers and names."""
    given = {**request.params, **request.extra_body}
    found: dict[str, Any] = {}
    for field, name, kinds in _REQUEST:
        value = given.get(field)
        if isinstance(value, kinds) and not isinstance(value, bool):
            found[name] = value
    stop = given.get("stop")
    if isinstance(stop, str):
        stop = [stop]
    if isinstance(stop, (list, tuple)) and all(isinstance(one, str) for one in stop):
        found["gen_ai.request.stop_sequences"] = list(stop)
    number = given.get("n")
    if isinstance(number, int) and number != 1:
        found["gen_ai.request.choice.count"] = number
    shape = given.get("response_format")
    if isinstance(shape, Mapping):
        kind = str(shape.get("type", ""))
        found["gen_ai.output.type"] = "json" if kind.startswith("json") else "text"
    if session:
        found["gen_ai.conversation.id"] = session
    if operation(request) == "chat":
        found["gen_ai.request.stream"] = True
        names = tool_names(request.tools)
        if names:
            found["thinwire.tools"] = names
    return found


def tool_names(tools: Any) -> list[str]:
    """Names of the tools that a model is offered, as far as they are there to be looked at."""
    names = []
    for tool in tools if isinstance(tools, (list, tuple)) else ():
        body = tool.get("function") or tool.get("custom") or tool if _is_dict(tool) else {}
        name = body.get("name") if _is_dict(body) else None
        if isinstance(name, str):
            names.append(name)
    return names


def _is_dict(value: object) -> bool:
    return isinstance(value, Mapping)


def response_attributes(completion: Any) -> dict[str, Any]:
    """What of an answer is numbers and names."""
    reasons = [choice.finish_reason for choice in completion.choices if choice.finish_reason]
    found: dict[str, Any] = {
        "gen_ai.response.id": completion.id or None,
        "gen_ai.response.model": completion.upstream_model or None,
        "gen_ai.response.finish_reasons": reasons or None,
        "thinwire.deployment": completion.deployment or None,
        "thinwire.request_id": completion.request_id or None,
    }
    usage = completion.usage
    details = usage.get("prompt_tokens_details")
    written = usage.get("cache_creation_input_tokens")
    if written is None and isinstance(details, Mapping):
        written = details.get("cache_write_tokens")
    thought = usage.get("completion_tokens_details")
    for name, count in (
        ("input_tokens", usage.get("prompt_tokens")),
        ("output_tokens", usage.get("completion_tokens")),
        ("cache_read.input_tokens", usage.get("cached_tokens")),
        ("cache_creation.input_tokens", written),
        (
            "reasoning.output_tokens",
            thought.get("reasoning_tokens") if isinstance(thought, Mapping) else None,
        ),
    ):
        if isinstance(count, int):
            found[f"gen_ai.usage.{name}"] = count
    if isinstance(completion.cost, (int, float)):
        found["thinwire.cost"] = completion.cost
        found["thinwire.cost_estimated"] = completion.cost_estimated
    return {name: value for name, value in found.items() if value is not None}


def token_counts(usage: Mapping[str, Any]) -> Iterator[tuple[str, int]]:
    """Kind and number of the tokens of an answer, as far as its server counted them."""
    for kind, name in (("input", "prompt_tokens"), ("output", "completion_tokens")):
        count = usage.get(name)
        if isinstance(count, int):
            yield kind, count

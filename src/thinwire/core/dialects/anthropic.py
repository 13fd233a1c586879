"""Anthropic's Messages API (`POST /messages`): the request, and what reads its answer. The key
goes as `x-api-key`; the version of the API is a header as well, and the caller's own wins.

What a chat asks for is written in the API's words; what a caller gives by its name in this API
(`thinking`, `output_config`, `top_k`, `context_management`, tools that the server runs) goes as it
is. `max_tokens` has to be there: the model's own limit, where nobody says.

Source: the API reference of Anthropic's Messages, its streaming page and the pages on tool use,
vision, PDF support, structured outputs and prompt caching.
"""

from thinwire.core._compat import const, import_module
from thinwire.core.dialects import anthropic_thinking, openai, parameters
from thinwire.core.dialects.anthropic_answer import AnthropicAnswer
from thinwire.core.dialects.anthropic_messages import Conversation, Turns
from thinwire.core.dialects.anthropic_parts import blocks, check
from thinwire.core.dialects.replay import is_turn, mended
from thinwire.core.request.http_request import JSONBody, Request
from thinwire.core.wire.json_encode import Items

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from thinwire.core.request.call import Call
    from thinwire.core.routing.deployment import Deployment
    from thinwire.core.wire.reserve import Reserve

_TARGET = "/messages"
_VERSION = "2023-06-01"
# What this API does not have: hints, without which the answer is as good; what changes it.
_HINTS = tuple(
    "seed frequency_penalty presence_penalty logit_bias prediction store verbosity"
    " prompt_cache_key prompt_cache_retention".split()
)
_REFUSED = tuple(
    "n logprobs top_logprobs modalities audio web_search_options functions function_call".split()
)
_LIMITS = ("max_completion_tokens", "max_tokens")
_CHOICES = (("auto", "auto"), ("required", "any"), ("none", "none"))
_TIERS = (("auto", "auto"), ("default", "standard_only"), ("standard_only", "standard_only"))


def request(
    deployment: "Deployment",
    name: str,
    call: "Call",
    key: "str | None" = None,
    first_provider: str = "",
) -> Request:
    """The request that asks `deployment` what `call` says; see openai.request.

    Raises:
        ThinwireError: of kind "unsupported": what is asked for is not to be had of this API.
    """
    body = call.body
    if body is None:
        document: Any = _document(deployment, name, call, first_provider)
        body = JSONBody(document, call.sizes)
    return openai.posted(
        deployment, call, _TARGET, body, key, "x-api-key", (("anthropic-version", _VERSION),)
    )


def answer(
    deployment: "Deployment", call: "Call", buffers: "Reserve", buffer: bytearray
) -> AnthropicAnswer:
    """What reads the answer of `deployment` to `call`; see openai.answer."""
    return AnthropicAnswer(call.keep, buffers, buffer)


class _Document:
    # A document some fields of which are known only once its messages have been walked.
    def __init__(self, fields: "dict[str, Any]", turns: "Conversation | Turns") -> None:
        self.keys = fields.keys
        self._fields = fields
        self._turns = turns

    def items(self) -> "Iterator[tuple[str, object]]":
        late = ("system", "messages", "thinking")
        for pair in self._fields.items():
            if pair[0] not in late:
                yield pair
        yield "messages", self._fields["messages"]
        system = self._fields.get("system")
        if system is None:
            system = self._turns.system()
        if system is not None:
            yield "system", system
        thinking = self._fields.get("thinking")
        if thinking is not None:
            # A turn that another model began has no signed thoughts, and is refused with a budget.
            walk = self._turns.walk
            if not walk.unsigned or thinking.get("type") != "enabled":
                yield "thinking", thinking
            elif walk.tell is not None:
                why = "the last calls are another model's, without its signed thoughts"
                walk.tell("parameter_dropped", {"name": "reasoning_effort", "why": why})


def _document(
    deployment: "Deployment", name: str, call: "Call", first_provider: str
) -> "_Document":
    model = deployment.model or name
    known = anthropic_thinking.name_of(model)
    asked = parameters.asked(deployment, call)
    given: dict[str, Any] = parameters.fitting(asked, deployment, call, _HINTS, _REFUSED)
    document: dict[str, Any] = {"model": model, "stream": True}
    limits = [given.pop(one) for one in _LIMITS if given.get(one) is not None]
    document["max_tokens"] = limits[0] if limits else anthropic_thinking.longest(known)
    reasoning = parameters.reasoning(given, deployment, call)
    if call.reasoning is not None:
        _outdo(given, call)
    system = blocks(given.pop("system", None))
    _translate(given, document, deployment, call)
    if call.tools:
        document["tools"] = _tools(call, deployment)
        _choose(document, given.get("tool_choice"), given.get("parallel_tool_calls"), deployment)
    anthropic_thinking.add(document, call, known, reasoning, bool(limits))
    if deployment.provider_order or deployment.allow_fallbacks is not None or first_provider:
        document["provider"] = openai.provider_field(deployment, first_provider)
    document.update(call.extra_body)
    messages = _repaired(document.get("messages", call.messages), deployment, call)
    made: Any = Turns if hasattr(messages, "__next__") else Conversation
    turns = made(messages, deployment.url.origin(), call.tell, system)
    document["messages"] = Items(turns)
    parameters.force(document, deployment, call)
    return _Document(document, turns)


def _outdo(given: "dict[str, Any]", call: "Call") -> None:
    # What the deployment says of reasoning in the API's words counts less than the call's.
    if "thinking" not in call.params:
        given.pop("thinking", None)
    config: Any = given.get("output_config")
    if "output_config" not in call.params and hasattr(config, "items"):
        given["output_config"] = {name: config[name] for name in config if name != "effort"}


def _translate(
    given: "dict[str, Any]", document: "dict[str, Any]", deployment: "Deployment", call: "Call"
) -> None:
    # Writes the fields of a chat under their names here; what is given by those counts more.
    for field, value in given.items():
        if value is None or field in ("tool_choice", "parallel_tool_calls", "stream_options"):
            continue
        if field == "stop":
            words = value if isinstance(value, (list, tuple)) else [value]
            kept = [word for word in words if not isinstance(word, str) or word.strip()]
            if len(kept) < len(words):
                parameters.dropped(call, field, "the API takes no stop sequence of white space")
            if kept:
                document.setdefault("stop_sequences", kept)
        elif field in ("user", "safety_identifier"):
            document.setdefault("metadata", {"user_id": value})
        elif field == "metadata" and "user_id" not in value:
            parameters.dropped(call, field, "the API takes metadata.user_id only")
        elif field == "service_tier":
            if value in dict(_TIERS):
                document[field] = dict(_TIERS)[value]
            else:
                parameters.dropped(call, field, "the API has no such tier")
        elif field == "temperature" and isinstance(value, (int, float)) and value > 1:
            document[field] = 1
            parameters.dropped(call, field, "the API takes 1 at most, and gets it")
        elif field != "response_format":
            document[field] = value
    if given.get("response_format") is not None:
        _format(given["response_format"], document, deployment)


def _format(value: "Any", document: "dict[str, Any]", deployment: "Deployment") -> None:
    kind = value.get("type") if hasattr(value, "get") else None
    if kind == "json_schema":
        schema = (value.get("json_schema") or {}).get("schema")
        config = {"format": {"type": kind, "schema": schema}}
        config.update(document.get("output_config") or {})
        document["output_config"] = config
    elif kind != "text":
        why = "which takes a json_schema only"
        raise parameters.unsupported("response_format", deployment, why)


def _repaired(messages: "Any", deployment: "Deployment", call: "Call") -> "Any":
    # Messages without what the API refuses, and with the breakpoints that are asked for.
    listed = isinstance(messages, (list, tuple))
    if listed:
        check(messages)
    options = deployment.options
    if options is None or options.hygiene:
        if not listed or True in [is_turn(message) for message in messages]:
            messages = mended("repaired", messages, call.tell)
    if options is not None and options.prompt_caching:
        marked = import_module("thinwire.core.dialects.prompt_caching").marked
        messages = marked(messages) if listed else marked(Items(messages)).iterable
    return messages


def _tools(call: "Call", deployment: "Deployment") -> "list[Any]":
    tools: Any = call.tools
    if deployment.options is None or deployment.options.hygiene:
        tools = mended("legal_tools", tools, call.tell)
    return [_tool(tool, deployment) for tool in tools]


def _tool(tool: "Any", deployment: "Deployment") -> "Any":
    if hasattr(tool, "get") and tool.get("custom"):
        raise parameters.unsupported(
            "tools", deployment, "whose tools take JSON, and no free text"
        )
    body = tool.get("function") if hasattr(tool, "get") else None
    if not body:
        return tool  # one of the API's own
    result: dict[str, Any] = {"name": body.get("name")}
    if body.get("description"):
        result["description"] = body["description"]
    result["input_schema"] = body.get("parameters") or {"type": "object", "properties": {}}
    if body.get("strict"):
        result["strict"] = True
    mark = tool.get("cache_control") or body.get("cache_control")
    if mark:
        result["cache_control"] = mark
    return result


def _choose(
    document: "dict[str, Any]", choice: "Any", parallel: "Any", deployment: "Deployment"
) -> None:
    # tool_choice, which says as well that calls come one by one.
    chosen: dict[str, Any] = {}
    if isinstance(choice, str):
        chosen["type"] = dict(_CHOICES).get(choice, choice)
    elif hasattr(choice, "get"):
        if choice.get("type") in ("allowed_tools", "custom"):
            raise parameters.unsupported("tool_choice", deployment)
        chosen.update(choice)
        if choice.get("function"):
            chosen = {"type": "tool", "name": choice["function"].get("name")}
    if parallel is False and chosen.get("type") != "none":
        chosen.setdefault("type", "auto")
        chosen["disable_parallel_tool_use"] = True
    if chosen:
        document["tool_choice"] = chosen

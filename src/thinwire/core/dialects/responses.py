"""The OpenAI Responses dialect (`POST /responses`; Azure's is the same behind `/openai/v1`): the
request, and what reads its answer.

Nothing is kept at the server: `store` is false, and the reasoning of a model comes encrypted, to
be sent back with the next turn. Tools are not strict unless they say so, as in chats: here they
would be by default, and a schema with optional fields be refused. What a caller gives by its name
in this API (`reasoning`, `text`, `include`, `truncation`, tools that the server runs) goes as it
is.

Source: the API reference of OpenAI's Responses, and its guides for function calling and reasoning.
"""

from thinwire.core._compat import const, import_module
from thinwire.core.dialects import openai, parameters
from thinwire.core.dialects.replay import is_turn, mended
from thinwire.core.dialects.responses_answer import ResponsesAnswer
from thinwire.core.dialects.responses_input import Inputs, InputWalk
from thinwire.core.request.http_request import JSONBody, Request
from thinwire.core.wire.json_encode import Items

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from thinwire.core.request.call import Call
    from thinwire.core.routing.deployment import Deployment
    from thinwire.core.wire.reserve import Reserve

_TARGET = "/responses"
_LEAST_TOKENS = const(16)  # the API refuses a smaller max_output_tokens
# What this API does not have: hints, without which the answer is as good; what changes it.
_HINTS = ("seed", "frequency_penalty", "presence_penalty", "logit_bias", "prediction")
_SAMPLING = ("temperature", "top_p")  # likewise for models that reason
_REFUSED = (
    "n",
    "stop",
    "modalities",
    "audio",
    "functions",
    "function_call",
    "web_search_options",
    # The server keeps nothing, and nobody waits for what it does later.
    "previous_response_id",
    "conversation",
    "background",
)
# Models that do not reason refuse to be asked for encrypted reasoning. By the start of the id.
_PLAIN = "gpt-3 gpt-4 chatgpt- gpt-5-chat gpt-5.1-chat gpt-5.2-chat gpt-5.3-chat"

_TUNED = "ft:"  # before the id of a model that was tuned


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
        body = JSONBody(_document(deployment, name, call, first_provider), call.sizes)
    return openai.posted(deployment, call, _TARGET, body, key)


def answer(
    deployment: "Deployment", call: "Call", buffers: "Reserve", buffer: bytearray
) -> ResponsesAnswer:
    """What reads the answer of `deployment` to `call`; see openai.answer."""
    return ResponsesAnswer(call.keep, buffers, buffer)


def _document(
    deployment: "Deployment", name: str, call: "Call", first_provider: str
) -> "dict[str, object]":
    model = deployment.model or name
    options = deployment.options
    tidy = options is None or options.hygiene
    document: dict[str, object] = {"model": model}
    document["input"] = _input(call.messages, deployment, call, tidy)
    if call.tools:
        document["tools"] = _tools(call.tools, call, tidy)
    hints: tuple[str, ...] = _HINTS
    if options is not None and parameters.matches(model, options.reasoning_models):
        hints += _SAMPLING
    asked = parameters.asked(deployment, call)
    fields: dict[str, Any] = parameters.fitting(asked, deployment, call, hints, _REFUSED)
    ours = _reasoning(deployment, parameters.reasoning(fields, deployment, call), model)
    theirs: Any = fields.get("reasoning")
    if call.reasoning is not None and "reasoning" not in call.params and hasattr(theirs, "items"):
        # The deployment's, in the API's words, counts less than the call's.
        theirs = {name: theirs[name] for name in theirs if name not in ("effort", "max_tokens")}
        fields["reasoning"] = theirs
    _translate(fields, document, ours)
    document.setdefault("store", False)
    given = fields.get("include") or []
    include = [given] if isinstance(given, str) else list(given)
    hidden = not document["store"] and not _is_plain(model)
    for wanted, one in (
        (hidden, "reasoning.encrypted_content"),
        (fields.get("logprobs") or fields.get("top_logprobs"), "message.output_text.logprobs"),
    ):
        if wanted and one not in include:
            include.append(one)
    if include:
        document["include"] = include
    provider = openai.provider_field(deployment, first_provider)
    if provider:
        document.setdefault("provider", provider)
    document["stream"] = True
    document.update(call.extra_body)
    messages = document.pop("messages", None)
    if isinstance(messages, (list, tuple)):
        document["input"] = _input(messages, deployment, call, tidy)
    parameters.force(document, deployment, call)
    return document


def _reasoning(deployment: "Deployment", wanted: "Any", model: str) -> "dict[str, Any]":
    # What the API's field `reasoning` says of it.
    if wanted is None:
        return {}
    options = deployment.options
    spelling = "effort" if options is None or options.reasoning != "openrouter" else "openrouter"
    words = import_module("thinwire.core.dialects.reasoning")
    spelled: dict[str, Any] = words.spelled(wanted, spelling, model)
    return spelled.get("reasoning") or {"effort": spelled["reasoning_effort"]}


def _translate(
    fields: "dict[str, Any]", document: "dict[str, object]", reasoning: "dict[str, Any]"
) -> None:
    # Writes the fields of a chat under their names here; what is given by those counts more.
    text: dict[str, Any] = {}
    for field, value in fields.items():
        if field in ("max_tokens", "max_completion_tokens", "max_output_tokens"):
            low = isinstance(value, int) and value < _LEAST_TOKENS
            document["max_output_tokens"] = _LEAST_TOKENS if low else value
        elif field == "verbosity":
            text[field] = value
        elif field == "response_format":
            text["format"] = _flat(value, "json_schema")
        elif field == "tool_choice":
            document[field] = _choice(value)
        elif field == "stream_options":
            if hasattr(value, "items"):  # usage comes in any case
                value = {name: one for name, one in value.items() if name != "include_usage"}
            if value:
                document[field] = value
        elif field not in ("reasoning", "text", "include", "logprobs"):
            document[field] = value
    for name, ours in (("reasoning", reasoning), ("text", text)):
        given = fields.get(name) or ours
        if hasattr(given, "items"):
            ours.update(given)
            given = ours
        if given:
            document[name] = given


def _is_plain(model: str) -> bool:
    name = model.rpartition("/")[2]
    if name.startswith(_TUNED):
        name = name[len(_TUNED) :]
    return True in [name.startswith(start) for start in _PLAIN.split()]


def _input(messages: "Any", deployment: "Deployment", call: "Call", tidy: bool) -> Items:
    listed = isinstance(messages, (list, tuple))
    if tidy and not (listed and True not in [is_turn(message) for message in messages]):
        messages = mended("repaired", messages, call.tell)
    walk = InputWalk if hasattr(messages, "__next__") else Inputs
    return Items(walk(messages, deployment.url.origin()))


def _tools(tools: "Any", call: "Call", tidy: bool) -> "Any":
    if tidy:
        tools = mended("legal_tools", tools, call.tell)
    return [_tool(tool) for tool in tools] if isinstance(tools, (list, tuple)) else tools


def _tool(tool: "Any") -> "Any":
    kind = tool.get("type") if hasattr(tool, "get") else None
    if kind == "custom":
        result = _flat(tool, kind)
        if hasattr(result.get("format"), "get"):
            result["format"] = _flat(result["format"], "grammar")
        return result
    if kind != "function":
        return tool
    result = _flat(tool, kind)
    if result.get("strict") is None:
        result["strict"] = False
    if result.get("parameters") is None:
        result["parameters"] = {"type": "object", "properties": {}}
    return result


def _choice(choice: "Any") -> "Any":
    if not hasattr(choice, "get"):
        return choice
    kind = choice.get("type")
    result = _flat(choice, kind)
    if kind == "allowed_tools" and isinstance(result.get("tools"), (list, tuple)):
        result["tools"] = [_choice(one) for one in result["tools"]]
    return result


def _flat(value: "Any", field: str) -> "Any":
    # What chats nest in a field named like its type stands beside the type here.
    if not hasattr(value, "get"):
        return value
    result = {name: one for name, one in value.items() if name != field}
    inner: Mapping[str, object] | None = value.get(field)
    if hasattr(inner, "items"):
        result.update(inner)  # type: ignore[arg-type]
    return result

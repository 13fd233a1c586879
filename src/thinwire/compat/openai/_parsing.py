"""Answers as types: `parse()`, and the tools of `pydantic_function_tool`. pydantic is the
program's; nothing is loaded of it that the program has not loaded.
"""

from __future__ import annotations

import inspect
import json
import logging
from typing import Any

from thinwire.compat.openai._exceptions import (
    ContentFilterFinishReasonError,
    LengthFinishReasonError,
)
from thinwire.compat.openai._response import APIResponse
from thinwire.compat.openai._types import NOT_GIVEN, is_given
from thinwire.compat.openai.types.chat import ParsedChatCompletion

log = logging.getLogger("thinwire.compat.openai")


class PydanticFunctionTool(dict[str, Any]):
    """The description of a function, and the model that its arguments are.

    Attributes:
        model: a class of pydantic's.
    """

    def __init__(self, fields: dict[str, Any], model: Any) -> None:
        super().__init__(fields)
        self.model = model


def pydantic_function_tool(
    model: Any, *, name: str | None = None, description: str | None = None
) -> dict[str, Any]:
    """A tool of a model of pydantic's, whose fields are its arguments.

    Args:
        name: None for the model's.
        description: None for its docstring.
    """
    function = PydanticFunctionTool(
        {
            "name": name or model.__name__,
            "strict": True,
            "parameters": strict(model.model_json_schema()),
        },
        model,
    )
    description = model.__doc__ if description is None else description
    if description is not None:
        function["description"] = description
    return {"type": "function", "function": function}


def format_of(given: Any) -> Any:
    """`response_format` as it is sent: a class as its schema.

    Raises:
        TypeError: a class of which there is no schema.
    """
    if not inspect.isclass(given):
        return given
    if hasattr(given, "model_json_schema"):
        schema = given.model_json_schema()
    elif hasattr(given, "__pydantic_config__"):
        schema = _adapter(given).json_schema()
    else:
        raise TypeError(f"Unsupported response_format type - {given}")
    wanted = {"schema": strict(schema), "name": given.__name__, "strict": True}
    return {"type": "json_schema", "json_schema": wanted}


def _adapter(kind: Any) -> Any:
    from pydantic import TypeAdapter

    return TypeAdapter(kind)


def listed(tools: Any) -> Any:
    """The tools as a list, where there are some."""
    return list(tools) if is_given(tools) and tools is not None else tools


def checked_tools(tools: Any) -> Any:
    """Tools whose arguments can be parsed, as a list.

    Raises:
        ValueError: one that is not strict, or no function.
    """
    tools = listed(tools)
    for tool in tools or []:
        if tool["type"] != "function":
            raise ValueError(
                "Currently only `function` tool types support auto-parsing; "
                f"Received `{tool['type']}`"
            )
        if tool["function"].get("strict") is not True:
            raise ValueError(
                f"`{tool['function']['name']}` is not strict. "
                "Only `strict` function tools can be auto-parsed"
            )
    return tools


def parsed(found: Any, response_format: Any = NOT_GIVEN, tools: Any = NOT_GIVEN) -> Any:
    """A whole answer, with its content and the arguments of its calls as types.

    Raises:
        LengthFinishReasonError, ContentFilterFinishReasonError: it is not whole.
        ValueError: it is not of the type.
    """
    if isinstance(found, APIResponse):
        whole = parsed(found.parse(), response_format, tools)
        return APIResponse(found.http_response, whole, found.retries_taken + 1)
    document = found.to_dict()
    for choice, fields in zip(found.choices, document["choices"], strict=True):
        check_end(choice, found)
        calls = []
        for call, said in zip(choice.message.tool_calls or [], _calls(fields), strict=True):
            if said.get("type") == "custom":
                name = said["custom"]["name"]
                log.warning("Custom tool calls are not callable. Ignoring tool call: %s", name)
                continue
            said["function"]["parsed_arguments"] = arguments(call.function, tools)
            calls.append(said)
        fields["message"]["tool_calls"] = calls or None
        fields["message"]["parsed"] = content(choice.message, response_format)
    result = ParsedChatCompletion(**document)
    result.thinwire, result._request_id = found.thinwire, found._request_id
    for choice, other in zip(result.choices, found.choices, strict=True):
        choice.message._origin = other.message._origin
    return result


def _calls(choice: dict[str, Any]) -> list[dict[str, Any]]:
    return choice["message"].get("tool_calls") or []


def check_end(choice: Any, completion: Any) -> None:
    """Refuses what is cut off, and cannot be parsed.

    Raises:
        LengthFinishReasonError, ContentFilterFinishReasonError: it is.
    """
    if choice.finish_reason == "length":
        raise LengthFinishReasonError(completion=completion)
    if choice.finish_reason == "content_filter":
        raise ContentFilterFinishReasonError(completion=completion)


def is_parseable(response_format: Any, tools: Any) -> bool:
    """Whether anything of an answer is to be parsed."""
    if inspect.isclass(response_format):
        return True
    return any(
        tool["type"] == "function" and tool["function"].get("strict")
        for tool in (tools if is_given(tools) else None) or []
    )


def content(message: Any, response_format: Any) -> Any:
    """The content of a message as the type that was asked for; None where none was."""
    if not inspect.isclass(response_format) or not message.content or message.refusal:
        return None
    if hasattr(response_format, "model_validate_json"):
        return response_format.model_validate_json(message.content)
    return _adapter(response_format).validate_json(message.content)


def tool_named(name: str, tools: Any) -> Any:
    """The tool of this name among those that were sent, or None."""
    for tool in (tools if is_given(tools) else None) or []:
        if tool["type"] == "function" and tool["function"].get("name") == name:
            return tool["function"]
    return None


def arguments(function: Any, tools: Any) -> Any:
    """The arguments of a call as its tool has them; None where that has no schema."""
    tool = tool_named(function.name, tools)
    if isinstance(tool, PydanticFunctionTool):
        return tool.model.model_validate_json(function.arguments)
    return json.loads(function.arguments) if tool and tool.get("strict") else None


def strict(schema: dict[str, Any], root: dict[str, Any] | None = None) -> dict[str, Any]:
    """A schema as OpenAI's strict mode takes it: all fields required, and no others.

    Args:
        schema: is changed.
        root: where its references point into.
    """
    root = schema if root is None else root
    for holder in ("$defs", "definitions"):
        for one in schema.get(holder, {}).values():
            strict(one, root)
    if schema.get("type") == "object":
        schema.setdefault("additionalProperties", False)
    if isinstance(schema.get("properties"), dict):
        schema["required"] = list(schema["properties"])
        for one in schema["properties"].values():
            strict(one, root)
    if isinstance(schema.get("items"), dict):
        strict(schema["items"], root)
    for one in schema.get("anyOf", []):
        strict(one, root)
    several = schema.get("allOf", [])
    for one in several:
        strict(one, root)
    if len(several) == 1:
        schema.update(schema.pop("allOf")[0])
    if schema.get("default", NOT_GIVEN) is None:
        del schema["default"]
    if "$ref" in schema and len(schema) > 1:  # a reference stands alone there
        found: Any = root
        for part in schema.pop("$ref")[2:].split("/"):
            found = found[part]
        schema.update({**json.loads(json.dumps(found)), **schema})
        strict(schema, root)
    return schema

"""A loop that calls tools until the model is content."""

import json
from collections.abc import Callable
from typing import Any

from thinwire import Client, ToolCall


def weather(city: str) -> dict[str, Any]:
    return {"city": city, "degrees": 21}


FUNCTIONS: dict[str, Callable[..., dict[str, Any]]] = {"weather": weather}
TOOLS = [
    {
        "type": "function",
        "function": {
            "name": "weather",
            "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
        },
    }
]


def result(call: ToolCall) -> dict[str, Any]:
    if call.arguments is None:
        return {"error": f"these are no arguments: {call.arguments_raw}"}
    return FUNCTIONS[call.name](**call.arguments)


def ask(client: Client, text: str) -> str:
    messages: list[dict[str, Any]] = [{"role": "user", "content": text}]
    for _ in range(5):
        completion = client.chat(messages, tools=TOOLS, parallel_tool_calls=False)
        messages.append(completion.to_message())
        if not completion.tool_calls:
            return completion.content or ""
        for call in completion.tool_calls:
            content = json.dumps(result(call))
            messages.append({"role": "tool", "tool_call_id": call.id, "content": content})
    return ""

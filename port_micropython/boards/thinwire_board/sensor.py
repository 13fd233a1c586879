"""The model reads a sensor and switches a pin: two tools, and a loop that ends."""

import asyncio
import json

from thinwire import ThinwireError

_ROUNDS = 4  # of tool calls in a row
_EVERY_S = 60
_GOAL = "Keep the room below 25 degrees: the switch is a fan. Say in a few words what you did."
TOOLS = [
    {
        "type": "function",
        "function": {
            "name": "read_sensor",
            "description": "Temperature in degrees Celsius.",
            "parameters": {"type": "object", "properties": {}},
        },
    },
    {
        "type": "function",
        "function": {
            "name": "set_switch",
            "description": "Turns the switch on or off.",
            "parameters": {
                "type": "object",
                "properties": {"on": {"type": "boolean"}},
                "required": ["on"],
            },
        },
    },
]


async def run(client, settings, board):
    """Lets the model look and act once a minute; "times" in the settings ends it."""
    left = settings.get("times", -1)
    while left:
        left -= 1
        try:
            print(await once(client, settings.get("goal", _GOAL), board))
        except ThinwireError as error:
            print("failed:", error)
        if left:
            await asyncio.sleep(settings.get("every_s", _EVERY_S))


async def once(client, goal, board):
    """What the model says in the end. It begins anew each time: memory does not grow."""
    messages = [{"role": "user", "content": goal}]
    for _ in range(_ROUNDS):
        answer = await client.chat(messages, tools=TOOLS)
        if not answer.tool_calls:
            return answer.content
        messages.append(answer.to_message())
        for call in answer.tool_calls:
            result = use(call, board)
            messages.append({"role": "tool", "tool_call_id": call.id, "content": result})
    return "no end after %d rounds of tools" % _ROUNDS


def use(call, board):
    """What a tool gives, as JSON. A model's mistake is told to it, so that it can do better."""
    given = call.arguments
    if given is None:
        result = {"error": "the arguments are no JSON object"}
    elif call.name == "read_sensor":
        result = {"celsius": board.read_sensor()}
    elif call.name == "set_switch" and isinstance(given.get("on"), bool):
        board.set_switch(given["on"])
        result = {"on": given["on"]}
    else:
        result = {"error": "no such tool, or not with these arguments: %s" % call.name}
    return json.dumps(result)

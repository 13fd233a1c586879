"""The model reads a sensor and switches a pin: two tools, and a loop that ends."""

import asyncio

from thinwire import MaxRoundsExceeded, ThinwireError

_ROUNDS = 4  # of tool calls in a row
_EVERY_S = 60
_GOAL = "Keep the room below 25 degrees: the switch is a fan. Say in a few words what you did."
READ_SENSOR = {
    "type": "function",
    "function": {
        "name": "read_sensor",
        "description": "Temperature in degrees Celsius.",
        "parameters": {"type": "object", "properties": {}},
    },
}
SET_SWITCH = {
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
}


async def run(client, settings, board):
    """Lets the model look and act once a minute; "times" in the settings ends it."""
    left = settings.get("times", -1)
    while left:
        left -= 1
        try:
            print(await once(client, settings.get("goal", _GOAL), board))
        except MaxRoundsExceeded as error:
            print(error)
        except ThinwireError as error:
            print("failed:", error)
        if left:
            await asyncio.sleep(settings.get("every_s", _EVERY_S))


async def once(client, goal, board):
    """What the model says in the end. It begins anew each time: memory does not grow.

    A model's mistake, e.g. a switch that is neither on nor off, is told to it: nothing is called.
    """

    def read_sensor(**nothing):
        return {"celsius": board.read_sensor()}

    def set_switch(on):
        if not isinstance(on, bool):  # where a firmware has no checker of arguments
            raise ValueError("on is true or false")
        board.set_switch(on)
        return {"on": on}

    tools = [(READ_SENSOR, read_sensor), (SET_SWITCH, set_switch)]
    answer = await client.run_tools(goal, tools=tools, max_rounds=_ROUNDS)
    return answer.content

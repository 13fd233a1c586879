"""The model of tests/wire/agent.py: asks for one to three tools, then says which turn it was."""

from thinwire.testing import MockReply, MockServer, RecordedRequest, text_reply, tool_reply

NAMES = ("clock", "sensor", "switch", "note", "notes", "sum", "weather", "broken", "slow", "list")


def asked(turn: int) -> list[str]:
    """The tools that a turn asks for."""
    return [NAMES[(turn * 3 + step) % len(NAMES)] for step in range(1 + turn % 3)]


def calls(turns: int) -> dict[str, int]:
    """How often each tool is to be called in so many turns."""
    found = dict.fromkeys(NAMES, 0)
    for turn in range(turns):
        for name in asked(turn):
            found[name] += 1
    return found


def model(request: RecordedRequest) -> MockReply:
    """What the model answers; the last turn is in the last message of the user."""
    messages = request.json()["messages"]
    turn = sum(one["role"] == "user" for one in messages) - 1
    if messages[-1]["role"] == "user":
        assert messages[-1]["content"].startswith(f"This is turn {turn}:")
        given = {"place": "kitchen", "value": turn}
        return tool_reply([(name, given) for name in asked(turn)])(request)
    results = [one["content"] for one in messages[-len(asked(turn)) :]]
    for name, result in zip(asked(turn), results, strict=True):
        assert _is_right(name, turn, result), (name, result)
    return text_reply(f"Turn {turn} is done.")(request)


def _is_right(name: str, turn: int, result: str) -> bool:
    if name == "broken":
        return result == '{"error":"OSError: nothing is wired to the kitchen"}'
    if name == "notes":
        return result == "some note\n" * (len(result) // 10)
    if name in ("slow", "weather") and not result.startswith("{"):
        return result == "kitchen"
    if name == "weather" and "error" in result:
        return result == '{"error":"it took longer than 0.02 s"}'
    return f'"value":{turn}' in result and f'"done":"{name}"' in result


def serve() -> MockServer:
    """A server with that model, which refuses what the real one would."""
    server = MockServer(strict=True, keep_bodies=False)
    server.reply("m", model)
    return server

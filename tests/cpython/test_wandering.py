"""A conversation goes on over any wire, whichever it was on before: at the same server even, and
that checks requests as strictly as the real ones.
"""

import dataclasses
import itertools
from typing import Any, Literal

import pytest

from thinwire import Client, Deployment
from thinwire.testing import MockServer, text_reply, tool_reply

Wire = Literal["openai", "anthropic", "responses"]
WIRES: tuple[Wire, ...] = ("openai", "anthropic", "responses")
SCHEMA = {"type": "object", "properties": {"place": {"type": "string"}}}
LOOK = {"type": "function", "function": {"name": "look", "parameters": SCHEMA}}
CALLS = tool_reply([("look", {"place": "hill"}), ("look", {"place": "sea"})], text="I look.")
# Chat completions of OpenAI's tell no reasoning.
THOUGHT = dataclasses.replace(CALLS, deltas=[{"reasoning_content": "Hm."}, *CALLS.deltas])


@pytest.mark.parametrize("order", list(itertools.product(WIRES, repeat=3)), ids="-".join)
def test_a_conversation_wanders(order: tuple[Wire, ...]) -> None:
    with MockServer(strict=True) as server:
        server.reply("responses", THOUGHT, THOUGHT, text_reply("Fog.", reasoning="Yes."))
        for wire in ("openai", "anthropic"):
            server.reply(wire, CALLS, CALLS, text_reply("Fog."))
        deployments: dict[str, Deployment] = {
            wire: Deployment(server.base_url, "k", wire, dialect=wire) for wire in WIRES
        }
        messages: list[Any] = [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "What is there?"},
        ]
        with Client("openai", deployments, retry=1) as client:
            for wire in order:
                answer = client.chat(messages, model=wire, tools=[LOOK], max_tokens=2000)
                assert answer.complete
                messages.append(answer)
                for call in answer.tool_calls:
                    result = {"role": "tool", "tool_call_id": call.id, "content": "fog"}
                    messages.append(result)
                messages.append({"role": "user", "content": "And now?"})
        assert [request.status for request in server.requests] == [200, 200, 200]
        assert server.errors == []

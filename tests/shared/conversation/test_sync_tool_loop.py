# A loop of tools that blocks is the same loop.

from replies import client, reply
from streams import ANSWER, DONE, call, chunk, sse

from thinwire.core.sync import Client

STREAM = {"content-type": "text/event-stream"}
USAGE = {"choices": [], "usage": {"prompt_tokens": 2}}


def test_it_says_what_the_loop_says():
    one = sse(call(0, "1", "f", "{}"), chunk({}, "tool_calls"), USAGE) + DONE
    made = client(Client, reply(one, headers=STREAM), reply(ANSWER, headers=STREAM))
    definition = {"type": "function", "function": {"name": "f"}}
    with made.stream_tools("hi", tools=[(definition, lambda: 7)]) as loop:
        assert (loop.rounds, loop.messages, loop.usage, loop.end) == (1, [], {}, "")
        events = [type(event).__name__ for event in loop]
    assert events[-1] == "StreamComplete"
    assert loop.rounds == 2
    assert [one["content"] for one in loop.messages] == ["", "7", "Hello"]
    assert loop.usage["prompt_tokens"] == 2
    assert loop.completion.content == "Hello"
    assert loop.end == "finish"

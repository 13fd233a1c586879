# What only the iteration of a stream tells: token counts, and calls that are whole.

import json
import sys

from streams import (
    DONE,
    HELLO,
    STOP,
    call,
    chunk,
    deployments,
    play_chunks,
    play_pieces,
    sse,
    text,
)

from thinwire.core.answer.events import ContentDelta, ReasoningDelta
from thinwire.core.answer.stream_events import UsageReceived
from thinwire.core.sync import Client
from thinwire.testing.scripted import ScriptedReply, ScriptedTransport

CALLS = chunk({}, "tool_calls")
USAGE = {"prompt_tokens": 3, "completion_tokens": 1, "total_tokens": 4}
MORE = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}


def counted(usage, *choices):
    return {"id": "cmpl-1", "model": "upstream", "choices": list(choices), "usage": usage}


# Chunks with token counts, and the events of them.
COUNTS = [
    ([text("a"), STOP, counted(USAGE)], [ContentDelta("a"), UsageReceived(USAGE)]),
    # Those that come before anything else are told later, once.
    ([counted(USAGE), text("a"), STOP], [ContentDelta("a"), UsageReceived(USAGE)]),
    (
        [counted(USAGE), text("a"), counted(MORE), STOP],
        [ContentDelta("a"), UsageReceived(MORE)],
    ),
    # With each chunk, and again though they are the same.
    (
        [dict(text("a"), usage=USAGE), dict(text("b"), usage=MORE), dict(STOP, usage=MORE)],
        [ContentDelta("a"), UsageReceived(USAGE), ContentDelta("b"), UsageReceived(MORE)],
    ),
    (
        [chunk({"reasoning": "r"}), counted(USAGE), STOP],
        [ReasoningDelta("r"), UsageReceived(USAGE)],
    ),
    ([STOP, counted(USAGE)], []),
    ([text("a"), STOP, counted({})], [ContentDelta("a")]),
    ([text("a"), STOP, counted(None)], [ContentDelta("a")]),
]


def test_token_counts_are_told():
    for chunks, want in COUNTS:
        for ending in (DONE, b""):
            got = play_pieces(sse(*chunks) + ending)
            assert got.error is None, got.error
            assert got.events == want, (chunks, got.events)
            last = got.completion.usage
            for event in got.events[-1:]:
                if isinstance(event, UsageReceived):
                    assert event.usage == last
                    event.usage.clear()
                    assert got.completion.usage == last != {}
    refusal = chunk({"refusal": "no"})
    assert play_chunks(refusal, counted(USAGE), STOP).events[-1] == UsageReceived(USAGE)
    got = play_chunks(call(0, "1", "f", "{}"), counted(USAGE), CALLS)
    assert UsageReceived(USAGE) in got.events


def test_chat_makes_none_of_them():
    body = sse(call(0, "1", "f", "{}"), CALLS, counted(USAGE)) + DONE
    kept = {}
    for name in ("stream_events", "whole_calls"):
        kept[name] = sys.modules.pop("thinwire.core.answer." + name, None)
    try:
        transport = ScriptedTransport([ScriptedReply([body])])
        heard = []
        done = Client("a", deployments("a"), transport=transport).chat(
            HELLO, on_delta=heard.append
        )
        assert done.usage == USAGE
        assert json.loads(done.tool_calls[0].arguments_raw) == {}
        assert heard == []
        assert not [name for name in kept if "thinwire.core.answer." + name in sys.modules]
    finally:
        for name, module in kept.items():
            if module is not None:
                sys.modules["thinwire.core.answer." + name] = module


def test_token_counts_load_nothing_of_tool_calls():
    name = "thinwire.core.answer.tool_calls"
    module = sys.modules.pop(name, None)
    try:
        reply = ScriptedReply([sse(text("a"), STOP, counted(USAGE)) + DONE])
        client = Client("a", deployments("a"), transport=ScriptedTransport([reply]))
        assert UsageReceived(USAGE) in list(client.stream(HELLO))
        assert name not in sys.modules
    finally:
        if module is not None:
            sys.modules[name] = module


def test_it_shows_what_it_has():
    assert repr(UsageReceived({})) == "UsageReceived(usage={})"

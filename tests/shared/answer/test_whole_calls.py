# What only the iteration of a stream tells: calls that are whole.


from streams import (
    DONE,
    HELLO,
    call,
    chunk,
    deployments,
    play_chunks,
    play_pieces,
    sse,
    text,
)

from thinwire.core.answer.tool_calls import ToolCallDelta, ToolCallStarted
from thinwire.core.answer.whole_calls import ToolCallComplete
from thinwire.core.sync import Client
from thinwire.testing.scripted import ScriptedReply, ScriptedTransport

CALLS = chunk({}, "tool_calls")
USAGE = {"prompt_tokens": 3, "completion_tokens": 1, "total_tokens": 4}
MORE = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}


def counted(usage, *choices):
    return {"id": "cmpl-1", "model": "upstream", "choices": list(choices), "usage": usage}


def custom(index, id, name, text):
    body = {"name": name, "input": text}
    return chunk({"tool_calls": [{"index": index, "id": id, "type": "custom", "custom": body}]})


START, OTHER = ToolCallStarted(0, "1", "f"), ToolCallStarted(1, "2", "g")

# Chunks, and the events of them.
CASES = [
    (  # as the next one begins
        [call(0, "1", "f", '{"a"'), call(0, None, None, ":1}"), call(1, "2", "g", "{}"), CALLS],
        [
            START,
            ToolCallDelta(0, '{"a"'),
            ToolCallDelta(0, ":1}"),
            ToolCallComplete(0, "1", "f", {"a": 1}),
            OTHER,
            ToolCallDelta(1, "{}"),
            ToolCallComplete(1, "2", "g", {}),
        ],
    ),
    (  # with the finish_reason, and nothing after it
        [call(0, "1", "f", '{"a":1}', "tool_calls"), text(""), CALLS],
        [START, ToolCallDelta(0, '{"a":1}'), ToolCallComplete(0, "1", "f", {"a": 1})],
    ),
    (  # fragments in turns: neither is whole before the end of all
        [
            call(0, "1", "f", '{"a'),
            call(1, "2", "g", '{"b'),
            call(0, None, None, '":1}'),
            call(1, None, None, '":2}'),
            CALLS,
        ],
        [
            START,
            ToolCallDelta(0, '{"a'),
            OTHER,
            ToolCallDelta(1, '{"b'),
            ToolCallDelta(0, '":1}'),
            ToolCallDelta(1, '":2}'),
            ToolCallComplete(0, "1", "f", {"a": 1}),
            ToolCallComplete(1, "2", "g", {"b": 2}),
        ],
    ),
    (  # a finish_reason with each chunk proves nothing
        [
            call(0, "1", "f", '{"a', "tool_calls"),
            call(0, None, None, '":1', "tool_calls"),
            call(0, None, None, "}", "tool_calls"),
        ],
        [
            START,
            ToolCallDelta(0, '{"a'),
            ToolCallDelta(0, '":1'),
            ToolCallDelta(0, "}"),
            ToolCallComplete(0, "1", "f", {"a": 1}),
        ],
    ),
    (  # nothing is given, or nothing that can be read
        [call(0, "1", "f", None), call(1, "2", "g", "{no"), CALLS],
        [
            START,
            OTHER,
            ToolCallDelta(1, "{no"),
            ToolCallComplete(0, "1", "f", {}),
            ToolCallComplete(1, "2", "g", None),
        ],
    ),
    (  # the arguments once more, and an empty object before they come
        [call(0, "1", "f", '{"a":1}'), call(0, "1", "f", '{"a":1}'), CALLS],
        [START, ToolCallDelta(0, '{"a":1}'), ToolCallComplete(0, "1", "f", {"a": 1})],
    ),
    (
        [call(0, "1", "f", "{}"), call(0, None, None, '{"a":1}'), CALLS],
        [START, ToolCallDelta(0, '{"a":1}'), ToolCallComplete(0, "1", "f", {"a": 1})],
    ),
]


def test_a_call_is_told_when_it_is_whole():
    for chunks, want in CASES:
        for ending in (DONE, b""):
            body = sse(*chunks) + ending
            bytewise = [body[at : at + 1] for at in range(len(body))]
            for pieces in [[body], bytewise, [body[:90], body[90:]]]:
                got = play_pieces(*pieces)
                assert got.error is None, got.error
                assert got.events == want, (chunks, got.events)
                told = [one for one in got.events if isinstance(one, ToolCallComplete)]
                calls = got.completion.tool_calls
                assert [one.arguments for one in told] == [one.arguments for one in calls]
                assert [one.arguments_raw for one in told] == [one.arguments_raw for one in calls]
                assert [one.id for one in told] == [one.id for one in calls]


def test_a_call_is_told_before_the_stream_is_over():
    chunks = [call(0, "1", "f", "{}"), call(1, "2", "g", "{}")]
    got = play_pieces(sse(*chunks))  # breaks off
    assert [one for one in got.events if isinstance(one, ToolCallComplete)] == []
    chunks = [call(0, "1", "f", '{"a":1}'), call(1, "2", "g", "{}")]
    got = play_pieces(sse(*chunks))
    assert got.error is not None
    assert got.events[2] == ToolCallComplete(0, "1", "f", {"a": 1}), got.events


def test_an_id_that_was_made_is_the_same_everywhere():
    reply = ScriptedReply([sse(call(0, None, "f", "{}"), CALLS) + DONE])
    client = Client("a", deployments("a"), transport=ScriptedTransport([reply]))
    events = list(client.stream(HELLO))
    assert [type(one).__name__ for one in events[::2]] == ["ToolCallStarted", "ToolCallComplete"]
    made = events[-1].completion.tool_calls[0].id
    assert events[0].id == events[2].id == made != "", events


def test_a_custom_call_has_its_input():
    got = play_chunks(custom(0, "1", "f", "SELECT"), custom(1, "2", "g", "x"), CALLS)
    told = [one for one in got.events if isinstance(one, ToolCallComplete)]
    assert [(one.arguments, one.arguments_raw) for one in told] == [(None, "SELECT"), (None, "x")]
    assert got.events.index(told[0]) < got.events.index(OTHER)


def test_calls_of_several_choices():
    first = call(0, "1", "f", "{}")["choices"][0]
    second = dict(call(0, "2", "g", "{}")["choices"][0], index=1)
    ends = [{"index": index, "delta": {}, "finish_reason": "tool_calls"} for index in (0, 1)]
    chunks = [{"choices": [first]}, {"choices": [second]}, {"choices": ends}]
    got = play_chunks(*chunks, n=2)
    told = [one for one in got.events if isinstance(one, ToolCallComplete)]
    assert told == [ToolCallComplete(0, "1", "f", {}, 0), ToolCallComplete(0, "2", "g", {}, 1)]


def test_arguments_that_are_not_kept_are_told_as_far_as_there_is_room():
    for size, kept in ((100, True), (5000, False)):
        arguments = '{"a":"' + "x" * size + '"}'
        got = play_chunks(call(0, "1", "f", arguments), CALLS, keep="none")
        (whole,) = [one for one in got.events if isinstance(one, ToolCallComplete)]
        assert (whole.arguments is not None) == kept, size
        assert whole.arguments_raw == (arguments if kept else "")


def test_many_calls_are_told_once_each():
    chunks = [call(place, "i%d" % place, "f", "{}") for place in range(30)]
    chunks += [call(place, None, None, "") for place in range(30)]
    got = play_chunks(*(chunks + [CALLS]))
    told = [one.index for one in got.events if isinstance(one, ToolCallComplete)]
    assert sorted(told) == list(range(30))


def test_they_match_and_compare_by_value():
    one = ToolCallComplete(0, "1", "f", {"a": 1})
    assert one == ToolCallComplete(0, "1", "f", {"a": 1}, 0, "whatever")
    assert one != ToolCallComplete(0, "1", "f", {"a": 2})
    text = "ToolCallComplete(index=0, id='1', name='f', arguments={'a': 1}, choice=0)"
    assert repr(one) == text
    assert hash(one) == hash(ToolCallComplete(0, "1", "f", {"a": 1}))


def test_finish_reasons_without_end_are_not_believed_for_ever():
    pieces = [call(0, None, None, "1", "tool_calls") for _ in range(20)]
    got = play_chunks(
        call(0, "1", "f", '{"a":', "tool_calls"),
        *(pieces + [call(0, None, None, "}", "tool_calls")]),
    )
    assert got.events[-1] == ToolCallComplete(0, "1", "f", {"a": int("1" * 20)})
    assert [type(one).__name__ for one in got.events].count("ToolCallComplete") == 1

# Tool calls of an answer as a whole: in which choice they stand, and that they are there at all.

import json

from streams import (
    ANSWER,
    DONE,
    HELLO,
    STOP,
    call,
    chunk,
    deployments,
    json_reply,
    play,
    play_chunks,
    play_pieces,
    sse,
    text,
)

from thinwire.core.answer.events import ContentDelta, StreamRestarted
from thinwire.core.answer.tool_calls import ToolCallDelta, ToolCallStarted
from thinwire.core.answer.whole_calls import ToolCallComplete
from thinwire.core.errors import StreamError
from thinwire.core.routing.all_failed import AllAttemptsFailed
from thinwire.core.sync import Client
from thinwire.testing.scripted import ScriptedReply, ScriptedTransport

CALLS = chunk({}, "tool_calls")
ONE = '{"a": 1}'


def in_choice(index, delta=None, finish_reason=None):
    return chunk(delta, finish_reason, index=index)


def fragment(name, arguments, index=0, id="1"):
    function = {"name": name, "arguments": arguments}
    return {"index": index, "id": id, "type": "function", "function": function}


def short(completion):
    return [(one.index, one.name, one.arguments) for one in completion.tool_calls]


WORDS = "Let me look."
# Chunks that have one call of f, and the words: where they stand.
SPREAD = [
    [text(WORDS), CALLS, in_choice(1, {"tool_calls": [fragment("f", ONE)]}, "tool_calls")],
    [text(WORDS), STOP, in_choice(1, {"tool_calls": [fragment("f", ONE)]}, "tool_calls")],
    [in_choice(1, {"tool_calls": [fragment("f", ONE)]}, "tool_calls"), text(WORDS), CALLS],
    [in_choice(1, {"tool_calls": [fragment("f", ONE)]}), in_choice(2, {"content": WORDS}, "stop")]
    + [in_choice(1, {}, "tool_calls")],
    [call(0, "1", "f", ONE), CALLS, in_choice(1, {"content": WORDS}, "stop")],
    [text(WORDS), in_choice(1, {"tool_calls": [fragment("f", '{"a"')]})]
    + [in_choice(1, {"tool_calls": [fragment(None, ": 1}")]}), CALLS, in_choice(1, {}, "stop")],
    [{"choices": [{"delta": {"content": WORDS}}, {"delta": {"tool_calls": [fragment("f", ONE)]}}]}]
    + [CALLS, in_choice(1, {}, "tool_calls")],
]


def test_words_and_calls_are_one_answer_wherever_they_stand():
    for chunks in SPREAD:
        got = play_chunks(*chunks)
        done = got.completion
        assert got.error is None, (chunks, got.error)
        assert (done.content, short(done)) == (WORDS, [(0, "f", {"a": 1})]), (chunks, done)
        assert done.finish_reason == "tool_calls", (chunks, done)
        assert len(done.choices) == 1, chunks
        message = done.to_message()
        assert message["content"] == WORDS, message
        assert [one["function"]["name"] for one in message["tool_calls"]] == ["f"], message
        told = [item for item in got.events if not isinstance(item, ContentDelta)]
        assert told[0] == ToolCallStarted(0, "1", "f"), told
        assert told[-1] == ToolCallComplete(0, "1", "f", {"a": 1}), told
        assert "".join([item.arguments for item in told[1:-1]]) == ONE, told


def test_a_document_may_be_two_messages():
    first = {"message": {"role": "assistant", "content": WORDS}, "finish_reason": "tool_calls"}
    second = {"message": {"content": None, "tool_calls": [fragment("f", ONE)]}}
    second["finish_reason"] = "tool_calls"
    for numbers in ((None, None), (0, 1), (0, 0)):
        choices = [dict(first), dict(second)]
        for choice, number in zip(choices, numbers):
            if number is not None:
                choice["index"] = number
        done = play([json_reply({"choices": choices})]).completion
        assert (done.content, short(done)) == (WORDS, [(0, "f", {"a": 1})]), (numbers, done)


def test_each_call_may_have_a_choice_of_its_own():
    chunks = [text(WORDS), CALLS]
    for index, id in [(1, "1"), (2, "2")]:
        chunks.append(in_choice(index, {"tool_calls": [fragment("f", ONE, 0, id)]}, "tool_calls"))
    done = play_chunks(*chunks).completion
    assert short(done) == [(0, "f", {"a": 1}), (1, "f", {"a": 1})], done
    assert [one.id for one in done.tool_calls] == ["1", "2"]


def test_what_came_with_the_call_goes_back_with_it():
    more = {"tool_calls": [fragment("f", ONE)], "reasoning_content": "hm", "opaque": "x"}
    done = play_chunks(text(WORDS), CALLS, in_choice(1, more, "tool_calls")).completion
    assert done.message_extra == {"reasoning_content": "hm", "opaque": "x"}, done.message_extra
    assert done.reasoning_content == "hm"


def test_other_texts_stay_what_they_are():
    # A server that gives two answers though one was asked for; two that were asked for.
    chunks = [text("a"), STOP, in_choice(1, {"content": "b"}, "stop")]
    done = play_chunks(*chunks).completion
    assert [choice.content for choice in done.choices] == ["a", "b"]
    chunks.insert(2, in_choice(1, {"tool_calls": [fragment("f", ONE)]}))
    done = play_chunks(*chunks, n=2).completion
    assert [len(choice.tool_calls) for choice in done.choices] == [0, 1]
    assert [choice.finish_reason for choice in done.choices] == ["stop", "stop"]


# Chunks whose calls are all there, though it is said oddly.
GOOD = [
    [call(0, "1", "f", ONE), STOP],
    [call(1, "1", "f", ONE), CALLS],
    [call(0, "1", "f", ONE, "tool_calls"), chunk({"tool_calls": None}, "tool_calls")],
    [call(0, "1", "f", ONE), chunk({"tool_calls": []}, "tool_calls")],
    [chunk({"tool_calls": [fragment("f", {"a": 1})]}), CALLS],
    [call(0, "1", "f", ONE), call(1, "2", None, ""), CALLS],
]


def test_a_call_is_there_whatever_the_reason_says():
    for chunks in GOOD:
        got = play_chunks(*chunks)
        assert got.error is None, (chunks, got.error)
        assert short(got.completion) == [(0, "f", {"a": 1})], (chunks, got.completion)
    got = play_chunks(text("a"), chunk({"tool_calls": [{"index": 0, "function": {}}]}), STOP)
    assert (got.error, got.completion.content) == (None, "a")


def test_the_older_form_of_a_call():
    first = {"function_call": {"name": "f", "arguments": '{"a"'}}
    for delta in (first, dict(first, tool_calls=[]), dict(first, tool_calls=None)):
        rest = {"function_call": {"arguments": ": 1}"}}
        asking, _ = client(reply(chunk(delta), chunk(rest), chunk({}, "function_call")))
        assert short(asking.chat(HELLO)) == [(0, "f", {"a": 1})], delta


# Chunks that announce a call, or begin one, which nobody can make; the events that come of them.
LOST = [
    ([CALLS], []),
    ([text("a"), CALLS], [ContentDelta("a")]),
    ([text("a"), chunk({"tool_calls": []}, "tool_calls")], [ContentDelta("a")]),
    ([chunk({"tool_calls": None}, "tool_calls")], []),
    ([chunk({}, "function_call")], []),
    ([call(0, "1", None, ONE), CALLS], []),
    ([text("a"), call(0, "1", None, ONE), STOP], [ContentDelta("a")]),
    ([call(0, "1", None, ""), CALLS], []),
    ([chunk({"tool_calls": [{"index": 0, "type": "mcp", "mcp": {"name": "f"}}]}), CALLS], []),
    (
        [call(0, "1", "f", "[]"), call(1, "2", None, ONE), CALLS],
        [
            ToolCallStarted(0, "1", "f"),
            ToolCallDelta(0, "[]"),
            ToolCallComplete(0, "1", "f", None),
        ],
    ),
    ([text("a"), CALLS, in_choice(1, {}, "tool_calls")], [ContentDelta("a")]),
]


def test_a_call_that_is_missing_is_an_error_with_the_answer():
    for chunks, events in LOST:
        for body in (sse(*chunks) + DONE, sse(*chunks)):
            got = play_pieces(body)
            error = got.error
            assert type(error) is StreamError, (chunks, error)
            assert (error.kind, error.retryable) == ("tool_calls", False)
            assert (error.model, error.deployment) == ("a", "a")
            assert got.events == events, (chunks, got.events)
            for completion in (error.completion, got.completion):
                assert (completion.complete, completion.end) == (False, "error"), chunks
                assert completion.content == ("a" if ContentDelta("a") in events else None)
            assert str(error.completion.finish_reason) in str(error)
            assert error.completion.attempts == []
            assert got.completion.attempts[0].error is error


def test_a_document_without_its_call_is_no_answer():
    choice = {"index": 0, "message": {"content": "a"}, "finish_reason": "tool_calls"}
    got = play([json_reply({"choices": [choice]})])
    assert (got.error.kind, got.error.completion.content) == ("tool_calls", "a")


def test_one_of_two_choices_may_lack_it():
    chunks = [call(0, "1", "f", ONE), CALLS, in_choice(1, {"content": "b"}, "tool_calls")]
    got = play_chunks(*chunks, n=2)
    assert got.error.kind == "tool_calls"
    assert [len(choice.tool_calls) for choice in got.error.completion.choices] == [1, 0]


def client(*replies, **options):
    transport = ScriptedTransport(list(replies))
    return Client("a", deployments("a", "b"), transport=transport, **options), transport


def reply(*chunks):
    return ScriptedReply([sse(*chunks) + DONE])


def test_it_is_not_tried_again_where_it_was():
    asking, transport = client(reply(text("a"), CALLS), reply(text("a"), CALLS))
    try:
        asking.chat(HELLO)
    except StreamError as error:
        assert error.kind == "tool_calls"
    assert len(transport.sent) == 1
    assert transport.open_responses == 0


def test_another_deployment_may_do_better():
    replies = [reply(text("a"), CALLS), ScriptedReply([ANSWER])]
    asking, _ = client(*replies, fallbacks={"a": ["b"]})
    done = asking.chat(HELLO)
    assert (done.content, done.deployment) == ("Hello", "b")
    assert [one.outcome for one in done.attempts] == ["interrupted", "answered"]
    assert asking.deployments_state()["a"].healthy


def test_words_that_were_seen_are_not_taken_back():
    seen = []
    asking, transport = client(reply(text("a"), CALLS), fallbacks={"a": ["b"]})
    try:
        asking.chat(HELLO, on_delta=seen.append)
    except StreamError as error:
        assert (error.kind, error.completion.content) == ("tool_calls", "a")
    assert (seen, len(transport.sent)) == (["a"], 1)


def test_unless_they_may_be():
    replies = [reply(text("a"), CALLS), ScriptedReply([ANSWER])]
    got = play(replies, options={"on_interrupt": "restart"})
    assert got.error is None
    assert StreamRestarted("b", "tool_calls", 1) in got.events, got.events
    assert got.completion.content == "Hello"


def test_what_every_deployment_lacks_tells_most():
    replies = [reply(CALLS), ScriptedReply([], 500), ScriptedReply([], 500)]
    got = play(replies[:1] + [ScriptedReply([b"data: no\n\n"]), reply(CALLS)])
    assert type(got.error) is AllAttemptsFailed, got.error
    assert (got.error.kind, got.error.retryable) == ("tool_calls", False)
    assert got.error.last.completion.finish_reason == "tool_calls"


def test_an_error_behind_it_counts_first():
    got = play_chunks(text("a"), CALLS, {"error": {"message": "boom", "code": 500}})
    assert "boom" in str(got.error), got.error
    assert json.loads(got.transport.sent[0])["messages"] == HELLO

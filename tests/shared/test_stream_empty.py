"""An answer that holds nothing: it is complete, and tried again by who asks for that."""

from streams import ANSWER, HELLO, STOP, call, chunk, deployments, play, play_chunks, sse, text

from thinwire.core.answer.assembler import CompletionAssembler
from thinwire.core.errors import ReadError
from thinwire.core.routing.all_failed import AllAttemptsFailed
from thinwire.core.routing.policy import RetryPolicy, Timeouts
from thinwire.core.sync import Client
from thinwire.testing.scripted import ScriptedReply, ScriptedTransport

NOTHING = ScriptedReply([sse(chunk({"role": "assistant", "content": ""}), STOP)])
GOOD = ScriptedReply([ANSWER])
AGAIN = RetryPolicy(jitter="none", retry_empty=True)
LINK = {"image_url": {"url": "https://pictures.test/1.png"}}

# A delta of an answer, and whether that is empty.
DELTAS = [
    ({}, True),
    ({"role": "assistant", "content": ""}, True),
    ({"zoo": "x"}, True),
    ({"content": " "}, False),
    ({"reasoning": "a"}, False),
    ({"refusal": "a"}, False),
    ({"images": [LINK]}, False),
    ({"audio": {"id": "a"}}, False),
    ({"reasoning_details": [{"type": "reasoning.encrypted", "data": "x"}]}, False),
    (call(0, "1", "f", "")["choices"][0]["delta"], False),
]


def test_an_answer_is_empty_if_it_holds_nothing():
    for delta, want in DELTAS:
        for keep in ("text", "none"):
            if keep == "none" and "reasoning_details" in delta:
                continue
            done = play_chunks(chunk(delta), STOP, keep=keep).completion
            assert (done.complete, done.empty) == (True, want), (delta, keep)
            assembler = CompletionAssembler(keep == "text")
            assembler.receive(chunk(delta))
            assert assembler.is_empty() is want, (delta, keep)
    assert CompletionAssembler().completion(False).empty
    assert CompletionAssembler().is_empty()


def test_it_is_empty_if_all_its_choices_are():
    for word, want in (("", True), ("a", False)):
        second = chunk({"content": word}, "stop", index=1)
        assert play_chunks(STOP, second, n=2).completion.empty is want


def tried(replies, retry=AGAIN, **arguments):
    got = play(replies, options={"retry": retry}, **arguments)
    attempts = [(one.deployment, one.outcome) for one in got.completion.attempts]
    return got, attempts


def test_an_empty_answer_is_handed_out_by_default():
    got, attempts = tried([NOTHING], None)
    assert (got.error, got.completion.empty, attempts) == (None, True, [("a", "answered")])


def test_it_is_tried_again_on_request_and_then_elsewhere():
    got, attempts = tried([NOTHING, GOOD])
    assert got.error is None, got.error
    assert got.completion.content == "Hello"
    assert attempts == [("a", "failed"), ("a", "answered")]
    assert got.transport.now_ms() == 500
    words = str(got.completion.attempts[0].error)
    assert words == "the answer is empty, though complete", words
    got, attempts = tried([NOTHING, NOTHING, GOOD])
    assert attempts == [("a", "failed"), ("a", "failed"), ("b", "answered")]


def test_the_last_one_is_handed_out_as_it_is():
    got, attempts = tried([NOTHING, NOTHING], model="c")
    assert got.error is None, got.error
    assert (got.completion.empty, got.completion.end) == (True, "finish")
    assert attempts == [("c", "failed"), ("c", "answered")]
    once = RetryPolicy(attempts=1, retry_empty=True)
    assert tried([NOTHING], once, model="c")[1] == [("c", "answered")]


def test_so_it_is_where_there_is_no_time_left():
    got, attempts = tried([NOTHING, GOOD], timeouts=Timeouts(total=0.4), model="c")
    assert (got.error, got.completion.empty, attempts) == (None, True, [("c", "answered")])


def test_another_failure_behind_it_is_one():
    got = tried([NOTHING, ReadError("cut")], model="c")[0]
    assert isinstance(got.error, AllAttemptsFailed), got.error


def test_an_answer_that_was_seen_in_part_is_not_empty():
    assert tried([ScriptedReply([sse(text("a"), STOP)])])[1] == [("a", "answered")]
    # A call that never got a name was no event, but nobody knows what it was to be.
    nameless = chunk({"tool_calls": [{"index": 0, "function": {"arguments": "{}"}}]}, "stop")
    assert len(tried([ScriptedReply([sse(nameless)])])[1]) == 1


def test_the_policy_says_so():
    assert repr(AGAIN).endswith("max_retry_after=60, retry_empty=True)"), repr(AGAIN)
    assert "retry_empty" not in repr(RetryPolicy())


def test_a_list_of_messages_is_copied_when_the_call_is_made():
    for kind in (list, tuple):
        messages = [HELLO[0]]
        transport = ScriptedTransport([GOOD])
        client = Client("a", deployments("a"), transport=transport)
        stream = client.stream(messages if kind is list else tuple(messages))
        messages.append({"role": "user", "content": "too late"})
        events = list(stream)
        assert len(events) == 3
        assert b"a private question" in transport.sent[0]
        assert b"too late" not in transport.sent[0]


def test_the_copy_is_a_shallow_one():
    message = {"role": "user", "content": "before"}
    transport = ScriptedTransport([GOOD])
    stream = Client("a", deployments("a"), transport=transport).stream([message])
    message["content"] = "behind"
    assert len(list(stream)) == 3
    assert b"behind" in transport.sent[0]


class Growing:
    # An iterable of the caller's own.
    def __init__(self):
        self.items = list(HELLO)

    def __iter__(self):
        return iter(self.items)


def test_any_other_iterable_is_read_while_it_is_sent():
    messages = Growing()
    transport = ScriptedTransport([GOOD])
    stream = Client("a", deployments("a"), transport=transport).stream(messages)
    messages.items.append({"role": "user", "content": "in time"})
    assert len(list(stream)) == 3
    assert b"in time" in transport.sent[0]

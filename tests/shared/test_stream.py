# What a stream gives, however its bytes are cut.

from helpers import feeds
from streams import (
    ANSWER,
    DONE,
    HELLO,
    STOP,
    call,
    chunk,
    deployments,
    play,
    play_chunks,
    play_pieces,
    sse,
    text,
)

from thinwire.core._compat import EVENT_LIMIT
from thinwire.core.answer import answer
from thinwire.core.answer.events import ContentDelta, ReasoningDelta
from thinwire.core.answer.tool_calls import ToolCallDelta, ToolCallStarted
from thinwire.core.answer.whole_calls import ToolCallComplete
from thinwire.core.errors import StreamInterrupted
from thinwire.core.sync import Client
from thinwire.core.wire.sse import SSEParser
from thinwire.testing.scripted import ScriptedReply, ScriptedTransport

USAGE = {"choices": [], "usage": {"total_tokens": 5}}

# Why, the bytes of a body, then the events.
STREAMS = [
    ("plain", ANSWER, ["Hel", "lo"]),
    ("no end mark", sse(text("Hel"), text("lo"), STOP), ["Hel", "lo"]),
    ("no last line end", ANSWER[:-2], ["Hel", "lo"]),
    ("comments", b": ping\n\n" + ANSWER.replace(b"\n\n", b"\n\n: ping\n\n"), ["Hel", "lo"]),
    ("CR LF", ANSWER.replace(b"\n", b"\r\n"), ["Hel", "lo"]),
    ("no space", ANSWER.replace(b"data: ", b"data:"), ["Hel", "lo"]),
    ("BOM", b"\xef\xbb\xbf" + ANSWER, ["Hel", "lo"]),
    ("retry, id, empty data", b"retry: 5\nid: 1\n\ndata:\n\ndata\n\n" + ANSWER, ["Hel", "lo"]),
    ("white space", b"data:\ndata:\n\ndata:  \n\n" + ANSWER, ["Hel", "lo"]),
    ("named events", b"event: x\n" + ANSWER.replace(b"\n\n", b"\n\nevent: y\n"), ["Hel", "lo"]),
    ("other JSON", sse("1", "null", '"x"', "[]", "[1, 2]", "{}") + ANSWER, ["Hel", "lo"]),
    ("wide text", sse(text("\u20ac\u2028\U0001f600"), STOP), ["\u20ac\u2028\U0001f600"]),
    ("after the end", ANSWER + sse(text("more")) + b"garbage", ["Hel", "lo"]),
]


def texts(events):
    return [item.text for item in events]


def test_every_cut_gives_the_same():
    for why, data, want in STREAMS:
        whole = play_pieces(data)
        for pieces in feeds(data):
            got = play_pieces(*pieces)
            assert got.error is None, (why, pieces, got.error)
            assert texts(got.events) == want, (why, pieces, got.events)
            assert got.last.completion.content == "".join(want), (why, pieces)
            assert same(got, whole), (why, pieces)


def same(one, other):
    # The body is not read to its end in each case.
    sums = [got.summary()[:2] for got in (one, other)]
    return sums[0] == sums[1] and one.completion.end == other.completion.end


CALLS = sse(
    chunk({"reasoning": "hm"}),
    call(0, "1", "f", '{"a"'),
    call(1, "2", "g", ""),
    call(0, None, None, ":1}"),
    call(1, None, None, "{}", "tool_calls"),
)


def test_every_cut_of_tool_calls_gives_the_same():
    want = [
        ReasoningDelta("hm"),
        ToolCallStarted(0, "1", "f"),
        ToolCallDelta(0, '{"a"'),
        ToolCallStarted(1, "2", "g"),
        ToolCallDelta(0, ":1}"),
        ToolCallComplete(0, "1", "f", {"a": 1}),
        ToolCallDelta(1, "{}"),
        ToolCallComplete(1, "2", "g", {}),
    ]
    for pieces in feeds(CALLS):
        got = play_pieces(*pieces)
        assert got.events == want, (pieces, got.events)
        assert [one.arguments for one in got.completion.tool_calls] == [{"a": 1}, {}]


def test_the_last_event_has_the_completion():
    got = play_chunks(text("Hel"), text("lo"), STOP, USAGE)
    done = got.last.completion
    assert (done.content, done.complete, done.end) == ("Hello", True, "finish")
    assert done.usage == {"total_tokens": 5}
    assert (done.model, done.deployment, done.upstream_model) == ("a", "a", "upstream")
    assert [one.outcome for one in done.attempts] == ["answered"]


def test_usage_after_the_finish_reason_is_waited_for():
    got = play_pieces(sse(text("a"), STOP), sse(USAGE), DONE)
    assert got.last.completion.usage == {"total_tokens": 5}


def test_sizes_and_times():
    got = play_pieces(10, sse(text("a")), 20, sse(text("b")), 30, sse(STOP) + DONE)
    done = got.completion
    assert done.received_bytes == len(sse(text("a"), text("b"), STOP) + DONE)
    assert done.sent_bytes == len(got.transport.sent[0])
    assert done.sent_blocks == (done.sent_bytes + 63) // 64, done.sent_blocks
    timings = done.timings
    assert (timings.ttft_ms, timings.last_token_ms, timings.total_ms) == (10, 30, 60)


def test_choices_are_told_apart():
    got = play_chunks(
        chunk({"content": "a"}), chunk({"content": "b"}, "stop", index=1), chunk({}, "stop")
    )
    assert got.events == [ContentDelta("a", 0), ContentDelta("b", 1)]
    assert [one.content for one in got.completion.choices] == ["a", "b"]


def test_a_list_of_one_chunk_is_a_chunk():
    got = play_chunks([text("a")], STOP)
    assert texts(got.events) == ["a"]


def test_text_that_came_along_with_an_error_is_shown_before_it():
    both = dict(call(0, "1", "f", "[]"), error={"message": "boom"})
    got = play_chunks(text("a"), both, text("never"))
    assert got.events == [
        ContentDelta("a"),
        ToolCallStarted(0, "1", "f"),
        ToolCallDelta(0, "[]"),
    ], got.events
    assert isinstance(got.error, StreamInterrupted), got.error
    assert len(got.partial().tool_calls) == 1


def test_an_answer_may_be_empty_if_it_says_so():
    for reason in ("stop", "length", "content_filter"):
        got = play_chunks(chunk({"role": "assistant", "content": ""}, reason))
        assert got.error is None, got.error
        assert (got.completion.content, got.completion.finish_reason) == (None, reason)


def test_one_large_event():
    words = "x" * (EVENT_LIMIT // 2)
    got = play_chunks(text(words), STOP)
    assert got.completion.content == words, got.error


class Narrow(SSEParser):
    # Of small events, in a buffer of its own.
    limit = 2048

    def __init__(self, buffer):
        super().__init__(256, self.limit)

    def use(self, buffer):
        return False


class Narrower(Narrow):
    limit = 256


def test_an_event_that_is_too_large():
    parser = answer.SSEParser
    answer.SSEParser = Narrow
    try:
        got = play_chunks(text("a"), text("x" * 3000), STOP)
    finally:
        answer.SSEParser = parser
    assert isinstance(got.error, StreamInterrupted), got.error
    assert "larger than 2048 bytes" in str(got.error), got.error


def test_what_follows_the_end_may_be_larger_than_any_event():
    parser = answer.SSEParser
    answer.SSEParser = Narrower
    try:
        got = play_pieces(ANSWER, b"x" * 300, b"y" * 300)
    finally:
        answer.SSEParser = parser
    assert got.error is None, got.error


def test_a_stream_of_another_model_is_not_mixed_in():
    # The first attempt shows nothing; what it had received must not be in the second's answer.
    half = sse(chunk({"role": "assistant"})) + b'data: {"choices": [{"delta": {"content": "old'
    got = play([ScriptedReply([half]), ScriptedReply([ANSWER])])
    assert got.completion.content == "Hello"
    assert texts(got.events) == ["Hel", "lo"]


def test_pings_need_not_be_json():
    for name in (b"ping", b"heartbeat"):
        data = b"event: " + name + b"\ndata: still here\n\n" + ANSWER
        assert play_pieces(data).error is None


def test_a_long_answer_can_be_had_in_pieces():
    words = ["word%d " % number for number in range(120)]
    got = play_chunks(*[text(one) for one in words], STOP)
    done = got.last.completion
    assert "".join(done.pieces()) == done.content == "".join(words)


class Marking(ScriptedTransport):
    # Sets the marks of a request (connected, secured, sent) as a real transport would.
    marks = (None, None, None)

    async def send(self, request):
        request.connected_ms, request.secured_ms, request.sent_ms = self.marks
        return await super().send(request)


# Marks, then what the completion says: connection, TLS, upload.
MARKS = [
    ((None, None, None), (None, None, 0)),  # the script takes no time
    ((None, None, 7), (None, None, 7)),
    ((3, None, 7), (3, None, 4)),
    ((3, 5, 7), (3, 2, 2)),
]


def test_what_the_connection_took():
    for marks, want in MARKS:
        transport = Marking([ScriptedReply([ANSWER])])
        transport.marks = marks
        timings = Client("a", deployments("a"), transport=transport).chat(HELLO).timings
        got = (timings.connect_ms, timings.tls_ms, timings.upload_ms)
        assert got == want, (marks, got)

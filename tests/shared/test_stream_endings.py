# How a stream ends: finish, done, eof, error, timeout, cancelled. Each is said, none is invented.

import asyncio
import json

from helpers import error_of, feeds
from streams import (
    ANSWER,
    DONE,
    HELLO,
    KEY,
    ONCE,
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

from thinwire.core.answer.tool_calls import ToolCallStarted
from thinwire.core.answer.whole_calls import ToolCallComplete
from thinwire.core.client import AsyncClient
from thinwire.core.errors import (
    EncodeError,
    ReadError,
    StatusError,
    StreamError,
    StreamInterrupted,
    WriteError,
)
from thinwire.core.request.sources import Source
from thinwire.core.routing.deployment import Deployment
from thinwire.core.sync import Client
from thinwire.core.transport import Response, Transport
from thinwire.core.wire.json_encode import Reader
from thinwire.testing.scripted import ScriptedReply, ScriptedTransport

# Why, the body, then end and finish_reason of the completion.
GOOD = [
    ("finish_reason and [DONE]", sse(text("a"), STOP) + DONE, "finish", "stop"),
    ("finish_reason alone", sse(text("a"), STOP), "finish", "stop"),
    ("[DONE] alone", sse(text("a")) + DONE, "done", None),
    ("an unknown reason", sse(text("a"), chunk({}, "odd")) + DONE, "finish", "odd"),
    ("an empty reason", sse(text("a"), chunk({}, "")) + DONE, "done", None),
    ("nothing but a reason", sse(chunk({}, "length")), "finish", "length"),
]


def test_good_ends():
    for why, data, end, reason in GOOD:
        for pieces in feeds(data):
            got = play_pieces(*pieces)
            done = got.completion
            assert got.error is None, (why, got.error)
            assert (done.end, done.finish_reason) == (end, reason), (why, done)
            assert done.complete, why
            assert got.last.completion.end == end, why


CUT = ReadError("cut")

# Why, pieces of the body, then end of the completion and words of the error.
BAD = [
    ("end of the body", [sse(text("a"))], "eof", "without finish_reason and without [DONE]"),
    ("cut", [sse(text("a")), CUT], "error", "cut"),
    ("cut in an event", [sse(text("a")), b'data: {"choices": [{"de', CUT], "error", "cut"),
    ("no JSON", [sse(text("a"), "what?")], "error", "an event is not JSON: what?"),
    ("error object", [sse(text("a"), {"error": {"message": "boom"}})], "error", "boom"),
    ("error text", [sse(text("a"), {"error": "boom"})], "error", "boom"),
    ("error status", [sse(text("a"), {"error": {"code": 503}})], "error", "status 503"),
    (
        "error event",
        [sse(text("a")) + b'event: error\ndata: {"message": "boom"}\n\n'],
        "error",
        "boom",
    ),
    (
        "error event, wrapped",
        [sse(text("a")) + b'event: error\ndata: {"error": "boom"}\n\n'],
        "error",
        "boom",
    ),
    ("error event, text", [sse(text("a")) + b"event: error\ndata: boom\n\n"], "error", "boom"),
    (
        "error event, JSON text",
        [sse(text("a")) + b'event: error\ndata: "boom"\n\n'],
        "error",
        "boom",
    ),
    (
        "error event, empty",
        [sse(text("a")) + b"event: error\ndata: {}\n\n"],
        "error",
        "without words",
    ),
    ("error after the reason", [sse(text("a"), STOP, {"error": "boom"})], "error", "boom"),
    ("reason error", [sse(text("a"), chunk({}, "error"))], "error", "finish_reason is 'error'"),
    ("silence", [sse(text("a")), 10**7], "timeout", "no further token within 60 s"),
]


def test_bad_ends_carry_the_partial_answer():
    for why, pieces, end, words in BAD:
        got = play_pieces(*pieces)
        assert isinstance(got.error, StreamInterrupted), (why, got.error)
        assert words in str(got.error), (why, got.error)
        assert got.last is None, why
        for answer in (got.partial(), got.completion):
            assert (answer.content, answer.end, answer.complete) == ("a", end, False), why


def test_bad_ends_are_the_same_for_each_cut():
    for why, pieces, end, words in BAD:
        if isinstance(pieces[0], bytes) and len(pieces) == 1:
            for cut in feeds(pieces[0]):
                got = play_pieces(*cut)
                assert words in str(got.error), (why, cut, got.error)
                assert got.partial().end == end, (why, cut)


def test_a_body_that_ends_anywhere_is_never_taken_for_whole():
    # Without its end mark, up to the finish_reason.
    data = sse(text("Hel"), text("lo"), STOP)
    reason = data.find(b'"stop"')
    for end in range(len(data)):
        got = play_pieces(data[:end])
        if end > reason and got.error is None:
            assert data[end:] in (b"\n", b"\n\n", b""), data[end:]
        else:
            assert isinstance(got.error, (StreamError, StreamInterrupted)), end
            assert got.completion.end == "eof", end


def test_after_a_finish_reason_a_cut_is_still_complete():
    for last in (CUT, 10**7, b"data: what?\n\n", b'data: {"usage": {"to'):
        got = play_pieces(sse(text("a"), STOP), last)
        assert got.error is None, got.error
        assert (got.last.completion.end, got.last.completion.complete) == ("finish", True)


def test_a_cut_between_two_choices_is_not_complete():
    data = sse(chunk({"content": "a"}, "stop"), chunk({"content": "b"}, index=1))
    assert isinstance(play_pieces(data, CUT).error, StreamInterrupted)


def always(words, **more):
    # A chunk of a gateway that sends a finish_reason with each of them.
    return chunk({"content": words}, "stop", **more)


ALWAYS = sse(always("a"), always("b"), always("c"))


def test_a_finish_reason_in_each_chunk_is_an_answer_with_its_end():
    for data in (ALWAYS, ALWAYS + DONE):
        for pieces in feeds(data):
            got = play_pieces(*pieces)
            assert got.error is None, (pieces, got.error)
            done = got.completion
            assert (done.content, done.finish_reason, done.end) == ("abc", "stop", "finish")


# A finish_reason, then what follows it: each takes it back.
GOING_ON = [
    {"content": "b"},
    {"reasoning": "b"},
    {"refusal": "b"},
    {"tool_calls": [{"index": 0, "id": "1", "function": {"name": "f"}}]},
    {"content": [{"type": "text", "text": "b"}]},
]


def test_a_delta_behind_a_finish_reason_takes_it_back():
    for delta in GOING_ON:
        for last in ({}, delta):
            data = sse(always("a"), chunk(delta), chunk(last, "stop"))
            for end in (CUT, 10**7, b"data: what?\n\n"):
                got = play_pieces(data, end)
                assert isinstance(got.error, StreamInterrupted), (delta, end, got.error)
                assert not got.partial().complete, (delta, end)
            for end in (DONE, b""):
                got = play_pieces(data + end)
                assert got.completion.end == "finish", (delta, end, got.error)


def test_the_text_behind_a_finish_reason_may_be_like_the_last():
    # Chunks that are not parsed again.
    data = sse(text("a"), text("b"), always("c"), text("d"), text("e"))
    assert play_pieces(data, CUT).partial().content == "abcde"
    got = play_pieces(data + DONE).completion
    assert (got.content, got.finish_reason, got.end) == ("abcde", None, "done")
    assert play_pieces(data).completion.complete


def test_so_may_the_text_like_the_last_that_was_looked_at():
    # A server that pads at random is given up on with the eighth chunk: see ChunkMemo.
    padded = [dict(text("a"), pad="x" * size) for size in range(8)]
    data = sse(*(padded + [STOP, padded[-1]]))
    got = play_pieces(data, CUT)
    assert isinstance(got.error, StreamInterrupted), got.error
    assert got.partial().content == "a" * 9
    assert play_pieces(data + DONE).completion.end == "done"


def test_what_says_nothing_takes_no_finish_reason_back():
    for delta in ({"role": "assistant"}, {"content": ""}, {"content": None, "tool_calls": []}):
        got = play_pieces(sse(text("a"), STOP, chunk(delta)), CUT)
        assert got.completion.end == "finish", (delta, got.error)


def test_a_model_that_goes_on_has_no_grace():
    pause = [ALWAYS] + [4000, ALWAYS] * 4
    got = play_pieces(*pause)
    assert got.completion.content == "abc" * 5, got.error
    got = play_pieces(ALWAYS, 50000, ALWAYS + DONE)
    assert got.completion.content == "abcabc", got.error


def test_where_a_body_ends_with_its_connection_its_end_proves_nothing():
    for data in (ALWAYS, sse(always("a"), text("b"))):
        got = play([ScriptedReply([data], framed=False)])
        assert isinstance(got.error, StreamInterrupted), got.error
        assert "no finish_reason to rely on" in str(got.error), got.error
        assert play([ScriptedReply([data + DONE], framed=False)]).completion.complete
    done = play([ScriptedReply([sse(text("a"), STOP)], framed=False)]).completion
    assert done.end == "finish"


def test_a_character_that_two_of_such_chunks_share():
    halves = json.loads('["\\ud83d", "\\ude00"]')
    for data in feeds(sse(always(halves[0]), always(halves[1])) + DONE):
        assert play_pieces(*data).completion.content == "\U0001f600"


def one_of(index, words, reason=None):
    return chunk({"content": words} if words else {}, reason, index=index)


ONE = sse(one_of(0, "a"), one_of(0, "", "stop"))
TWO = sse(one_of(1, "b"), one_of(1, "c", "stop"))


def test_choices_that_come_one_after_the_other():
    for pieces in feeds(ONE + TWO):
        got = play_pieces(*pieces, n=2)
        assert got.error is None, got.error
        said = [(one.content, one.finish_reason) for one in got.completion.choices]
        assert said == [("a", "stop"), ("bc", "stop")], said
    got = play_pieces(ONE, 50000, TWO, 10**7, n=2)
    assert [one.content for one in got.completion.choices] == ["a", "bc"], got.error
    assert got.transport.now_ms() == 55000


# What came of two choices, then whether [DONE] or the end of the body makes it an answer.
OF_TWO = [
    (ONE, "one is missing"),
    (ONE + sse(one_of(1, "b")), "the other has no finish_reason"),
    (TWO, "the first is missing"),
    (sse(one_of(0, "a"), one_of(1, "b", "stop")), "the first has no finish_reason"),
]


def test_choices_that_are_missing_are_never_taken_for_there():
    for data, why in OF_TWO:
        for end in (CUT, 10**7):
            got = play_pieces(data, end, n=2)
            assert isinstance(got.error, StreamInterrupted), (why, end, got.error)
        got = play([ScriptedReply([data], framed=False)], n=2)
        assert isinstance(got.error, StreamInterrupted), (why, got.error)


def test_a_server_may_ignore_n_or_drop_a_finish_reason():
    for data, why in OF_TWO:
        for end in (DONE, b""):
            assert play_pieces(data + end, n=2).completion.complete, (why, end)


def test_where_the_number_of_choices_is_asked_for():
    for arguments in ({"n": 2}, {"extra_body": {"n": 2}}, {"n": 1, "extra_body": {"n": 2}}):
        assert isinstance(play_pieces(ONE, CUT, **arguments).error, StreamInterrupted), arguments
    for arguments in ({}, {"n": 1}, {"n": 2, "extra_body": {"n": None}}, {"n": None}):
        assert play_pieces(ONE, CUT, **arguments).completion.complete, arguments
    names = {"a": Deployment("https://a.test/v1", KEY, extra_body={"n": 2})}
    client = Client("a", names, transport=ScriptedTransport([ScriptedReply([ONE, CUT])]))
    with client.stream(HELLO) as stream:
        assert next(stream).text == "a"
        error_of(StreamInterrupted, next, stream)


def test_a_choice_that_nobody_expected_stops_the_grace():
    got = play_pieces(ONE, 4000, sse(one_of(1, "b")), 4000, sse(one_of(1, "", "stop")), 10**7)
    assert [one.content for one in got.completion.choices] == ["a", "b"], got.error
    assert got.transport.now_ms() == 13000


def test_the_cause_of_an_interruption():
    got = play_chunks(text("a"), {"error": {"message": "boom", "code": 429}})
    cause = got.error.cause
    assert isinstance(cause, StatusError), cause
    assert (cause.status, cause.kind) == (429, "rate_limit")
    assert (got.error.model, got.error.deployment) == ("a", "a")
    assert str(got.error) == "the answer broke off: status 429: boom"


def test_a_tool_call_that_was_cut_is_not_executable():
    got = play_pieces(sse(call(0, "1", "f", '{"path": {"a": 1}')), CUT)
    (one,) = got.partial().tool_calls
    assert (one.arguments, one.arguments_raw) == (None, '{"path": {"a": 1}')
    got = play_pieces(sse(call(0, "1", "f", "")), CUT)
    assert got.partial().tool_calls[0].arguments is None


def test_a_call_without_arguments_is_told_at_the_end_at_the_latest():
    told = [ToolCallStarted(0, "1", "f"), ToolCallComplete(0, "1", "f", {})]
    for end in (DONE, sse(STOP), sse(STOP) + DONE):
        for feed in feeds(sse(call(0, "1", "f", None)) + end):
            got = play_pieces(*feed)
            assert got.events == told, (end, got.events)
            assert got.completion.tool_calls[0].arguments == {}
    got = play_pieces(sse(call(0, "1", "f", None), STOP), 10**7)
    assert got.events == told, got.error


def test_nothing_follows_an_error():
    transport = ScriptedTransport([ScriptedReply([sse(text("a")), CUT])])
    stream = Client("a", deployments("a"), transport=transport).stream(HELLO)
    next(stream)
    error_of(StreamInterrupted, next, stream)
    for _ in range(2):
        error_of(StopIteration, next, stream)


def test_nothing_follows_the_end():
    transport = ScriptedTransport([ScriptedReply([ANSWER])])
    stream = Client("a", deployments("a"), transport=transport).stream(HELLO)
    assert len(list(stream)) == 3
    assert list(stream) == []
    assert transport.open_responses == 0


def left_early(reply, events):
    # A stream that is left after some events; twice, by both clients.
    transport = ScriptedTransport([reply, reply])
    with Client("a", deployments("a"), transport=transport).stream(HELLO) as stream:
        for _ in range(events):
            next(stream)
    left = stream.completion
    other = asyncio.run(left_early_async(transport, events))
    assert (left.end, left.content) == (other.end, other.content)
    assert transport.open_responses == 0
    assert list(stream) == []
    return left


async def left_early_async(transport, events):
    client = AsyncClient("a", deployments("a"), transport=transport)
    async with client.stream(HELLO) as stream:
        for _ in range(events):
            await stream.__anext__()
    await stream.aclose()
    return stream.completion


def test_leaving_a_stream_closes_it():
    for events, content in [(0, None), (1, "Hel"), (2, "Hello")]:
        left = left_early(ScriptedReply([ANSWER, ReadError("too far")]), events)
        got = (left.end, left.complete, left.content)
        assert got == ("closed", False, content), (events, got)


class Pause:
    def __await__(self):
        yield

    __iter__ = __await__


class Slow(ScriptedTransport):
    # Sends with a pause in between.
    async def send(self, request):
        await Pause()
        return await ScriptedTransport.send(self, request)


def test_a_stream_that_is_dropped_while_it_waits_can_be_closed():
    transport = Slow([ScriptedReply([ANSWER])])
    stream = AsyncClient("a", deployments("a"), transport=transport).stream(HELLO)
    waiting = stream.__anext__()
    waiting.send(None)
    waiting.close()
    error_of(StopIteration, stream.aclose().send, None)
    assert stream.completion.end == "cancelled"
    assert transport.open_responses == 0


def test_leaving_after_the_last_event_is_no_cancellation():
    left = left_early(ScriptedReply([ANSWER]), 3)
    assert (left.end, left.complete) == ("finish", True)


def test_leaving_a_json_answer_early():
    data = b'{"choices": [{"message": {"content": "a"}, "finish_reason": "stop"}]}'
    reply = ScriptedReply([data], 200, {"content-type": "application/json"})
    assert left_early(reply, 1).end == "closed"
    assert left_early(reply, 2).end == "finish"


# What stands behind [DONE], then how much of it may be read: enough for reuse, not for ever.
class Counting(ScriptedTransport):
    def __init__(self, pieces):
        ScriptedTransport.__init__(self, [ScriptedReply([])])
        self.reads = 0
        self.pieces = pieces

    async def send(self, request):
        self.open_responses += 1
        return CountingResponse(self)


class CountingResponse(Response):
    status = 200

    def __init__(self, transport):
        self.transport = transport
        self.pieces = list(transport.pieces)

    def header(self, name):
        return None

    def receive(self, buffer):
        self.transport.reads += 1
        piece = self.pieces.pop(0) if len(self.pieces) > 1 else self.pieces[0]
        if isinstance(piece, Exception):
            raise piece
        buffer[: len(piece)] = piece
        return len(piece)

    async def aclose(self):
        self.transport.open_responses -= 1


TAILS = [
    ([ANSWER, b""], 2),
    ([ANSWER + b": more", b": and more", b""], 3),
    ([ANSWER, b": endless"], 17),
    ([ANSWER, CUT], 2),
    ([sse(text("a"), STOP), b""], 2),
]


def test_what_follows_the_end_is_drained_within_a_bound():
    for pieces, reads in TAILS:
        transport = Counting(pieces)
        done = Client("a", deployments("a"), transport=transport).chat(HELLO)
        assert done.complete, pieces
        assert transport.reads == reads, (pieces, transport.reads)
        assert transport.open_responses == 0


def test_a_server_that_goes_on_holds_nobody_up_for_long():
    got = play_pieces(ANSWER, 10**7, b"late")
    assert got.error is None
    assert got.transport.now_ms() == 250, got.transport.now_ms()


class Waiting(Transport):
    # A server that never answers: at the place called `where`.
    def __init__(self, where):
        self.where = where
        self.open_responses = 0
        self.sent = False

    def now_ms(self):
        return 0

    async def send(self, request):
        if self.where == "send":
            await asyncio.sleep(60)
        self.open_responses += 1
        return WaitingResponse(self)


class WaitingResponse(CountingResponse):
    pieces = ()

    def __init__(self, transport):
        self.transport = transport

    async def wait(self, deadline_ms):
        await asyncio.sleep(60)

    def receive(self, buffer):
        first, self.transport.sent = not self.transport.sent, True
        if not first or self.transport.where == "read":
            return None
        data = ANSWER if self.transport.where == "drain" else sse(text("a"))
        buffer[: len(data)] = data
        return len(data)


def cancelled(where):
    # Cancels the task of a call that waits; returns its stream.
    transport = Waiting(where)
    streams = []

    async def read():
        client = AsyncClient("a", deployments("a"), transport=transport)
        stream = client.stream(HELLO)
        streams.append(stream)
        async for _ in stream:
            pass

    async def main():
        task = asyncio.create_task(read())
        await asyncio.sleep(0.01)
        task.cancel()
        try:
            await task
        except asyncio.CancelledError:
            return
        assert False, "it was not cancelled"

    asyncio.run(main())
    assert transport.open_responses == 0, where
    return streams[0].completion


def test_a_cancelled_task_releases_the_response():
    for where, end, content in [
        ("send", "cancelled", None),
        ("read", "cancelled", None),
        ("stream", "cancelled", "a"),
        ("drain", "finish", "Hello"),
    ]:
        got = cancelled(where)
        assert (got.end, got.content) == (end, content), (where, got)


def test_an_error_of_the_messages_reaches_the_caller_as_it_is():
    def messages():
        yield HELLO[0]
        raise KeyError("mine")

    transport = ScriptedTransport([ScriptedReply([ANSWER])])
    stream = Client("a", deployments("a"), transport=transport).stream(messages())
    error_of(KeyError, next, stream)
    assert transport.open_responses == 0
    assert stream.completion.end == "cancelled"


def test_what_json_cannot_carry_is_an_error_of_its_own():
    got = play([ScriptedReply([ANSWER]), ScriptedReply([ANSWER])], messages=[{"a": b"x"}])
    assert isinstance(got.error, EncodeError), got.error
    assert got.error.path == "messages[0].a"
    assert len(got.completion.attempts) == 1


class Tracked(Source):
    # A source that knows how many of its readers are open.
    open_readers = 0

    def open(self):
        self.open_readers += 1
        return TrackedReader(self)


class TrackedReader(Reader):
    def __init__(self, source):
        self.source = source

    def read_piece(self):
        return b"endless"

    def close(self):
        self.source.open_readers -= 1


class Stumbling(ScriptedTransport):
    # The connection breaks while the request is being sent.
    async def send(self, request):
        request.body.readinto(bytearray(200))
        assert request.body.sent_bytes == 200
        raise WriteError("reset")


def test_sources_are_closed_when_a_request_breaks_off():
    source = Tracked()
    client = Client("a", deployments("a"), transport=Stumbling([]), retry=ONCE)
    error_of(WriteError, client.chat, [{"role": "user", "content": source}])
    assert source.open_readers == 0

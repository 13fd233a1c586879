# Which clock ends a wait, when, and what its error says.

from helpers import error_of
from streams import ANSWER, HELLO, ONCE, STOP, chunk, deployments, play, play_pieces, sse, text

from thinwire.core.errors import StreamInterrupted, TransportTimeout
from thinwire.core.routing.all_failed import AllAttemptsFailed
from thinwire.core.routing.policy import Timeouts
from thinwire.core.sync import Client
from thinwire.testing.scripted import ScriptedReply, ScriptedTransport

A = sse(text("a"))
PING = b": ping\n\n"
ROLE = sse(chunk({"role": "assistant", "content": ""}))
# What is no delta, and says nothing new the second time.
NAMED = sse(chunk({"role": "assistant", "channel": "analysis", "content": "", "x": [], "y": 0}))
BESIDE = sse(dict(chunk({}, content_filter_results={"hate": 1}), system_fingerprint="fp_1"))
OPAQUE = sse(chunk({"reasoning_details": [{"type": "reasoning.encrypted", "data": "x"}]}))
LIMITS = {"connect": 10, "first_token": 15, "progress": 60, "liveness": 30, "total": None}


def timeouts(**limits):
    fields = dict(LIMITS)
    fields.update(limits)
    return Timeouts(**fields)


# Why, limits, pieces of the body; then the clock, when it ran out, and what the error says.
CLOCKS = [
    ("silence", {}, [20000], "first_token", 15000, "no first token within 15 s"),
    ("comments", {}, [PING, 9000, PING, 5000, PING, 5000], "first_token", 15000, None),
    ("comments without a pause", {}, [9000, PING, PING, 6000, PING], "first_token", 15000, None),
    ("names", {}, [9000, NAMED, 9000, NAMED], "first_token", 15000, None),
    ("the same fields", {}, [9000, BESIDE, 9000, BESIDE], "first_token", 15000, None),
    ("payload, comments", {}, [9000, OPAQUE] + [20000, PING] * 5, "progress", 69000, None),
    ("roles", {}, [ROLE, 9000, ROLE, 9000, A], "first_token", 15000, None),
    ("no token, slow", {"first_token": 1.5}, [9000], "first_token", 1500, "within 1.5 s"),
    ("a delta, comments", {}, [A] + [20000, PING] * 5, "progress", 60000, "no further token"),
    ("a late delta", {}, [9000, A] + [20000, PING] * 5, "progress", 69000, None),
    ("deltas, silence", {}, [A, 20000, A, 40000], "liveness", 50000, "no further byte"),
    ("silence at first", {"liveness": 5}, [9000], "liveness", 5000, "within 5 s"),
    ("deltas for ever", {"total": 50}, [A, 20000] * 5, "total", 50000, "no end of the call"),
    ("comments for ever", {"total": 9}, [PING, 5000] * 5, "total", 9000, "within 9 s"),
]


def test_the_clock_that_runs_out_is_named():
    for why, limits, pieces, clock, when, words in CLOCKS:
        got = play([ScriptedReply(pieces)], timeouts=timeouts(**limits))
        error = got.error
        if isinstance(error, StreamInterrupted):
            error = error.cause
        assert isinstance(error, TransportTimeout), (why, got.error)
        assert error.phase == clock, (why, error)
        assert (words or "") in str(error), (why, error)
        assert got.transport.now_ms() == when, (why, got.transport.now_ms())
        assert got.completion.end == "timeout", why


def test_an_error_names_model_deployment_and_bytes():
    got = play([ScriptedReply([PING, 20000])])
    want = (
        "no first token within 15 s: model 'a', deployment 'a', 8 bytes received;"
        " Timeouts(first_token=...) sets this limit; the server's last comment: ping"
    )
    assert str(got.error) == want, got.error
    assert isinstance(got.error.cause, TransportTimeout)


# Bodies that no clock may end.
PATIENT = [
    ({}, [14000, A, 29000, PING, 29000, A, 29000, sse(STOP)]),
    ({}, [ROLE, 14000, A, sse(STOP)]),
    ({"first_token": None, "liveness": None}, [10**6, A, 59000, sse(STOP)]),
    ({"progress": None, "liveness": None}, [A, 10**6, A, 10**6, sse(STOP)]),
    ({"progress": None}, [A] + [29000, PING] * 9 + [sse(STOP)]),
    ({"total": 100}, [A, 29000] * 3 + [sse(STOP)]),
    (dict.fromkeys(LIMITS), [10**6, A, 10**7, A, 10**8, sse(STOP)]),
]


def test_what_keeps_within_the_limits_is_not_ended():
    for limits, pieces in PATIENT:
        got = play([ScriptedReply(pieces)], timeouts=timeouts(**limits))
        assert got.error is None, (limits, pieces, got.error)


# Deltas that count for first_token and progress, besides content.
DELTAS = [
    {"reasoning": "a"},
    {"refusal": "a"},
    {"tool_calls": [{"index": 0, "id": "1", "function": {"name": "f", "arguments": "{"}}]},
    {"tool_calls": [{"index": 0, "id": "1", "function": {"name": "f"}}]},
]


def test_reasoning_refusal_and_tool_calls_are_deltas():
    for delta in DELTAS:
        piece = sse(chunk(delta))
        got = play([ScriptedReply([9000, piece, 20000, PING, 20000, piece, 20000, sse(STOP)])])
        assert got.error is None, (delta, got.error)


# Payload that is not ours: each of a pair differs from the one before where it stands beside.
SIGNS = [
    (chunk({"reasoning_details": [{"type": "reasoning.encrypted", "data": "x"}]}),) * 2,
    (chunk({"reasoning_text": "hm"}),) * 2,
    (chunk({"reasoning_opaque": 7}),) * 2,
    (chunk({"audio": {"id": "a", "data": ""}}),) * 2,
    (chunk({"content": [{"type": "reference", "reference_ids": [1]}]}),) * 2,
    (chunk({}, progress=1), chunk({}, progress=2)),
    ({"choices": [], "prompt_progress": {"done": 1}}, {"choices": [], "prompt_progress": {}}),
]


def test_payload_of_any_kind_is_a_sign_of_life():
    for pair in SIGNS:
        pieces = [sse(pair[0])]
        for number in range(1, 6):
            pieces += [9000, sse(pair[number % 2])]
        got = play([ScriptedReply(pieces + [9000, A, sse(STOP)])])
        assert got.error is None, (pair, got.error)
        assert got.transport.now_ms() == 54000


def test_but_it_is_nothing_that_the_caller_has_seen():
    # An answer that breaks off then is asked for again, and the first token is the first delta.
    got = play([ScriptedReply([9000, OPAQUE, 60000, PING]), ScriptedReply([5000, ANSWER])])
    assert got.error is None, got.error
    assert [one.outcome for one in got.completion.attempts] == ["failed", "answered"]
    got = play([ScriptedReply([9000, OPAQUE, 9000, A, sse(STOP)])])
    assert got.completion.timings.ttft_ms == 18000


def test_a_server_that_never_ends_does_not_hold_the_answer_back():
    pings = [4000, PING] * 9
    for pieces in ([10**6], pings):
        for limits in ({}, dict.fromkeys(LIMITS)):
            got = play_pieces(sse(text("Hi"), STOP), *pieces, timeouts=timeouts(**limits))
            assert got.error is None, got.error
            done = got.completion
            assert (done.content, done.end, done.complete) == ("Hi", "finish", True)
            assert got.transport.now_ms() == 5000


def test_each_attempt_has_its_own_first_token_clock():
    replies = [ScriptedReply([20000]), ScriptedReply([14000, ANSWER])]
    got = play(replies)
    assert got.error is None, got.error
    assert got.transport.now_ms() == 29000
    assert got.completion.attempts[1].started_ms == 15000
    assert got.completion.timings.ttft_ms == 29000


def test_the_total_clock_covers_all_attempts():
    replies = [ScriptedReply([20000]), ScriptedReply([14000, ANSWER]), ScriptedReply([ANSWER])]
    got = play(replies, timeouts=timeouts(total=20))
    assert isinstance(got.error, AllAttemptsFailed), got.error
    assert [one.error.phase for one in got.error.attempts] == ["first_token", "total"]
    assert got.transport.now_ms() == 20000


def test_nothing_is_tried_after_the_total_clock():
    replies = [ScriptedReply([9000]), ScriptedReply([ANSWER])]
    got = play(replies, timeouts=timeouts(total=5))
    assert isinstance(got.error, TransportTimeout), got.error
    assert got.error.phase == "total"
    assert len(got.transport.requests) == 1


def test_a_callers_own_time_is_not_the_servers():
    transport = ScriptedTransport([ScriptedReply([A, A, 29000, A, 29000, sse(STOP)])])
    client = Client("a", deployments("a"), transport=transport, timeouts=timeouts())
    with client.stream(HELLO) as stream:
        for _ in stream:
            transport.advance(100000)  # the caller thinks
    assert stream.completion.complete


def test_a_callers_own_time_counts_for_the_total():
    transport = ScriptedTransport([ScriptedReply([A, A, A, sse(STOP)])])
    client = Client("a", deployments("a"), transport=transport, timeouts=timeouts(total=150))
    with client.stream(HELLO) as stream:
        next(stream)
        transport.advance(200000)
        next(stream)  # what had arrived meanwhile
        error = error_of(StreamInterrupted, next, stream)
    assert error.cause.phase == "total", error


class Slow(ScriptedTransport):
    # Takes some time to send; gives up at the deadline for what it is doing.
    def __init__(self, ms, phase):
        ScriptedTransport.__init__(self, [ScriptedReply([ANSWER])])
        self.ms = ms
        self.phase = phase

    async def send(self, request):
        connect = self.phase == "connect"
        if self.phase == "head":
            request.sent(self.now_ms())
        deadline = request.connect_by() if connect else request.deadline()
        self.deadlines = (request.connect_by(), request.deadline(), request.idle_ms)
        if deadline is not None and self.now_ms() + self.ms >= deadline:
            await self.sleep_ms(deadline - self.now_ms() - 1)  # a coarse timer
            raise TransportTimeout("timed out", self.phase)
        await self.sleep_ms(self.ms)
        return await ScriptedTransport.send(self, request)


def asked(transport, **limits):
    limits = timeouts(**limits)
    client = Client("a", deployments("a"), transport=transport, timeouts=limits, retry=ONCE)
    return client.chat(HELLO)


# Limits and what takes long while a request is sent, then clock and limit in the error.
SENDING = [
    ({}, "connect", "connect", "no connection within 10 s"),
    ({}, "write", "upload", "no room for more of the request within 30 s"),
    ({"upload": 2}, "write", "upload", "no room for more of the request within 2 s"),
    ({"first_token": 1, "liveness": 1}, "write", "upload", "within 30 s"),
    ({"total": 4}, "write", "total", "no end of the call within 4 s"),
    ({"upload": None, "total": 40}, "write", "total", "no end of the call within 40 s"),
    ({}, "head", "first_token", "no first token within 15 s"),
    ({"liveness": 1}, "head", "liveness", "no further byte within 1 s"),
    ({"first_token": None}, "head", "liveness", "no further byte within 30 s"),
    ({"first_token": 50, "liveness": None, "total": 40}, "head", "total", "within 40 s"),
    ({"total": 4}, "connect", "total", "no end of the call within 4 s"),
    ({"first_token": 3}, "connect", "connect", "no connection within 10 s"),
    ({"connect": None, "total": 20}, "connect", "total", "no end of the call within 20 s"),
    ({"connect": 30}, "connect", "connect", "no connection within 30 s"),
]


def test_clocks_while_the_request_is_sent():
    for limits, phase, clock, words in SENDING:
        error = error_of(TransportTimeout, asked, Slow(10**6, phase), **limits)
        assert error.phase == clock, (limits, phase, error)
        assert words in str(error), (limits, phase, error)


def test_the_clocks_of_the_answer_begin_with_the_last_byte_sent():
    for phase in ("connect", "write"):
        assert asked(Slow(9000, phase), liveness=1, first_token=1).complete


def test_the_deadlines_of_a_request():
    for limits, want in [
        ({}, (10000, 15000, 30000)),
        ({"total": 4}, (4000, 4000, 30000)),
        ({"connect": None}, (None, 15000, 30000)),
        ({"first_token": None}, (10000, 30000, 30000)),
        (dict.fromkeys(LIMITS), (None, None, None)),
        ({"progress": 20}, (10000, 15000, 20000)),
    ]:
        transport = Slow(1, "head")
        asked(transport, **limits)
        assert transport.deadlines == want, (limits, transport.deadlines)


class Impatient(ScriptedTransport):
    # Has a limit of its own.
    async def send(self, request):
        raise TransportTimeout("the proxy gave up", "connect")


def test_a_limit_that_is_none_of_ours_is_not_renamed():
    for limits in ({}, dict.fromkeys(LIMITS)):
        error = error_of(TransportTimeout, asked, Impatient([]), **limits)
        assert str(error).startswith("the proxy gave up (asked: "), error
        assert error.phase == "connect"

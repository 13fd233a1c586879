import json

from streams import ANSWER, KEY, json_reply, play

from thinwire.core._compat import BODY_LIMIT
from thinwire.core.answer import error_response as module
from thinwire.core.answer import error_response as refusal
from thinwire.core.answer.error_response import retry_after_ms, should_retry
from thinwire.core.answer.events import ContentDelta
from thinwire.core.answer.stream_events import UsageReceived
from thinwire.core.errors import (
    NO_WORDS,
    OutOfMemory,
    ReadError,
    StatusError,
    StreamError,
    ThinwireError,
)
from thinwire.testing.scripted import ScriptedReply

HTML = {"content-type": "text/html; charset=utf-8"}


def refused(reply):
    return play([reply]).error


def dumps(obj):
    return json.dumps(obj).encode()


# A body, then what the error says.
BODIES = [
    (dumps({"error": {"message": "slow down", "type": "rate"}}), "slow down"),
    (dumps({"error": "slow down"}), "slow down"),
    (dumps({"error": {"message": "slow\n\n down "}}), "slow down"),
    (dumps([{"error": {"message": "slow down"}}]), "slow down"),
    (dumps({"message": "slow down"}), "slow down"),
    (dumps({"object": "error", "message": "slow down"}), "slow down"),
    (dumps({"detail": "slow down"}), "slow down"),
    (
        dumps({"detail": [{"loc": ["body", 0], "msg": "slow "}, {"msg": "down"}]}),
        "body.0: slow; down",
    ),
    (dumps({"detail": {"why": "slow"}}), dumps({"detail": {"why": "slow"}}).decode()),
    (dumps({"errors": [{"message": "slow down", "code": 5007}]}), "slow down"),
    (dumps({"error": {"message": "slow down"}, "detail": "more"}), "slow down"),
    (dumps({"error": {"code": 7}}), dumps({"error": {"code": 7}}).decode()),
    (b'"slow"', '"slow"'),
    (b"slow   down", "slow down"),
    (b"<html>\n<h1>slow", "slow"),
    (b'{"error": {"mess', '{"error": {"mess'),
    (b"\xff\xfe slow", "\ufffd\ufffd slow"),
    (b"", "the response has no body"),
]


def test_an_error_says_the_servers_words_whatever_the_body():
    for body, want in BODIES:
        for pieces in ([body], [body[i : i + 1] for i in range(len(body))]):
            error = refused(ScriptedReply(pieces, 429, HTML))
            assert isinstance(error, StatusError), error
            assert str(error) == "status 429: " + want, error


# Bodies of servers, then message, code and kind of the error: OpenAI, Azure, vLLM, llama.cpp,
# Ollama, Anthropic, Gemini, and FastAPI below Xinference.
SERVERS = [
    (
        429,
        {
            "error": {
                "message": "You exceeded your current quota",
                "type": "insufficient_quota",
                "param": None,
                "code": "insufficient_quota",
            }
        },
        "You exceeded your current quota",
        "insufficient_quota",
        "quota",
    ),
    (
        400,
        {
            "error": {
                "message": "The response was filtered",
                "type": None,
                "param": "prompt",
                "code": "content_filter",
                "status": 400,
                "innererror": {"code": "ResponsibleAIPolicyViolation"},
            }
        },
        "The response was filtered",
        "content_filter",
        "content_filter",
    ),
    (
        400,
        {
            "object": "error",
            "message": "This model's maximum context length is 6048 tokens.",
            "type": "BadRequestError",
            "param": None,
            "code": 400,
        },
        "This model's maximum context length is 6048 tokens.",
        "BadRequestError",
        "context_length",
    ),
    (
        400,
        {
            "error": {
                "code": 400,
                "message": "request (4390 tokens) exceeds the available context size",
                "type": "exceed_context_size_error",
                "n_ctx": 4096,
            }
        },
        "request (4390 tokens) exceeds the available context size",
        "exceed_context_size_error",
        "context_length",
    ),
    (404, {"error": "model 'x' not found"}, "model 'x' not found", "", "model_not_found"),
    (
        529,
        {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}},
        "Overloaded",
        "overloaded_error",
        "overloaded",
    ),
    (
        400,
        [{"error": {"code": 400, "message": "API key not valid.", "status": "INVALID"}}],
        "API key not valid.",
        None,
        "auth",
    ),
    (
        500,
        {"detail": "The decoder prompt is longer than the maximum model length of 65536."},
        "The decoder prompt is longer than the maximum model length of 65536.",
        "",
        "context_length",
    ),
]


def test_errors_of_many_servers():
    for status, body, message, code, kind in SERVERS:
        error = refused(json_reply(body, status))
        assert str(error).startswith("status %d: %s" % (status, message)), error
        assert code is None or error.code == code, (message, error.code)
        assert error.kind == kind, (message, error.kind)


def test_code_and_snippet_are_kept():
    body = dumps({"error": {"message": "m", "code": "c", "type": "t"}})
    error = refused(ScriptedReply([body], 400))
    assert (error.status, error.code, error.body_snippet) == (400, "c", body.decode())


def test_a_snippet_is_short():
    error = refused(ScriptedReply([b"x" * 1000], 500))
    assert error.body_snippet == "x" * 197 + "...", error.body_snippet


def test_of_a_huge_body_only_the_start_is_read():
    reply = ScriptedReply([b"y" * 1000] * (BODY_LIMIT // 1000 + 10) + [ReadError("too far")], 500)
    error = refused(reply)
    assert error.body_snippet.startswith("yyy"), error


def test_a_body_that_breaks_off_shows_what_came():
    error = refused(ScriptedReply([b"slow", ReadError("cut")], 503))
    assert str(error) == "status 503: slow"


def test_a_body_that_stalls_shows_what_came():
    error = refused(ScriptedReply([b"slow", 10**7, b"er"], 503))
    assert str(error) == "status 503: slow"


# Headers, then the wait in the error.
WAITS = [
    ({}, None),
    ({"retry-after": "2"}, 2000),
    ({"retry-after-ms": "150", "retry-after": "2"}, 150),
    (
        {"retry-after": "Wed, 21 Oct 2026 07:28:00 GMT", "date": "Wed, 21 Oct 2026 07:27:30 GMT"},
        30000,
    ),
    ({"retry-after": "soon"}, None),
]


def test_the_wait_the_server_asks_for():
    for headers, want in WAITS:
        got = refused(json_reply({}, 429, headers)).retry_after_ms
        assert got == want, (headers, got)


def test_what_the_server_says_about_trying_again():
    for value, want in (("true", True), ("false", False), ("maybe", None)):
        for status in (400, 503):
            error = refused(json_reply({"error": "no"}, status, {"x-should-retry": value}))
            assert error.should_retry is want, (value, status)
    assert refused(json_reply({"error": "no"}, 400)).should_retry is None


STATUSES = (301, 400, 401, 402, 403, 404, 408, 413, 422, 429, 500, 502, 529)


def test_no_other_than_a_success_is_an_answer():
    for status in STATUSES:
        error = refused(json_reply({"choices": []}, status))
        assert isinstance(error, StatusError), error
        assert error.status == status


# Of NestJS, of a queue, of who thinks of partial content (docs/wire.md C112).
SUCCESSES = (200, 201, 202, 203, 206, 226)


def test_each_success_may_be_an_answer_whatever_its_content_type():
    body = dumps({"choices": [{"message": {"content": "Hello"}, "finish_reason": "stop"}]})
    for status in SUCCESSES:
        for headers in (HTML, {}, {"content-type": "application/json"}):
            for piece in (ANSWER, body):
                got = play([ScriptedReply([piece], status, headers)])
                assert got.error is None, (status, headers, got.error)
                assert got.completion.content == "Hello"
                assert got.completion.attempts[0].status == status


def test_a_success_without_an_answer_is_an_error():
    for status in (201, 202, 204):
        error = refused(ScriptedReply([], status, {}))
        assert isinstance(error, StreamError), error
        assert str(error) == "the answer is empty (content-type none)", error
        error = refused(json_reply({"error": {"message": "boom"}}, status))
        assert isinstance(error, StatusError), error
        error = refused(json_reply({"id": "job-1"}, status))
        assert str(error) == 'the answer has no choice: {"id": "job-1"}', error


def test_a_page_of_a_proxy_is_not_an_answer():
    for status in SUCCESSES:
        error = refused(ScriptedReply([b"\n<html>", b"Log in"], status, HTML))
        assert isinstance(error, StreamError), error
        want = "the answer is text/html; charset=utf-8, not a stream: Log in"
        assert str(error) == want, error
    error = refused(ScriptedReply([b"<html>Log in"], 200, {}))
    assert str(error) == "the answer is a page, not a stream: Log in", error


# What claims to be JSON, then what the error says.
NO_ANSWERS = [
    (b"", "the answer is empty (content-type application/json)"),
    (b"data: x\n\n", "an event is not JSON: x"),
    (b"Hello", "the answer is no stream of chunks (content-type application/json): Hello"),
    (b'{"choices": [{}]', 'the answer is not JSON: {"choices": [{}]'),
    (b"[1, 2]", "the answer is not a JSON object: [1, 2]"),
    (b"null", "the answer is no stream of chunks (content-type application/json): null"),
    (b"{}", "the answer has no choice: {}"),
    (b'{"detail": "x"}', 'the answer has no choice: {"detail": "x"}'),
    (b'{"choices": []}', 'the answer has no choice: {"choices": []}'),
    (b'{"error": {"message": "boom"}}', "boom"),
    (b'[{"error": {"message": "boom"}}]', "boom"),
    (b'{"error": {"message": "boom", "code": 503}}', "status 503: boom"),
]


def test_json_that_is_no_answer():
    for body, want in NO_ANSWERS:
        error = refused(json_reply(body))
        assert str(error) == want, (body, error)
        assert error.retryable, body


def test_a_cut_json_answer_is_an_error():
    error = refused(ScriptedReply([b"{", ReadError("cut")], 200, {"content-type": "text/json"}))
    assert str(error) == "cut"


def message(words, finish_reason="stop"):
    choice = {"index": 0, "message": {"content": words}, "finish_reason": finish_reason}
    return {"id": "1", "choices": [choice], "usage": {"total_tokens": 2}}


def test_an_answer_in_one_piece_of_json():
    body = dumps(message("Hello"))
    headers = {"content-type": "Application/JSON"}
    for pieces in ([body], [body[i : i + 1] for i in range(len(body))], [50, body]):
        got = play([ScriptedReply(pieces, 200, headers)])
        assert got.error is None, got.error
        assert got.events == [ContentDelta("Hello"), UsageReceived({"total_tokens": 2})]
        done = got.last.completion
        assert (done.content, done.end, done.complete) == ("Hello", "finish", True)
        assert done.received_bytes == len(body), done.received_bytes
        assert done.timings.ttft_ms == done.timings.total_ms


# Content and finish_reason of a JSON answer, then its end; None: it is an error.
ENDS = [("a", "stop", "finish"), ("a", None, "done"), ("", "stop", "finish"), ("", None, None)]


def test_how_a_json_answer_ends():
    for words, reason, want in ENDS:
        got = play([json_reply(message(words, reason))])
        assert (got.last and got.last.completion.end) == want, (words, reason)


def test_streams_come_under_many_names():
    for headers in (
        {},
        {"content-type": ""},
        {"content-type": "text/event-stream; charset=utf-8"},
        {"content-type": "application/json, text/event-stream"},
        {"content-type": "application/octet-stream"},
        {"content-type": "text/plain"},
    ):
        reply = ScriptedReply([b"data: " + dumps(message("Hi")) + b"\n\n"], 200, headers)
        got = play([reply])
        assert got.last.completion.content == "Hi", headers


def test_a_key_that_the_server_repeats_is_hidden():
    for body in (dumps({"error": {"message": "bad " + KEY}}), b"bad " + KEY.encode()):
        for status in (200, 401, 500):
            error = refused(json_reply(body, status))
            for words in (str(error), repr(error), getattr(error, "body_snippet", "")):
                assert KEY not in words, words


def test_a_json_answer_has_a_limit():
    limit, refusal.EVENT_LIMIT = refusal.EVENT_LIMIT, 100
    try:
        error = refused(json_reply(dumps(message("x" * 2000))))
    finally:
        refusal.EVENT_LIMIT = limit
    assert isinstance(error, StreamError), error
    assert str(error) == "the answer is larger than 100 bytes", error


PLAIN = ({"content-type": "text/plain"}, {}, {"content-type": "application/octet-stream"})


def test_a_stream_is_taken_whatever_its_content_type():
    for headers in PLAIN:
        for pieces in ([ANSWER], [ANSWER[i : i + 1] for i in range(len(ANSWER))]):
            played = play([ScriptedReply(pieces, 200, headers)])
            assert played.error is None
            assert played.completion.content == "Hello"


def test_a_document_is_taken_whatever_its_content_type():
    body = dumps({"choices": [{"message": {"content": "Hello"}, "finish_reason": "stop"}]})
    for headers in PLAIN:
        for pieces in ([b" \n" + body], [body[i : i + 1] for i in range(len(body))]):
            played = play([ScriptedReply(pieces, 200, headers)])
            assert played.error is None, played.error
            assert played.completion.content == "Hello"
            assert played.completion.received_bytes == sum([len(piece) for piece in pieces])


def test_an_error_document_is_an_error_whatever_its_content_type():
    for headers in PLAIN:
        error = refused(
            ScriptedReply([dumps({"error": {"message": "no", "code": 402}})], 200, headers)
        )
        assert isinstance(error, StatusError), error
        assert error.status == 402


def test_what_is_no_stream_is_shown():
    for headers in PLAIN:
        kind = headers.get("content-type", "none")
        error = refused(ScriptedReply([b"Service\n", b"unavailable" * 200], 200, headers))
        assert isinstance(error, StreamError), error
        start = "the answer is no stream of chunks (content-type %s): Service unavailable" % kind
        assert str(error).startswith(start), error
        assert len(str(error)) < len(start) + 200


def test_an_empty_answer_says_so():
    for headers in (PLAIN[0], PLAIN[1], {"content-type": "text/event-stream"}):
        kind = headers.get("content-type", "none")
        error = refused(ScriptedReply([], 200, headers))
        assert str(error) == "the answer is empty (content-type %s)" % kind, error


# Where a redirection points, then what of it is told.
TARGETS = [
    ("https://evil.example/steal?key=1", "https://evil.example;"),
    ("https://user:pw@evil.example:8443?x#y", "https://evil.example:8443;"),
    ("//evil.example/steal?key=1", "//evil.example;"),
    ("//user:pw@evil.example:8443?x", "//evil.example:8443;"),
    ("\\\\evil.example/secret", "//evil.example;"),
    ("/login?next=secret", "another path of the same server;"),
    ("/login?next=https://secret/", "another path of the same server;"),
    ("login//secret", "another path of the same server;"),
    ("///secret", "another path of the same server;"),
    (None, "another path of the same server;"),
]


def test_a_redirection_tells_the_origin_only():
    for target, want in TARGETS:
        headers = {} if target is None else {"location": target}
        for status in (301, 302, 303, 307, 308):
            error = refused(ScriptedReply([b"<a href=secret>"], status, headers))
            assert (error.status, error.kind, error.body_snippet) == (status, "redirect", "")
            assert "redirected to " + want in str(error), error
            for secret in ("key=1", "pw", "secret"):
                assert secret not in str(error)


def test_the_bytes_say_more_than_a_wrong_content_type():
    body = dumps({"choices": [{"message": {"content": "Hello"}, "finish_reason": "stop"}]})
    for kind, data in (("application/json", ANSWER), ("text/event-stream", body)):
        for pieces in ([data], [data[i : i + 1] for i in range(len(data))]):
            played = play([ScriptedReply(pieces, 200, {"content-type": kind})])
            assert played.error is None, played.error
            assert played.completion.content == "Hello"


def test_an_error_body_that_cannot_be_read_says_why():
    error = refused(ScriptedReply([ReadError("compressed unasked")], 429))
    assert str(error) == "status 429: compressed unasked"


class Full(bytearray):
    def extend(self, data):
        raise MemoryError


def test_a_heap_without_room_for_a_document_is_nothing_of_the_servers():
    body = dumps({"choices": [{"message": {"content": "Hello"}, "finish_reason": "stop"}]})
    refusal.bytearray = lambda value=0: Full() if isinstance(value, bytes) else bytearray(value)
    try:
        error = refused(ScriptedReply([body[:20], body[20:]], 200, PLAIN[0]))
    finally:
        del refusal.bytearray
    assert isinstance(error, OutOfMemory), error


def test_a_heap_without_room_for_an_error_body_leaves_its_status():
    refusal.bytearray = lambda value=0: bytearray(value) if value else Full()
    try:
        error = refused(ScriptedReply([b"busy"], 503))
    finally:
        del refusal.bytearray
    assert (type(error), str(error)) == (StatusError, "status 503: " + NO_WORDS)


DATE = "Wed, 21 Oct 2026 07:28:00 GMT"
SECONDS = 1792567680  # the same, since 1970
LONGEST = 1000000000


class Head:
    # As much of a response as has to do with headers.
    def __init__(self, headers):
        self.headers = headers

    def header(self, name):
        return self.headers.get(name)


def wait(now=0, **headers):
    # `now` is the clock here, 0 when it is not set. Underscores stand for the dashes of names.
    real, module.unix_time = module.unix_time, lambda: now
    try:
        return retry_after_ms(Head({name.replace("_", "-"): headers[name] for name in headers}))
    finally:
        module.unix_time = real


# A value, what it means in retry-after and in retry-after-ms.
NUMBERS = [
    ("", None, None),
    ("0", 0, 0),
    ("5", 5000, 5),
    (" 5 ", 5000, 5),
    ("\t5", 5000, 5),
    ("007", 7000, 7),
    ("0.5", 500, 0),
    ("1.5", 1500, 1),
    ("1.", 1000, 1),
    ("0.0001", 0, 0),
    ("1.23456789", 1234, 1),
    ("86400", 86400000, 86400),
    ("16777217", LONGEST, 16777217),  # more digits than a chip's float has
    ("1000000", LONGEST, 1000000),
    ("1000001", LONGEST, 1000001),
    ("1000000001", LONGEST, LONGEST),
    ("9" * 10, LONGEST, LONGEST),
    ("9" * 11, LONGEST, LONGEST),
    ("9" * 5000, LONGEST, LONGEST),
    ("-1", None, None),
    ("+5", None, None),
    ("-0", None, None),
    (".5", None, None),
    ("1.5.2", None, None),
    ("1.x", None, None),
    ("1e3", None, None),
    ("0x10", None, None),
    ("1_000", None, None),
    ("nan", None, None),
    ("inf", None, None),
    ("-inf", None, None),
    ("soon", None, None),
    ("5 s", None, None),
    ("5, 10", None, None),
    ("\xb2", None, None),
    ("\u0665", None, None),
]


def test_numbers():
    for value, seconds, milliseconds in NUMBERS:
        got = wait(retry_after=value)
        assert got == seconds, (value, got)
        got = wait(retry_after_ms=value)
        assert got == milliseconds, (value, got)


BOTH = [
    ({}, None),
    ({"retry_after": "2", "retry_after_ms": "150"}, 150),
    ({"retry_after": "2", "retry_after_ms": "0"}, 0),
    ({"retry_after": "2", "retry_after_ms": "soon"}, 2000),
    ({"retry_after": "soon", "retry_after_ms": "-3"}, None),
    ({"retry_after": DATE, "retry_after_ms": "150"}, 150),
    ({"retry_after_ms": DATE}, None),
]


def test_milliseconds_come_first():
    for headers, want in BOTH:
        got = wait(**headers)
        assert got == want, (headers, got)


# The server's own date, the clock here, then the wait until DATE.
CLOCKS = [
    ("Wed, 21 Oct 2026 07:27:30 GMT", 0, 30000),
    ("Wed, 21 Oct 2026 07:27:30 GMT", SECONDS + 5000, 30000),
    ("Wednesday, 21-Oct-26 07:27:30 GMT", 0, 30000),
    ("Wed Oct 21 07:27:30 2026", 0, 30000),
    (DATE, 0, 0),
    ("Wed, 21 Oct 2026 08:28:00 GMT", 0, 0),
    ("Sun, 06 Nov 1994 08:49:37 GMT", 0, LONGEST),
    (None, SECONDS - 20, 20000),
    (None, SECONDS, 0),
    (None, SECONDS + 1, 0),
    (None, 0, None),
    ("yesterday", SECONDS - 20, 20000),
    ("yesterday", 0, None),
]


def test_a_date_counts_from_the_servers_clock_else_from_ours():
    for date, now, want in CLOCKS:
        headers = {"retry_after": DATE}
        if date is not None:
            headers["date"] = date
        got = wait(now, **headers)
        assert got == want, (date, now, got)


def test_the_servers_date_alone_asks_for_nothing():
    assert wait(SECONDS, date=DATE) is None


ADVICE = [
    (None, None),
    ("", None),
    ("true", True),
    ("false", False),
    ("True", True),
    (" FALSE ", False),
    ("yes", None),
    ("1", None),
    ("true, false", None),
]


def test_what_a_server_says_about_trying_again():
    for value, want in ADVICE:
        got = should_retry(Head({} if value is None else {"x-should-retry": value}))
        assert got is want, (value, got)


def test_hundreds_of_brackets_are_an_error_like_others():
    for depth in (1, 20, 700, 5000):
        for start, end in ((b"[", b"]"), (b'{"a":', b"}")):
            for field in (b'{"error":%s}', b'{"error":{"message":%s}}', b'{"detail":%s}'):
                data = field % (start * depth + b'"x"' + end * depth)
                assert refused(ScriptedReply([data], 400)).status == 400
                streamed = play([ScriptedReply([b"data: " + data + b"\n\n"])]).error
                assert isinstance(streamed, ThinwireError), streamed

"""Every fault that `thinwire.testing` can play, and what each must lead to on every transport.

What becomes of one with a retry, with a fallback, with both, is in fault_settings.py.
"""

from collections.abc import Sequence
from typing import Any

from support.fault import (
    LIMIT_S,
    SAID,
    Fault,
    behind_the_head,
    broken,
    busy,
    clock,
    filtered,
    late,
    late_clock,
    nobody,
    refusal,
    too_long,
)

from thinwire.testing import (
    DONE,
    Cut,
    Head,
    MockCompletion,
    MockReply,
    Repeat,
    Send,
    Stall,
    Wait,
    cut_reply,
    error_chunk_reply,
    json_reply,
    raw_reply,
    sse_event,
    sse_reply,
    stall_reply,
    status_reply,
    text_reply,
)

_EVENTS = (("Content-Type", "text/event-stream"),)
_PAGE = (("Content-Type", "text/html"),)
_DATE = ("Date", "Sun, 06 Nov 1994 08:49:37 GMT")
_OK = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: text/event-stream\r\n"
_GAP_MS = 20
_UPLOAD = 1536  # KiB
_CHUNKED = 256  # KiB: more than a first block, and the server reads all of it
_HUGE = 6144  # KiB: more than the kernel takes from a client when nobody reads


def _delta(**delta: object) -> bytes:
    return sse_event({"choices": [{"index": 0, "delta": delta, "finish_reason": None}]})


_ROLE = _delta(role="assistant", content="")
_PLENTY = {"error": {"message": "no", "code": 500}}


def _ends(*steps: Any) -> MockCompletion:
    # SAID, then these steps in place of an end.
    return MockCompletion([{"content": "Hello"}, {"content": " there"}], ending=steps)


def _half(status: int, *ending: Any, kind: str = "application/json") -> MockReply:
    return MockReply(status, [Send(b'{"error":{"mess'), *ending], [("Content-Type", kind)])


def _endless(data: bytes, every_ms: float = _GAP_MS, status: int = 200) -> MockReply:
    return MockReply(status, [Head(), Repeat(data, every_ms)], _EVENTS)


REFUSALS = [
    refusal(302, "redirect"),
    *(refusal(status, "bad_request") for status in (400, 422)),
    *(refusal(status, "auth") for status in (401, 403)),
    refusal(402, "quota"),
    refusal(404, "not_found"),
    refusal(404, "model_not_found", "The model `m` does not exist", code="model_not_found"),
    refusal(411, "bad_request"),
    refusal(411, "bad_request", of="wants a length", upload=_CHUNKED, free=1),
    refusal(400, "bad_request", "Request body is empty", of="empty", upload=_CHUNKED, free=1),
    behind_the_head(401, "auth"),
    behind_the_head(404, "not_found", server="tls head"),
    behind_the_head(413, "too_large", upload=60),
    behind_the_head(413, "too_large", upload=60, server="tls head"),
    behind_the_head(413, "too_large", upload=_UPLOAD),
    behind_the_head(413, "too_large", upload=_UPLOAD, server="tls head"),
    refusal(413, "too_large"),
    refusal(413, "too_large", of="during the upload", upload=_UPLOAD, server="early"),
    refusal(429, "quota", "You exceeded it", code="insufficient_quota", rescued=True),
    filtered("content filter", status_reply(400, "no", code="content_filter"), 400),
    filtered("content filter as a chunk", error_chunk_reply("no", code="content_filter"), 200),
    too_long("OpenAI", "This model's maximum context length is 8192 tokens."),
    too_long("Azure", "Your input is too big", "context_length_exceeded"),
    too_long("OpenRouter", "This endpoint's maximum context length is 131072 tokens."),
    too_long("vLLM", "The decoder prompt is longer than the maximum model length of 4096."),
    too_long("llama.cpp", "the request exceeds the available context size."),
    too_long("Ollama", "the input length exceeds the context length"),
    too_long("Anthropic", "prompt is too long: 210000 tokens > 200000 maximum"),
]


def _asked(name: str, headers: Sequence[tuple[str, str]], **more: Any) -> Fault:
    return busy(429, "rate_limit", name, headers=headers, **more)


_LONG = {"retried": False}
# A second is more than the `cap` of the settings: with a fallback nobody waits for it.
_SECOND = {"wait_ms": 1000, "impatient": True, "settings": "alone fallback retry both"}

BUSY = [
    busy(408, "timeout", impatient=True),
    busy(409, "conflict"),
    busy(425, "too_early"),
    *(busy(status, "server") for status in (500, 502, 503, 504)),
    busy(529, "overloaded"),
    busy(429, "rate_limit"),
    _asked("at once", [("Retry-After", "0")]),
    _asked("in milliseconds", [("Retry-After-Ms", "40")], wait_ms=40),
    _asked("in a second", [("Retry-After", "1")], **_SECOND),
    _asked("in an hour", [("Retry-After", "3600")], **_LONG),
    _asked("in an hour of ms", [("retry-after-ms", "3600000")], **_LONG),
    _asked("at a date", [_DATE, ("Retry-After", "Sun, 06 Nov 1994 08:49:38 GMT")], **_SECOND),
    _asked("at a late date", [_DATE, ("Retry-After", "Mon, 07 Nov 1994 08:49:38 GMT")], **_LONG),
    _asked("at a past date", [_DATE, ("Retry-After", "Sat, 05 Nov 1994 08:49:38 GMT")]),
    # No sleep that the clock of the whole call would cut short.
    _asked("too late", [("Retry-After", "20")], timeouts={"total": 10}, **_LONG),
    busy(500, "server", "never again", headers=[("x-should-retry", "false")], retried=False),
    busy(400, "bad_request", "yet again", headers=[("x-should-retry", "true")]),
]

BODIES = [
    Fault("error as a chunk", error_chunk_reply(code=503), "server", status=503),
    Fault("limit as a chunk", error_chunk_reply(code=429, done=True), "rate_limit", status=429),
    Fault("error as an event", error_chunk_reply(event="error", code=502), "server", status=502),
    Fault("words as an event", sse_reply(b"event: error\ndata: busy\n\n"), "server", status=200),
    Fault("error as a document", json_reply(_PLENTY), "server", status=500),
    Fault("page of a 502", MockReply(502, [Send(b"<p>Bad")], _PAGE), "server", status=502),
    Fault("error body cut", _half(500, Cut()), "server", status=500),
    Fault("error body endless", _endless(b"x" * 4096, 0, 500), "server", status=500),
    Fault("no error body", MockReply(503), "server", status=503),
    broken("page", MockReply(200, [Send(b"<h1>Log in</h1>")], _PAGE), "StreamError"),
    broken("empty", MockReply(200), "StreamError"),
    broken("empty stream", sse_reply(), "StreamError"),
    broken("no delta", sse_reply(_ROLE, DONE), "StreamError"),
    broken("no JSON", sse_reply(b"data: hello\n\n"), "StreamError"),
    broken("half a document", _half(200), "StreamError"),
    broken("garbage", raw_reply(b"220 mail.example ESMTP\r\n\r\n")),
    broken("half a head", raw_reply(_OK[:30])),
    broken("bad HTTP chunk", raw_reply(_OK + b"Transfer-Encoding: chunked\r\n\r\nxyz\r\n")),
    broken("cut before the head", cut_reply("before_head")),
    broken("reset before the head", cut_reply("before_head", reset=True)),
    broken("cut after the head", cut_reply("after_head")),
    broken("reset after the head", MockReply(steps=[Head(), Wait(50), Cut(reset=True)])),
    broken(
        "cut in the upload",
        cut_reply("mid_upload"),
        "ReadError|WriteError",
        upload=_UPLOAD,
        server="early",
        free=1,
    ),
]

_ERROR_STALLS: dict[str, Any] = {"status": 500, "slow": True, "timeouts": {"first_token": LIMIT_S}}

STALLS = [
    clock("silent", stall_reply("before_head")),
    clock("silent after the head", stall_reply("after_head")),
    clock("silent in a document", _half(200, Stall())),
    clock("only comments", stall_reply("comments", interval_ms=_GAP_MS)),
    clock("flood of comments", _endless(b": ping\n\n" * 99, 0), settings="alone fallback"),
    clock("only roles", _endless(_ROLE)),
    clock("only empty deltas", _endless(_delta())),
    clock("head drips", text_reply(SAID, pieces=1, gap_ms=_GAP_MS)),
    clock("event drips", _endless(b"d")),
    clock("no bytes", stall_reply("after_head"), "liveness"),
    clock("no time", stall_reply("before_head"), "total", retried=False, rescued=False),
    clock("nobody reads", stall_reply("mid_upload"), "upload", upload=_HUGE, server="early"),
    Fault("error body stalls", _half(500, Stall()), "server", **_ERROR_STALLS),
    Fault("error body drips", _endless(b"x", status=500), "server", **_ERROR_STALLS),
]

NOBODY = [
    nobody("refused", "refused"),
    nobody("no such host", "unknown"),
    clock("never connected", "full", "connect"),
    clock("connected, never heard", "mute"),
    broken("connected, then closed", "slam", "ReadError|WriteError"),
]

LATE = [
    late("cut in the middle", cut_reply("mid_stream", text=SAID), "read"),
    late("cut inside an event", cut_reply("mid_event", text=SAID), "read"),
    late("reset in the middle", _ends(Wait(50), Cut(reset=True)), "read", paced=True),
    late(
        "bad HTTP chunk in the middle",
        _ends(Wait(200), Send(b"xyz\r\n", raw=True), Stall()),
        "read",
        paced=True,
    ),
    late("error in the middle", error_chunk_reply(after=SAID, code=502), "server", status=502),
    late(
        "event in the middle", error_chunk_reply(after=SAID, event="error"), "server", status=200
    ),
    late("no JSON in the middle", _ends(Send(b"data: hello\n\n")), "stream"),
    late("no end", text_reply(SAID, finish_reason=None, usage=False, done=False), "stream"),
    late_clock("silent in the middle", _ends(Stall()), "progress"),
    late_clock("no bytes in the middle", _ends(Stall()), "liveness"),
    late_clock("comments in the middle", _ends(Repeat(b": ping\n\n", _GAP_MS)), "progress"),
    late_clock("empty deltas in the middle", _ends(Repeat(_delta(), _GAP_MS)), "progress"),
    late_clock("event drips in the middle", _ends(Repeat(b"d", _GAP_MS)), "progress"),
    late_clock("no time in the middle", _ends(Stall()), "total", retried=False, rescued=False),
]

_TLS: dict[str, Any] = {"server": "tls"}
_GOODBYE: dict[str, Any] = {"wait_ms": 1000, "settings": "alone restart unseen"}

TLS = [
    nobody("unknown CA", "unknown CA", "certificate", retried=False, **_TLS),
    nobody("wrong name", "wrong name", "certificate", retried=False, **_TLS),
    nobody("expired", "expired", "certificate", retried=False, **_TLS),
    nobody("no TLS at all", "plain", **_TLS),
    nobody("handshake cut", "slam", **_TLS),
    clock("handshake stalls", "mute", "connect", **_TLS),
    clock("handshake stalls, no time", "mute", "total", retried=False, rescued=False, **_TLS),
    broken("TLS: cut before the head", cut_reply("before_head"), **_TLS),
    clock("TLS: silent", stall_reply("before_head"), **_TLS),
    clock("TLS: only comments", stall_reply("comments", interval_ms=_GAP_MS), **_TLS),
    late("TLS: cut in the middle", _ends(Cut()), "read", **_TLS),
    # mbedTLS may not notice the goodbye (docs/micropython.md): the server hangs up a second later.
    late("TLS: goodbye in the middle", _ends(Cut(notify=True)), "read", **_GOODBYE, **_TLS),
    late_clock("TLS: silent in the middle", _ends(Stall()), "progress", **_TLS),
]

FAULTS = [*REFUSALS, *BUSY, *BODIES, *STALLS, *NOBODY, *LATE, *TLS]

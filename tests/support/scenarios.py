"""What servers do to a client, and what every transport must make of it: one table for all."""

from dataclasses import dataclass
from typing import Any

from thinwire.testing import (
    Cut,
    EndBody,
    Head,
    Interim,
    MockReply,
    Repeat,
    Send,
    Stall,
    WireOptions,
    raw_reply,
    sse_reply,
    stall_reply,
)

STALL_MS = 300  # deadline of what stalls
PATIENT_MS = 20_000  # deadline of what must not

_PIECES = (b"data: one\n\n", "data: Zürich 🚀\n\n".encode(), b"data: [DONE]\n\n")
_TEXT = b"".join(_PIECES).decode()
_LONG = "".join(f"data: {number}\n\n" for number in range(20_000))
# "close", as these end with the connection: who reads "keep-alive" into it may be surprised.
_OK = b"HTTP/1.1 200 OK\r\nConnection: close\r\n"
_CHUNKED = _OK + b"Transfer-Encoding: chunked\r\n\r\n"
_LENGTH = _OK + b"Content-Length: 20\r\n\r\n"


@dataclass(frozen=True)
class Scenario:
    """One exchange.

    Args:
        name: of the scenario.
        reply: what the mock server does; None: `place` says where nobody answers.
        body: text that must have arrived, be it before an error; of a timeout only its beginning.
        status: of the response; 0 where there is none.
        error: class of the error, "" for a clean end.
        phases: what the phase of a timeout may be.
        headers: name asked for -> value expected.
        upload: KiB of prompt.
        place: attribute of `Places` that the request goes to.
        connect_ms, head_ms, read_ms: deadlines.
    """

    name: str
    reply: MockReply | Any = None
    body: str = ""
    status: int = 200
    error: str = ""
    phases: tuple[str, ...] = ("",)
    headers: tuple[tuple[str, str | None], ...] = ()
    upload: int = 1
    place: str = "mock"
    connect_ms: int = PATIENT_MS
    head_ms: int = PATIENT_MS
    read_ms: int = PATIENT_MS


def _good(name: str, *data: bytes, **wire: Any) -> list[Scenario]:
    # The same body four ways: as it comes, in single bytes, with the head, in odd pieces.
    splits: tuple[WireOptions, ...] = ({}, {"pieces": 1}, {"joined": True}, {"pieces": (7, 1, 30)})
    make = raw_reply if data else lambda **given: sse_reply(*_PIECES, **{**given, **wire})
    return [
        Scenario(f"{name} {'-'.join(split) or 'plain'}{number}", make(*data, **split), _TEXT)
        for number, split in enumerate(splits)
    ]


def _raw_chunks(*extras: bytes) -> bytes:
    extension, trailer = extras
    chunks = [b"%X%b\r\n%b\r\n" % (len(piece), extension, piece) for piece in _PIECES]
    return _CHUNKED + b"".join(chunks) + b"0" + extension + b"\r\n" + trailer + b"\r\n"


def _bad(name: str, *steps: Any, body: str = "", status: int = 200, raw: bool = True) -> Scenario:
    framing: Any = "raw" if raw else "chunked"
    return Scenario(name, MockReply(steps=steps, framing=framing), body, status, "ReadError")


def _stall(name: str, script: Any, status: int, phases: str, body: str = "") -> Scenario:
    limit = {"read_ms": STALL_MS} if status else {"head_ms": STALL_MS}
    return Scenario(name, script, body, status, "TransportTimeout", tuple(phases.split()), **limit)


def _nowhere(name: str, place: str, error: str = "ConnectError", **more: Any) -> Scenario:
    return Scenario(name, None, "", 0, error, place=place, **more)


_RESET = Cut(reset=True)

ENDINGS = [
    *_good("chunked"),
    *_good("length", framing="length"),
    *_good("until close", framing="close"),
    *_good("extensions and trailers", _raw_chunks(b';a="b"', b"X-Sum: 1\r\n")),
    *_good("interim heads", interim=(100, 102, 103)),
    Scenario("empty chunked", MockReply(), ""),
    Scenario("empty length", MockReply(framing="length"), ""),
    Scenario("large", sse_reply(_LONG.encode(), pieces=(4093, 17)), _LONG),
    Scenario("no content", raw_reply(_OK.replace(b"200 OK", b"204 None") + b"\r\n"), "", 204),
    Scenario(
        "header names in any case",
        sse_reply(*_PIECES, headers=[("X-ReQuest-ID", "Abc"), ("RETRY-AFTER", "2")]),
        _TEXT,
        headers=(
            ("x-request-id", "Abc"),
            ("Retry-After", "2"),
            ("X-REQUEST-ID", "Abc"),
            ("x", None),
        ),
    ),
    Scenario("cookies come", sse_reply(*_PIECES, headers=[("Set-Cookie", "a=b; Path=/")]), _TEXT),
    Scenario("cookies do not go back", sse_reply(*_PIECES), _TEXT),
]

STATUSES = [
    Scenario(
        f"status {status}", MockReply(status, [Send(b"why")], framing="length"), "why", status
    )
    for status in (201, 302, 400, 401, 404, 413, 429, 500, 503, 529)
] + [
    Scenario(
        "redirect is not followed",
        MockReply(307, [Send(b"go")], [("Location", "/v1/elsewhere")], framing="length"),
        "go",
        307,
    ),
    Scenario(
        "early 413, server reads on",
        MockReply(413, [Send(b"stop")], framing="length", early=0),
        "stop",
        413,
        upload=1500,
    ),
    Scenario(
        "early 413 in the middle",
        MockReply(413, [Send(b"stop")], framing="length", early=70_000),
        "stop",
        413,
        upload=1500,
    ),
    Scenario(
        "early 413, server stops reading",
        MockReply(413, [Send(b"stop"), EndBody(), Stall()], early=70_000),
        "stop",
        413,
        upload=10_000,
    ),
    Scenario(
        "interim heads during the upload",
        MockReply(
            413, [Interim(103), Interim(100), Send(b"stop"), EndBody(), Stall()], early=70_000
        ),
        "stop",
        413,
        upload=10_000,
    ),
]

BROKEN = [
    _bad("cut before head", Cut(), status=0),
    _bad("reset before head", _RESET, status=0),
    _bad("cut inside head", Send(_OK + b"Content-Le"), Cut(), status=0),
    _bad("cut after an interim head", Interim(100), Cut(), status=0),
    _bad("cut after head", Head(), Cut(), raw=False),
    _bad("chunked, cut between chunks", Send(b"abc"), Cut(), body="abc", raw=False),
    _bad("chunked, cut inside a chunk", Send(_CHUNKED + b"5\r\nabc"), Cut(), body="abc"),
    _bad("chunked, cut inside a size", Send(_CHUNKED + b"3\r\nabc\r\n1"), Cut(), body="abc"),
    _bad("chunked, last chunk half", Send(_CHUNKED + b"3\r\nabc\r\n0\r\n"), Cut(), body="abc"),
    _bad("chunked, size is no number", Send(_CHUNKED + b"xyz\r\n"), Stall()),
    _bad("short length", Send(_LENGTH + b"only this"), Cut(), body="only this"),
    _bad("length, nothing of it", Send(_LENGTH), Cut()),
    _bad("not HTTP", Send(b"220 mail.example ESMTP\r\n\r\n"), Stall(), status=0),
    _bad("endless head", Send(_OK), Repeat(b"X: " + b"x" * 995 + b"\r\n", 0, 200), status=0),
]

STALLS = [
    _stall("silent before head", stall_reply("before_head"), 0, "head"),
    _stall("silent inside head", MockReply(steps=[Send(_OK), Stall()], framing="raw"), 0, "head"),
    _stall("silent after head", stall_reply("after_head"), 200, "read"),
    _stall("silent inside body", MockReply(steps=[Send(b"abc"), Stall()]), 200, "read", "abc"),
    _stall("comments only", stall_reply("comments", interval_ms=40), 200, "read", ": ping\n\n"),
]

NOBODY = [
    _nowhere("connection refused", "refused"),
    _nowhere("no such host", "unknown"),
    _nowhere("label of a host too long", "long"),
    _nowhere("label of a host empty", "empty"),
    _nowhere(
        "nobody accepts", "full", "TransportTimeout", phases=("connect",), connect_ms=STALL_MS
    ),
    _nowhere(
        "nobody accepts, head is due",
        "full",
        "TransportTimeout",
        phases=("connect", "head"),
        head_ms=STALL_MS,
    ),
    _nowhere(
        "nobody reads",
        "mute",
        "TransportTimeout",
        phases=("write", "head"),
        head_ms=STALL_MS,
        upload=12_000,
    ),
]

SCENARIOS = [*ENDINGS, *STATUSES, *BROKEN, *STALLS, *NOBODY]

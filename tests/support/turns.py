"""What a user sees of a call, whatever the runtime: one table for all clients.

A busy machine lets a short clock pass before what it waits for could happen. So a turn that has a
clock and comes out wrong is made again, with clocks three and nine times as long.
"""

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from support.legs import Leg, run_everywhere
from support.places import Places

from thinwire.testing import (
    MockReply,
    MockServer,
    RecordedRequest,
    Send,
    cut_reply,
    error_chunk_reply,
    json_reply,
    raw_reply,
    stall_reply,
    status_reply,
    text_reply,
    tool_reply,
)
from thinwire.testing.replies.builtin_models import UTF8_TEXT

LIMIT_S = 0.3  # clock of what stalls
_FIRST = {"first_token": LIMIT_S}
_CALLS = [("look", {"where": "Zürich", "deep": {"a": [1, None, True]}}), ("wait", {})]
_USAGE = {"prompt_tokens": 7, "completion_tokens": 2, "total_tokens": 9}


@dataclasses.dataclass(frozen=True)
class Turn:
    """One call.

    Args:
        name: of the turn.
        replies: model -> script of the mock server, or the name of a place; the first model is
            asked, the others are its fallbacks.
        want: what the outcome must hold.
        timeouts: of the client, beside patient ones.
    """

    name: str
    replies: Mapping[str, Any]
    want: Mapping[str, Any]
    timeouts: Mapping[str, float] = dataclasses.field(default_factory=dict)


def _text(name: str, script: Any, content: str | None = "Hello there", **want: Any) -> Turn:
    known = {"content": content, "complete": True, "end": "finish", "attempts": 1}
    return Turn(name, {"m": script}, {**known, **want})


def _rescued(name: str, script: Any, **timeouts: float) -> Turn:
    want = {"content": "from the backup", "deployment": "backup", "attempts": 2, "complete": True}
    return Turn(name, {"m": script, "backup": text_reply("from the backup")}, want, timeouts)


def _timeout(name: str, script: Any, phase: str, **timeouts: float) -> Turn:
    return Turn(name, {"m": script}, {"error": "TransportTimeout", "phase": phase}, timeouts)


def _late(name: str, script: Any, phase: str, **timeouts: float) -> Turn:
    want = {"cause": "TransportTimeout", "cause_phase": phase}
    return dataclasses.replace(_cut(name, script, **want), timeouts=timeouts)


def _cut(name: str, script: Any, cause: str, **want: str) -> Turn:
    # What had come is there.
    known = {"error": "StreamInterrupted", "cause": cause, "partial": "Hello there"}
    return Turn(name, {"m": script}, {**known, **want})


_MESSAGE = {"role": "assistant", "content": "All of it"}
_WHOLE = {"choices": [{"message": _MESSAGE, "finish_reason": "stop"}], "usage": _USAGE}
_HELLO = text_reply("Hello there")

_OK = b"HTTP/1.1 200 OK\r\nConnection: close\r\n"
_PAGE = _OK + b"Content-Type: text/html\r\n\r\n<h1>Log in</h1>"
_EMPTY = _OK + b"Content-Length: 0\r\n\r\n"
_MIDDLE = stall_reply("mid_stream", text="Hello there")
_SILENT = stall_reply("before_head")
_CHATTER = stall_reply("comments", text="Hello there", interval_ms=40)

_PLAIN = {"headers": [("Content-Type", "text/plain")]}
_ELSEWHERE = status_reply(302, headers=[("Location", "https://evil.example/steal?key=1")])


def _measured(status: int, words: str) -> Any:
    # A server that wants to know the length of a request before it reads it.
    def answer(request: RecordedRequest) -> Any:
        if request.framing != "content-length":
            return status_reply(status, message=words)
        assert request.header("content-length") == str(request.body_size)
        return text_reply("Hello there")(request)

    return answer


def _always(framing: str, done: bytes = b"") -> Any:
    # A finish_reason with each chunk.
    event = b'data: {"choices":[{"delta":{"content":"%s"},"finish_reason":"stop"}]}\n\n'
    chunks = event % b"Hello" + event % b" there"
    headers = (("Content-Type", "text/event-stream"),)
    return MockReply(headers=headers, framing=framing, steps=[Send(chunks + done)])


ANSWERS = [
    _text("a finish_reason with each chunk", _always("chunked")),
    _text("a finish_reason with each chunk, [DONE]", _always("close", b"data: [DONE]\n\n")),
    _text("a length wanted, 411", _measured(411, "Length Required"), attempts=1, deployment="m"),
    _text("a length wanted, 501", _measured(501, "no Transfer-Encoding here"), attempts=1),
    _text("stream as plain text", text_reply("Hello there", **_PLAIN)),
    _text("document as plain text", json_reply(_WHOLE, **_PLAIN), "All of it", usage=_USAGE),
    _text("text", text_reply("Hello there", usage=_USAGE), finish_reason="stop"),
    _text("text in single bytes", text_reply(UTF8_TEXT, pieces=1), UTF8_TEXT),
    _text("text with the head", text_reply(UTF8_TEXT, joined=True), UTF8_TEXT),
    _text("text until close", text_reply(UTF8_TEXT, framing="close"), UTF8_TEXT),
    _text("no usage", text_reply("Hello there", usage=False), usage={}),
    _text("no [DONE]", text_reply("Hello there", done=False)),
    _text("reasoning", text_reply("4", reasoning="2 + 2 is"), "4", reasoning="2 + 2 is"),
    _text("refusal", text_reply(refusal="I would rather not"), None, refusal="I would rather not"),
    _text("whole as JSON", json_reply(_WHOLE), "All of it", usage=_USAGE),
    _text("tools", tool_reply(_CALLS, fragment=3), None, tools=[list(call) for call in _CALLS]),
    _text("long", text_reply("word " * 2000), "word " * 2000),
]

RESCUES = [
    _rescued("429, then another", status_reply(429, retry_after=1)),
    _rescued("500, then another", status_reply(500)),
    _rescued("nobody listens, then another", "refused"),
    _rescued("no such host, then another", "unknown"),
    _rescued("cut before the head, then another", cut_reply("before_head")),
    _rescued("reset, then another", cut_reply("before_head", reset=True)),
    _rescued("cut after the head, then another", cut_reply("after_head")),
    _rescued("error as a chunk, then another", error_chunk_reply(code=503)),
    _rescued("silent, then another", stall_reply("before_head"), **_FIRST),
    _rescued("silent after the head, then another", stall_reply("after_head"), **_FIRST),
    _rescued("only comments, then another", stall_reply("comments", interval_ms=40), **_FIRST),
    _rescued("never connected, then another", "full", connect=LIMIT_S),
]

FAILURES = [
    Turn("401", {"m": status_reply(401)}, {"error": "StatusError", "status": 401}),
    Turn("401 is not rescued", {"m": status_reply(401), "backup": _HELLO}, {"status": 401}),
    Turn("redirected", {"m": _ELSEWHERE}, {"error": "StatusError", "status": 302}),
    Turn("page of words", {"m": raw_reply(_PAGE)}, {"error": "StreamError"}),
    Turn("empty", {"m": raw_reply(_EMPTY)}, {"error": "StreamError"}),
    Turn("nobody listens", {"m": "refused"}, {"error": "ConnectError"}),
    Turn("both fail", {"m": status_reply(500), "b": "refused"}, {"error": "AllAttemptsFailed"}),
    Turn("cut before the head", {"m": cut_reply("before_head")}, {"error": "ReadError"}),
    _timeout("never connected", "full", "connect", connect=LIMIT_S),
    _timeout("silent", _SILENT, "first_token", **_FIRST),
    _timeout("silent after the head", stall_reply("after_head"), "first_token", **_FIRST),
    _timeout("only comments", stall_reply("comments", interval_ms=40), "first_token", **_FIRST),
    _timeout("out of time", stall_reply("after_head"), "total", total=LIMIT_S),
    # Liveness does not run before the head, nor is connecting to blame when the time is over.
    _timeout("silent, no clock but one", _SILENT, "first_token", progress=LIMIT_S / 3, **_FIRST),
    _timeout("out of time to connect", "full", "total", total=LIMIT_S),
    _timeout("no bytes", stall_reply("after_head"), "liveness", liveness=LIMIT_S),
    _late("silent in the middle", _MIDDLE, "progress", progress=LIMIT_S),
    _late("no bytes in the middle", _MIDDLE, "liveness", liveness=LIMIT_S),
    _late("comments in the middle", _CHATTER, "progress", progress=LIMIT_S),
    _late("out of time in the middle", _CHATTER, "total", total=LIMIT_S),
    _cut("a finish_reason with each chunk, until close", _always("close"), "StreamError"),
    _cut("cut in the middle", cut_reply("mid_stream"), "ReadError"),
    _cut("cut inside an event", cut_reply("mid_event"), "ReadError"),
    _cut("error in the middle", error_chunk_reply(after="Hello there"), "StatusError"),
]

TURNS = [*ANSWERS, *RESCUES, *FAILURES]


_SCALES = (1, 3, 9)


def wrong(turn: Turn, outcome: Mapping[str, Any]) -> dict[str, Any]:
    """What is not as the turn wants it: name -> what was found."""
    found = {name: outcome.get(name) for name in turn.want}
    return {name: value for name, value in found.items() if value != turn.want[name]}


def run_turns(folder: Path, places: Places) -> dict[str, tuple[dict[str, Any], str]]:
    """Runs every turn on every leg.

    Returns:
        By name of the leg: outcomes by name of the turn, and what was printed besides.
    """
    done: dict[str, tuple[dict[str, Any], str]] = {}
    todo = TURNS
    with MockServer() as server:
        for scale in _SCALES:
            place = folder / f"x{scale}"
            place.mkdir()
            jobs = [_job(turn, server, places, scale) for turn in todo]
            for leg, results, output in run_everywhere("run_asks.py", jobs, place):
                _note(done, leg, results, output)
            todo = [turn for turn in todo if turn.timeouts and _again(done, turn)]
            if not todo:
                break
        assert server.errors == []
    return done


def _note(
    done: dict[str, tuple[dict[str, Any], str]],
    leg: Leg,
    results: list[dict[str, Any]],
    output: str,
) -> None:
    # What has come out well stays.
    outcomes, before = done.setdefault(leg.name, ({}, ""))
    wanted = {turn.name: turn for turn in TURNS}
    for name, outcome in _by_name(results).items():
        if name not in outcomes or wrong(wanted[name], outcomes[name]):
            outcomes[name] = outcome
    done[leg.name] = (outcomes, before + output)


def _again(done: dict[str, tuple[dict[str, Any], str]], turn: Turn) -> bool:
    found = [outcomes.get(turn.name) for outcomes, _ in done.values()]
    return any(outcome and wrong(turn, outcome) for outcome in found)


def _job(turn: Turn, server: MockServer, places: Places, scale: int) -> dict[str, Any]:
    models: dict[str, tuple[str, str]] = {}
    for model, script in turn.replies.items():
        # The public names are the same in all turns; what the server is asked for is not.
        upstream = f"{model}-{TURNS.index(turn)}-{scale}"
        if isinstance(script, str):
            host, port = places[script]
            # A key goes by http to addresses of this machine only.
            scheme = "http" if host[0].isdigit() else "https"
            models[model] = (f"{scheme}://{host}:{port}/v1", upstream)
        else:
            models[model] = (server.base_url, upstream)
            server.reply(upstream, script)
    first, *others = turn.replies
    return {
        "name": turn.name,
        "model": first,
        "models": models,
        "fallbacks": {first: others} if others else None,
        "timeouts": {name: seconds * scale for name, seconds in turn.timeouts.items()},
    }


def _by_name(results: list[dict[str, Any]]) -> dict[str, Any]:
    return {result["name"]: result for result in results}

"""A client on the board, with real sockets: chats, rescues, stalls, TLS.

The server runs on this computer. A real board reaches it over its network: put the board into
your Wi-Fi, and give this computer's address there as $MOCK_HOST.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from bridge import Mpremote
from support.certificates import Authority, authority
from support.device_calls import result_of, script

from thinwire.testing import MockServer, cut_reply, stall_reply, status_reply, text_reply
from thinwire.testing.replies.builtin_models import UTF8_TEXT

HOST = os.environ.get("MOCK_HOST", "127.0.0.1")
FAR_AWAY = bool(os.environ.get("DEVICE")) and HOST == "127.0.0.1"
WAYS = ("ask_all", "ask_all_blocking")
LIMIT_S = 0.5  # of those that stall, and of no other

pytestmark = pytest.mark.skipif(FAR_AWAY, reason="a real board needs $MOCK_HOST: see the file")


@pytest.fixture(scope="module")
def trusted() -> Authority:
    return authority()


@pytest.fixture
def server() -> Iterator[MockServer]:
    with MockServer(host=HOST) as server:
        yield server
        assert server.errors == []


@pytest.fixture
def run(mpremote: Mpremote, tmp_path: Path) -> Any:
    """Call a function of a file of tests/wire on the board."""

    def run(file: str, function: str, *arguments: Any) -> Any:
        path = tmp_path / "call.py"
        path.write_text(script(file, function, *arguments), "utf-8")
        done = mpremote("run", path)
        return result_of(done.returncode, done.stdout)

    return run


def job_for(server: MockServer, *models: str, **more: Any) -> dict[str, Any]:
    first, *others = models
    return {
        "model": first,
        "models": {model: (server.base_url, model) for model in models},
        "fallbacks": {first: others} if others else None,
        **more,
    }


# Reply of the first model and whether "echo" is its fallback; what must come of it. Each run of
# mpremote takes half a second: all go in one.
_LATE = {"error": "TransportTimeout", "phase": "first_token"}
TURNS = [
    (text_reply(UTF8_TEXT), False, {"content": UTF8_TEXT, "complete": True, "attempts": 1}),
    (text_reply("Yes", pieces=1), False, {"content": "Yes", "finish_reason": "stop"}),
    (status_reply(429), True, {"content": "Hi", "attempts": 2}),
    (cut_reply("before_head"), True, {"content": "Hi", "attempts": 2}),
    (status_reply(401), False, {"error": "StatusError", "status": 401}),
    (cut_reply("mid_stream"), False, {"error": "StreamInterrupted", "partial": "Hello there"}),
    (stall_reply("before_head"), False, _LATE),
    (stall_reply("after_head"), False, _LATE),
    (stall_reply("comments", interval_ms=40), False, _LATE),
]


@pytest.mark.parametrize("way", WAYS)
def test_calls(run: Any, server: MockServer, way: str) -> None:
    jobs = []
    for number, (reply, rescued, want) in enumerate(TURNS):
        server.reply(f"m{number}", reply)
        models = [f"m{number}", "echo"] if rescued else [f"m{number}"]
        limits = {"first_token": LIMIT_S} if want is _LATE else {}
        jobs.append(job_for(server, *models, timeouts=limits))
    for (_, _, want), outcome in zip(TURNS, run("ask.py", way, jobs), strict=True):
        assert {name: outcome.get(name) for name in want} == want, outcome
    assert {request.wait() for request in server.requests} == {"complete", "cut", "client_gone"}


def test_other_tasks_run_while_a_call_waits(run: Any, server: MockServer) -> None:
    ticks, error, needed_ms = run("tasks.py", "ticks_beside", server.base_url)
    assert error == "TransportTimeout"
    assert ticks * 60 >= needed_ms  # it asks for one each 10 ms


def test_leaving_a_stream_closes_the_socket(run: Any, server: MockServer) -> None:
    assert run("tasks.py", "left_early", server.base_url) == "Hello"
    assert server.requests[0].wait() == "client_gone"


@pytest.mark.parametrize("way", WAYS)
def test_tls(run: Any, trusted: Authority, way: str) -> None:
    with MockServer(host=HOST, ssl_context=trusted.server(HOST)) as server:
        known = [{"cadata": one.der.hex()} for one in (trusted, authority())]
        jobs = [job_for(server, "echo", options=options) for options in [*known, {}]]
        good, unknown, none = run("ask.py", way, jobs)
        assert len(server.requests) == 1
    assert good["content"] == "Hi"
    assert (unknown["error"], none["error"]) == ("ConnectError", "ConnectError")

"""Waiting on a chip: names, several addresses, deadlines at each step, and tasks beside it."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.certificates import authority
from support.device_legs import DeviceLeg, Outcome, call
from support.interpreters import Interpreter
from support.order import given_time
from support.places import Places, places
from support.raw_requests import RequestEnd

from thinwire.testing import MockServer, stall_reply, text_reply

LIMIT_MS = 300  # deadline of what stalls
GAP_MS = 250  # the longest pause of a task that wants to run each 5 ms
MEAN_MS = 60  # the mean one


@pytest.fixture
def nobody() -> Iterator[Places]:
    with places() as found:
        yield found


@pytest.fixture
def leg(micropython: Interpreter, tmp_path: Path) -> Iterator[DeviceLeg]:
    with MockServer() as server:
        server.reply("silent", stall_reply("before_head"))
        server.reply("silent later", stall_reply("mid_stream"))
        yield DeviceLeg(micropython, tmp_path, server, None, False)


@pytest.fixture(params=[False, True], ids=["asyncio", "blocking"])
def resolved(leg: DeviceLeg, request: pytest.FixtureRequest) -> Any:
    """Turns to a name: outcomes, and how often it was looked up."""

    def resolved(
        answers: list[list[Any]], *asked: dict[str, Any], delay_s: int = 0, **options: Any
    ) -> tuple[list[Outcome], int]:
        jobs = [{"model": "echo", **one} for one in asked]
        found = leg.call(
            "resolved", request.param, answers, jobs, options, delay_s, module="device_dns"
        )
        return found[0], found[1]

    return resolved


def good(leg: DeviceLeg) -> tuple[str, int]:
    return ("127.0.0.1", leg.server.port)


def test_a_name_is_looked_up_once(leg: DeviceLeg, resolved: Any) -> None:
    outcomes, asked = resolved([[good(leg)]], {}, {}, {}, keep=0)
    assert [outcome["error"] for outcome in outcomes] == [""] * 3
    assert asked == 1


def test_an_address_grows_old(leg: DeviceLeg, resolved: Any) -> None:
    _, asked = resolved([[good(leg)]], {}, {}, {"later_s": 61}, keep=0, names_s=60)
    assert asked == 2


def test_refresh_forgets_it(leg: DeviceLeg, resolved: Any) -> None:
    outcomes, asked = resolved([[good(leg)]], {"refresh": 1}, {}, keep=0)
    assert [outcome["error"] for outcome in outcomes] == ["", ""]
    assert asked == 2


def test_all_addresses_are_tried(leg: DeviceLeg, resolved: Any, nobody: Places) -> None:
    (outcome,), asked = resolved([[nobody["refused"], good(leg)]], {})
    assert (outcome["error"], asked) == ("", 1)


def test_an_address_that_swallows_everything_leaves_time_for_the_next(
    leg: DeviceLeg, resolved: Any, nobody: Places
) -> None:
    def attempt(scale: int) -> None:
        (outcome,), _ = resolved([[nobody["full"], good(leg)]], {"connect_ms": 1000 * scale})
        assert outcome["error"] == ""

    given_time(attempt)


@contextlib.contextmanager
def once() -> Iterator[tuple[str, int]]:
    """Address of a server that answers one request; then nobody listens there any more."""
    place = socket.create_server(("127.0.0.1", 0))
    place.settimeout(20)
    address: tuple[str, int] = place.getsockname()

    def serve() -> None:
        connection, _ = place.accept()
        place.close()
        with connection:
            end = RequestEnd()
            while not end.add(connection.recv(65536)):
                pass
            connection.sendall(b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n")

    server = threading.Thread(target=serve)
    server.start()
    yield address
    server.join()
    place.close()


def test_a_server_that_has_moved_is_looked_up_anew(leg: DeviceLeg, resolved: Any) -> None:
    with once() as before:
        outcomes, asked = resolved([[before], [good(leg)]], {}, {}, {}, keep=0)
    assert [outcome["error"] for outcome in outcomes] == [""] * 3
    assert asked == 2


def test_a_name_that_still_means_nobody_is_looked_up_each_time(
    leg: DeviceLeg, resolved: Any, nobody: Places
) -> None:
    outcomes, asked = resolved([[nobody["refused"]], [good(leg)]], {}, {}, keep=0)
    assert [outcome["error"] for outcome in outcomes] == ["ConnectError", ""]
    assert asked == 2


def test_a_slow_lookup_is_not_taken_from_the_connect_deadline(
    leg: DeviceLeg, resolved: Any
) -> None:
    turn = {"connect_ms": 20_000, "head_ms": 60_000}
    (outcome,), _ = resolved([[good(leg)]], turn, delay_s=40)
    assert outcome["error"] == ""


def test_a_slow_lookup_is_taken_from_the_head_deadline(leg: DeviceLeg, resolved: Any) -> None:
    turn = {"head_ms": 20_000, "model": "silent"}
    (outcome,), _ = resolved([[good(leg)]], turn, delay_s=40)
    assert outcome["error"] == "TransportTimeout"


def test_a_name_without_addresses(leg: DeviceLeg, resolved: Any) -> None:
    (outcome,), _ = resolved([[]], {})
    assert outcome["error"] == "ConnectError"


def test_ipv6(micropython: Interpreter, tmp_path: Path) -> None:
    if not socket.has_ipv6:
        pytest.skip("this machine has no IPv6")
    try:
        server = MockServer(host="::1").start()
    except OSError:
        pytest.skip("this machine has no IPv6 address")
    try:
        place, turn = ("http", "::1", server.port), {"model": "echo"}
        (outcome,) = call(
            micropython, tmp_path, "device_turns", "turns", True, [place], [turn], {}
        )
    finally:
        server.stop()
    assert outcome["error"] == ""


STALLS = [
    ("http", "full", {"connect_ms": LIMIT_MS}, "connect"),
    ("http", "mute", {"head_ms": LIMIT_MS, "upload": 12_000_000}, "write"),
    ("http", "mute", {"head_ms": LIMIT_MS}, "head"),
    ("https", "mute", {"connect_ms": LIMIT_MS}, "connect"),
    ("http", "mock", {"model": "silent", "head_ms": LIMIT_MS}, "head"),
    ("http", "mock", {"model": "silent later", "read_ms": LIMIT_MS}, "read"),
]


@pytest.mark.parametrize(
    ("scheme", "place", "turn", "phase"), STALLS, ids=[f"{s[0]}-{s[1]}-{s[3]}" for s in STALLS]
)
def test_other_tasks_run_while_one_waits_for_its_deadline(
    leg: DeviceLeg, nobody: Places, scheme: str, place: str, turn: dict[str, Any], phase: str
) -> None:
    host, port = {**nobody, "mock": good(leg)}[place]
    asked = {"model": "echo", **turn}
    options = {"verify": False} if scheme == "https" else {}
    ticks, gap, took, outcome = leg.call("beside", [(scheme, host, port)], asked, options)
    assert (outcome["error"], outcome["phase"]) == ("TransportTimeout", phase)
    assert ticks * MEAN_MS >= took
    assert gap < GAP_MS


def test_other_tasks_run_while_much_is_sent_and_received(
    micropython: Interpreter, tmp_path: Path
) -> None:
    # Neither side ever makes the other wait: whoever does not breathe holds the loop all along.
    trusted = authority()
    with MockServer(ssl_context=trusted.server("127.0.0.1")) as server:
        server.reply("long", text_reply("word " * 3000))
        leg = DeviceLeg(micropython, tmp_path, server, trusted, False)
        turn = {"model": "long", "upload": 300_000}
        ticks, gap, took, outcome = leg.call("beside", [leg.place], turn, leg.trusting({}))
    assert outcome["error"] == ""
    assert ticks * MEAN_MS >= took
    assert gap < GAP_MS

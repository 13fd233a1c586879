"""Chats of real firmware on an emulated RP2040: frozen thinwire, lwIP's sockets, mbedTLS."""

import hashlib
import os
import sys
from typing import Any

import pytest
from emulator.chip import ADDRESS, NAME, SCRIPTS, Chip, emulated
from support.certificates import Authority, authority
from support.places import places

from thinwire.testing import MockServer, stall_reply, status_reply, text_reply, tool_reply

pytestmark = emulated
pytest_plugins = ["emulator.fixtures"]

HEAP = SCRIPTS / "heap.py"
STREAMING = SCRIPTS / "streaming.py"
COUNT = "".join(f"t{number} " for number in range(50))
ENOUGH = 110_000  # bytes of heap that a verified stream leaves to the program around it
# The answer is more than all of the chip's memory, 264 KB, and the prompt a megabyte.
FULL = bool(os.environ.get("THINWIRE_FULL"))
# The chip has 264 KB of RAM.
PROMPT = 2**20  # bytes
TOKENS = 4000 if FULL else 1270  # each comes in an event of 220 bytes


def plain(server: MockServer) -> str:
    return server.base_url.replace("127.0.0.1", ADDRESS)


def named(server: MockServer, name: str = NAME) -> str:
    return server.base_url.replace("127.0.0.1", name)


def job(base_url: str, *models: str, **more: Any) -> dict[str, Any]:
    """For ask() of tests/wire/ask.py: the first model, with the others as its fallbacks."""
    first, *others = models
    patient = {"connect": 30, "first_token": 30}
    return {
        "model": first,
        "models": {model: (base_url, model) for model in models},
        "fallbacks": {first: others} if others else None,
        **more,
        "timeouts": {**patient, **more.get("timeouts", {})},
    }


def test_thinwire_is_frozen_and_leaves_a_heap(chip: Chip) -> None:
    found = chip.call(HEAP, "report")
    # A file of the flash would have a path that starts with a slash, or with lib.
    assert found["file"] == "thinwire/__init__.py"
    print(f"free: {found}", file=sys.stderr)
    assert found["client"] > ENOUGH + 30_000


def test_a_stream_over_plain_tcp(chip: Chip, plain_server: MockServer) -> None:
    got = chip.call(STREAMING, "watched", plain(plain_server), "tokens-50", "Grüße 🚀")
    (request,) = plain_server.requests
    assert request.json()["messages"] == [{"role": "user", "content": "Grüße 🚀"}]
    assert (got["content"], got["end"], got["pieces"]) == (COUNT, "finish", 50)


def test_a_stream_over_verified_tls(
    chip: Chip, tls_server: MockServer, trusted: Authority
) -> None:
    url, ca = named(tls_server), trusted.der.hex()
    got = chip.call(STREAMING, "watched", url, "tokens-50", "hi", ca)
    assert (got["content"], got["end"]) == (COUNT, "finish")
    assert tls_server.requests[0].header("authorization") == "Bearer k"
    print(f"free heap during the stream: {got['free']}", file=sys.stderr)
    assert got["free"] > ENOUGH


def test_a_server_that_is_not_the_right_one_sees_no_request(
    chip: Chip, tls_server: MockServer, trusted: Authority
) -> None:
    known, other = ({"cadata": one.der.hex()} for one in (trusted, authority()))
    jobs = [
        job(named(tls_server), "echo", options=other),
        job(named(tls_server, "other.example"), "echo", options=known),
        job(named(tls_server), "echo"),
    ]
    outcomes = chip.call("ask.py", "ask_all", jobs)
    assert [one["error"] for one in outcomes] == ["ConnectError"] * 3, outcomes
    assert tls_server.requests == []
    # The same server answers whoever trusts it: it is not the line that failed.
    (good,) = chip.call("ask.py", "ask_all", [job(named(tls_server), "echo", options=known)])
    assert good["content"] == "Hi"


@pytest.mark.heavy
def test_a_failing_server_is_replaced_by_a_healthy_one(
    chip: Chip, plain_server: MockServer
) -> None:
    plain_server.reply("busy", status_reply(503))
    jobs = [job(plain(plain_server), "busy", "echo")]
    with places() as nowhere:
        jobs.append(job(plain(plain_server), "gone", "echo"))
        jobs[1]["models"]["gone"] = (f"http://{ADDRESS}:{nowhere['refused'][1]}/v1", "gone")
        outcomes = chip.call("ask.py", "ask_all", jobs)
    assert [(one["content"], one["deployment"]) for one in outcomes] == [("Hi", "echo")] * 2
    assert plain_server.requests[0].model == "busy"


@pytest.mark.parametrize(
    ("dialect", "path"),
    [
        ("openai", "/v1/chat/completions"),
        pytest.param("responses", "/v1/responses", marks=pytest.mark.heavy),
        pytest.param("anthropic", "/v1/messages", marks=pytest.mark.heavy),
    ],
)
def test_a_chat_over_each_dialect(
    chip: Chip, plain_server: MockServer, dialect: str, path: str
) -> None:
    plain_server.reply("caller", tool_reply([("look", {"place": "hill"})]))
    speaks = {"dialect": dialect}
    jobs = [job(plain(plain_server), model) for model in ("echo", "caller")]
    for one in jobs:
        one["models"] = {name: (*place, speaks) for name, place in one["models"].items()}
    spoken, called = chip.call("ask.py", "ask_all", jobs)
    assert (spoken["content"], spoken["end"]) == ("Hi", "finish"), spoken
    assert called["tools"] == [["look", {"place": "hill"}]], called
    assert [request.path for request in plain_server.requests] == [path] * 2
    assert plain_server.errors == []


STALLS = [stall_reply(place) for place in ("before_head", "after_head")]


def test_a_server_that_stalls_ends_in_time(chip: Chip, plain_server: MockServer) -> None:
    plain_server.reply("stall", *STALLS)
    late = {"connect": 2, "first_token": 2}
    with places() as nowhere:
        silent = [f"{scheme}://{ADDRESS}:{nowhere['mute'][1]}/v1" for scheme in ("http", "https")]
        urls = [*[plain(plain_server)] * len(STALLS), *silent]
        insecure = {"verify": False}
        jobs = [job(url, "stall", timeouts=late, options=insecure) for url in urls]
        outcomes, took_ms = chip.call("ask.py", "ask_all_timed", jobs)
    assert [one["error"] for one in outcomes] == ["TransportTimeout"] * len(urls), outcomes
    assert took_ms < len(urls) * 2000 + 10_000


@pytest.mark.heavy
def test_a_prompt_larger_than_the_chip_goes_out_as_it_is_made(
    chip: Chip, plain_server: MockServer
) -> None:
    line = '%010d Grüße, 世界 "quoted" \\ \t 🚀 abcdefghijklmnopqrstuvwxyz\n'
    count = PROMPT // len((line % 0).encode()) + 1
    plain_server.reply("short", text_reply("ok"))
    got = chip.call(STREAMING, "large_prompt", plain(plain_server), count, timeout=900)
    assert got["content"] == "ok"
    sent = hashlib.sha256()
    for number in range(count):
        sent.update((line % number).encode())
    (request,) = plain_server.requests
    content = request.json()["messages"][0]["content"].encode()
    assert len(content) >= PROMPT
    assert hashlib.sha256(content).hexdigest() == sent.hexdigest()


@pytest.mark.heavy
def test_an_answer_larger_than_the_chip(chip: Chip, plain_server: MockServer) -> None:
    got = chip.call(STREAMING, "long_answer", plain(plain_server), TOKENS, timeout=900)
    text = "".join(f"t{number} " for number in range(TOKENS))
    assert (got["size"], got["last"], got["end"]) == (len(text), text[-12:], "finish")


@pytest.mark.heavy
def test_three_turns_on_one_connection(
    chip: Chip, tls_server: MockServer, trusted: Authority
) -> None:
    said = ["one", "two", "three"]
    got = chip.call(STREAMING, "turns", named(tls_server), said, trusted.der.hex())
    assert got == ["one", "one", "two", "two", "three", "three"]
    assert [len(one.json()["messages"]) for one in tls_server.requests] == [1, 3, 5]
    assert {one.connection_id for one in tls_server.requests} == {1}


@pytest.mark.heavy
def test_again_after_a_soft_reset(chip: Chip, plain_server: MockServer) -> None:
    for _ in range(2):
        chip.board.soft_reset()
        (got,) = chip.call("ask.py", "ask_all", [job(plain(plain_server), "echo")])
        assert got["content"] == "Hi"

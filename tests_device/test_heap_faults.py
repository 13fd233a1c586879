"""A full heap hides no failure: on the chip-like MicroPython each allocation of a call fails, one
call after the other, and the caller gets what the call was bound to end with, or OutOfMemory where
there was no failure yet, or no room for the object that would tell it; MemoryError only where no
code of thinwire's was running. The client is as good as before, and nothing is lost: no
connection, no buffer.

`make test` takes a sample, `make test-all` (THINWIRE_FULL) each allocation; THINWIRE_HEAP_SEED
chooses which ones the sample holds. With `-s` each case says what its callers saw.
"""

import json
import os
import ssl
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

import pytest
from emulator.chip import emulated
from firmware import chiplike
from support.certificates import authority
from support.device_calls import script
from support.interpreters import Interpreter, run_micropython

from thinwire.testing import (
    MockReply,
    MockServer,
    Script,
    Send,
    cut_reply,
    error_chunk_reply,
    json_reply,
    sse_reply,
    stall_reply,
    status_reply,
    text_reply,
    tool_reply,
)

FULL = bool(os.environ.get("THINWIRE_FULL"))
SEED = int(os.environ.get("THINWIRE_HEAP_SEED", "1"))
STEP = 1 if FULL else 47
ALWAYS = 10**6  # allocations in a row that fail
HEAP = "400k"
LONGEST_S = 900

KEY = "sk-never-to-be-seen"
TEXT = "Hello there, all of you."
BEGUN = "Hello there"
# Allocations while an error object, which no smaller one can stand for, is being made.
MAKING = 16
# What differs between two calls without a fault, in bytes.
NOISE = 600

REPLIES: dict[str, Script] = {
    "good": text_reply(TEXT),
    "fallback": text_reply(TEXT),
    "500": status_reply(500, "boom"),
    "401": status_reply(401, f"Incorrect API key provided: {KEY}"),
    "503": status_reply(503, "busy", retry_after=1),
    "busy": status_reply(503, "busy"),
    "page": MockReply(200, [Send(b"<html>")], headers=[("Content-Type", "text/html")]),
    "reset": cut_reply("after_head", reset=True),
    "gone": cut_reply("before_head"),
    "cut": cut_reply("mid_stream", text=BEGUN),
    "silent": stall_reply("after_head"),
    "stalled": stall_reply("before_head"),
    "garbage": sse_reply(b"data: hello?\n\n"),
    "error": error_chunk_reply("bad"),
    "late error": error_chunk_reply("bad", after=BEGUN),
    "tools": tool_reply([("f", {"a": 1})]),
    "whole": json_reply(
        {"choices": [{"index": 0, "message": {"content": TEXT}, "finish_reason": "stop"}]}
    ),
}


@dataclass(frozen=True)
class Case:
    """A call.

    Args:
        models: the chain that is asked, the first one first.
        ends: how it may end for its caller, beside OutOfMemory: classes of errors, "complete".
        options: of tests/wire/heap_faults.py. "early": the counting begins with the call, and not
            when the first byte is out; "tls": over TLS.
        status: of a StatusError, each that it may have.
        times: how many allocations fail in a row.
    """

    models: Sequence[str]
    ends: Sequence[str]
    options: Mapping[str, Any] = field(default_factory=dict)
    status: Sequence[int] = ()
    times: int = 1


COLD = {"early": True, "idle_s": 0.001}  # on a new connection
CUT = ("StreamInterrupted", "ReadError")
SEVERAL = ("StatusError", "AllAttemptsFailed")
# A kept connection that breaks before the head is seen is tried again.
RESET = ("ReadError", "AllAttemptsFailed")
RESTARTED = ("ReadError", "complete")
MOVED = ("ConnectError", "AllAttemptsFailed", "complete")

CASES = {
    "good": Case(["good"], ["complete"]),
    "good, from the call on": Case(["good"], ["complete"], COLD),
    "tool calls": Case(["tools"], ["complete"]),
    "a call of a tool": Case(["tools"], ["MaxRoundsExceeded"], {"tools": True}),
    "in one piece": Case(["whole"], ["complete"]),
    "500": Case(["500"], ["StatusError"], status=[500]),
    "500, from the call on": Case(["500"], ["StatusError"], COLD, [500]),
    "500, streamed": Case(["500"], ["StatusError"], {"stream": True}, [500]),
    "401 with the key": Case(["401"], ["StatusError"], status=[401]),
    "503, then a fallback": Case(["503", "fallback"], ["StatusError", "complete"], status=[503]),
    "503, then another try": Case(["busy"], SEVERAL, {"attempts": 2}, [503]),
    "a page": Case(["page"], ["StreamError"]),
    "reset after the head": Case(["reset"], RESET),
    "gone before the head": Case(["gone"], RESET),
    "cut": Case(["cut"], CUT),
    "cut, streamed": Case(["cut"], CUT, {"stream": True}),
    "cut, then anew": Case(["cut", "fallback"], RESTARTED, {"silent": True}),
    "cut, then restarted": Case(["cut", "fallback"], RESTARTED, {"on_interrupt": "restart"}),
    "refused": Case(["refused"], ["ConnectError"], {"early": True}),
    "refused, then a fallback": Case(["refused", "fallback"], MOVED, {"early": True}),
    "a timeout": Case(["silent"], ["TransportTimeout"], {"first_token": 0.05}),
    "garbage": Case(["garbage"], ["StreamError"]),
    "an error in the stream": Case(["error"], ["StatusError"], status=[200]),
    "an error after text": Case(["late error"], [*CUT, "StatusError"], status=[200]),
    "a missing file": Case(["good"], ["EncodeError"], {"early": True, "file": "/nowhere"}),
    "500 over TLS": Case(["500"], ["StatusError", "ConnectError"], {**COLD, "tls": True}, [500]),
    "cut over TLS": Case(["cut"], CUT, {"tls": True}),
    "500, no memory from there on": Case(["500"], ["StatusError"], status=[500], times=ALWAYS),
    "cut, no memory from there on": Case(["cut"], CUT, times=ALWAYS),
}
# Only asyncio does two things at a time.
RACES = {
    "a race": Case(["stalled", "fallback"], ["complete"], {"hedge_after": 0.01}),
    "a race that fails": Case(["500", "busy"], SEVERAL, {"hedge_after": 0}, [500, 503]),
}
LEGS = [(name, blocking) for name in CASES for blocking in (False, True)]
LEGS += [(name, False) for name in RACES]
Row = dict[str, Any]


@pytest.fixture(scope="module")
def chip() -> Interpreter:
    return Interpreter("chiplike", str(chiplike.interpreter()), "1.25.0")


def _rows(chip: Interpreter, folder: Path, case: Case, blocking: bool, first: int) -> list[Row]:
    # What came of each n; in the last row no allocation failed any more.
    trusted = authority()
    options = {name: value for name, value in case.options.items() if name != "tls"}
    context = None
    if "tls" in case.options:
        context = trusted.server("127.0.0.1")
        context.maximum_version = ssl.TLSVersion.TLSv1_2  # what chips speak
        options["cadata"] = trusted.der.hex()
    with MockServer(ssl_context=context) as server:
        for model, reply in REPLIES.items():
            server.reply(model, reply)
        arguments = (server.base_url, list(case.models), options, blocking, first, STEP)
        path = folder / "sweep.py"
        path.write_text(script("heap_faults.py", "sweep", *arguments, case.times), "utf-8")
        done = run_micropython(
            chip, path, heapsize=HEAP, timeout=LONGEST_S, env={"MICROPYPATH": ".frozen"}
        )
    assert done.returncode == 0, done.stdout[-4000:]
    lines = done.stdout.splitlines()
    return [json.loads(line) for line in lines if line.startswith('{"')]


def _what_is_wrong(case: Case, row: Row, plain: Row) -> str:
    # "" if the caller saw what it should, and nothing is left of the call.
    first, again = row["first"], row["again"]
    end = first["kind"]
    if end in ("MemoryError", "OutOfMemory"):
        if first["hides"]:
            return "a failure is hidden"
        if end == "MemoryError" and first["ours"]:
            return "an error of the runtime's comes out of thinwire"
    elif end not in case.ends:
        return "it ends otherwise"
    if end == "StatusError" and first["status"] not in case.status:
        return "it is another status"
    if end == "complete" and first["text"] != plain["text"]:
        return "a text that is not the answer's"
    if not TEXT.startswith(first["heard"]):
        return "a text is doubled"
    if KEY in json.dumps(row):
        return "the key is told"
    if row["lent"] or row["writers"] > ("hedge_after" in case.options):
        return "a buffer is lost"
    if any(again.get(name) != plain.get(name) for name in ("kind", "status", "text", "partial")):
        return "the same call ends otherwise afterwards"
    return "" if row["good"] == TEXT else "the client is of no use afterwards"


@emulated
@pytest.mark.parametrize(
    ("name", "blocking"),
    LEGS,
    ids=[f"{'blocking' if blocking else 'asyncio'}-{name}" for name, blocking in LEGS],
)
def test_no_allocation_that_fails_hides_a_failure(
    chip: Interpreter, tmp_path: Path, name: str, blocking: bool
) -> None:
    case = {**CASES, **RACES}[name]
    first = 1 + (SEED + 7 * LEGS.index((name, blocking))) % STEP
    rows = _rows(chip, tmp_path, case, blocking, first)
    assert len(rows) > 1
    plain = rows[-1]["again"]
    assert rows[-1]["first"]["fired"] == 0
    assert plain["kind"] in case.ends
    for row in rows:
        assert _what_is_wrong(case, row, plain) == "", json.dumps(row)
    making = sum(row["first"].get("making", False) for row in rows)
    assert making <= MAKING or case.times > 1
    # The calls share one client: what one of them lost, the last ones still miss.
    assert rows[-1]["files"] == rows[0]["files"], str(
        [
            (row["n"], row["files"], row["first"])
            for row in rows
            if row["files"] != rows[0]["files"]
        ][:2]
    )
    third = max(len(rows) // 3, 1)
    kept = [median(row["used"] for row in part) for part in (rows[:third], rows[-third:])]
    if "tls" not in case.options:  # a session that is kept, or not, is 23 KB
        assert kept[1] - kept[0] < NOISE
    ends = Counter(row["first"]["kind"] for row in rows)
    print(f"{dict(ends)}, of which while the error was made: {making}")

"""Parts of the device's port by themselves: tables of errors, repair, memory, the clock."""

import calendar
import json
import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from support.device_legs import WIRE, call
from support.interpreters import ROOT, Interpreter, run_micropython

RUNNER = ROOT / "tests/micropython/runner.py"
CHECKS = sorted(WIRE.glob("device_check_*.py"))
_NTP_EPOCH = 2_208_988_800  # seconds from 1900 to 1970


@pytest.mark.parametrize("path", CHECKS, ids=lambda path: path.stem)
def test_checks(micropython: Interpreter, path: Path) -> None:
    done = run_micropython(micropython, RUNNER, path, heapsize="512k")
    assert done.returncode == 0, done.stdout
    result = json.loads(done.stdout.splitlines()[-1])
    assert result["failed"] == []
    assert result["passed"] > 0


def test_there_are_checks() -> None:
    assert len(CHECKS) >= 3


def _answer(
    seconds: float, mode: int = 0x1C, stratum: int = 2, size: int = 48, asked: int = 0
) -> bytes:
    # `asked` is when the question was sent, which ours does not say.
    count = int(seconds + _NTP_EPOCH) & 0xFFFFFFFF
    return struct.pack("!BB22xII8xI4x", mode, stratum, asked, 0, count)[:size]


@contextmanager
def ntp(answer: bytes | None) -> Iterator[int]:
    """Port of an NTP server that says just this; None: nothing."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as place:
        place.bind(("127.0.0.1", 0))
        place.settimeout(20)
        questions: list[bytes] = []

        def serve() -> None:
            question, sender = place.recvfrom(100)
            questions.append(question)
            if answer is not None:
                place.sendto(answer, sender)

        server = threading.Thread(target=serve)
        server.start()
        yield place.getsockname()[1]
        server.join()
        assert [(len(question), question[0] & 7) for question in questions] == [(48, 3)]


def test_the_time_of_an_ntp_server(micropython: Interpreter, tmp_path: Path) -> None:
    with ntp(_answer(time.time())) as port:
        error, difference = call(micropython, tmp_path, "device_clock", "asked", port, 5)
    assert error == ""
    assert difference < 60


_2026 = 1_790_000_000
NO_ANSWERS = {
    "silent": (None, ""),
    "sent away": (_answer(_2026, stratum=0), "sends us away"),
    "echo": (_answer(_2026, mode=0x1B), "no answer of an NTP server"),
    "broadcast": (_answer(_2026, mode=0x1D), "no answer of an NTP server"),
    "short": (_answer(_2026, size=40), "no answer of an NTP server"),
    "not synchronized": (_answer(_2026, mode=0xDC), "clock is not set"),
    "no stratum": (_answer(_2026, stratum=16), "clock is not set"),
    # letscontrolit/ESPEasy#2886
    "reported": (_answer(-_NTP_EPOCH, mode=0xE4, stratum=0), "sends us away"),
    # gmag11/NtpClient#70: else it would be 2036-02-07.
    "no time": (_answer(-_NTP_EPOCH), "before 2024"),
    "of another epoch": (_answer(0), "before 2024"),
    "of a clock that was never set": (_answer(946_684_800), "before 2024"),
    "to another question": (_answer(_2026, asked=7), "another question"),
}


@pytest.mark.parametrize("name", NO_ANSWERS)
def test_no_answer_of_an_ntp_server(micropython: Interpreter, tmp_path: Path, name: str) -> None:
    answer, said = NO_ANSWERS[name]
    with ntp(answer) as port:
        (error, words) = call(micropython, tmp_path, "device_clock", "asked", port, 0.3)
    assert error == "OSError"
    assert said in words


def test_a_time_server_that_cannot_be_looked_up(micropython: Interpreter, tmp_path: Path) -> None:
    said = call(micropython, tmp_path, "device_clock", "unknown_host")
    assert said == [-6, "cannot resolve the time server pool.ntp.org", True]


@pytest.mark.parametrize(
    "moment", ["2026-11-19 13:14:15", "2036-02-08 00:00:01", "2028-02-29 23:59:59"]
)
def test_the_clock_is_set(micropython: Interpreter, tmp_path: Path, moment: str) -> None:
    # In 2036 the count of NTP starts anew.
    wanted = time.strptime(moment, "%Y-%m-%d %H:%M:%S")
    with ntp(_answer(calendar.timegm(wanted))) as port:
        returned, told = call(micropython, tmp_path, "device_clock", "set_to", port)
    assert returned[:7] == list(wanted[:7])
    year, month, day, hour, minute, second, weekday = wanted[:7]
    assert told == [year, month, day, weekday, hour, minute, second, 0]


def test_a_board_without_a_clock_says_so(micropython: Interpreter, tmp_path: Path) -> None:
    with ntp(_answer(time.time())) as port:
        said = call(micropython, tmp_path, "device_clock", "without_rtc", port)
    assert "machine.RTC" in said


def test_when_the_clock_counts_as_set(micropython: Interpreter, tmp_path: Path) -> None:
    found = call(micropython, tmp_path, "device_clock", "on_an_unset_clock")
    assert found == [True, False, False, False, True]

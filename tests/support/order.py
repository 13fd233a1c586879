"""Who comes first in a test: decided by what has happened, not by how long it took.

A machine that is busy makes any pause too short. So a server of a test holds its next step back
until something is true, and a client in another process is told by a file that grows. Where only
the length of a time is left to make an order, the test is given more of it before it fails.
"""

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from thinwire.testing import MockReply, RecordedRequest, Script, Wait
from thinwire.testing.replies.steps import Step

PATIENCE_S = 60  # no healthy test comes near it
_SCALES = (1, 3, 9)


@dataclass(frozen=True)
class Held:
    """Steps that are played once `condition` is true.

    Raises TimeoutError while they are played, which the server notes among its errors, if that
    never happens.
    """

    condition: Callable[[], bool]
    steps: tuple[Step, ...]

    def __iter__(self) -> Iterator[Step]:
        end = time.monotonic() + PATIENCE_S
        while not self.condition():
            if time.monotonic() > end:
                raise TimeoutError("what the next step waits for does not happen")
            yield Wait(2)
        yield from self.steps


def held(condition: Callable[[], bool], *steps: Step) -> Any:
    """Steps for a MockReply or the ending of a completion, played once `condition` is true."""
    return Held(condition, steps)


def soon(condition: Callable[[], bool]) -> bool:
    """Whether something comes true, without ado or in the end."""
    end = time.monotonic() + PATIENCE_S
    while not condition() and time.monotonic() < end:
        time.sleep(0.01)
    return condition()


def marking(script: Script, file: Path) -> Script:
    """The script; `file` grows by a byte with each request that it answers."""
    file.touch()

    def play(request: RecordedRequest) -> MockReply:
        with file.open("ab") as mark:
            mark.write(b".")
        return script if isinstance(script, MockReply) else script(request)

    return play


def given_time(attempt: Callable[[int], None]) -> None:
    """Calls attempt(1); where that fails attempt(3), and then attempt(9).

    For a test whose times say what comes first: it multiplies them by the number. What is wrong
    fails each time.
    """
    for scale in _SCALES[:-1]:
        with contextlib.suppress(Exception, pytest.fail.Exception):
            attempt(scale)
            return
    attempt(_SCALES[-1])

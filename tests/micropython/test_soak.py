"""Hundreds of turns with random faults in a fixed heap: it does not break into pieces."""

from pathlib import Path

import pytest
from support.interpreters import Interpreter
from support.legs import device_legs
from support.soaking import soak, turns

TURNS = 300
# Where a pointer has eight bytes and no module is frozen, what is loaded takes 270 KB of it.
HEAP = "576k"
_PIECE = 17 * 1024  # bytes that a TLS connection wants in one piece
_GROWTH = 50  # bytes for each turn; the smallest object has 32


@pytest.mark.parametrize("blocking", [False, True], ids=["asyncio", "blocking"])
def test_a_heap_stays_in_one_piece(
    micropython: Interpreter, blocking: bool, tmp_path: Path
) -> None:
    leg = device_legs(micropython, HEAP)[blocking]
    count = turns(TURNS)
    left = soak(leg, tmp_path, count)
    print(leg.name, left)
    assert sum(left["counts"].values()) == count
    before, after = left["files"]
    assert after <= before
    used, largest = zip(*left["marks"][2:], strict=True)
    assert max(used) - used[0] < _GROWTH * count, used
    assert min(largest) > _PIECE, largest

"""Thousands of turns with random faults on one client: nothing is left of them."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from support.legs import legs
from support.soaking import soak, turns

TURNS = turns(640)
WORKERS = 8
GROWTH = 40 * TURNS  # bytes: less than the smallest object for each turn
LEGS = {leg.name: leg for leg in legs() if leg.name.startswith("httpx")}


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """What each leg has left behind, by its name."""

    # Before there are threads: two that ask for the first folder of all take it from each other.
    folders = {name: tmp_path_factory.mktemp("soak") for name in LEGS}

    def run(name: str) -> dict[str, Any]:
        return soak(LEGS[name], folders[name], TURNS, 1 if LEGS[name].blocking else WORKERS)

    with ThreadPoolExecutor(len(LEGS)) as pool:
        return dict(zip(LEGS, pool.map(run, LEGS), strict=True))


@pytest.mark.parametrize("leg", LEGS)
def test_every_turn_ends(done: dict[str, dict[str, Any]], leg: str) -> None:
    counts = done[leg]["counts"]
    assert sum(counts.values()) == TURNS
    assert counts["answer"] > TURNS // 3
    assert len(counts) > 10  # kinds of errors among them


@pytest.mark.parametrize("leg", LEGS)
def test_nothing_stays_open(done: dict[str, dict[str, Any]], leg: str) -> None:
    before, after = done[leg]["files"]
    assert after <= before
    # Each worker has had two connections at the most, and lost none in the pool.
    assert done[leg]["most_files"] <= before + 2 * WORKERS + 2
    assert done[leg]["tasks"] == 0


@pytest.mark.parametrize("leg", LEGS)
def test_memory_is_flat(done: dict[str, dict[str, Any]], leg: str) -> None:
    used = [mark[0] for mark in done[leg]["marks"]]
    print(leg, done[leg])
    # What is lost stays lost: it shows in each of the last marks. A connection that is being
    # closed while one is taken does not.
    assert min(used[-2:]) - used[1] < GROWTH, used

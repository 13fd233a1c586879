"""A call gives the same on every runtime, sync and async: answers, rescues and failures."""

from collections.abc import Iterator
from typing import Any

import pytest
from support.legs import legs
from support.places import places
from support.turns import TURNS, Turn, run_turns, wrong
from wire.ask import KEY

LEGS = [leg.name for leg in legs()]
Runs = dict[str, tuple[dict[str, Any], str]]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runs]:
    """What each leg has done, by its name."""
    with places() as nobody:
        yield run_turns(tmp_path_factory.mktemp("turns"), nobody)


def turn_id(turn: Turn) -> str:
    return turn.name.replace(" ", "_")


@pytest.mark.parametrize("turn", TURNS, ids=turn_id)
@pytest.mark.parametrize("leg", LEGS)
def test_the_outcome(runs: Runs, leg: str, turn: Turn) -> None:
    outcomes, output = runs[leg]
    assert turn.name in outcomes, output
    outcome = outcomes[turn.name]
    assert wrong(turn, outcome) == {}, outcome
    assert KEY not in str(outcome)


@pytest.mark.parametrize("leg", LEGS)
def test_nothing_else_is_said(runs: Runs, leg: str) -> None:
    assert runs[leg][1] == ""


@pytest.mark.parametrize("turn", TURNS, ids=turn_id)
def test_all_say_the_same(runs: Runs, turn: Turn) -> None:
    # The words of an error may name the library's; all else is alike.
    outcomes = [outcomes[turn.name] for outcomes, _ in runs.values()]
    for outcome in outcomes:
        outcome.pop("message", None)
    assert all(outcome == outcomes[0] for outcome in outcomes), outcomes

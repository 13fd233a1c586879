"""Every fault, in every setting, over real sockets: the same outcome on every transport."""

import dataclasses
import json
from collections.abc import Iterator
from typing import Any

import pytest
from support.fault_runs import Played, Run, runs, suits
from support.fault_settings import BACKUP, MODEL, Case, cases
from support.faults import FAULTS
from support.legs import legs

from thinwire.testing import RecordedRequest

CASES = cases(FAULTS)
LEGS = {leg.name: leg for leg in legs()}
BOTH = [
    pytest.param(name, case, id=f"{name}-{case.name}")
    for case in CASES
    for name, leg in LEGS.items()
    if suits(case, leg)
]
Runs = dict[str, Run]


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runs]:
    """What each leg has done, by its name."""
    with runs(CASES, tmp_path_factory.mktemp("faults")) as found:
        yield found


@pytest.mark.parametrize(("leg", "case"), BOTH)
def test_the_outcome(done: Runs, leg: str, case: Case) -> None:
    played = done[leg].played[case.name]
    assert played.wrong() == {}, (played.case.scale, played.outcome, done[leg].output)


@pytest.mark.parametrize("leg", LEGS)
def test_nothing_outlasts_its_clocks(done: Runs, leg: str) -> None:
    late = {name: played.late_by_ms() for name, played in done[leg].played.items()}
    assert {name: ms for name, ms in late.items() if ms > 0} == {}
    assert len(late) > (100 if LEGS[leg].few else 500)


@pytest.mark.parametrize("leg", LEGS)
def test_each_attempt_sends_the_same(done: Runs, leg: str) -> None:
    compared = 0
    for name, played in done[leg].played.items():
        found = [one for seen in played.requests.values() for one in seen]
        bodies = [body_of(request) for request in found if request.body_whole]
        assert all(body == bodies[0] for body in bodies), name
        compared += len(bodies) > 1
    assert compared > (50 if LEGS[leg].few else 200)


def body_of(request: RecordedRequest) -> Any:
    """The body, which is JSON and whole, but for the model."""
    assert request.body is not None
    body = json.loads(request.body)
    assert body["stream"] is True
    assert body.pop("model") in (MODEL, BACKUP)
    return body


@pytest.mark.parametrize("leg", LEGS)
def test_nothing_leaks_and_nothing_is_said(done: Runs, leg: str) -> None:
    assert done[leg].output == []
    assert done[leg].files
    assert all(after <= before for before, after in done[leg].files), done[leg].files


# What a turn must not get away with, however busy the machine says it is.
SLOW = next(case for case in CASES if case.name == "silent,_alone")
QUICK = next(case for case in CASES if case.name == "401_auth,_alone")


def played(case: Case, **changed: Any) -> Played:
    """As it must be, but for what is changed."""
    attempts = case.expected()["attempts"]
    good = {"attempts": attempts, "listed": None, "ms": 0, "waited_ms": 0}
    seen: Any = {case.fault.server: [None] * len(attempts)}
    return Played(case, {**case.expected(), **good, **changed}, seen)


def test_what_is_as_it_must_be_is_not_played_again() -> None:
    for case in (SLOW, QUICK):
        assert played(case).wrong() == {}
        assert not played(case, ms=case.limit_ms()).again()


def test_a_turn_is_late_by_what_it_needed_itself() -> None:
    ms = SLOW.limit_ms()
    assert played(SLOW, ms=ms + 70, waited_ms=20).late_by_ms() == 50
    assert played(SLOW, ms=ms + 70, waited_ms=80).late_by_ms() < 0
    assert played(SLOW, ms=ms + 70, waited_ms=20).again()


def test_only_what_time_decides_is_played_again() -> None:
    assert played(SLOW, error="").wrong() == {"error": ("TransportTimeout", "")}
    assert played(SLOW, error="").again()
    assert played(QUICK, error="").wrong() == {"error": ("StatusError", "")}
    assert not played(QUICK, error="").again()


def test_a_turn_that_never_ended_is_wrong() -> None:
    never = Played(SLOW, {}, {})
    assert never.wrong()
    assert not never.again()


def test_a_turn_without_its_request_is_wrong() -> None:
    assert Played(SLOW, played(SLOW).outcome, {}).wrong()


def test_a_client_that_waits_for_its_other_clocks_is_late_at_each_scale() -> None:
    # They are 20 s and more; the last chance of two attempts ends before.
    longest = max(dataclasses.replace(case, scale=9).limit_ms() for case in CASES)
    assert longest < 20_000

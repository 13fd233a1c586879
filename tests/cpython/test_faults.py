"""Every fault, in every setting, over real sockets: the same outcome on every transport."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from support.fault_runs import Run, runs, suits
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


def cases_of(leg: str) -> list[Case]:
    return [case for case in CASES if suits(case, LEGS[leg])]


def alike(found: object, wanted: object) -> bool:
    """Whether both say the same; a wanted "read|write" is either."""
    if isinstance(wanted, str) and isinstance(found, str):
        return found in wanted.split("|")
    if isinstance(wanted, list) and isinstance(found, list) and len(found) == len(wanted):
        return all(alike(one, two) for one, two in zip(found, wanted, strict=True))
    return found == wanted


@pytest.mark.parametrize(("leg", "case"), BOTH)
def test_the_outcome(done: Runs, leg: str, case: Case) -> None:
    assert case.name in done[leg].outcomes, done[leg].output
    outcome = done[leg].outcomes[case.name]
    for name, value in case.expected().items():
        assert alike(outcome.get(name), value), (name, value, outcome)
    # What the hook was told of each attempt is what the completion, or the error, lists.
    assert outcome["listed"] in (None, outcome["attempts"])


@pytest.mark.parametrize("leg", LEGS)
def test_nothing_outlasts_its_clocks(done: Runs, leg: str) -> None:
    times = {case.name: done[leg].outcomes[case.name]["ms"] for case in cases_of(leg)}
    limits = {case.name: case.limit_ms() for case in cases_of(leg)}
    late = {name: (ms, limits[name]) for name, ms in times.items() if ms > limits[name]}
    assert late == {}
    assert len(times) > 500


@pytest.mark.parametrize("leg", LEGS)
def test_each_attempt_is_one_request(done: Runs, leg: str) -> None:
    for case in cases_of(leg):
        names = [one[0] for one in done[leg].outcomes[case.name]["attempts"]]
        seen = {server: len(found) for server, found in done[leg].requests[case.name].items()}
        assert seen.get("backup", 0) == names.count(BACKUP), case.name
        if case.fault.place:
            continue
        found, asked = seen.get(case.fault.server, 0), names.count(MODEL)
        # On a busy machine a short clock may run out before the request is out.
        assert found == asked or (case.fault.slow and found < asked), (case.name, found)


@pytest.mark.parametrize("leg", LEGS)
def test_each_attempt_sends_the_same(done: Runs, leg: str) -> None:
    compared = 0
    for case in cases_of(leg):
        found = [one for seen in done[leg].requests[case.name].values() for one in seen]
        bodies = [body_of(request) for request in found if request.body_whole]
        assert all(body == bodies[0] for body in bodies), case.name
        compared += len(bodies) > 1
    assert compared > 200


def body_of(request: RecordedRequest) -> Any:
    """The body, which is JSON and whole, but for the model."""
    assert request.body is not None
    body = json.loads(request.body)
    assert body["stream"] is True
    assert body.pop("model") in (MODEL, BACKUP)
    return body


@pytest.mark.parametrize("leg", LEGS)
def test_nothing_leaks_and_nothing_is_said(done: Runs, leg: str) -> None:
    assert done[leg].output == ""
    assert done[leg].files
    assert all(after <= before for before, after in done[leg].files), done[leg].files

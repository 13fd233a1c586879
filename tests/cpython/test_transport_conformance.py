"""Every transport, on every runtime, over real sockets, held to one table of scenarios."""

from collections.abc import Iterator

import pytest
from support.exchanges import Run, run_all
from support.legs import legs
from support.places import places
from support.scenarios import SCENARIOS, STALL_MS, Scenario
from wire.exchange import KEY, SECRET

from thinwire.core import errors

LEGS = [leg.name for leg in legs()]
UPLOADS = {scenario.name: scenario.upload for scenario in SCENARIOS}
HANG_MS = 15_000  # no deadline that passes is longer than 0.3 s; a busy machine gets the rest


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Run]]:
    """What each leg has done, by its name."""
    with places() as nobody:
        folder = tmp_path_factory.mktemp("exchanges")
        yield {run.leg.name: run for run in run_all(folder, nobody)}


@pytest.fixture(params=LEGS)
def run(request: pytest.FixtureRequest, runs: dict[str, Run]) -> Run:
    """What one leg has done."""
    return runs[request.param]


def scenario_id(scenario: Scenario) -> str:
    return scenario.name.replace(" ", "_")


@pytest.mark.parametrize("scenario", SCENARIOS, ids=scenario_id)
def test_the_outcome(run: Run, scenario: Scenario) -> None:
    assert scenario.name in run.outcomes, run.output
    outcome = run.outcomes[scenario.name]
    assert outcome["error"] == scenario.error, outcome
    assert outcome["status"] == scenario.status, outcome
    assert outcome["body"].startswith(scenario.body), outcome
    if scenario.error == "TransportTimeout":
        assert outcome["phase"] in scenario.phases, outcome
        assert STALL_MS <= outcome["ms"] < HANG_MS
    else:
        assert outcome["body"] == scenario.body
    if not scenario.error:
        assert outcome["after_end"] == 0
        assert outcome["headers"] == [value for _, value in scenario.headers]
        listed = [tuple(pair) for pair in outcome["all_headers"]]
        assert [name for name, _ in listed] == [name.lower() for name, _ in listed]
        sent = {(name.lower(), value) for name, value in scenario.headers if value is not None}
        assert sent <= set(listed)


def test_an_upload_is_chunked_in_large_blocks(run: Run) -> None:
    for name, request in run.requests.items():
        if UPLOADS[name] * 1024 < run.leg.block:  # its first block is all of it
            assert (request.framing, request.block_sizes) == ("content-length", []), name
            continue
        assert request.framing == "chunked", name
        assert request.body_size == sum(request.block_sizes) or not request.body_whole
        # A chip sends the first one together with the head, from the same buffer.
        whole = request.block_sizes[0 if run.leg.block == 65536 else 1 : -1]
        assert set(whole) <= {run.leg.block}, name
        assert all(size <= run.leg.block for size in request.block_sizes), name


def test_the_upload_arrives_whole(run: Run) -> None:
    request = run.requests["large"]
    assert request.body_whole
    assert len(request.json()["messages"]) == 1


def test_nothing_is_asked_twice_or_elsewhere(run: Run) -> None:
    # No retries, no redirects. The first scenario warms up, and is run again.
    first = SCENARIOS[0].name
    assert {name for name, count in run.counts.items() if count != 1} == {first}
    assert {request.path for request in run.requests.values()} == {"/v1/chat/completions"}


def test_cookies_do_not_go_back(run: Run) -> None:
    assert run.requests["cookies do not go back"].header("cookie") is None


def test_only_our_errors_leave_and_none_shows_a_secret(run: Run) -> None:
    for outcome in run.outcomes.values():
        assert outcome["error"] in ("", *dir(errors)), outcome
        assert KEY not in outcome["shown"], outcome
        assert SECRET not in outcome["shown"], outcome


def test_nothing_stays_open(run: Run) -> None:
    before, after = run.files
    assert after == before
    assert run.output == ""

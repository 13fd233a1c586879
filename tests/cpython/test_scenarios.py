"""Every scenario, in each of its cuts, with thinwire on both runtimes and both ways of waiting."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from support.interpreters import Interpreter

from thinwire.conformance import ScenarioRunner, Verdict, load_all
from thinwire.conformance.registry import micropython_targets, python_target
from thinwire.conformance.targets import Target
from thinwire.testing import Scenario

ADAPTERS = [
    "thinwire",
    pytest.param("thinwire-sync", marks=pytest.mark.heavy),
    "thinwire-sockets",
    "thinwire-sockets-sync",
]
# An adapter, or a path of MicroPython and how to wait there.
Client = tuple[str, str]
Verdicts = Mapping[tuple[Client, str], Verdict]

each_scenario = pytest.mark.parametrize("scenario", load_all(), ids=lambda one: one.name)


def client_of(params: Mapping[str, Any]) -> Client:
    if "adapter" in params:
        return params["adapter"], ""
    return getattr(params["micropython"], "path", ""), params["mode"]


def target_of(client: Client) -> Target:
    place, mode = client
    if not mode:
        return python_target(place)
    both = list(micropython_targets(place))
    both.pop(mode == "asyncio").close()
    return both[0]


def play(client: Client, scenarios: list[Scenario]) -> dict[tuple[Client, str], Verdict]:
    with ScenarioRunner(target_of(client)) as runner:
        return {(client, scenario.name): runner.run(scenario) for scenario in scenarios}


@pytest.fixture(scope="module")
def verdicts(request: pytest.FixtureRequest) -> Verdicts:
    """Of all tests of this file that are to run: played by all clients at a time."""
    wanted: dict[Client, list[Scenario]] = {}
    for item in request.session.items:
        params = item.callspec.params if item.fspath == request.path else {}  # type: ignore[attr-defined]
        if params.get("micropython", "") is not None and "scenario" in params:
            wanted.setdefault(client_of(params), []).append(params["scenario"])
    with ThreadPoolExecutor(len(wanted)) as pool:
        played = pool.map(play, wanted, wanted.values())
        return {key: verdict for each in played for key, verdict in each.items()}


@each_scenario
@pytest.mark.parametrize("adapter", ADAPTERS)
def test_on_cpython(scenario: Scenario, adapter: str, verdicts: Verdicts) -> None:
    verdict = verdicts[(adapter, ""), scenario.name]
    assert verdict.passed, f"{verdict.split}: {verdict.reason}"


@pytest.mark.newest
@each_scenario
@pytest.mark.parametrize("mode", ["asyncio", "blocking"])
def test_on_micropython(
    scenario: Scenario, mode: str, micropython: Interpreter, verdicts: Verdicts
) -> None:
    verdict = verdicts[(micropython.path, mode), scenario.name]
    # What a chip does without on purpose ends in an error that says so; the runner looks.
    assert not verdict.reason, f"{verdict.split}: {verdict.reason}"

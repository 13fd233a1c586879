"""TLS on MicroPython: whom the device trusts, and that a key goes to nobody else."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from support.certificates import Authority, authority
from support.interpreters import Interpreter, interpreters
from support.legs import device_legs
from support.tls_turns import LONG, TLS_1_3, TURNS, Servers, Turn, run_turns, servers
from wire.ask import KEY

LEGS = {leg.name: leg for found in interpreters() for leg in device_legs(found)}
Outcomes = dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def trusted() -> Authority:
    return authority()


@pytest.fixture(scope="module")
def running(trusted: Authority) -> Iterator[Servers]:
    with servers(trusted) as running:
        yield running


@pytest.fixture(scope="module")
def runs(
    running: Servers, trusted: Authority, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, tuple[Outcomes, str]]:
    """What each leg has done, by its name."""
    folders = {name: tmp_path_factory.mktemp("tls") for name in LEGS}
    with ThreadPoolExecutor(max(len(LEGS), 1)) as pool:
        found = pool.map(lambda name: run_turns(LEGS[name], running, trusted, folders[name]), LEGS)
    return dict(zip(LEGS, found, strict=True))


@pytest.fixture(params=["asyncio", "blocking"])
def outcomes(
    micropython: Interpreter,
    runs: dict[str, tuple[Outcomes, str]],
    request: pytest.FixtureRequest,
) -> Outcomes:
    """What came of each turn on one leg, by its name."""
    found, output = runs[f"{micropython.name}-{micropython.version}-{request.param}"]
    assert output == ""
    return found


def turn_id(turn: Turn) -> str:
    return turn.name.replace(" ", "_")


@pytest.mark.parametrize("turn", TURNS, ids=turn_id)
def test_the_outcome(outcomes: Outcomes, turn: Turn) -> None:
    outcome = outcomes[turn.name]
    assert {name: outcome.get(name) for name in turn.want} == turn.want, outcome
    assert KEY not in str(outcome)


def test_tls_1_3_where_the_build_has_it(outcomes: Outcomes, micropython: Interpreter) -> None:
    outcome = outcomes[TLS_1_3.name]
    able = micropython.name.startswith("debian")
    assert outcome.get("content" if able else "error") == ("Hi" if able else "ConnectError")


def test_the_refusals_say_what_to_do(outcomes: Outcomes) -> None:
    assert "add_ca=" in outcomes["built-in roots"]["message"]
    assert "DER" in outcomes["no certificate"]["message"]
    for name in ("unknown CA", "wrong name", "expired"):
        assert "certificate" in outcomes[name]["message"]


# Servers that must not have seen a request; the first not even a connection.
@pytest.mark.parametrize("name", ["untouched", "wrong name", "expired", "unknown CA"])
def test_no_key_was_sent(running: Servers, outcomes: Outcomes, name: str) -> None:
    server = running.running[name]
    assert server.connections == 0 or name != "untouched"
    insecure = len(LEGS) if name == "unknown CA" else 0  # the turn that wants just that
    assert len(server.requests) == insecure


def test_the_upload_is_whole(running: Servers, outcomes: Outcomes) -> None:
    uploads = [one for one in running.running["right"].requests if one.model == "long"]
    assert len(uploads) == len(LEGS)
    for request in uploads:
        assert request.json()["messages"] == [{"role": "user", "content": LONG}]
        assert request.header("authorization") == f"Bearer {KEY}"

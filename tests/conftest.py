"""What every folder of tests shares."""

import asyncio
import inspect
import os
from typing import Any

import pytest
from support.interpreters import Interpreter, interpreter_id, parameters, required
from xdist.scheduler import LoadFileScheduling


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test that asks for `micropython` runs once on each interpreter that setup found."""
    if "micropython" in metafunc.fixturenames:
        metafunc.parametrize("micropython", parameters(), ids=interpreter_id, indirect=True)


@pytest.fixture
def micropython(request: pytest.FixtureRequest) -> Interpreter:
    """A MicroPython interpreter. Without any, tests are skipped, except in CI: there they fail."""
    return required(request.param)


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run `async def test_...` with asyncio, as the runner on MicroPython does."""
    function = pyfuncitem.obj
    if not inspect.iscoroutinefunction(function):
        return None
    wanted = inspect.signature(function).parameters
    asyncio.run(function(**{name: pyfuncitem.funcargs[name] for name in wanted}))
    return True


def pytest_report_header() -> str:
    """The seeds of whatever is random; an environment variable gives each back. Hypothesis prints
    its own with a failure.
    """
    seeds = {"THINWIRE_FUZZ_SEED": "0", "THINWIRE_SOAK_SEED": "1"}
    return "seeds: " + " ".join(
        f"{name}={os.environ.get(name, own)}" for name, own in seeds.items()
    )


class _OneBoard(LoadFileScheduling):
    """A file stays on one worker, for what its tests share, and all that needs the emulated board,
    which keeps a core busy, on the same one.
    """

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return "board" if "test_emulated" in file else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadFileScheduling:
    """How tests are dealt out where they run side by side."""
    return _OneBoard(config, log)

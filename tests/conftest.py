"""What every folder of tests shares."""

import asyncio
import inspect
import os
import random
from typing import Any

import hypothesis.core
import pytest
from hypothesis import HealthCheck, settings
from support.interpreters import (
    Interpreter,
    interpreter_id,
    interpreters,
    parameters,
    required,
)
from xdist.scheduler import LoadFileScheduling

from thinwire.core import _cpython

# Of hypothesis; the processes that xdist starts inherit it.
SEED = os.environ.setdefault("THINWIRE_SEED", str(random.SystemRandom().randrange(10**9)))
hypothesis.core.global_force_seed = int(SEED)
# How long an example takes says nothing on a busy machine.
settings.register_profile(
    "thinwire", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.load_profile("thinwire")

# What thinwire[fast] brings is a dependency of the tests: what they test must not depend on that,
# nor on how much was parsed before. THINWIRE_FAST is for tests/cpython/test_fast_json.py alone.
if os.environ.get("THINWIRE_FAST"):
    from thinwire.cpython.codec import fast_json

    _cpython._fast = fast_json.decode  # noqa: SLF001
_cpython._until_fast = -1  # noqa: SLF001


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test that asks for `micropython` runs once on each interpreter that setup found."""
    if "micropython" in metafunc.fixturenames:
        metafunc.parametrize("micropython", parameters(), ids=interpreter_id, indirect=True)


@pytest.fixture
def micropython(request: pytest.FixtureRequest) -> Interpreter:
    """A MicroPython interpreter. Without any, tests are skipped, except in CI: there they fail."""
    return required(request.param)


@pytest.fixture(params=["httpx", "sockets"])
def on_transport(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Both of ours, one after the other, as what a client has that is given no transport."""
    if request.param == "sockets":
        from support import on_sockets

        on_sockets.install(monkeypatch.setattr)
    name: str = request.param
    return name


@pytest.fixture(params=[None, "sockets", *interpreters()], ids=interpreter_id)
def interpreter(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Interpreter | None:
    """What a test of a client runs on, one after the other: each MicroPython, or None for CPython,
    over httpx and then over sockets of our own.
    """
    if request.param == "sockets":
        from support import on_sockets

        on_sockets.install(monkeypatch.setattr)
        return None
    found: Interpreter | None = request.param
    return found


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
    """The seeds of whatever is random; an environment variable gives each back."""
    seeds = {"THINWIRE_SEED": SEED, "THINWIRE_FUZZ_SEED": "0", "THINWIRE_SOAK_SEED": "1"}
    seeds["THINWIRE_CLOSING_SEED"] = seeds["THINWIRE_HEAP_SEED"] = "1"
    return "seeds: " + " ".join(
        f"{name}={os.environ.get(name, own)}" for name, own in seeds.items()
    )


# Files whose tests share nothing that is dear to make, and of which many take a second.
SPREAD = tuple(
    f"test_{name}.py"
    for name in (
        "board_examples bounds cancelling chip_feed device_deadlines device_trust device_units"
        " emulated_core fuzz heap hedging memory secrets shared_on_micropython sockets stalls"
        " stale_connections tasks json_encode stream stream_endings json_encode_properties"
    ).split()
)


class _Together(LoadFileScheduling):
    """A file stays on one worker, for what its tests share (a run of minutes, an emulated board);
    but not where they share nothing: then each test goes where there is room.
    """

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return nodeid if file.endswith(SPREAD) else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadFileScheduling:
    """How tests are dealt out where they run side by side."""
    return _Together(config, log)


# They take longest: no worker is to be left with one of them in the end.
FIRST = [
    f"test_{name}.py"
    for name in "emulated_chat emulated_commands faults soak scenarios devices_page".split()
]


def _is_older(item: pytest.Item) -> bool:
    # On each MicroPython the same, and dear: for a change, the newest one is enough.
    if item.get_closest_marker("newest") is None or not isinstance(item, pytest.Function):
        return False
    found = item.callspec.params.values()
    return any(isinstance(one, Interpreter) and one != interpreters()[-1] for one in found)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Begin with what takes longest; all else stays in its order. What is heavy waits for
    `make test-all`.
    """
    if not os.environ.get("THINWIRE_FULL"):
        heavy = [item for item in items if item.get_closest_marker("heavy") or _is_older(item)]
        if heavy:
            config.hook.pytest_deselected(items=heavy)
            items[:] = [item for item in items if item not in heavy]
    place = {name: number for number, name in enumerate(FIRST)}
    items.sort(key=lambda item: place.get(item.path.name, len(FIRST)))

"""Other event loops than asyncio's own."""

import asyncio
import os
import sysconfig
from collections.abc import Coroutine
from typing import Any, TypeVar

import pytest

T = TypeVar("T")
_MISSING = "uvloop cannot be imported: NOT TESTED under uvloop"


def run_uvloop(coroutine: Coroutine[Any, Any, T], debug: bool = False) -> T:
    """What asyncio.run does, on uvloop; without it the test is skipped, in CI it fails."""
    try:
        import uvloop
    except ImportError:
        coroutine.close()
        # It has no wheel for each free-threaded build.
        if os.environ.get("CI") and not sysconfig.get_config_var("Py_GIL_DISABLED"):
            pytest.fail(_MISSING)
        pytest.skip(_MISSING)
    with asyncio.Runner(debug=debug, loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(coroutine)

"""Other event loops than asyncio's own."""

import asyncio
import os
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
        if os.environ.get("CI"):
            pytest.fail(_MISSING)
        pytest.skip(_MISSING)
    with asyncio.Runner(debug=debug, loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(coroutine)

"""What every transport has of asyncio."""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any

from thinwire.core.transport import Signal, Task, Transport
from thinwire.cpython.clock import now_ms

_NO_LOOP = (
    "AsyncClient runs on asyncio, and no loop of asyncio is running here: under trio call a Client"
    " in trio.to_thread.run_sync, or use anyio's asyncio backend"
)


def running_loop() -> asyncio.AbstractEventLoop:
    """The loop that runs here.

    Raises:
        RuntimeError: none of asyncio does.
    """
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        raise RuntimeError(_NO_LOOP) from None


def call_in(loop: asyncio.AbstractEventLoop, function: Callable[..., object], *given: Any) -> None:
    """Calls a function in a loop: now where that one runs here, else soon, from whatever thread.

    Who ends a wait may be at work in another loop: a place of `max_concurrent` that is given back
    there is what somebody waits for here.
    """
    try:
        here = asyncio.get_running_loop()
    except RuntimeError:
        here = None
    if here is loop:
        function(*given)
    else:
        with suppress(RuntimeError):  # the loop has been closed meanwhile
            loop.call_soon_threadsafe(function, *given)


class _Signal(asyncio.Event):
    # That anybody may set: who leaves a session may be at work in another loop.
    def __init__(self) -> None:
        super().__init__()
        self._home = running_loop()

    def set(self) -> None:
        call_in(self._home, super().set)


class OnAsyncio(Transport):
    """Time and tasks of a transport on asyncio."""

    concurrent = True
    now_ms = staticmethod(now_ms)

    def spawn(self, coroutine: Coroutine[object, object, None]) -> Task:
        """See Transport.spawn."""
        return asyncio.get_running_loop().create_task(coroutine)

    def signal(self) -> Signal:
        """See Transport.signal."""
        return _Signal()

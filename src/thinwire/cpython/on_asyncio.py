"""What every transport has of asyncio."""

import asyncio
from collections.abc import Coroutine

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


class OnAsyncio(Transport):
    """Time and tasks of a transport on asyncio."""

    concurrent = True
    now_ms = staticmethod(now_ms)

    def spawn(self, coroutine: Coroutine[object, object, None]) -> Task:
        """See Transport.spawn."""
        return asyncio.get_running_loop().create_task(coroutine)

    def signal(self) -> Signal:
        """See Transport.signal."""
        return asyncio.Event()

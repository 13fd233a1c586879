"""A coroutine that runs beside its owner's, and has ended when its owner goes on."""

from thinwire.core._compat import const

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from collections.abc import Coroutine

    from thinwire.core.transport import Transport


class Beside:
    """See the module.

    Args:
        transport: that runs tasks.
        work: the coroutine.

    Attributes:
        ended: whether it has, in whatever way.
        error: what it raised, None for nothing, and for a cancellation.
    """

    def __init__(self, transport: "Transport", work: "Coroutine[object, object, None]") -> None:
        self.transport = transport
        self.ended = False
        self.error: Exception | None = None
        self._work = work
        self._begun = False
        self._end = transport.signal()
        self._task = transport.spawn(self._run())

    async def _run(self) -> None:
        self._begun = True
        try:
            await self._work
        except Exception as error:
            self.error = error
        finally:
            self.ended = True
            self._end.set()

    async def wait(self) -> None:
        """Returns once it has ended."""
        if not self.ended:
            await self._end.wait()

    async def stop(self) -> None:
        """Cancels it, and returns once it has ended."""
        if self.ended:
            return
        self._task.cancel()
        if not self._begun:  # a task that is cancelled before its first step never takes one
            self._work.close()
            self.ended = True
            self._end.set()
        await self.wait()

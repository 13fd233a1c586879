# chat(): a stream iterated to its end on the caller's behalf.

from thinwire.core._compat import const, is_awaitable
from thinwire.core.events import ContentDelta, StreamComplete, StreamRestarted

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from collections.abc import Callable

    from thinwire.core.completion import Completion
    from thinwire.core.events import Event
    from thinwire.core.stream import ChatStream

    OnDelta = Callable[[str], object]
    OnRestart = Callable[[StreamRestarted], object]


class Listener:
    """Those who hear an answer while it arrives.

    Args:
        on_delta: called with each piece of the first choice's text, or None.
        on_restart: called with StreamRestarted, or None.
    """

    def __init__(self, on_delta: "OnDelta | None", on_restart: "OnRestart | None") -> None:
        self._on_delta = on_delta
        self._on_restart = on_restart
        self.can_be_told = on_restart is not None
        self.hears = on_delta is not None or self.can_be_told

    def hear(self, event: "Event") -> object:
        """What the callable for this event returns; None where there is none."""
        if isinstance(event, ContentDelta):
            told = self._on_delta is not None and event.choice == 0
            return self._on_delta(event.text) if told else None  # type: ignore[misc]
        if isinstance(event, StreamRestarted) and self._on_restart is not None:
            return self._on_restart(event)
        return None


async def collect(stream: "ChatStream", listener: "Listener | None" = None) -> "Completion":
    """The completion of a stream, which is closed, whatever happens."""
    completion: Completion | None = None
    async with stream:
        async for event in stream:
            if isinstance(event, StreamComplete):
                completion = event.completion  # not made once more: a chip has no room for two
            result = listener.hear(event) if listener is not None else None
            if is_awaitable(result):
                await result  # type: ignore[misc]
    return completion if completion is not None else stream.completion

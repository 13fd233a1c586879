"""Sync for free: the same pump, over a transport whose coroutines never suspend. Running such a
coroutine is one send(None); there is no event loop, no thread and no second implementation.
"""

from thinwire.core._compat import const, public
from thinwire.core.client import BaseClient

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from collections.abc import Coroutine
    from typing import Self, Unpack

    from thinwire.core.answer.completion import Completion, Event
    from thinwire.core.client import Messages
    from thinwire.core.request.call import CallOptions
    from thinwire.core.stream import ChatStream, OnDelta, OnRestart


def run(coroutine: "Coroutine[object, object, object]") -> object:
    """Runs a coroutine that never waits for a loop.

    Returns:
        Its result. None where there is no memory to hand that over: MicroPython does not say so.

    Raises:
        TypeError: it did wait, e.g. for an async callback or with an async transport.
    """
    try:
        coroutine.send(None)
    except StopIteration as done:
        return done.value
    coroutine.close()
    raise TypeError("Client cannot wait for async code: use AsyncClient, or a plain callable")


@public
class SyncChatStream:
    """One answer as it arrives: an iterator of events, StreamComplete last; see ChatStream."""

    def __init__(self, stream: "ChatStream") -> None:
        self._stream = stream

    @property
    def completion(self) -> "Completion":
        """The answer as it stands; complete once StreamComplete has been returned."""
        return self._stream.completion

    @property
    def end(self) -> str:
        """See ChatStream.end."""
        return self._stream.end

    def __enter__(self) -> "Self":
        return self

    def __exit__(self, kind: object = None, error: object = None, trace: object = None) -> None:
        self.close()

    def __iter__(self) -> "SyncChatStream":
        return self

    def __next__(self) -> "Event":
        try:
            found = run(self._stream.__anext__())
            if found is None:
                raise MemoryError
            return found  # type: ignore[return-value]
        except StopAsyncIteration:
            pass
        except MemoryError as error:
            raise self._stream.out_of_memory(error)
        raise StopIteration

    def close(self) -> None:
        """Ends the stream and releases its connection. Idempotent.

        From any thread: whoever reads is woken at once, unless it is connecting or looks up a
        name, which the connect clock ends.
        """
        run(self._stream.aclose())


@public
class Client(BaseClient):
    """LLM client without an event loop, on CPython and on MicroPython.

    Use it with `with`, or call `close()`. It does one call at a time; its calls are those of
    AsyncClient.
    """

    _blocking = True

    def stream(self, messages: "Messages", **options: "Unpack[CallOptions]") -> SyncChatStream:
        """Asks a model; nothing is sent before the stream is iterated.

        Args:
            messages, **options: see AsyncClient.chat.

        Returns:
            SyncChatStream, to be used with `with` and `for`.

        Raises:
            ValueError, TypeError: see AsyncClient.chat.
        """
        try:
            return SyncChatStream(self._stream(messages, options))
        except MemoryError as error:
            raise self._reserve.out_of_memory(error)

    def chat(
        self,
        messages: "Messages",
        *,
        on_delta: "OnDelta | None" = None,
        on_restart: "OnRestart | None" = None,
        **options: "Unpack[CallOptions]",
    ) -> "Completion":
        """Asks a model and waits for the whole answer.

        Args:
            messages, on_delta, on_restart, **options: see AsyncClient.chat; callables are plain
                ones.

        Returns:
            Completion.

        Raises:
            ThinwireError, ValueError, TypeError: see AsyncClient.chat.
        """
        found = run(self._chat(messages, on_delta, on_restart, options))
        if found is None:
            raise self._reserve.out_of_memory()
        return found  # type: ignore[return-value]

    def close(self) -> None:
        """Closes the connections. Idempotent."""
        run(self._transport.aclose())

    def __enter__(self) -> "Self":
        return self

    def __exit__(self, kind: object = None, error: object = None, trace: object = None) -> None:
        self.close()

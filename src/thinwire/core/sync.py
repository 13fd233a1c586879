"""Sync for free: the same pump, over a transport whose coroutines never suspend. Running such a
coroutine is one send(None); there is no event loop, no thread and no second implementation.
"""

from thinwire.core._compat import const
from thinwire.core.client import BaseClient

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from collections.abc import Coroutine

    from thinwire.core.answer.completion import Completion, Event
    from thinwire.core.client import Messages
    from thinwire.core.routing.clocks import Timeouts
    from thinwire.core.routing.policy import RetryPolicy
    from thinwire.core.stream import ChatStream, OnDelta, OnRestart


def run(coroutine: "Coroutine[object, object, object]") -> object:
    """Runs a coroutine that never waits for a loop; returns its result.

    Raises:
        TypeError: it did wait, e.g. for an async callback or with an async transport.
    """
    try:
        coroutine.send(None)
    except StopIteration as done:
        return done.value
    coroutine.close()
    raise TypeError("Client cannot wait for async code: use AsyncClient, or a plain callable")


class SyncChatStream:
    """One answer as it arrives: an iterator of events, StreamComplete last; see ChatStream."""

    def __init__(self, stream: "ChatStream") -> None:
        self._stream = stream

    @property
    def completion(self) -> "Completion":
        """The answer as it stands; complete once StreamComplete has been returned."""
        return self._stream.completion

    def __enter__(self) -> "SyncChatStream":
        return self

    def __exit__(self, *details: object) -> None:
        self.close()

    def __iter__(self) -> "SyncChatStream":
        return self

    def __next__(self) -> "Event":
        try:
            return run(self._stream.__anext__())  # type: ignore[return-value]
        except StopAsyncIteration:
            pass
        raise StopIteration

    def close(self) -> None:
        """Ends the stream and releases its connection. Idempotent."""
        run(self._stream.aclose())


class Client(BaseClient):
    """LLM client without an event loop; arguments as BaseClient, calls as AsyncClient."""

    _blocking = True

    def stream(
        self,
        messages: "Messages",
        *,
        tools: "list[dict[str, object]] | None" = None,
        model: "str | None" = None,
        timeouts: "Timeouts | None" = None,
        retry: "RetryPolicy | None" = None,
        hedge_after: "float | None" = None,
        on_interrupt: "str | None" = None,
        session: str = "",
        keep: object = "text",
        extra_body: "dict[str, object] | None" = None,
        extra_headers: "dict[str, str] | None" = None,
        **params: object,
    ) -> SyncChatStream:
        """Asks a model; arguments and errors as AsyncClient.stream."""
        call = self._call(messages, tools, params, extra_body, extra_headers, session, keep)
        policy = self._policy.for_call(timeouts, retry, hedge_after, on_interrupt)
        return SyncChatStream(self._start(call, model, policy))

    def chat(
        self,
        messages: "Messages",
        *,
        on_delta: "OnDelta | None" = None,
        on_restart: "OnRestart | None" = None,
        tools: "list[dict[str, object]] | None" = None,
        model: "str | None" = None,
        timeouts: "Timeouts | None" = None,
        retry: "RetryPolicy | None" = None,
        hedge_after: "float | None" = None,
        on_interrupt: "str | None" = None,
        session: str = "",
        keep: object = "text",
        extra_body: "dict[str, object] | None" = None,
        extra_headers: "dict[str, str] | None" = None,
        **params: object,
    ) -> "Completion":
        """Asks and waits for the whole answer; as AsyncClient.chat, its callables plain."""
        call = self._call(messages, tools, params, extra_body, extra_headers, session, keep)
        policy = self._policy.for_call(timeouts, retry, hedge_after, on_interrupt)
        from thinwire.core.stream import Listener, collect

        listener = Listener(on_delta, on_restart)
        stream = self._start_chat(call, model, policy, listener)
        return run(collect(stream, listener))  # type: ignore[return-value]

    def close(self) -> None:
        """Closes the connections. Idempotent."""
        run(self._transport.aclose())

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *details: object) -> None:
        self.close()

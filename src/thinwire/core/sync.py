"""Sync for free: the same pump, over a transport whose coroutines never suspend. Running such a
coroutine is one send(None); there is no event loop, no thread and no second implementation.
"""

from thinwire.core._compat import const, public
from thinwire.core.client import BaseClient
from thinwire.core.request.call import Call

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from collections.abc import Coroutine, Mapping
    from typing import Self, Unpack

    from thinwire.core.answer.completion import Completion
    from thinwire.core.answer.events import Event
    from thinwire.core.client import Messages, Tools
    from thinwire.core.request.call import ChatParams, Keep
    from thinwire.core.routing.policy import OnInterrupt, RetryPolicy, Timeouts
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

    def stream(
        self,
        messages: "Messages",
        *,
        tools: "Tools | None" = None,
        model: "str | None" = None,
        timeouts: "Timeouts | float | None" = None,
        retry: "RetryPolicy | int | None" = None,
        hedge_after: "float | None" = None,
        on_interrupt: "OnInterrupt | None" = None,
        session: str = "",
        keep: "Keep" = "text",
        extra_body: "Mapping[str, object] | None" = None,
        extra_headers: "Mapping[str, str] | None" = None,
        **params: "Unpack[ChatParams]",
    ) -> SyncChatStream:
        """Asks a model; nothing is sent before the stream is iterated.

        Args:
            messages: list of message dicts, or any re-iterable of them; a string leaf may be a
                source (TextFile, Base64File). A list or tuple is copied now, though not the
                messages in it; anything else is read while it is sent.
            tools: list of tool definitions.
            model: public model name, None for the default.
            timeouts: limits of this call in place of the deployments' and the client's; a number
                is its total.
            retry: how often each deployment is tried, likewise; a number is its attempts.
            hedge_after: seconds without a first token after which the first fallback is started
                beside it; AsyncClient only.
            on_interrupt: "raise" or "restart": what to do when an answer breaks off that the
                caller has seen a part of; see `__init__`.
            session: name of the conversation, for deployments with `session_affinity`; never
                sent.
            keep: what becomes of the answer's text. "text": it is kept in memory, and in the
                completion. "none": only the events or `on_delta` have it, and it is None or "" in
                the completion; `on_delta=file.write, keep="none"` writes it to a file.
            extra_body: fields that replace all others; the only way to send null.
            extra_headers: headers of this call.
            **params: any field of the API (temperature, max_tokens, stop, ...); None: not sent.

        Returns:
            SyncChatStream, to be used with `with` and `for`.

        Raises:
            ValueError: the model is not declared, or a header cannot be sent.
            TypeError: messages is a string or not iterable; an option of other clients (timeout=,
                stream=, ...), a class as response_format, a function as tool.
        """
        try:
            call = Call(
                messages,
                tools=tools,
                params=params,
                extra_body=extra_body,
                extra_headers=extra_headers,
                session=session,
                keep=keep,
            )
            policy = self._policy.for_call(timeouts, retry, hedge_after, on_interrupt)
            return SyncChatStream(self._stream(call, model, policy))
        except MemoryError as error:
            raise self._buffers.out_of_memory(error)

    def chat(
        self,
        messages: "Messages",
        *,
        on_delta: "OnDelta | None" = None,
        on_restart: "OnRestart | None" = None,
        tools: "Tools | None" = None,
        model: "str | None" = None,
        timeouts: "Timeouts | float | None" = None,
        retry: "RetryPolicy | int | None" = None,
        hedge_after: "float | None" = None,
        on_interrupt: "OnInterrupt | None" = None,
        session: str = "",
        keep: "Keep" = "text",
        extra_body: "Mapping[str, object] | None" = None,
        extra_headers: "Mapping[str, str] | None" = None,
        **params: "Unpack[ChatParams]",
    ) -> "Completion":
        """Asks a model and waits for the whole answer.

        Args:
            messages: list of message dicts, or any re-iterable of them; a string leaf may be a
                source (TextFile, Base64File). A list or tuple is copied now, though not the
                messages in it; anything else is read while it is sent.
            on_delta: called with each piece of text as it arrives, a refusal's as well; a plain
                callable.
                What it raises ends the call and reaches the caller as it is.
            on_restart: called with StreamRestarted when what on_delta was told is void, since the
                answer broke off and starts anew. Without it on_interrupt="restart" is refused
                where text was handed out, for nobody would know.
            tools: list of tool definitions.
            model: public model name, None for the default.
            timeouts: limits of this call in place of the deployments' and the client's; a number
                is its total.
            retry: how often each deployment is tried, likewise; a number is its attempts.
            hedge_after: seconds without a first token after which the first fallback is started
                beside it; AsyncClient only.
            on_interrupt: "raise" or "restart": what to do when an answer breaks off that the
                caller has seen a part of; see `__init__`.
            session: name of the conversation, for deployments with `session_affinity`; never
                sent.
            keep: what becomes of the answer's text. "text": it is kept in memory, and in the
                completion. "none": only the events or `on_delta` have it, and it is None or "" in
                the completion; `on_delta=file.write, keep="none"` writes it to a file.
            extra_body: fields that replace all others; the only way to send null.
            extra_headers: headers of this call.
            **params: any field of the API (temperature, max_tokens, stop, ...); None: not sent.

        Returns:
            Completion.

        Raises:
            ThinwireError: see ChatStream.
            ValueError: the model is not declared, or a header cannot be sent.
            TypeError: messages is a string or not iterable; an option of other clients (timeout=,
                stream=, ...), a class as response_format, a function as tool.
        """
        try:
            call = Call(
                messages,
                tools=tools,
                params=params,
                extra_body=extra_body,
                extra_headers=extra_headers,
                session=session,
                keep=keep,
            )
            policy = self._policy.for_call(timeouts, retry, hedge_after, on_interrupt)
            coroutine = self._chat(call, model, policy, on_interrupt, on_delta, on_restart)
        except MemoryError as error:
            raise self._buffers.out_of_memory(error)
        found = run(coroutine)
        if found is None:
            raise self._buffers.out_of_memory()
        return found  # type: ignore[return-value]

    def close(self) -> None:
        """Closes the connections. Idempotent."""
        run(self._transport.aclose())

    def __enter__(self) -> "Self":
        return self

    def __exit__(self, kind: object = None, error: object = None, trace: object = None) -> None:
        self.close()

"""Sync for free: the same pump, over a transport whose coroutines never suspend. Running such a
coroutine is one send(None); there is no event loop, no thread and no second implementation.
"""

from thinwire.core._compat import MICROPYTHON, const, documented, import_module, public
from thinwire.core.client import AsyncClient, BaseClient

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping
    from types import UnionType
    from typing import Any, Concatenate, ParamSpec, Self, TypeVar, Unpack, overload

    from thinwire.core.answer.completion import Completion
    from thinwire.core.answer.events import Event
    from thinwire.core.client import Messages
    from thinwire.core.conversation.into import ParsedCompletion
    from thinwire.core.conversation.into_blocking import SyncParsedStream
    from thinwire.core.conversation.sync_tool_loop import SyncToolLoop
    from thinwire.core.conversation.tool_loop import ToolLoop
    from thinwire.core.request.call import ChatOptions, StreamOptions
    from thinwire.core.services.blocking import SyncReply
    from thinwire.core.services.reply import Reply
    from thinwire.core.stream import ChatStream

    P = ParamSpec("P")
    T = TypeVar("T")
    R = TypeVar("R")


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


def _as_blocking(
    method: "Callable[Concatenate[Any, P], T]", end: "Callable[[Client, T], R]"
) -> "Callable[Concatenate[Client, P], R]":
    # A method of AsyncClient as Client has it, with its arguments and its words: what it gives is
    # brought to an end, for nothing in it ever waits for a loop.
    def call(self: "Client", *messages: "P.args", **options: "P.kwargs") -> "R":
        try:
            made = method(self, *messages, **options)
        except MemoryError as error:
            raise self._reserve.out_of_memory(error)
        return end(self, made)

    return documented(call, method)  # type: ignore[return-value]  # `self` is never a keyword


def ended(client: "Client", coroutine: "Coroutine[object, object, R]") -> "R":
    """What a coroutine of a Client's gives, to its end; a Reply as one that blocks.

    Raises:
        OutOfMemory: there was no memory to hand it over.
    """
    found = run(coroutine)
    if found is None:
        raise client._reserve.out_of_memory()  # noqa: SLF001 - Client's own helper
    if hasattr(found, "next_piece"):
        make = import_module("thinwire.core.services.blocking").SyncReply
        try:
            return make(found)  # type: ignore[no-any-return]
        except MemoryError as error:
            raise client._reserve.out_of_memory(error)  # noqa: SLF001
    return found  # type: ignore[return-value]


if TYPE_CHECKING:

    def _reply(client: BaseClient, coroutine: Coroutine[object, object, Reply]) -> SyncReply: ...

    def _loop(client: BaseClient, loop: ToolLoop) -> SyncToolLoop: ...

else:
    _reply = ended
    if not MICROPYTHON:  # pragma: no branch (as below)

        def _loop(client, loop):
            return loop  # stream_tools of a Client makes one that blocks


@public
class Client(BaseClient):
    """LLM client without an event loop, on CPython and on MicroPython.

    Use it with `with`, or call `close()`. It does one call at a time; its calls are those of
    AsyncClient.
    """

    _blocking = True
    _cold = False  # its caller waits in any case

    def _events(self, stream: "ChatStream") -> SyncChatStream:
        try:
            if hasattr(stream, "partial"):
                make = import_module("thinwire.core.conversation.into_blocking").SyncParsedStream
                return make(stream)  # type: ignore[no-any-return]
            return SyncChatStream(stream)
        except MemoryError as error:
            raise self._reserve.out_of_memory(error)

    if TYPE_CHECKING:

        @overload
        def stream(
            self, messages: Messages, *, into: type[T], **options: Unpack[StreamOptions]
        ) -> SyncParsedStream[T]: ...
        @overload
        def stream(
            self,
            messages: Messages,
            *,
            into: Mapping[str, object] | UnionType,
            **options: Unpack[StreamOptions],
        ) -> SyncParsedStream[Any]: ...
        @overload
        def stream(
            self, messages: Messages, *, into: None = None, **options: Unpack[StreamOptions]
        ) -> SyncChatStream: ...
        def stream(self, messages: Any, **options: Any) -> Any: ...
        @overload
        def chat(
            self, messages: Messages, *, into: type[T], **options: Unpack[ChatOptions]
        ) -> ParsedCompletion[T]: ...
        @overload
        def chat(
            self,
            messages: Messages,
            *,
            into: Mapping[str, object] | UnionType,
            **options: Unpack[ChatOptions],
        ) -> ParsedCompletion[Any]: ...
        @overload
        def chat(
            self, messages: Messages, *, into: None = None, **options: Unpack[ChatOptions]
        ) -> Completion: ...
        def chat(self, messages: Any, **options: Any) -> Any: ...

    else:
        stream = _as_blocking(AsyncClient.stream, _events)
        chat = _as_blocking(AsyncClient.chat, ended)
    if not MICROPYTHON or TYPE_CHECKING:  # pragma: no branch (a chip finds them itself)
        post = _as_blocking(AsyncClient.post, _reply)
        get = _as_blocking(AsyncClient.get, _reply)
        open = _as_blocking(AsyncClient.open, _reply)
        embeddings = _as_blocking(AsyncClient.embeddings, ended)
        transcribe = _as_blocking(AsyncClient.transcribe, ended)
        speak = _as_blocking(AsyncClient.speak, ended)
        models = _as_blocking(AsyncClient.models, ended)
        check = _as_blocking(AsyncClient.check, ended)
        probe = _as_blocking(AsyncClient.probe, ended)
        run_tools = _as_blocking(AsyncClient.run_tools, ended)
        stream_tools = _as_blocking(AsyncClient.stream_tools, _loop)

    def close(self) -> None:
        """Closes the connections. Idempotent."""
        run(self._transport.aclose())

    def __enter__(self) -> "Self":
        return self

    def __exit__(self, kind: object = None, error: object = None, trace: object = None) -> None:
        self.close()

# The clients: what a user makes once and asks many times. Both are thin faces over ChatStream.

from thinwire.core._compat import TYPE_CHECKING, is_awaitable
from thinwire.core.body import AsyncBody
from thinwire.core.clocks import Timeouts
from thinwire.core.events import ContentDelta
from thinwire.core.factory import default_log, default_transport
from thinwire.core.log import Log
from thinwire.core.plan import Call, Plan, RawCall
from thinwire.core.routing import Router
from thinwire.core.stream import ChatStream

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable

    from thinwire.core.completion import Completion
    from thinwire.core.log import Sink
    from thinwire.core.model import Deployment
    from thinwire.core.transport import Transport

    OnDelta = Callable[[str], object]
    Messages = Iterable[dict[str, object]]


class BaseClient:
    """What the sync and the async client share.

    Args:
        default_model: public model name used when a call gives none.
        deployments: public model name -> Deployment.
        fallbacks: public model name -> names to try after it, in order, when an attempt fails in
            a way that another deployment may not, before its first delta.
        timeouts: limits for each wait (Timeouts); per call with `timeouts=`.
        log: True for the runtime's logger (structlog, or JSON lines on a chip), a callable
            (level, event, fields), or None for silence.
        transport: an own Transport; the remaining options then do not apply.
        verify: False to skip certificate verification, or the path of a CA bundle.
        ssl_context: own ssl.SSLContext (CPython).
        proxy: URL of a proxy; without it the environment's proxy variables count (CPython).
        http_client: own httpx.AsyncClient, or httpx.Client for Client; not closed by us (CPython).
        cadata: CA certificates, DER (MicroPython; PEM or DER on CPython).
        insecure: True to skip certificate verification; on MicroPython https needs this or
            cadata.

    Raises:
        ValueError: an undeclared model name, an impossible timeout, options that exclude each
            other.
    """

    _blocking = False

    def __init__(
        self,
        default_model: str,
        deployments: "dict[str, Deployment]",
        fallbacks: "dict[str, list[str]] | None" = None,
        *,
        timeouts: "Timeouts | None" = None,
        log: "Sink | bool | None" = None,
        transport: "Transport | None" = None,
        verify: "bool | str" = True,
        ssl_context: object = None,
        proxy: "str | None" = None,
        http_client: object = None,
        cadata: "bytes | None" = None,
        insecure: bool = False,
    ) -> None:
        self._router = Router(default_model, deployments, fallbacks)
        self._timeouts = timeouts or Timeouts()
        sink = default_log() if log is True else log
        self._log = Log(sink) if sink else None
        self._transport = transport or default_transport(
            self._blocking,
            {
                "verify": verify,
                "ssl_context": ssl_context,
                "proxy": proxy,
                "http_client": http_client,
                "cadata": cadata,
                "insecure": insecure,
            },
        )

    @property
    def transport(self) -> "Transport":
        """What carries the requests."""
        return self._transport

    def models(self) -> "list[str]":
        """Public model names, sorted."""
        return self._router.models()

    def _start(
        self, call: "Call | RawCall", model: "str | None", timeouts: "Timeouts | None"
    ) -> ChatStream:
        plan = Plan(self._router, call, model)
        return ChatStream(self._transport, plan, timeouts or self._timeouts, self._log)


class AsyncClient(BaseClient):
    """LLM client for asyncio, on CPython and on MicroPython; arguments as BaseClient.

    Use it with `async with`, or call `aclose()`. One client serves any number of calls at a time.
    """

    def stream(
        self,
        messages: "Messages",
        *,
        tools: "list[dict[str, object]] | None" = None,
        model: "str | None" = None,
        timeouts: "Timeouts | None" = None,
        extra_body: "dict[str, object] | None" = None,
        extra_headers: "dict[str, str] | None" = None,
        **params: object,
    ) -> ChatStream:
        """Asks a model; nothing is sent before the stream is iterated.

        Args:
            messages: list of message dicts, or any re-iterable of them; a string leaf may be a
                source (TextFile, Base64File).
            tools: list of tool definitions.
            model: public model name, None for the default.
            timeouts: limits of this call in place of the client's.
            extra_body: fields that replace all others; the only way to send null.
            extra_headers: headers of this call.
            **params: any field of the API (temperature, max_tokens, stop, ...); None: not sent.

        Returns:
            ChatStream, to be used with `async with` and `async for`.

        Raises:
            ValueError: the model is not declared, or a header cannot be sent.
            TypeError: messages is a string or not iterable.
        """
        call = Call(messages, tools, params, extra_body, extra_headers)
        return self._start(call, model, timeouts)

    async def chat(
        self,
        messages: "Messages",
        *,
        on_delta: "OnDelta | None" = None,
        tools: "list[dict[str, object]] | None" = None,
        model: "str | None" = None,
        timeouts: "Timeouts | None" = None,
        extra_body: "dict[str, object] | None" = None,
        extra_headers: "dict[str, str] | None" = None,
        **params: object,
    ) -> "Completion":
        """Asks a model and waits for the whole answer.

        Args:
            on_delta: called with each piece of text as it arrives; a plain or an async callable.
                What it raises ends the call and reaches the caller as it is.
            others: as `stream`.

        Returns:
            Completion.

        Raises:
            ThinwireError: see ChatStream; ValueError, TypeError: as `stream`.
        """
        call = Call(messages, tools, params, extra_body, extra_headers)
        return await collect(self._start(call, model, timeouts), on_delta)

    async def send_streaming_body(
        self, body: "AsyncIterator[bytes]", *, model: "str | None" = None
    ) -> "Completion":
        """Sends a request body that the caller builds, JSON text in pieces, as it is produced.

        Args:
            body: async iterator of bytes; sent once, to one deployment, never again.
            model: public model name whose deployment is used, None for the default.

        Returns:
            Completion.

        Raises:
            ThinwireError: see ChatStream; ValueError: the model is not declared.
        """
        return await collect(self._start(RawCall(AsyncBody(body)), model, None), None)

    async def aclose(self) -> None:
        """Closes the connections. Idempotent."""
        await self._transport.aclose()

    async def __aenter__(self) -> "AsyncClient":
        return self

    async def __aexit__(self, *details: object) -> None:
        await self.aclose()


async def collect(stream: ChatStream, on_delta: "OnDelta | None") -> "Completion":
    async with stream:
        async for event in stream:
            if on_delta is not None and isinstance(event, ContentDelta) and event.choice == 0:
                result = on_delta(event.text)
                if is_awaitable(result):
                    await result  # type: ignore[misc]
    return stream.completion

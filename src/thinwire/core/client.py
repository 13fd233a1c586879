"""The clients: what a user makes once and asks many times. Both are thin faces over ChatStream."""

from thinwire.core._compat import BUFFER, MICROPYTHON, const, load
from thinwire.core.adapters import default_log, default_transport, memory_budget
from thinwire.core.error_kinds import FALLBACK_ON
from thinwire.core.routing.clocks import Timeouts
from thinwire.core.routing.health import CooldownPolicy, Health
from thinwire.core.routing.policy import Policy, RetryPolicy
from thinwire.core.routing.router import Router

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable

    from thinwire.core.answer.completion import Completion
    from thinwire.core.observer import Hook, Observer, Sink
    from thinwire.core.request.call import Call, RawCall
    from thinwire.core.routing.deployment import Deployment
    from thinwire.core.routing.health import DeploymentState
    from thinwire.core.routing.router import Lists
    from thinwire.core.routing.store import Store
    from thinwire.core.stream import ChatStream, Listener, OnDelta, OnRestart
    from thinwire.core.transport import Transport

    Messages = Iterable[dict[str, object]]

# The receive buffers of a client. On a chip one is allocated when the client is made, before the
# heap fragments, and serves one answer after the other.


class Buffers:
    """Lends buffers; several answers at a time get one each.

    Args:
        size: of each, in bytes.
    """

    def __init__(self, size: int = BUFFER) -> None:
        self.size = size
        self._spare: bytearray | None = bytearray(size)

    def take(self) -> bytearray:
        """A buffer of nobody else's."""
        spare, self._spare = self._spare, None
        return bytearray(self.size) if spare is None else spare

    def give(self, buffer: bytearray) -> None:
        """Takes back what `take` gave."""
        self._spare = buffer


class BaseClient:
    """What the sync and the async client share.

    Args:
        default_model: public model name used when a call gives none.
        deployments: public model name -> Deployment.
        fallbacks: public model name -> names to try after it, in order, when an attempt fails in
            a way that another deployment may not, before its first delta.
        timeouts: limits for each wait (Timeouts); also per deployment and per call.
        retry: how often one deployment is tried (RetryPolicy); also per deployment and per call.
        context_fallbacks: names to try when the request does not fit into the model.
        content_filter_fallbacks: names to try when a content filter refuses the request.
        fallback_on: kinds of errors that lead to `fallbacks` (FALLBACK_ON, and of
            FALLBACK_OPTIONAL what shall lead there, too).
        hedge_after: seconds without a first token after which the first fallback is started
            beside it, 0 for both at once; the first delta wins. AsyncClient only.
        on_interrupt: what to do when an answer breaks off that the caller has seen a part of:
            "raise" StreamInterrupted, or "restart" at a fallback after StreamRestarted. `chat()`
            without on_delta restarts unless told to raise, since nobody has seen anything.
        cooldown: when a deployment is left alone for a while (CooldownPolicy).
        store: keeps that beyond this process (FileStore, or an own Store).
        on_event: called with name and fields of what happens to each call; see docs/routing.md.
        log: True for the runtime's logger (structlog, or JSON lines on a chip), a callable
            (level, event, fields), or None for silence.
        transport: an own Transport; the remaining options then do not apply.
        verify: False to skip certificate verification, or the path of a CA bundle.
        ssl_context: own ssl.SSLContext (CPython).
        proxy: URL of a proxy; without it the environment's proxy variables count (CPython).
        http_client: own httpx.AsyncClient, or httpx.Client for Client; not closed by us (CPython).
        cadata: CA certificates in place of the system's (on a chip: of the built-in roots), DER
            or PEM.
        insecure: True to skip certificate verification: whoever answers gets the API key.
        pin: sha256 of the one certificate or public key to accept, in hex (MicroPython).
        buffer_size: bytes of the receive buffer and, on a chip, of the send buffer, 512 to 4096
            there; None for 64 KiB, on a chip 1 KiB.
        idle_s: how many seconds a connection may wait for the next call; None for the transport's
            own default.

    Raises:
        ValueError: an undeclared model name, an impossible timeout, options that exclude each
            other.
    """

    _blocking = False

    def __init__(
        self,
        default_model: str,
        deployments: "dict[str, Deployment]",
        fallbacks: "Lists | None" = None,
        *,
        timeouts: "Timeouts | None" = None,
        retry: "RetryPolicy | None" = None,
        context_fallbacks: "Lists | None" = None,
        content_filter_fallbacks: "Lists | None" = None,
        fallback_on: "tuple[str, ...]" = FALLBACK_ON,
        hedge_after: "float | None" = None,
        on_interrupt: "str | None" = None,
        cooldown: "CooldownPolicy | None" = None,
        store: "Store | None" = None,
        on_event: "Hook | None" = None,
        log: "Sink | bool | None" = None,
        transport: "Transport | None" = None,
        verify: "bool | str" = True,
        ssl_context: object = None,
        proxy: "str | None" = None,
        http_client: object = None,
        cadata: "bytes | list[bytes] | None" = None,
        insecure: bool = False,
        pin: "str | list[str] | None" = None,
        buffer_size: "int | None" = None,
        idle_s: "float | None" = None,
    ) -> None:
        self._router = Router(
            default_model, deployments, fallbacks, context_fallbacks, content_filter_fallbacks
        )
        self._policy = Policy(
            timeouts or Timeouts(), retry or RetryPolicy(), fallback_on, hedge_after, on_interrupt
        )
        self._buffers = Buffers(buffer_size or BUFFER)
        self._health = Health(cooldown or CooldownPolicy(), store)
        self._observer = _observer(default_log() if log is True else log, on_event)
        self._transport = transport or default_transport(
            self._blocking,
            {
                "verify": verify,
                "ssl_context": ssl_context,
                "proxy": proxy,
                "http_client": http_client,
                "cadata": cadata,
                "insecure": insecure,
                "pin": pin,
                "block": buffer_size,
                "idle_s": idle_s,
            },
        )

    @property
    def transport(self) -> "Transport":
        """What carries the requests."""
        return self._transport

    def models(self) -> "list[str]":
        """Public model names, sorted."""
        return self._router.models()

    def budget(self, https: bool = True) -> object:
        """What memory there is, and what the next call needs of it; print it (MicroPython).

        Args:
            https: whether the call is to an https address.

        Raises:
            NotImplementedError: the memory of this runtime has no such limits.
        """
        return memory_budget(self._transport, https, self._buffers.size)

    def deployments_state(self) -> "dict[str, DeploymentState]":
        """How each deployment is doing: name -> DeploymentState."""
        now = self._transport.now_ms()
        return {name: self._health.state(name, now) for name in self.models()}

    def _call(
        self,
        messages: "Messages",
        tools: "list[dict[str, object]] | None",
        params: "dict[str, object]",
        extra_body: "dict[str, object] | None",
        extra_headers: "dict[str, str] | None",
        session: str,
        keep: object,
    ) -> "Call":
        # What calls need is loaded with the first one: a client that is only made, and checked,
        # takes half of the RAM on a chip.
        if MICROPYTHON:  # pragma: no cover (MicroPython)
            load("thinwire.core.stream")
        from thinwire.core.request.call import Call

        return Call(messages, tools, params, extra_body, extra_headers, session, keep)

    def _start(
        self,
        call: "Call | RawCall",
        model: "str | None",
        policy: "Policy | None" = None,
        seen: bool = True,
    ) -> "ChatStream":
        policy = policy or self._policy
        if policy.hedge_ms is not None and not self._transport.concurrent:
            raise ValueError("hedge_after needs AsyncClient: a blocking one does one at a time")
        from thinwire.core.routing.plan import Plan
        from thinwire.core.stream import ChatStream

        now = self._transport.now_ms()
        plan = Plan(self._router, call, model, policy, self._health, now)
        return ChatStream(self._transport, plan, self._observer, self._buffers, seen)

    def _start_chat(
        self, call: "Call", model: "str | None", policy: Policy, listener: "Listener"
    ) -> "ChatStream":
        # Text that nobody has heard may be thrown away without a word; other text may not.
        heard = listener.hears or call.heard
        if heard:
            policy.restart_only_if(listener.can_be_told)
        return self._start(call, model, policy, heard or policy.on_interrupt == "raise")


def _observer(sink: "Sink | bool | None", hook: "Hook | None") -> "Observer | None":
    # None where nobody listens, as on most chips: the two modules take 800 bytes of RAM there.
    if not sink and hook is None:
        return None
    from thinwire.core.observer import Observer

    return Observer(sink or None, hook)  # type: ignore[arg-type]


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
        retry: "RetryPolicy | None" = None,
        hedge_after: "float | None" = None,
        on_interrupt: "str | None" = None,
        session: str = "",
        keep: object = "text",
        extra_body: "dict[str, object] | None" = None,
        extra_headers: "dict[str, str] | None" = None,
        **params: object,
    ) -> "ChatStream":
        """Asks a model; nothing is sent before the stream is iterated.

        Args:
            messages: list of message dicts, or any re-iterable of them; a string leaf may be a
                source (TextFile, Base64File).
            tools: list of tool definitions.
            model: public model name, None for the default.
            timeouts, retry, hedge_after, on_interrupt: for this call in place of the client's.
            session: name of the conversation, for deployments with `pin_provider`; never sent.
            keep: what becomes of the answer's text. "text": it is kept in memory, and in the
                completion. "none": only the events have it. An open text file: the content is
                written there. A callable: it is told (kind, text, index) of each piece of
                "content", "reasoning", "refusal" (index of the choice) and "arguments" (of the
                tool call). What is not kept is None in the completion, or "".
            extra_body: fields that replace all others; the only way to send null.
            extra_headers: headers of this call.
            **params: any field of the API (temperature, max_tokens, stop, ...); None: not sent.

        Returns:
            ChatStream, to be used with `async with` and `async for`.

        Raises:
            ValueError: the model is not declared, or a header cannot be sent.
            TypeError: messages is a string or not iterable.
        """
        call = self._call(messages, tools, params, extra_body, extra_headers, session, keep)
        policy = self._policy.for_call(timeouts, retry, hedge_after, on_interrupt)
        return self._start(call, model, policy)

    async def chat(
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
        """Asks a model and waits for the whole answer.

        Args:
            on_delta: called with each piece of text as it arrives; a plain or an async callable.
                What it raises ends the call and reaches the caller as it is.
            on_restart: called with StreamRestarted when what on_delta was told is void, since the
                answer broke off and starts anew. Without it on_interrupt="restart" is refused
                where text was handed out, for nobody would know.
            others: as `stream`.

        Returns:
            Completion.

        Raises:
            ThinwireError: see ChatStream; ValueError, TypeError: as `stream`.
        """
        call = self._call(messages, tools, params, extra_body, extra_headers, session, keep)
        policy = self._policy.for_call(timeouts, retry, hedge_after, on_interrupt)
        from thinwire.core.stream import Listener, collect

        listener = Listener(on_delta, on_restart)
        return await collect(self._start_chat(call, model, policy, listener), listener)

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
        from thinwire.core.request.body import AsyncBody
        from thinwire.core.request.call import RawCall
        from thinwire.core.stream import collect

        return await collect(self._start(RawCall(AsyncBody(body)), model))

    async def aclose(self) -> None:
        """Closes the connections. Idempotent."""
        await self._transport.aclose()

    async def __aenter__(self) -> "AsyncClient":
        return self

    async def __aexit__(self, *details: object) -> None:
        await self.aclose()

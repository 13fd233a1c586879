"""What a user makes once and asks many times: what both clients share, and the one for asyncio
(the other is in sync.py). Thin faces over ChatStream.
"""

from thinwire.core import adapters
from thinwire.core._compat import (
    BUFFER,
    KEEP_HEADERS,
    MICROPYTHON,
    const,
    import_module,
    mend_imports,
    public,
)
from thinwire.core.error_kinds import FALLBACK_ON
from thinwire.core.routing.health import CooldownPolicy, Health
from thinwire.core.routing.policy import Policy
from thinwire.core.routing.router import Router
from thinwire.core.wire.reserve import Reserve

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Coroutine, Iterable, Mapping, Sequence
    from types import UnionType
    from typing import Any, Literal, Protocol, Self, TypeVar, Unpack, overload

    from thinwire.core.adapters import Certificates, Verify
    from thinwire.core.answer.completion import Completion
    from thinwire.core.answer.on_chunk import OnChunk
    from thinwire.core.conversation.into import ParsedCompletion, ParsedStream
    from thinwire.core.error_kinds import Kind
    from thinwire.core.observer import Hook, Observer, Sink
    from thinwire.core.providers.config_file import Source
    from thinwire.core.request.call import Call, ChatOptions, Keep, ParsedParams, StreamOptions
    from thinwire.core.routing.deployment import Credentials, Deployment
    from thinwire.core.routing.health import DeploymentState
    from thinwire.core.routing.plan import Plan
    from thinwire.core.routing.policy import OnInterrupt, RetryPolicy, Timeouts
    from thinwire.core.routing.router import Lists
    from thinwire.core.routing.store import Store
    from thinwire.core.stream import ChatStream, OnDelta, OnRestart
    from thinwire.core.transport import Transport
    from thinwire.core.wire.tap import TapOptions

    Messages = str | Iterable[Mapping[str, object] | Completion]
    Tools = Sequence[Mapping[str, object]]
    T = TypeVar("T")

    class Opens(Protocol):
        """Options of a transport, e.g. an HTTPXTransport; one client's."""

        def open(self, blocking: bool) -> Transport:
            """The transport for a Client, if `blocking`, or an AsyncClient."""


# Bases of AsyncClient and of both clients: on a chip clients come to their methods another way
# (BaseClient.__getattr__).
if MICROPYTHON and not TYPE_CHECKING:  # pragma: no cover (MicroPython)
    Services = Shared = object
else:
    from thinwire.core.services.face import Services, Shared


class BaseClient(Shared):
    """What the sync and the async client share."""

    if MICROPYTHON and not TYPE_CHECKING:  # pragma: no cover (MicroPython)

        def __getattr__(self, name):
            return import_module("thinwire.core.services.face").bound(self, name)

    _blocking = False
    _cold = MICROPYTHON  # nobody has asked for `load` yet

    def __init__(
        self,
        default_model: "str | None" = None,
        deployments: "Mapping[str, Deployment | str] | Deployment | str | None" = None,
        fallbacks: "Lists | None" = None,
        *,
        api_key: "str | Credentials | None" = None,
        api_key_env: "str | None" = None,
        timeouts: "Timeouts | float | None" = None,
        retry: "RetryPolicy | int | None" = None,
        context_fallbacks: "Lists | None" = None,
        content_filter_fallbacks: "Lists | None" = None,
        fallback_on: "tuple[Kind, ...]" = FALLBACK_ON,
        hedge_after: "float | None" = None,
        on_interrupt: "OnInterrupt | None" = None,
        cooldown: "CooldownPolicy | None" = None,
        store: "Store | None" = None,
        on_event: "Hook | None" = None,
        on_chunk: "OnChunk | None" = None,
        log: "Sink | bool | None" = None,
        transport: "Transport | Opens | None" = None,
        verify: "Verify" = True,
        cadata: "Certificates" = None,
        add_ca: "Certificates" = None,
        http_client: object = None,
        keep_headers: "Literal['all'] | tuple[str, ...] | list[str] | None" = None,
        **more: "Unpack[TapOptions]",
    ) -> None:
        """Makes a client; nothing is sent, and nothing connected.

        Args:
            default_model: public model name used when a call gives none; None: each call names
                one. Without deployments it is "provider:model", e.g. "openai:gpt-5-mini"; without
                both all of it is read from the environment.
            deployments: public model name -> Deployment, or "provider:model"; or one,
                default_model's. "*" is for ids that are not declared: they are sent as they are.
            fallbacks: public model name -> names to try after it, in order, when an attempt fails
                in a way that another deployment may not, before its first delta; a list alone
                where there is one model. A name may be "provider:model".
            api_key: key of default_model, a string or a callable; see Deployment. It is sent to no
                other provider.
            api_key_env: variable that holds it, in its place.
            timeouts: limits for each wait (Timeouts), or seconds for the whole call; also per
                deployment and per call.
            retry: how often one deployment is tried (RetryPolicy, or the number of attempts); also
                per deployment and per call.
            context_fallbacks: names to try when the request does not fit into the model.
            content_filter_fallbacks: names to try when a content filter refuses the request.
            fallback_on: kinds of errors that lead to `fallbacks` (FALLBACK_ON, and of
                FALLBACK_OPTIONAL what shall lead there, too).
            hedge_after: seconds without a first token after which the first fallback is started
                beside it, 0 for both at once; the first delta wins. AsyncClient only.
            on_interrupt: what to do when an answer breaks off that the caller has seen a part of:
                "raise" StreamInterrupted, or "restart" at a fallback after StreamRestarted.
                `chat()` without on_delta restarts unless told to raise, since nobody has seen
                anything.
            cooldown: when a deployment is left alone for a while (CooldownPolicy).
            store: keeps that beyond this process (FileStore, or an own Store).
            on_event: called with name and fields of what happens to each call; see
                docs/routing.md.
            on_chunk: called with each chunk of an answer as it was parsed, a dict, before its
                events, of attempts that fail or lose as well; secrets of the request are `***` in
                it. What it raises ends the call. With it no chunk is read without parsing.
            log: True for the runtime's logger (structlog, or JSON lines on a chip), a callable
                (level, event, fields), or None for silence.
            transport: what carries the requests: an HTTPXTransport or SocketTransport with options
                of its own (proxy, pins, buffer sizes; docs/connections.md), or an own Transport.
                The client closes it. None of the options that follow goes beside it.
            verify: False to skip certificate verification: whoever answers gets the API key. Or
                the only CAs to trust, as the path of a file, or as PEM or DER bytes; or an
                ssl.SSLContext (CPython). True for the system's (on a chip: the built-in roots); on
                CPython SSL_CERT_FILE and SSL_CERT_DIR replace those.
            cadata: CA certificates in place of those, DER or PEM.
            add_ca: CA certificates beside those, DER or PEM.
            http_client: own httpx.AsyncClient, or httpx.Client for Client, of httpx or httpx2; not
                closed by us (CPython).
            keep_headers: names of response headers to keep for `completion.headers`, or "all";
                None for request ids, Retry-After and rate limits, on a chip for none.
            **more: recorder, on_request, on_response, on_stream_complete: for who wants to see the
                wire; see TapOptions in core/wire/tap.py, and docs/routing.md.

        Raises:
            ValueError: an undeclared model name, an impossible timeout, options that exclude each
                other, CA certificates that cannot be read.
            TypeError: an option of a kind it cannot have; for Client, an async api_key.
        """
        mend_imports()
        if default_model is None and deployments is None:
            said = {
                "fallbacks": fallbacks,
                "timeouts": timeouts,
                "retry": retry,
                "api_key": api_key,
                "api_key_env": api_key_env,
                "context_fallbacks": context_fallbacks,
                "content_filter_fallbacks": content_filter_fallbacks,
                "fallback_on": None if fallback_on is FALLBACK_ON else fallback_on,
                "hedge_after": hedge_after,
                "on_interrupt": on_interrupt,
                "cooldown": cooldown,
                "store": store,
                "on_event": on_event,
                "on_chunk": on_chunk,
                "log": log,
                "transport": transport,
                "verify": None if verify is True else verify,
                "cadata": cadata,
                "add_ca": add_ca,
                "http_client": http_client,
                "keep_headers": keep_headers,
            }
            said.update(more)
            begin = import_module("thinwire.core.providers.environment").begin
            begin(self, BaseClient.__init__, said)
            return
        self._router = Router(
            default_model,
            deployments,
            fallbacks,
            context_fallbacks,
            content_filter_fallbacks,
            self._blocking,
            api_key,
            api_key_env,
        )
        self._policy = Policy(timeouts, retry, fallback_on, hedge_after, on_interrupt)
        self._keep_headers: str | tuple[str, ...] = KEEP_HEADERS
        if keep_headers is not None:
            from thinwire.core.answer.headers import checked

            self._keep_headers = checked(keep_headers)
        self._on_chunk = on_chunk
        self._observer: Observer | None = None
        if log or on_event is not None:
            # Where nobody listens, as on most chips, this takes no RAM.
            from thinwire.core import observer

            hooks: list[Hook] = []
            if log:
                sink = adapters.default_log() if log is True else log
                hooks.append(observer.log_hook(sink))
            if on_event is not None:
                hooks.append(on_event)
            self._observer = observer.Observer(hooks)
        on_problem = None if self._observer is None else self._observer.store_failed
        if not isinstance(cooldown, (CooldownPolicy, type(None))):
            raise TypeError("cooldown takes CooldownPolicy(...), not %r" % (cooldown,))
        self._health = Health(cooldown or CooldownPolicy(), store, on_problem)
        if transport is None:
            make = adapters.default_transport
            transport = make(self._blocking, verify, cadata, add_ca, http_client)
        else:
            given = (
                ("verify", verify is not True),
                ("cadata", cadata is not None),
                ("add_ca", add_ca is not None),
                ("http_client", http_client is not None),
            )
            for name, is_given in given:
                if is_given:
                    raise ValueError("transport brings its own settings: drop %s" % name)
            if hasattr(transport, "open"):
                transport = transport.open(self._blocking)
        self._transport: Transport = transport
        for deployment in self._router.deployments.values():
            if deployment.options is not None and deployment.options.allow_private is False:
                check = import_module("thinwire.core.providers.public_only").check
                check(transport, deployment)
        # A transport knows in what sizes its bytes come; own ones need not say.
        self._reserve = Reserve(getattr(transport, "buffer_size", None) or BUFFER)
        if more:  # loaded for who needs it
            import_module("thinwire.core.wire.tap").settle(self, more)

    @classmethod
    def from_config(
        cls,
        source: "Source",
        *,
        environ: "Mapping[str, str] | None" = None,
        **options: "Any",
    ) -> "Self":
        """Makes a client of a configuration (docs/configuration.md).

        Args:
            source: path of a file of JSON, on CPython also of TOML (its name ends in .toml); or a
                dict of the same form.
            environ: variables by name, None for those of this process.
            options: arguments of `__init__` that count in place of what the configuration says.

        Raises:
            ConfigError: all that is wrong with it; a ValueError.
            ValueError, TypeError: see `__init__`.
        """
        make = import_module("thinwire.core.providers.config").client
        return make(cls, source, environ, options)  # type: ignore[no-any-return]

    @classmethod
    def from_env(cls, *, environ: "Mapping[str, str] | None" = None, **options: "Any") -> "Self":
        """Makes a client of what the environment says (docs/configuration.md).

        Args:
            environ: variables by name, None for those of this process.
            options: arguments of `__init__` that count in place of what the environment says.

        Raises:
            ConfigError: nothing has a key, or several have, or something is wrong; a ValueError.
            ValueError, TypeError: see `__init__`.
        """
        make = import_module("thinwire.core.providers.environment").client
        return make(cls, environ, options)  # type: ignore[no-any-return]

    @property
    def transport(self) -> "Transport":
        """What carries the requests."""
        return self._transport

    @property
    def names(self) -> "list[str]":
        """Public model names, sorted."""
        return self._router.models()

    def budget(self, https: bool = True) -> object:
        """What memory there is, and what the next call needs of it; print it (MicroPython).

        Args:
            https: whether the call is to an https address.

        Raises:
            NotImplementedError: the memory of this runtime has no such limits.
        """
        return adapters.memory_budget(self._transport, https, self._reserve.size)

    def deployments_state(self) -> "dict[str, DeploymentState]":
        """How each deployment is doing: name -> DeploymentState."""
        now = self._transport.now_ms()
        return {name: self._health.state(name, now) for name in self.names}

    def __repr__(self) -> str:
        limits = repr(self._policy)
        return "%s(%r, models: %s%s)" % (
            type(self).__name__,
            self._router.default_model,
            ", ".join(self.names),
            limits and "; " + limits,
        )

    def _call(
        self,
        messages: "Messages",
        tools: "Tools | None",
        params: "Mapping[str, object]",
        extra_body: "Mapping[str, object] | None",
        extra_headers: "Mapping[str, str] | None",
        session: str,
        keep: "Keep",
    ) -> "Call":
        # Out of the module: `from` takes twice as long where it is loaded, as everywhere below.
        make: type[Call] = import_module("thinwire.core.request.call").Call
        return make(messages, tools, params, extra_body, extra_headers, session, keep)

    def _open(
        self, call: "Call", model: "str | None", policy: Policy, seen: bool = True
    ) -> "ChatStream":
        if policy.hedge_after is not None and not self._transport.concurrent:
            raise ValueError("hedge_after needs AsyncClient: a blocking one does one at a time")
        if MICROPYTHON:  # pragma: no cover (MicroPython)
            mend_imports()
        # What calls need is loaded with the first one: a client that is only made, and checked,
        # takes half of the RAM on a chip.
        stream: type[ChatStream] = import_module("thinwire.core.stream").ChatStream
        if "into" in call.params:
            stream = import_module("thinwire.core.conversation.into").ParsedStream
        now, make = self._transport.now_ms(), import_module("thinwire.core.routing.plan").Plan
        plan: Plan = make(self._router, call, model, policy, self._health, now, self._observer)
        plan.keep_headers = self._keep_headers
        plan.on_chunk = self._on_chunk
        return stream(self._transport, plan, self._reserve, seen)


@public
class AsyncClient(BaseClient, Services):
    """LLM client for asyncio, on CPython and on MicroPython.

    Use it with `async with`, or call `aclose()`. One client serves any number of calls at a time.
    """

    if TYPE_CHECKING:

        @overload
        def stream(
            self, messages: Messages, *, into: type[T], **options: Unpack[StreamOptions]
        ) -> ParsedStream[T]: ...
        @overload
        def stream(
            self,
            messages: Messages,
            *,
            into: Mapping[str, object] | UnionType,
            **options: Unpack[StreamOptions],
        ) -> ParsedStream[Any]: ...
        @overload
        def stream(
            self, messages: Messages, *, into: None = None, **options: Unpack[StreamOptions]
        ) -> ChatStream: ...

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
        **params: "Unpack[ParsedParams]",
    ) -> "ChatStream":
        """Asks a model; nothing is sent before the stream is iterated.

        Args:
            messages: what the user says, or a list of message dicts, or any re-iterable of them;
                a string leaf may be a source (TextFile, Base64File). A list or tuple is copied
                now, though not the messages in it; anything else is read while it is sent.
            tools: list of tool definitions.
            model: public model name, None for the default.
            timeouts: limits of this call in place of the deployments' and the client's; a number
                is its total.
            retry: how often each deployment is tried, likewise; a number is its attempts.
            hedge_after: seconds without a first token after which the first fallback is started
                beside it; AsyncClient only.
            on_interrupt: "raise" or "restart": what to do when an answer breaks off that the
                caller has seen a part of; see `__init__`.
            session: name of the conversation, for deployments with `session_affinity`; sent only
                where one has a `session_field`.
            keep: what becomes of the answer's text. "text": it is kept in memory, and in the
                completion. "none": only the events or `on_delta` have it, and it is None or "" in
                the completion; `on_delta=file.write, keep="none"` writes it to a file.
            extra_body: fields that replace all others; the only way to send null.
            extra_headers: headers of this call.
            **params: any field of the API (temperature, max_tokens, stop, ...); None: not sent.
                And `into`: a class that the answer is to become, or a dict, the JSON schema that
                it is to fit; see docs/structured.md.

        Returns:
            ChatStream, to be used with `async with` and `async for`; Client's is a
            SyncChatStream, for `with` and `for`. With `into` a ParsedStream, SyncParsedStream.

        Raises:
            ValueError: the model is not declared, or a header cannot be sent.
            TypeError: messages is not iterable; an option of other clients (timeout=,
                stream=, ...), a class as response_format, a function as tool.
        """
        try:
            call = self._call(messages, tools, params, extra_body, extra_headers, session, keep)
            policy = self._policy.for_call(timeouts, retry, hedge_after, on_interrupt)
            return self._open(call, model, policy)
        except MemoryError as error:
            raise self._reserve.out_of_memory(error)

    if TYPE_CHECKING:

        @overload
        async def chat(
            self, messages: Messages, *, into: type[T], **options: Unpack[ChatOptions]
        ) -> ParsedCompletion[T]: ...
        @overload
        async def chat(
            self,
            messages: Messages,
            *,
            into: Mapping[str, object] | UnionType,
            **options: Unpack[ChatOptions],
        ) -> ParsedCompletion[Any]: ...
        @overload
        async def chat(
            self, messages: Messages, *, into: None = None, **options: Unpack[ChatOptions]
        ) -> Completion: ...

    async def chat(
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
        **params: "Unpack[ParsedParams]",
    ) -> "Completion":
        """Asks a model and waits for the whole answer.

        Args:
            messages: what the user says, or a list of message dicts, or any re-iterable of them;
                a string leaf may be a source (TextFile, Base64File). A list or tuple is copied
                now, though not the messages in it; anything else is read while it is sent.
            on_delta: called with each piece of text as it arrives, a refusal's as well; a plain
                callable or, of AsyncClient, an async one.
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
            session: name of the conversation, for deployments with `session_affinity`; sent only
                where one has a `session_field`.
            keep: what becomes of the answer's text. "text": it is kept in memory, and in the
                completion. "none": only the events or `on_delta` have it, and it is None or "" in
                the completion; `on_delta=file.write, keep="none"` writes it to a file.
            extra_body: fields that replace all others; the only way to send null.
            extra_headers: headers of this call.
            **params: any field of the API (temperature, max_tokens, stop, ...); None: not sent.
                And `into`: a class that the answer is to become, or a dict, the JSON schema that
                it is to fit; see docs/structured.md.

        Returns:
            Completion; with `into` a ParsedCompletion.

        Raises:
            ThinwireError: see ChatStream; with `into` also ParseError.
            ValueError: the model is not declared, or a header cannot be sent.
            TypeError: messages is not iterable; an option of other clients (timeout=,
                stream=, ...), a class as response_format, a function as tool.
        """
        try:
            if self._cold:
                await self.load()
            call = self._call(messages, tools, params, extra_body, extra_headers, session, keep)
            policy = self._policy.for_call(timeouts, retry, hedge_after, on_interrupt)
            # Text that nobody has heard may be thrown away without a word; other text only before
            # somebody who can be told.
            seen = True
            if on_delta is None and on_restart is None:
                seen = policy.on_interrupt == "raise"
            elif on_restart is not None:
                if policy.on_interrupt is None:
                    policy = policy.for_call(on_interrupt="restart")
            elif on_interrupt == "restart":
                raise ValueError('on_interrupt="restart" needs on_restart here, or stream()')
            elif policy.on_interrupt == "restart":
                policy = policy.for_call(on_interrupt="raise")
            stream = self._open(call, model, policy, seen)
            collect = import_module("thinwire.core.stream").collect
            coroutine: Coroutine[object, object, Completion] = collect(
                stream, on_delta, on_restart
            )
        except MemoryError as error:
            raise self._reserve.out_of_memory(error)
        return await coroutine

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
        try:
            from thinwire.core.request.raw_call import RawCall

            stream = self._open(RawCall(body), model, self._policy)
            from thinwire.core.stream import collect

            coroutine = collect(stream)
        except MemoryError as error:
            raise self._reserve.out_of_memory(error)
        return await coroutine

    async def load(self) -> None:
        """Loads the code that a call needs, and lets other tasks run between any two modules.

        The first `chat` does so by itself. For who asks with `stream` first, or wants the code to
        lie together before anything else cuts the heap; on CPython for who wants httpx to be there
        before the first call has to wait for it.
        """
        self._cold = False
        for name in adapters.modules_of_a_call(self._transport):
            import_module(name)
            await self._transport.sleep_ms(0)

    def aclose(self) -> "Coroutine[object, object, None]":
        """Closes the connections, once it is awaited. Idempotent."""
        return self._transport.aclose()

    async def __aenter__(self) -> "Self":
        return self

    def __aexit__(
        self, kind: object = None, error: object = None, trace: object = None
    ) -> "Coroutine[object, object, None]":
        return self.aclose()

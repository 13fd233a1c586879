"""A provider for exoclaw's agent loop, over AsyncClient, on CPython and on MicroPython.

It takes the place of exoclaw-provider-openai. With exoclaw installed it returns and raises
exoclaw's own types; without it, equals of them (types.py, errors.py).

Loaded when they are needed: conversion.py with the first call, client_transport.py for a client
that is no httpx one, call_log.py for who is to hear of calls, private.py for exoclaw's own tests.
"""

import sys

from thinwire.core._compat import MICROPYTHON, const, getenv, import_module, mend_imports, public
from thinwire.core.client import AsyncClient
from thinwire.core.error_kinds import ThinwireError
from thinwire.core.routing.policy import RetryPolicy, Timeouts

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Mapping
    from typing import Any

    from exoclaw.http import ClientProto
    from exoclaw.providers.types import LLMResponse
    from httpx import AsyncClient as HTTPXClient

    from thinwire.compat.exoclaw.call_log import CallLog
    from thinwire.core.routing.deployment import Deployment


@public
class OpenAIStreamingProvider:
    """LLM provider for exoclaw, and for anything else that wants one call with one answer.

    Satisfies exoclaw's LLMProvider and StreamingLLMProvider protocols.

    Args:
        default_model: public model name used when a call gives none.
        deployments: public model name -> Deployment.
        fallbacks: public model name -> names to try after it, in order. A list for a name that
            is not declared is never used, and logged as `llm_fallback_unused`.
        request_timeout: longest silence, in seconds: from one piece of an answer to the next. Not
            a limit for the whole call, just as in exoclaw: an answer that goes on arriving is not
            cut off, however long it takes.
        stream_ttft_timeout: longest wait, in seconds, from the last byte of a request to the first
            piece of its answer, and for the connection. Then the next fallback is tried. Never
            longer than request_timeout, which is what an upload may rest.
        client: own client, never closed here: an httpx.AsyncClient, exoclaw's HTTPClient, or
            anything with its `stream_post` (exoclaw.http.ClientProto).
        retry: how often one deployment is tried before the next; None: once, as in exoclaw.

    Either timeout may be None: no limit.

    With LLM_LOGGING=true in the environment each call is logged (structlog, or JSON lines on a
    chip), with the text of its messages: LLM_LOG_TRUNCATE characters of each, 500 unless set, all
    of it if negative. No key is ever in it. Warnings are always logged.

    Raises:
        ValueError: default_model or a fallback is not in deployments; a timeout is not positive;
            LLM_LOG_TRUNCATE is no number.
        TypeError: client is none.
    """

    supports_response_deltas = True

    def __init__(
        self,
        default_model: str,
        deployments: "dict[str, Deployment]",
        fallbacks: "dict[str, list[str]] | None" = None,
        *,
        request_timeout: "float | None" = 120.0,
        stream_ttft_timeout: "float | None" = 15.0,
        client: "HTTPXClient | ClientProto | None" = None,
        retry: "RetryPolicy | None" = None,
    ) -> None:
        self.default_model = default_model
        self._deployments = dict(deployments)
        logs = (getenv("LLM_LOGGING") or "").lower() == "true"
        limit = int(getenv("LLM_LOG_TRUNCATE") or "500")
        # One deployment that is tried once gives no warning.
        self._log: CallLog | None = None
        if logs or fallbacks or retry is not None:
            make = import_module("thinwire.compat.exoclaw.call_log").CallLog
            self._log = make(logs, limit, deployments)
        # Whether a deployment says by itself what its field for the session is.
        self._own_users = [one for one in deployments.values() if _names_users(one)] != []
        self._client = AsyncClient(
            default_model,
            self._named() if self._own_users else deployments,
            self._known(fallbacks or {}),
            timeouts=_timeouts(stream_ttft_timeout, request_timeout),
            retry=retry or RetryPolicy(attempts=1),
            on_event=None if self._log is None else self._log.hear,
            **_carrier(client),
        )

    def get_default_model(self) -> str:
        """Public model name used when a call gives none."""
        return self.default_model

    async def chat(
        self,
        messages: "Iterable[dict[str, object]]",
        tools: "list[dict[str, object]] | None" = None,
        model: "str | None" = None,
        max_tokens: "int | None" = 4096,
        temperature: "float | None" = 0.7,
        reasoning_effort: "str | None" = None,
        response_format: "Mapping[str, object] | None" = None,
        on_delta: "Callable[[str], object] | None" = None,
    ) -> "LLMResponse":
        """Asks a model, walking its fallbacks, and waits for the whole answer.

        The conversation's name is that of exoclaw's log context (`session.key`). As in exoclaw it
        is sent as `user`, unless the deployment has a `user` in its `extra_body`, another
        `session_field`, or `drop=("user",)`. It keeps the prompt cache warm at deployments with
        `session_affinity`.

        Args:
            messages: list of message dicts, or any iterable of them. Keys that begin with an
                underscore are not sent; with `_content_file` the content is read from that file
                while it is sent, or is `content` when nothing of the file can be read.
            tools: tool definitions; the model may call them or not.
            model: public model name.
            max_tokens: at least 1; None for models that refuse the parameter.
            temperature: None for models that refuse the parameter.
            reasoning_effort: as the model takes it.
            response_format: as in the OpenAI API.
            on_delta: called, and awaited, with each piece of text as it arrives. What it raises
                ends the call and reaches the caller as it is.

        Returns:
            exoclaw's LLMResponse. Arguments of tool calls are always a dict: what was not JSON is
            repaired, and {} when it cannot be.

        Raises:
            ContextWindowExceededError: the prompt is too large for the model.
            AllAttemptsFailed, StatusError, TransportError, StreamError: no model answered. With
                exoclaw installed each is one of exoclaw.http's errors, too; see errors.py for
                MicroPython.
            StreamInterrupted: the answer broke off after its first piece; never a response.
            EncodeError: a message holds what JSON cannot carry.
            ValueError: no deployment for the model.
        """
        session = _session()
        conversion = import_module("thinwire.compat.exoclaw.conversion")
        if self._log is not None:
            messages = self._log.requested(model or self.default_model, messages, tools)
        try:
            completion = await self._client.chat(
                conversion.wire_messages(messages),
                on_delta=on_delta,
                tools=tools,
                model=model or None,
                max_tokens=None if max_tokens is None else max(1, max_tokens),
                temperature=temperature,
                tool_choice="auto" if tools else None,
                reasoning_effort=reasoning_effort or None,
                response_format=response_format or None,
                user=None if self._own_users else session or None,
                session=session,
            )
        except ThinwireError as error:
            _pass_on(error)
            raise
        return conversion.response_from(completion)  # type: ignore[no-any-return]

    async def send_streaming_body(self, model: str, body: "AsyncIterator[bytes]") -> str:
        """Sends a request body that the caller builds, JSON text in pieces, as it is produced.

        Args:
            model: public model name whose deployment is used; there is no fallback.
            body: async iterator of bytes.

        Returns:
            Text of the answer, "" when it has none.

        Raises:
            RuntimeError: the server answered with an error status.
            ThinwireError: there was no whole answer; see `chat`.
            ValueError: no deployment for the model.
        """
        try:
            completion = await self._client.send_streaming_body(body, model=model)
        except ThinwireError as error:
            if error.status >= 400:
                words = error.body_snippet or error.message.partition(": ")[2] or error.message
                said = "status %d from %s: %s" % (error.status, model, words)
                failure = RuntimeError(said)
                failure.__cause__ = error
                raise failure
            _pass_on(error)
            raise
        return completion.text or ""

    async def close(self) -> None:
        """Closes the connections made here; a client that was given stays open. Idempotent."""
        await self._client.aclose()

    def __repr__(self) -> str:
        names = sorted(self._deployments)
        return "OpenAIStreamingProvider(%r, deployments=%r)" % (self.default_model, names)

    def _known(self, fallbacks: "dict[str, list[str]]") -> "dict[str, list[str]]":
        # exoclaw takes a list for an undeclared model, and its README has one; members count.
        for name, chain in fallbacks.items():
            if name not in self._deployments:
                for member in chain:
                    if member not in self._deployments:
                        said = "fallback %r of %r is not in deployments"
                        raise ValueError(said % (member, name))
                self._log.write("warning", "llm_fallback_unused", {"llm.model": name})  # type: ignore[union-attr]
        return {name: chain for name, chain in fallbacks.items() if name in self._deployments}

    def _named(self) -> "dict[str, Deployment]":
        # The deployments, those that say nothing of it with `user` as their field.
        options = import_module("thinwire.core.providers.options").Options
        altered = import_module("thinwire.core.providers.keys").altered
        found = {}
        for name, one in self._deployments.items():
            if not _names_users(one):
                own = options({})
                for key, value in ({} if one.options is None else one.options.__dict__).items():
                    setattr(own, key, value)
                own.session_field = "user"
                one = altered(one, options=own)
            found[name] = one
        return found


def _pass_on(error: ThinwireError) -> None:
    # Raises what is to be raised in its place, if anything is.
    try:
        other = import_module("thinwire.compat.exoclaw.errors").raised(error)
    except MemoryError:
        mend_imports()
        return  # a full heap hides no failure
    if other is not error:
        if not MICROPYTHON:
            other.__cause__ = error
        raise other


def _names_users(deployment: "Any") -> bool:
    if isinstance(deployment, str):  # a name, as AsyncClient takes them
        return False
    options = getattr(deployment, "options", None)  # what is none of ours the client refuses
    named = options is not None and options.session_field != ""
    return named or "user" in getattr(deployment, "extra_body", ())


def _session() -> str:
    # Where exoclaw binds it for its log; nothing is bound before that is loaded.
    context = sys.modules.get("structlog.contextvars")
    if context is not None:
        bound = context.get_contextvars()
    else:
        compat: Any = sys.modules.get("exoclaw._compat") if MICROPYTHON else None
        bound = {} if compat is None else compat.get_log_contextvars()
    found = bound.get("session.key")
    return str(found) if found else ""


def _timeouts(first_token: "float | None", silence: "float | None") -> Timeouts:
    limits = [limit for limit in (first_token, silence) if limit is not None]
    first = min(limits) if limits else None
    return Timeouts(
        connect=first, first_token=first, progress=silence, liveness=silence, upload=silence
    )


def _carrier(client: "Any") -> "dict[str, Any]":
    # The options of AsyncClient that make it use the client that was given.
    if client is None:
        return {}
    if not MICROPYTHON:
        from thinwire.cpython.httpx.clients import is_client  # kept out of this module's import

        own = client
        if type(client).__module__ == "exoclaw.http._cpython":
            own = getattr(client, "_client")  # noqa: B009 - what exoclaw.http.HTTPClient and from_httpx return
        if is_client(own, "AsyncClient"):
            return {"http_client": own}
    if not callable(getattr(client, "stream_post", None)):
        said = "client must be an httpx.AsyncClient, or have exoclaw's stream_post, unlike %s"
        raise TypeError(said % type(client).__name__)
    make = import_module("thinwire.compat.exoclaw.client_transport").ClientTransport
    return {"transport": make(client)}


if not TYPE_CHECKING:

    def __getattr__(name):
        # What exoclaw's own tests, and a few packages, take from its module.
        if name == "Deployment":
            return import_module("thinwire.core.routing.deployment").Deployment
        private = import_module("thinwire.compat.exoclaw.private")
        if name in private.NAMES:
            return getattr(private, name)
        raise AttributeError("module %r has no attribute %r" % (__name__, name))

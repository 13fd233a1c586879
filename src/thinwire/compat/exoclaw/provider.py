"""A provider for exoclaw's agent loop, over AsyncClient.

It takes the place of exoclaw-provider-openai. With exoclaw installed it returns and raises
exoclaw's own types; without it, equals of them (types.py).
"""

import os
import sys
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from typing import TYPE_CHECKING

from thinwire import transport
from thinwire._public import public
from thinwire.compat.exoclaw.conversion import response_from, wire_messages
from thinwire.compat.exoclaw.types import exoclaw_types
from thinwire.core.adapters import default_log
from thinwire.core.client import AsyncClient
from thinwire.core.errors import StatusError
from thinwire.core.routing.all_failed import AllAttemptsFailed
from thinwire.core.routing.deployment import Deployment
from thinwire.core.routing.policy import RetryPolicy, Timeouts

if TYPE_CHECKING:
    from exoclaw.http import ClientProto
    from exoclaw.providers.types import LLMResponse
    from httpx import AsyncClient as HTTPXClient


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
        client: own httpx.AsyncClient, or exoclaw's HTTPClient around one; never closed here.
        retry: how often one deployment is tried before the next; None: once, as in exoclaw.

    Either timeout may be None: no limit.

    With LLM_LOGGING=true in the environment each call is logged to structlog (names, counts and
    times, no text); warnings are always logged.

    Raises:
        ValueError: default_model or a fallback is not in deployments; a timeout is not positive.
        TypeError: client is neither.
    """

    supports_response_deltas = True

    def __init__(
        self,
        default_model: str,
        deployments: dict[str, Deployment],
        fallbacks: dict[str, list[str]] | None = None,
        *,
        request_timeout: float | None = 120.0,
        stream_ttft_timeout: float | None = 15.0,
        client: "HTTPXClient | ClientProto | None" = None,
        retry: RetryPolicy | None = None,
    ) -> None:
        self.default_model = default_model
        self._names = sorted(deployments)
        self._logs_calls = os.environ.get("LLM_LOGGING", "").lower() == "true"
        self._transport = transport.HTTPXTransport(http_client=_unwrapped(client)).open(False)
        self._client = AsyncClient(
            default_model,
            deployments,
            self._known(fallbacks or {}),
            timeouts=_timeouts(stream_ttft_timeout, request_timeout),
            retry=retry or RetryPolicy(attempts=1),
            log=self._log,
            transport=self._transport,
        )
        # For bodies a caller builds: never sent twice, so without fallbacks, and as slow as the
        # caller is, so without a clock for the first token of its own.
        self._raw_client = AsyncClient(
            default_model,
            deployments,
            retry=RetryPolicy(attempts=1),
            timeouts=_timeouts(request_timeout, request_timeout),
            log=self._log,
            transport=self._transport,
        )

    def get_default_model(self) -> str:
        """Public model name used when a call gives none."""
        return self.default_model

    async def chat(
        self,
        messages: Iterable[dict[str, object]],
        tools: list[dict[str, object]] | None = None,
        model: str | None = None,
        max_tokens: int | None = 4096,
        temperature: float | None = 0.7,
        reasoning_effort: str | None = None,
        response_format: Mapping[str, object] | None = None,
        on_delta: Callable[[str], object] | None = None,
    ) -> "LLMResponse":
        """Asks a model, walking its fallbacks, and waits for the whole answer.

        The conversation's name is that of exoclaw's log context (`session.key`). It keeps the
        prompt cache warm at deployments with `session_affinity`, and is sent to nobody but those
        with a `session_field`.

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
            AllAttemptsFailed, StatusError, TransportError, StreamError: no model answered.
            StreamInterrupted: the answer broke off after its first piece; never a response.
            EncodeError: a message holds what JSON cannot carry.
            ValueError: no deployment for the model.
        """
        try:
            completion = await self._client.chat(
                wire_messages(messages),
                on_delta=on_delta,
                tools=tools,
                model=model or None,
                max_tokens=None if max_tokens is None else max(1, max_tokens),
                temperature=temperature,
                tool_choice="auto" if tools else None,
                reasoning_effort=reasoning_effort or None,
                response_format=response_format or None,
                session=_session(),
            )
        except (StatusError, AllAttemptsFailed) as error:
            cause = error.last if isinstance(error, AllAttemptsFailed) else error
            if not isinstance(cause, StatusError) or cause.kind != "context_length":
                raise
            raise exoclaw_types().ContextWindowExceededError(str(error)) from error
        return response_from(completion)

    async def send_streaming_body(self, model: str, body: AsyncIterator[bytes]) -> str:
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
            completion = await self._raw_client.send_streaming_body(body, model=model)
        except StatusError as error:
            if error.status < 400:
                raise
            status = f"status {error.status}"
            words = error.body_snippet or error.message.removeprefix(status + ": ")
            raise RuntimeError(f"{status} from {model}: {words}") from error
        return completion.text or ""

    async def close(self) -> None:
        """Closes the connections made here; a client that was given stays open. Idempotent."""
        await self._transport.aclose()

    def __repr__(self) -> str:
        return f"OpenAIStreamingProvider({self.default_model!r}, deployments={self._names!r})"

    def _known(self, fallbacks: dict[str, list[str]]) -> dict[str, list[str]]:
        # exoclaw takes a list for an undeclared model, and its README has one; members count.
        for name in [name for name in fallbacks if name not in self._names]:
            missing = [member for member in fallbacks[name] if member not in self._names]
            if missing:
                raise ValueError(f"fallback {missing[0]!r} of {name!r} is not in deployments")
            self._log("warning", "llm_fallback_unused", {"llm.model": name})
        return {name: chain for name, chain in fallbacks.items() if name in self._names}

    def _log(self, level: str, event: str, fields: dict[str, object]) -> None:
        if self._logs_calls or level == "warning":
            default_log()(level, event, fields)


def _session() -> str:
    # Where exoclaw binds it for its log; nothing is bound before structlog is loaded.
    context = sys.modules.get("structlog.contextvars")
    found = context.get_contextvars().get("session.key") if context is not None else None
    return found if isinstance(found, str) else ""


def _timeouts(first_token: float | None, silence: float | None) -> Timeouts:
    limits = [limit for limit in (first_token, silence) if limit is not None]
    first = min(limits, default=None)
    return Timeouts(
        connect=first, first_token=first, progress=silence, liveness=silence, upload=silence
    )


def _unwrapped(client: object) -> object:
    # The httpx client in what exoclaw.http.HTTPClient and from_httpx return.
    if client is None:
        return None
    from thinwire.cpython.httpx.clients import is_client  # kept out of this module's import

    for candidate in (client, getattr(client, "_client", None)):
        if is_client(candidate, "AsyncClient"):
            return candidate
    name = type(client).__name__
    raise TypeError(f"client must be an httpx.AsyncClient, or exoclaw's HTTPClient, not {name}")

"""The methods of a client that few programs need. Each is one late import that delegates.

On CPython `Services` is a base of AsyncClient, and Client has its methods made blocking (sync.py);
`Shared` is a base of both. On a chip they are nobody's: a client has a `__getattr__` in their
place, which comes here for a name that it does not have (`bound`), so that a client that only
chats pays for none of this.
"""

from thinwire.core._compat import const, import_module

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from typing import Any, Unpack

    from thinwire.core.answer.completion import Completion
    from thinwire.core.client import BaseClient, Messages
    from thinwire.core.conversation.tool import ToolLike
    from thinwire.core.conversation.tool_loop import OnEvent, ToolLoop
    from thinwire.core.conversation.tool_run import Approve
    from thinwire.core.providers.check import Check
    from thinwire.core.providers.model_list import ModelEntry
    from thinwire.core.providers.probe import Probe
    from thinwire.core.request.call import ParsedParams
    from thinwire.core.request.endpoint_call import Content
    from thinwire.core.request.multipart import File
    from thinwire.core.routing.deployment import Deployment
    from thinwire.core.routing.policy import OnInterrupt, RetryPolicy, Timeouts
    from thinwire.core.services.embeddings import EmbeddingParams, Embeddings
    from thinwire.core.services.endpoints import IsDelta
    from thinwire.core.services.reply import Reply
    from thinwire.core.services.speech import Sink, SpeakParams, TranscribeParams, Transcription
    from thinwire.core.stream import OnDelta, OnRestart


class Shared:
    """What both clients have, and nobody waits for."""

    def resolve(self, name: str) -> "Deployment":
        """The deployment that a name stands for here: a public name, then `provider:model`, then
        `provider/model` of a configured provider, then a model of the default provider.

        Raises:
            ValueError: none.
        """
        find = import_module("thinwire.core.providers.resolve").of_client
        return find(self, name)  # type: ignore[no-any-return]


class Services:
    """What both clients have beside chats."""

    async def post(
        self,
        path: str,
        document: "Mapping[str, object] | list[object] | None" = None,
        *,
        model: "str | None" = None,
        timeouts: "Timeouts | float | None" = None,
        retry: "RetryPolicy | int | None" = None,
        session: str = "",
        extra_headers: "Mapping[str, str] | None" = None,
    ) -> "Reply":
        """Posts a JSON document to any endpoint of a model's server, routed as a chat is: with
        its key, its retries, its fallbacks and its clocks.

        Args:
            path: below the base URL, e.g. "/rerank?top=3"; "//api/embed" counts from the host's
                root.
            document: is encoded while it is sent, sources included. Where it is a dict without
                "model", the deployment's id goes there; `"model": None` leaves it out.
            model: public model name, None for the default.
            timeouts, retry: of this call, see `chat`; the first byte of the body counts as the
                first token, each further piece as a delta. Where nobody has set any, it may take
                two minutes, since all of the work may come before it (not for `get` and `open`).
            session: name of the conversation, for deployments with `session_affinity`.
            extra_headers: headers of this call.

        Returns:
            Reply, of a success: to be read, or closed (`async with`). Client's is a SyncReply.

        Raises:
            ThinwireError: as `chat` does, errors by status included; once a part of the body was
                handed out, StreamInterrupted.
            ValueError: the model is not declared; a path or a header that cannot be sent.
        """
        call = import_module("thinwire.core.services.endpoints").call
        document = {} if document is None else document
        return await call(  # type: ignore[no-any-return]
            self, "POST", path, document, model, timeouts, retry, session, extra_headers
        )

    async def get(
        self,
        path: str,
        *,
        model: "str | None" = None,
        timeouts: "Timeouts | float | None" = None,
        retry: "RetryPolicy | int | None" = None,
        session: str = "",
        extra_headers: "Mapping[str, str] | None" = None,
    ) -> "Reply":
        """Gets what is at any path of a model's server; see `post`."""
        call = import_module("thinwire.core.services.endpoints").call
        return await call(  # type: ignore[no-any-return]
            self, "GET", path, None, model, timeouts, retry, session, extra_headers, None, False
        )

    async def open(
        self,
        method: str,
        path: str,
        body: "Content | None" = None,
        *,
        model: "str | None" = None,
        timeouts: "Timeouts | float | None" = None,
        retry: "RetryPolicy | int | None" = None,
        session: str = "",
        extra_headers: "Mapping[str, str] | None" = None,
        is_delta: "IsDelta | None" = None,
    ) -> "Reply":
        """Sends a request with any body, and hands out the response as it arrives.

        Args:
            method: "GET", "POST", "PUT", "PATCH" or "DELETE".
            path: see `post`.
            body: bytes or a str; a dict or list, see `post`; an iterator or async iterator of
                bytes, which is sent once, to one deployment; a callable that gives one for each
                attempt; None for none. A Content-Type goes into extra_headers, unless it is JSON.
            is_delta: called with all that has arrived (memoryview), until it says that the first
                delta is in it. Until then nothing is handed out, unless the buffer is full, the
                clock `first_token` runs, and an attempt that fails leads to the next. What it
                raises fails the attempt if it is a ThinwireError, and else ends the call. None: of
                server-sent events the first `data:`, of all else the first byte.
            model, timeouts, retry, session, extra_headers: see `post`.

        Returns, raises: see `post`.
        """
        call = import_module("thinwire.core.services.endpoints").call
        return await call(  # type: ignore[no-any-return]
            self,
            method,
            path,
            body,
            model,
            timeouts,
            retry,
            session,
            extra_headers,
            is_delta,
            False,
        )

    async def embeddings(
        self,
        input: object,
        *,
        model: "str | None" = None,
        encoding_format: "str | None" = "base64",
        timeouts: "Timeouts | float | None" = None,
        retry: "RetryPolicy | int | None" = None,
        extra_headers: "Mapping[str, str] | None" = None,
        **params: "Unpack[EmbeddingParams]",
    ) -> "Embeddings":
        """Vectors of one text or several.

        Args:
            input: a str, a list of them, or of token numbers.
            encoding_format: "base64" (least to send), "float", or None for a server that refuses
                the field.
            model, timeouts, retry, extra_headers: see `post`.
            **params: fields of the API, e.g. dimensions; None: not sent.

        Raises:
            StreamError: the answer holds none; and see `post`.
        """
        ask = import_module("thinwire.core.services.embeddings").embeddings
        options = {"timeouts": timeouts, "retry": retry, "extra_headers": extra_headers}
        given = dict(params)
        given["encoding_format"] = encoding_format
        return await ask(self, input, model, given, options)  # type: ignore[no-any-return]

    async def transcribe(
        self,
        file: "File",
        *,
        model: "str | None" = None,
        filename: "str | None" = None,
        path: str = "/audio/transcriptions",
        timeouts: "Timeouts | float | None" = None,
        retry: "RetryPolicy | int | None" = None,
        extra_headers: "Mapping[str, str] | None" = None,
        **params: "Unpack[TranscribeParams]",
    ) -> "Transcription":
        """What is said in a recording, which is sent while it is read.

        Args:
            file: a path, an open binary file, bytes, an iterable of bytes, plain or async (a
                microphone; sent once), a callable that gives one of these for each attempt, or a
                source by its path or blocks (Base64File, BytesStream).
            filename: what the server is told, whose ending says the format; None: that of the
                path, "audio.wav" where there is none.
            path: "/audio/translations" for English text.
            model, timeouts, retry, extra_headers: see `post`; Timeouts(first_token=...) is how
                long it may take after the last byte was sent.
            **params: fields of the API, e.g. language, prompt, response_format.

        Raises:
            EncodeError: the file cannot be read.
            StreamError: the answer is no text; and see `post`.
        """
        ask = import_module("thinwire.core.services.speech").transcribe
        options = {"timeouts": timeouts, "retry": retry, "extra_headers": extra_headers}
        return await ask(  # type: ignore[no-any-return]
            self, file, model, path, filename, params, options
        )

    async def speak(
        self,
        text: object,
        sink: "Sink",
        *,
        voice: "str | None" = "alloy",
        model: "str | None" = None,
        timeouts: "Timeouts | float | None" = None,
        retry: "RetryPolicy | int | None" = None,
        extra_headers: "Mapping[str, str] | None" = None,
        **params: "Unpack[SpeakParams]",
    ) -> int:
        """Says a text; the sound is handed on while it arrives.

        Args:
            text: a str, or a source (TextFile).
            sink: a path, which is written to once the first of the sound is there, and removed
                if the rest does not come; what has `write`, which is asked again for what it did
                not take, and whose `drain` is awaited if it has one; or a callable that takes a
                memoryview, which must not be kept, plain or, of AsyncClient, async.
            voice: of the server's; None: not sent.
            model, timeouts, retry, extra_headers: see `post`.
            **params: fields of the API, e.g. response_format, speed, instructions.

        Returns:
            Number of bytes.

        Raises:
            StreamInterrupted: it broke off, and sink has the beginning; and see `post`.
        """
        ask = import_module("thinwire.core.services.speech").speak
        options = {"timeouts": timeouts, "retry": retry, "extra_headers": extra_headers}
        given = dict(params)
        given["voice"] = voice
        return await ask(self, text, sink, model, given, options)  # type: ignore[no-any-return]

    async def models(
        self,
        name: "str | None" = None,
        *,
        refresh: bool = False,
        fallback: "Sequence[str] | None" = None,
        timeouts: "Timeouts | float | None" = None,
    ) -> "list[ModelEntry]":
        """The models of a deployment's server, as the server lists them; kept for five minutes.

        Args:
            name: public model name whose deployment is asked, None for the default.
            refresh: ask even if the list is known.
            fallback: ids that stand in where there is no such endpoint, or nobody to be reached;
                None: those of the client's own at that server; () for the error. They have
                `listed=False`.
            timeouts: limits in place of the deployment's.

        Returns:
            ModelEntry objects in the server's order.

        Raises:
            ThinwireError: the server refuses (a bad key, a limit), fails, or gives no list.
            ValueError: the model is not declared.
        """
        models = import_module("thinwire.core.providers.discovery").models
        return await models(  # type: ignore[no-any-return]
            self, name, refresh=refresh, fallback=fallback, timeouts=timeouts
        )

    async def check(
        self,
        names: "Sequence[str] | str | None" = None,
        *,
        free: bool = False,
        timeouts: "Timeouts | float | None" = None,
    ) -> "list[Check]":
        """Checks deployments: reachable, authorised, model present, first-token time. Of a chat as
        little is spent as the wire and the model allow; it is left at its first delta.

        Args:
            names: public model names, or one; None for all.
            free: spend nothing: only lists of models are asked for.
            timeouts: limits for each request in place of the deployments'.

        Returns:
            A Check for each; what is wrong with one is in it.

        Raises:
            ValueError: a name that is not declared.
        """
        check = import_module("thinwire.core.providers.check").check
        return await check(self, names, free=free, timeouts=timeouts)  # type: ignore[no-any-return]

    async def probe(
        self, name: "str | None" = None, *, timeouts: "Timeouts | float | None" = None
    ) -> "Probe":
        """Tries what a deployment's server and model can do, by half a dozen short chats.

        Args:
            name: public model name, None for the default.
            timeouts: limits for each chat in place of the deployment's.

        Returns:
            Probe: its `profile` is a JSON object of Deployment's arguments.

        Raises:
            ThinwireError: not even a plain chat works.
            ValueError: the model is not declared.
        """
        probe = import_module("thinwire.core.providers.probe").probe
        return await probe(self, name, timeouts=timeouts)  # type: ignore[no-any-return]

    async def run_tools(
        self,
        messages: "Messages",
        *,
        tools: "Iterable[ToolLike]",
        max_rounds: int = 8,
        approve: "Approve | None" = None,
        timeout: "float | None" = None,
        on_delta: "OnDelta | None" = None,
        on_event: "OnEvent | None" = None,
        on_restart: "OnRestart | None" = None,
        model: "str | None" = None,
        timeouts: "Timeouts | float | None" = None,
        retry: "RetryPolicy | int | None" = None,
        hedge_after: "float | None" = None,
        on_interrupt: "OnInterrupt | None" = None,
        session: str = "",
        extra_body: "Mapping[str, object] | None" = None,
        extra_headers: "Mapping[str, str] | None" = None,
        **params: "Unpack[ParsedParams]",
    ) -> "Completion":
        """Asks a model, calls the tools it asks for, and asks again with their results, until an
        answer asks for none.

        Calls of one answer run together, each from the moment it is whole; Client runs them one
        by one. What goes wrong with a call (an error, a timeout, arguments or a name that are
        none) is told to the model; see docs/tools.md.

        Args:
            messages: see `chat`; each round sends them all.
            tools: (definition, function) pairs, Tools, on CPython functions; definitions alone of
                what the server runs itself.
            max_rounds: number of answers that may be asked for.
            approve: asked before each call, with the ToolCall, plain or, of AsyncClient, async:
                True; False or a reason why not, which the model is told; or a dict of arguments
                that take the place of the model's.
            timeout: seconds that one call of a tool may take; None: no limit. AsyncClient only.
            on_delta, on_restart: see `chat`; of all rounds.
            on_event: called with each event of all rounds, a ToolResult for each call among them;
                plain or async. What it raises ends the loop.
            model, timeouts, retry, hedge_after, on_interrupt, session, extra_body, extra_headers,
                **params: see `chat`; of each round. A `tool_choice` that forces a call is of the
                first round only.

        Returns:
            The last Completion: `messages` are all that were added, `total_usage` is of all
            rounds.

        Raises:
            MaxRoundsExceeded: the last round that was allowed asked for tools.
            ThinwireError: see ChatStream; its `messages` are those of the rounds before.
            ValueError, TypeError: see `chat`; a tool that is none, two of one name.
        """
        run = import_module("thinwire.core.conversation.tool_loop").run
        options: dict[str, Any] = {
            "model": model,
            "timeouts": timeouts,
            "retry": retry,
            "hedge_after": hedge_after,
            "on_interrupt": on_interrupt,
            "session": session,
            "extra_body": extra_body,
            "extra_headers": extra_headers,
        }
        options.update(params)
        limits = (max_rounds, approve, timeout)
        told = (on_delta, on_event, on_restart)
        return await run(self, messages, tools, limits, told, options)  # type: ignore[no-any-return]

    def stream_tools(
        self,
        messages: "Messages",
        *,
        tools: "Iterable[ToolLike]",
        max_rounds: int = 8,
        approve: "Approve | None" = None,
        timeout: "float | None" = None,
        model: "str | None" = None,
        timeouts: "Timeouts | float | None" = None,
        retry: "RetryPolicy | int | None" = None,
        hedge_after: "float | None" = None,
        on_interrupt: "OnInterrupt | None" = None,
        session: str = "",
        extra_body: "Mapping[str, object] | None" = None,
        extra_headers: "Mapping[str, str] | None" = None,
        **params: "Unpack[ParsedParams]",
    ) -> "ToolLoop":
        """The same as it goes: events of all rounds, a ToolResult for each call, StreamComplete
        last; nothing is sent before it is iterated.

        Args:
            messages and all others: see `run_tools`.

        Returns:
            ToolLoop, to be used with `async with` and `async for`; Client's is a SyncToolLoop,
            for `with` and `for`.

        Raises:
            ValueError, TypeError: see `run_tools`.
        """
        begin = import_module("thinwire.core.conversation.tool_loop").begin
        options: dict[str, Any] = {
            "model": model,
            "timeouts": timeouts,
            "retry": retry,
            "hedge_after": hedge_after,
            "on_interrupt": on_interrupt,
            "session": session,
            "extra_body": extra_body,
            "extra_headers": extra_headers,
        }
        options.update(params)
        limits = (max_rounds, approve, timeout)
        return begin(self, messages, tools, limits, options)  # type: ignore[no-any-return]


def bound(client: "BaseClient", name: str) -> "Callable[..., Any]":
    """A method of Services for a client that does not have it as its base: on a chip.

    Args:
        client: a Client has to have it blocking.
        name: of what the client does not have.

    Raises:
        AttributeError: nor do Services.
    """
    method: Callable[..., Any] | None = None
    if name[:1] != "_":
        method = getattr(Services, name, None) or getattr(Shared, name, None)
    if method is None:
        raise AttributeError("%r has no attribute %r" % (type(client).__name__, name))

    def call(*given: object, **options: object) -> object:
        made = method(client, *given, **options)
        if not hasattr(made, "send") or not client._blocking:  # noqa: SLF001 - the client's other half
            return made
        return import_module("thinwire.core.sync").ended(client, made)

    return call

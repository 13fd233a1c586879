"""aikido's client over AsyncClient: an answer as events, of which the last one is always the end.

What fails does not raise while it is read: it is an event before the end, as there. `collect` and
`complete` raise it.
"""

import asyncio
import base64
import random
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Self, TypeVar

import thinwire
from thinwire import (
    AsyncClient,
    Completion,
    ContentDelta,
    Deployment,
    ImageDelta,
    ReasoningDelta,
    RefusalDelta,
    RetryPolicy,
    StreamComplete,
    ThinwireError,
    Timeouts,
    ToolCallComplete,
)
from thinwire._public import public
from thinwire.compat.aikido.conversion import call_of, calls_of, error_of, message_of, usage_of
from thinwire.compat.aikido.types import (
    DEFAULT_BASE_URL,
    AikidoError,
    ErrCanceled,
    ErrContentFiltered,
    ErrServerError,
    Event,
    EventKind,
    ImagePart,
    Options,
    Request,
    Response,
    ToolCall,
    Usage,
    python_names,
)

T = TypeVar("T")
# There is no clock there at all. Here a model may think for five minutes, and paint as long, as
# long as its server is alive: OpenRouter sends a comment every few seconds.
_TIMEOUTS = Timeouts(connect=15, first_token=300, progress=300, liveness=120, upload=60)
_RETRY = RetryPolicy(3, 0.5, 30, 2, "equal", 30)


@public
class Client:
    """Asks OpenRouter, or what is like it. For any number of tasks at a time.

    Args:
        options: Options, or a dict of them.
        given: the same by name, e.g. `api_key=`, or `APIKey=`; they win.

    Raises:
        ValueError: there is no key, or the address cannot be one.
        TypeError: an option that there is not.
    """

    def __init__(self, options: Options | Mapping[str, Any] | None = None, **given: Any) -> None:
        said = Options.of(options or {})
        said = Options.of({**vars(said), **python_names(given)})
        if not said.api_key:
            raise ValueError("an API key is needed: Client(api_key=...)")
        deployment = Deployment(
            said.base_url or DEFAULT_BASE_URL,
            said.api_key,
            provider="openrouter",
            referer=said.http_referer,
            title=said.x_title,
            provider_order=list(said.provider_order),
            timeouts=_TIMEOUTS,
            retry=_RETRY,
        )
        self._options = said
        self._client = AsyncClient(
            None, {"*": deployment}, on_interrupt="raise", http_client=said.http_client
        )

    def stream(self, request: Request | Mapping[str, Any]) -> "EventStream":
        """Asks a model; nothing is sent before the events are read.

        Args:
            request: Request, or a dict of its fields.

        Raises:
            TypeError, ValueError: the request cannot be one.
        """
        return EventStream(self._client.stream(**call_of(Request.of(request))))

    async def complete(self, request: Request | Mapping[str, Any]) -> Response:
        """Asks a model, and waits for the whole answer; images of any size are in it.

        Raises:
            AikidoError: there is no whole answer; `response` has what came.
        """
        found = Response()
        async with self.stream(request) as stream:
            async for event in stream:
                if event.kind == EventKind.ERROR and event.err is not None:
                    found.finish_reason = stream.finish_reason
                    event.err.response = found
                    raise event.err
                _add(found, event)
        return found

    async def aclose(self) -> None:
        """Closes the connections. Idempotent."""
        await self._client.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: object, error: object, trace: object) -> None:
        await self.aclose()

    def __repr__(self) -> str:
        return f"Client({self._options!r})"


@public
class EventStream:
    """An answer as it arrives: an async iterator of events, of which END is the last.

    Left early, it is closed by `async with`, or `aclose()`, from any task. Whoever goes on reading
    after that, or after a cancellation, gets an ERROR and END.

    Attributes:
        finish_reason: that of END, once it is known.
    """

    def __init__(self, stream: thinwire.ChatStream) -> None:
        self._stream = stream
        self._ready: deque[Event] = deque()
        self._told: set[str] = set()  # ids of calls
        self._image: list[ImageDelta] = []  # the pieces of one that may go on
        self._over = False
        self.finish_reason = ""

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Event:
        while not self._ready:
            if self._over:
                raise StopAsyncIteration
            try:
                event = await self._stream.__anext__()
            except StopAsyncIteration:
                self._fail(ErrCanceled("the stream was closed"), "")
            except ThinwireError as error:
                found = error_of(error)
                filtered = isinstance(found, ErrContentFiltered)
                self._fail(found, "content_filter" if filtered else "error")
            except BaseException as error:  # it was cancelled, or a hook of the caller's failed
                self._fail(ErrCanceled(f"the reading was broken off: {error!r}"), "")
                raise
            else:
                self._take(event)
        return self._ready.popleft()

    async def aclose(self) -> None:
        """Ends the stream and releases its connection. Idempotent."""
        self._fail(ErrCanceled("the stream was closed"), "")
        await self._stream.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: object, error: object, trace: object) -> None:
        await self.aclose()

    def _take(self, event: thinwire.Event) -> None:
        if isinstance(event, ImageDelta):
            if self._image and self._image[0].index != event.index:
                self._show()
            self._image.append(event)
            return
        self._show()
        if isinstance(event, (ContentDelta, RefusalDelta)):
            self._ready.append(Event(EventKind.TEXT_DELTA, event.text))
        elif isinstance(event, ReasoningDelta):
            self._ready.append(Event(EventKind.THINKING, event.text))
        elif isinstance(event, ToolCallComplete):
            # What goes back with it stands in the completion by now.
            extra = self._stream.completion.tool_calls[event.index].extra
            self._call(ToolCall(event.id, event.name, event.arguments_raw or "{}", extra))
        elif isinstance(event, StreamComplete):
            reason = event.completion.finish_reason or ""
            error = None
            if reason == "content_filter":
                error = ErrContentFiltered("the answer was ended by a content filter")
            self._end(event.completion, error, reason)

    def _fail(self, error: AikidoError, reason: str) -> None:
        if not self._over:
            completion = getattr(error.__cause__, "partial", None) or self._stream.completion
            self._show()
            self._end(completion, error, reason)

    def _end(self, completion: Completion, error: AikidoError | None, reason: str) -> None:
        self._over = True
        self.finish_reason = reason
        calls = calls_of(completion)
        for call in calls:
            self._call(call)
        usage = usage_of(completion)
        if usage is not None:
            self._ready.append(Event(EventKind.USAGE, usage=usage))
        if error is not None:
            self._ready.append(Event(EventKind.ERROR, err=error, finish_reason=reason))
        message = message_of(completion, calls)
        self._ready.append(Event(EventKind.END, finish_reason=reason, message=message))

    def _call(self, call: ToolCall) -> None:
        if call.id not in self._told:
            self._told.add(call.id)
            self._ready.append(Event(EventKind.TOOL_CALL, tool=call))

    def _show(self) -> None:
        # An image is whole when something else follows it.
        pieces, self._image = self._image, []
        if pieces:
            url, kind = pieces[0].url, pieces[0].media_type
            text = "".join(piece.data for piece in pieces)
            try:
                image = ImagePart(url, kind, base64.b64decode(text))
            except ValueError:  # it is no base64: the program may know better
                image = ImagePart(f"data:{kind};base64,{text}", kind)
            self._ready.append(Event(EventKind.IMAGE, image=image))


def _add(response: Response, event: Event) -> None:
    if event.kind == EventKind.TEXT_DELTA:
        response.text += event.text
    elif event.tool is not None:
        response.tool_calls.append(event.tool)
    elif event.image is not None:
        response.images.append(event.image)
    elif event.usage is not None:
        response.usage = event.usage
    elif event.message is not None:
        response.finish_reason, response.message = event.finish_reason, event.message


@public
def new_client(options: Options | Mapping[str, Any] | None = None, **given: Any) -> Client:
    """A client; see Client."""
    return Client(options, **given)


@public
async def collect(
    client: Client, request: Request | Mapping[str, Any]
) -> tuple[str, list[ToolCall], list[ImagePart], Usage | None]:
    """Reads an answer to its end: text, calls, images, usage.

    Raises:
        AikidoError: there is no whole answer; `response` has what came.
    """
    found = await client.complete(request)
    return found.text, found.tool_calls, found.images, found.usage


@public
async def complete(client: Client, request: Request | Mapping[str, Any]) -> Response:
    """The whole answer; see Client.complete."""
    return await client.complete(request)


@public
async def collect_with_retry(
    client: Client, request: Request | Mapping[str, Any], policy: RetryPolicy | None = None
) -> tuple[str, list[ToolCall], list[ImagePart], Usage | None]:
    """`collect`, from the start again after an ErrServerError: each attempt is paid for.

    Args:
        policy: how often, and after what waits; None: default_streaming_retry_policy().
    """
    return await _again(lambda: collect(client, request), policy)


@public
async def complete_with_retry(
    client: Client, request: Request | Mapping[str, Any], policy: RetryPolicy | None = None
) -> Response:
    """`complete`, from the start again after an ErrServerError; see `collect_with_retry`."""
    return await _again(lambda: client.complete(request), policy)


async def _again(ask: Callable[[], Awaitable[T]], policy: RetryPolicy | None) -> T:
    policy = policy or default_streaming_retry_policy()
    tries = 1
    while True:
        try:
            return await ask()
        except ErrServerError:
            if tries >= policy.attempts:
                raise
        await asyncio.sleep(policy.backoff_ms(tries, random.random()) / 1000)
        tries += 1


@public
def default_streaming_retry_policy() -> RetryPolicy:
    """Five attempts, two seconds and then twice as long each time, up to thirty."""
    return RetryPolicy(5, 2, 30, 2, "equal")


@public
def is_transient_server_error(error: BaseException) -> bool:
    """Whether asking again may help."""
    return isinstance(error, ErrServerError)


@public
def is_content_filter(error: BaseException) -> bool:
    """Whether a content filter is the reason."""
    return isinstance(error, ErrContentFiltered)

"""client.responses: the Responses API as it is, documents and events. What is asked and answered
is handed on unchanged; a stream that does not come to its end is an error.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING, Any, Self

from thinwire.compat.openai._endpoints import Endpoint, Resource, send, send_async
from thinwire.compat.openai._exceptions import APIConnectionError, APIError
from thinwire.compat.openai._models import GenericObject
from thinwire.compat.openai._response import RAW, APIResponse
from thinwire.compat.openai._types import NOT_GIVEN, given
from thinwire.sse import SSEDecoder

if TYPE_CHECKING:
    from thinwire.compat.openai._client import AsyncOpenAI, OpenAI

_PATH = "/responses"
_OPTIONS = ("extra_headers", "extra_query", "extra_body", "timeout", "max_retries", "timeouts")
_ENDS = ("response.completed", "response.incomplete", "response.failed")


class Response(GenericObject):
    """An answer of the Responses API."""

    id: str
    created_at: float
    error: Any = None
    incomplete_details: Any = None
    instructions: Any = None
    metadata: Any = None
    model: str
    object: str
    output: Any = None
    previous_response_id: str | None = None
    reasoning: Any = None
    service_tier: str | None = None
    status: str | None = None
    usage: Any = None

    @property
    def output_text(self) -> str:
        """All of its text."""
        texts = []
        for item in self.output or []:
            if item.type == "message":
                texts += [part.text for part in item.content if part.type == "output_text"]
        return "".join(texts)


class ResponseStreamEvent(GenericObject):
    """Something has happened to an answer; `type` says what."""

    type: str
    sequence_number: int


class _Events:
    # Events of a body that comes in pieces.
    def __init__(self, endpoint: Endpoint, reply: Any) -> None:
        self.endpoint = endpoint
        self.reply = reply
        self.ready: deque[ResponseStreamEvent] = deque()
        self.ended = False
        self._late: APIError | None = None  # what came before it is handed out first
        self._decoder = SSEDecoder()

    @property
    def response(self) -> Any:
        """The head of the answer, as httpx has it."""
        return self.endpoint.response(b"", self.reply)

    def take(self, piece: memoryview) -> None:
        """Takes bytes; none at the end of the body.

        Raises:
            APIError: the server sent an error, or the answer does not come to its end.
        """
        found = self._decoder.feed(piece) if piece else self._decoder.finish()
        for _, data, _ in found:
            if data != "[DONE]" and self._late is None:
                self._take(json.loads(data))
        if not piece and not self.ended:
            said = "Connection error: the stream ended before the answer did"
            self._late = self._late or APIConnectionError(message=said, request=self._request)
        if not self.ready:
            self.fail()

    def fail(self) -> None:
        """Raises what has ended the answer, once what came before was handed out.

        Raises:
            APIError: see take.
        """
        if self._late is not None:
            raise self._late

    @property
    def _request(self) -> Any:
        return self.endpoint.asked.request

    def _take(self, document: dict[str, Any]) -> None:
        kind = document.get("type")
        if kind == "error" or kind is None:
            error = document.get("error") or document
            words = error.get("message") if isinstance(error, dict) else error
            words = words or "An error occurred during streaming"
            self._late = APIError(str(words), self._request, body=error)
            return
        if kind in _ENDS and isinstance(document.get("response"), dict):
            document["response"] = Response(**document["response"])
        self.ended = self.ended or kind in _ENDS
        self.ready.append(ResponseStreamEvent(**document))


class ResponseStream:
    """Events of an answer as they come."""

    def __init__(self, events: _Events) -> None:
        self._events = events
        self.response = events.response

    def __iter__(self) -> Iterator[ResponseStreamEvent]:
        return self

    def __next__(self) -> ResponseStreamEvent:
        events = self._events
        while not events.ready:
            events.fail()
            if events.ended:
                self.close()
                raise StopIteration
            with events.endpoint.asked.listening():
                piece = events.reply.next_piece()
            events.take(piece)
        return events.ready.popleft()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object = None, error: object = None, trace: object = None) -> None:
        self.close()

    def close(self) -> None:
        """Ends the answer and releases its connection. Idempotent."""
        self._events.ended = True
        self._events.reply.close()


class AsyncResponseStream:
    """Events of an answer as they come."""

    def __init__(self, events: _Events) -> None:
        self._events = events
        self.response = events.response

    def __aiter__(self) -> AsyncIterator[ResponseStreamEvent]:
        return self

    async def __anext__(self) -> ResponseStreamEvent:
        events = self._events
        while not events.ready:
            events.fail()
            if events.ended:
                await self.close()
                raise StopAsyncIteration
            with events.endpoint.asked.listening():
                piece = await events.reply.next_piece()
            events.take(piece)
        return events.ready.popleft()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: object = None, error: object = None, trace: object = None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Ends the answer and releases its connection. Idempotent."""
        self._events.ended = True
        await self._events.reply.aclose()


def _endpoint(client: Any, model: str, stream: bool, params: dict[str, Any]) -> Endpoint:
    params = given(params)
    options = {name: params.pop(name) for name in _OPTIONS if name in params}
    body = {"model": model, **params}
    if stream:
        body["stream"] = True
    return Endpoint(client, "POST", _PATH, body, Response, options, model)


class Responses(Resource):
    """The Responses API."""

    _client: OpenAI

    def create(self, *, model: str, stream: Any = NOT_GIVEN, **params: Any) -> Any:
        """Asks a model: Response, or ResponseStream with `stream=True`."""
        raw = params.pop(RAW, False)
        endpoint = _endpoint(self._client, model, bool(stream), params)
        if not stream:
            return send(endpoint, raw)
        with endpoint.asked.listening():
            reply = endpoint.asked.core.open(*endpoint.given, **endpoint.named)
        found = ResponseStream(_Events(endpoint, reply))
        return APIResponse(found.response, found, len(reply.attempts)) if raw else found


class AsyncResponses(Resource):
    """The Responses API."""

    _client: AsyncOpenAI

    async def create(self, *, model: str, stream: Any = NOT_GIVEN, **params: Any) -> Any:
        """Asks a model: Response, or AsyncResponseStream with `stream=True`."""
        raw = params.pop(RAW, False)
        endpoint = _endpoint(self._client, model, bool(stream), params)
        if not stream:
            return await send_async(endpoint, raw)
        with endpoint.asked.listening():
            reply = await endpoint.asked.core.open(*endpoint.given, **endpoint.named)
        found = AsyncResponseStream(_Events(endpoint, reply))
        return APIResponse(found.response, found, len(reply.attempts)) if raw else found

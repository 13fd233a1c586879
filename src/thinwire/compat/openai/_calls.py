"""One call: openai's arguments as thinwire's, what is heard of it, and its answer as openai's.

A client of thinwire tells all of its chunks to one function; whose they are, a context variable
says, which each step of a call sets. Chunks of attempts that failed are dropped with them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from thinwire import Completion, RetryPolicy, ThinwireError, Timeouts
from thinwire.compat.openai._exceptions import translated
from thinwire.compat.openai._models import BaseModel
from thinwire.compat.openai._types import Omit, given, is_given
from thinwire.compat.openai.types.chat import ChatCompletion

if TYPE_CHECKING:
    from thinwire.compat.openai._client import BaseClient

Chunk = dict[str, Any]

_HEARD: ContextVar["Heard | None"] = ContextVar("thinwire.compat.openai", default=None)
_AUTHORIZATION = "authorization"


class Heard:
    """What is heard of one call.

    Attributes:
        streams: whether the chunks are handed on; else what they say last is kept, in one.
        attempts: the chunks of each attempt that are not handed on yet.
        document: the last answer that was no stream, an error or one document; else None.
    """

    def __init__(self) -> None:
        self.streams = False
        self.attempts: list[list[Chunk]] = []
        self.document: Any = None

    def of(self) -> Callable[[Chunk], object]:
        """What is told the chunks of an attempt that begins."""
        chunks: list[Chunk] = []
        self.attempts.append(chunks)
        if self.streams:
            return chunks.append
        last: Chunk = {}
        chunks.append(last)
        return lambda chunk: last.update(
            {name: value for name, value in chunk.items() if value is not None or name not in last}
        )


class Ear:
    """What a client of thinwire tells its chunks to.

    Args:
        on_chunk, on_response: the caller's own functions, which are told as well.
    """

    def __init__(
        self,
        on_chunk: Callable[[Chunk], object] | None = None,
        on_response: Callable[[int, Any], object] | None = None,
    ) -> None:
        self._on_chunk = on_chunk
        self._on_response = on_response

    def of(self, request: object) -> Callable[[Chunk], object]:
        """What is told the chunks of the attempt that sends `request`."""
        heard = _HEARD.get()
        tell = [self._on_chunk] if self._on_chunk is not None else []
        if heard is not None:
            tell.append(heard.of())
        return tell[0] if len(tell) == 1 else lambda chunk: [one(chunk) for one in tell]

    def on_response(self, status: int, document: Any) -> None:
        """An answer was no stream."""
        heard = _HEARD.get()
        if heard is not None:
            heard.document = document
        if self._on_response is not None:
            self._on_response(status, document)


class Asked:
    """One request of openai's client.

    Args:
        client: who asks.
        path: below the base URL.
        options: extra_headers, extra_query, timeout, max_retries and what of thinwire's own the
            caller has named, as far as they were given.
        model: that is asked; "" for what has nothing to do with any, and no fallback.

    Attributes:
        kit: httpx, or httpx2.
        core_model: a name that the core knows, for what has nothing to do with any model.
        core: thinwire's client that sends it.
        passed: thinwire's options of the call.
        heard: what is heard of it.
    """

    def __init__(
        self, client: BaseClient, path: str, options: dict[str, Any], model: str = ""
    ) -> None:
        self._client = client
        self.kit = client.kit
        headers = client.headers_with(options.pop("extra_headers", None))
        nobody = any(
            name.lower() == _AUTHORIZATION and isinstance(value, Omit)
            for name, value in headers.items()
        )
        query = client.query_with(options.pop("extra_query", None))
        address = client.address(path, model)
        self.core = client.core(query, nobody, not model, address)
        self.core_model = next(iter(self.core.names), "models")
        timeout = options.pop("timeout", client.timeout)
        retries = options.pop("max_retries", client.max_retries)
        self.passed: dict[str, Any] = options
        if is_given(timeout):
            options.setdefault("timeouts", timeouts_of(timeout))
        options.setdefault("retry", retry_of(retries))
        options["extra_headers"] = given(headers)
        self.heard = Heard()
        self._url = address + path + ("?" + query if query else "")

    @property
    def request(self) -> Any:
        """What was asked, as httpx says it; without the key."""
        return self.kit.Request("POST", self._url)

    @contextmanager
    def listening(self) -> Iterator[None]:
        """While a step of the call is taken; its errors are openai's."""
        token = _HEARD.set(self.heard)
        try:
            yield
        except ThinwireError as error:
            found = translated(error, self.request, self.heard.document, self.kit)
            raise found from found.__cause__
        finally:
            _HEARD.reset(token)

    def response(self, completion: Completion, content: Any = None) -> Any:
        """The head of an answer, as httpx has it."""
        status = completion.attempts[-1].status if completion.attempts else 200
        made = {} if content is None else {"json": content}
        headers = {
            name: value
            for name, value in completion.headers.items()
            if content is None or name not in ("content-length", "content-encoding")
        }
        return self.kit.Response(status or 200, headers=headers, request=self.request, **made)


def timeouts_of(timeout: Any) -> Timeouts:
    """openai's limit for each wait as thinwire's.

    Args:
        timeout: seconds, for any wait there is; httpx.Timeout; None for no limit.
    """
    if timeout is None or isinstance(timeout, (int, float)):
        return Timeouts(timeout, timeout, timeout, timeout, None, timeout)
    read = timeout.read
    return Timeouts(timeout.connect, read, read, read, None, timeout.write)


def retry_of(max_retries: int) -> RetryPolicy:
    """openai's number of retries as thinwire's number of attempts.

    Raises:
        TypeError: it is None, as there.
    """
    if max_retries is None:
        raise TypeError("max_retries cannot be None. If you want to disable retries, pass `0`")
    return RetryPolicy(attempts=max_retries + 1)


def as_json(value: Any) -> Any:
    """What is to be sent, without models: those of this face as the server said them, those of
    pydantic as they dump themselves. thinwire's own sources stay."""
    if isinstance(value, BaseModel):
        found = value.to_dict()
        if value.model_extra and value._origin:
            found["_origin"] = value._origin
        return found
    if isinstance(value, Mapping):
        return {name: as_json(one) for name, one in value.items() if is_given(one)}
    if isinstance(value, (list, tuple)):
        return [as_json(one) for one in value]
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json", exclude_unset=True)
    return value


def whole(asked: Asked, completion: Completion, last: Chunk | None = None) -> ChatCompletion:
    """A whole answer, as openai has it.

    Args:
        last: what its chunks said last beside the choices; None: what was heard of it.
    """
    if last is None:
        chunks = asked.heard.attempts[-1] if asked.heard.attempts else []
        last = chunks[-1] if chunks else {}
    document = dict(last) if _is_whole(last) else _document(completion, last)
    document.setdefault("object", "chat.completion")
    found = ChatCompletion(**document)
    found.thinwire = completion
    found._request_id = completion.request_id or None
    for choice in found.choices:
        choice.message._origin = completion.origin
    return found


def _is_whole(chunk: Chunk) -> bool:
    # Whether it is a document as openai's server gives it, which is handed on as it came.
    choices = chunk.get("choices")
    return (
        isinstance(choices, list)
        and bool(choices)
        and all(isinstance(one, dict) and isinstance(one.get("message"), dict) for one in choices)
    )


def _document(completion: Completion, last: Chunk) -> dict[str, Any]:
    # Put together from a stream, of whatever wire.
    beside = completion.choices[0].beside
    found: dict[str, Any] = {
        "id": completion.id or last.get("id") or "",
        "object": "chat.completion",
        "created": created(last),
        "model": completion.upstream_model or completion.model,
        "choices": [_choice(one) for one in completion.choices],
        "usage": last.get("usage") or completion.usage or None,
    }
    if completion.service_tier is not None:
        found["service_tier"] = completion.service_tier
    for name, value in completion.extra.items():
        if name not in beside:
            found.setdefault(name, value)
    return found


def _choice(choice: Any) -> dict[str, Any]:
    message: dict[str, Any] = {
        "role": "assistant",
        "content": choice.content,
        "refusal": choice.refusal,
    }
    message.update(choice.message_extra)
    for name in ("annotations", "images", "audio"):
        value = getattr(choice, name)
        if value:
            message[name] = value
    if choice.tool_calls:
        message["tool_calls"] = [one.to_dict() for one in choice.tool_calls]
    found = dict(choice.beside)
    found.update(
        index=choice.index,
        message=message,
        finish_reason=choice.finish_reason,
        logprobs=choice.logprobs or None,
    )
    return found


def created(chunk: Chunk) -> int:
    """When an answer was made, in seconds since 1970: as the server says, else now."""
    found = chunk.get("created")
    return found if isinstance(found, int) else int(time.time())

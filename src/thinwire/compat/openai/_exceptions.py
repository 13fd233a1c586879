"""openai's errors by their names, and what each of thinwire's is among them.

  ThinwireError            APIError
   +- TransportError       APIConnectionError    no answer, or none that could be read
   +- TransportTimeout     APITimeoutError       a clock ran out
   +- StreamInterrupted    APIConnectionError    the answer broke off; `partial` has what had come
   +- StatusError          APIStatusError        by its status; APIError for one without any
   `- AllAttemptsFailed    whatever its last one is

`thinwire` is the error of thinwire's, which knows what was tried; so is `__cause__`, where it says
more than the server did. No key is in any of them.
"""

from __future__ import annotations

import json
from typing import Any

import httpx

from thinwire import AllAttemptsFailed, StatusError, StreamInterrupted, ThinwireError


class OpenAIError(Exception):
    """Base of all errors of this face."""


class APIError(OpenAIError):
    """A request failed.

    Args:
        message: what happened.
        request: what was asked; without the key.
        body: what the server said, of its error object; None where it said nothing.

    Attributes:
        code, param, type: as the server's error object has them.
        thinwire: thinwire's error, None of an error that was made by hand.
        partial: thinwire's Completion of what had come before it broke off, else None.
    """

    partial: Any = None
    thinwire: ThinwireError | None = None

    def __init__(self, message: str, request: httpx.Request, *, body: object | None) -> None:
        super().__init__(message)
        self.message = message
        self.request = request
        self.body = body
        fields = body if isinstance(body, dict) else {}
        code = fields.get("code")
        self.code: str | None = None if code is None else str(code)
        self.param: str | None = fields.get("param")
        self.type: str | None = fields.get("type")


class APIResponseValidationError(APIError):
    """An answer is not what it has to be."""

    def __init__(
        self, response: httpx.Response, body: object | None, *, message: str | None = None
    ) -> None:
        said = message or "Data returned by API invalid for expected schema."
        super().__init__(said, response.request, body=body)
        self.response = response
        self.status_code = response.status_code


class APIStatusError(APIError):
    """The server answered with an error status."""

    def __init__(self, message: str, *, response: httpx.Response, body: object | None) -> None:
        super().__init__(message, response.request, body=body)
        self.response = response
        self.status_code = response.status_code
        self.request_id = response.headers.get("x-request-id")


class APIConnectionError(APIError):
    """There was no answer, or it broke off."""

    def __init__(self, *, message: str = "Connection error.", request: httpx.Request) -> None:
        super().__init__(message, request, body=None)


class APITimeoutError(APIConnectionError):
    """A clock ran out."""

    def __init__(self, request: httpx.Request) -> None:
        super().__init__(message="Request timed out.", request=request)


class BadRequestError(APIStatusError):
    """400."""


class AuthenticationError(APIStatusError):
    """401."""


class PermissionDeniedError(APIStatusError):
    """403."""


class NotFoundError(APIStatusError):
    """404."""


class ConflictError(APIStatusError):
    """409."""


class UnprocessableEntityError(APIStatusError):
    """422."""


class RateLimitError(APIStatusError):
    """429."""


class InternalServerError(APIStatusError):
    """500 and above."""


class LengthFinishReasonError(OpenAIError):
    """An answer that was to be parsed is cut off at the limit of tokens.

    Attributes:
        completion: it.
    """

    def __init__(self, *, completion: Any) -> None:
        message = "Could not parse response content as the length limit was reached"
        if completion.usage:
            message += f" - {completion.usage}"
        super().__init__(message)
        self.completion = completion


class ContentFilterFinishReasonError(OpenAIError):
    """An answer that was to be parsed is cut off by a content filter.

    Attributes:
        completion: it.
    """

    def __init__(self, *, completion: Any = None) -> None:
        super().__init__(
            "Could not parse response content as the request was rejected by the content filter"
        )
        self.completion = completion


_CLASSES = {
    400: BadRequestError,
    401: AuthenticationError,
    403: PermissionDeniedError,
    404: NotFoundError,
    409: ConflictError,
    422: UnprocessableEntityError,
    429: RateLimitError,
}


def status_class(status: int) -> type[APIStatusError]:
    """The class for an error status."""
    return _CLASSES.get(status, InternalServerError if status >= 500 else APIStatusError)


def translated(error: ThinwireError, request: httpx.Request, body: Any, kit: Any) -> APIError:
    """What openai raises for an error of thinwire's.

    Args:
        request: what was asked.
        body: the error document of the server, None where there was none.
        kit: httpx, or httpx2 where the program uses that.
    """
    last = error.last if isinstance(error, AllAttemptsFailed) else error
    found: APIError
    if isinstance(error, StreamInterrupted):
        cause = error.cause
        if isinstance(cause, StatusError) and cause.status < 400:
            found = APIError(error.message, request, body=_inner(body))
        elif isinstance(cause, ThinwireError) and cause.kind == "timeout":
            found = APITimeoutError(request)
        else:
            found = APIConnectionError(request=request)
        _say(found, error.message)
        found.partial = error.partial
    elif last.kind == "timeout" and not last.status:
        found = APITimeoutError(request)
        _say(found, f"Request timed out: {error.message}")
    elif isinstance(last, StatusError):
        found = _of_status(error, last, request, body, kit)
    elif last.kind in ("connect", "certificate", "write", "read", "stream"):
        found = APIConnectionError(request=request)
        _say(found, f"Connection error: {error.message}")
    else:
        found = APIError(error.message, request, body=None)
    found.thinwire = error
    found.__cause__ = None if isinstance(error, StatusError) else error
    found.__suppress_context__ = True
    return found


def _of_status(
    error: ThinwireError, last: StatusError, request: httpx.Request, body: Any, kit: Any
) -> APIError:
    inner = _inner(body)
    if last.status < 400:  # an error object within an answer
        return APIError(last.message, request, body=inner)
    said = f"Error code: {last.status}"
    words = inner.get("message") if isinstance(inner, dict) else None
    if words and isinstance(words, str):
        said += f" - {words}"
    if error is not last:
        said += f" ({error.message})"
    text = "" if body is None else json.dumps(body, ensure_ascii=False)
    if isinstance(inner, str) and "json" not in last.headers.get("content-type", ""):
        text = inner
    headers = {name: one for name, one in last.headers.items() if name not in _FRAMING}
    response = kit.Response(last.status, headers=headers, request=request, content=text.encode())
    return status_class(last.status)(said, response=response, body=inner)


# They speak of bytes that are not there any more.
_FRAMING = ("content-length", "content-encoding", "transfer-encoding")


def _inner(body: Any) -> object:
    return body.get("error", body) if isinstance(body, dict) else body


def _say(error: APIError, message: str) -> None:
    error.message = message
    error.args = (message,)

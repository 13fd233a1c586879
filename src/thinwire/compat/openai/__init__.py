"""The face of the openai package: a program changes its import, and has thinwire's clocks,
fallbacks and honest endings.

    from thinwire.compat.openai import OpenAI

docs/migrating/openai.md says what is here, what is not, and what differs on purpose.
"""

from importlib import import_module
from typing import Any

from thinwire.compat.openai import types as types
from thinwire.compat.openai._azure import AsyncAzureOpenAI as AsyncAzureOpenAI
from thinwire.compat.openai._azure import AzureOpenAI as AzureOpenAI
from thinwire.compat.openai._client import AsyncOpenAI as AsyncOpenAI
from thinwire.compat.openai._client import OpenAI as OpenAI
from thinwire.compat.openai._exceptions import APIConnectionError as APIConnectionError
from thinwire.compat.openai._exceptions import APIError as APIError
from thinwire.compat.openai._exceptions import (
    APIResponseValidationError as APIResponseValidationError,
)
from thinwire.compat.openai._exceptions import APIStatusError as APIStatusError
from thinwire.compat.openai._exceptions import APITimeoutError as APITimeoutError
from thinwire.compat.openai._exceptions import AuthenticationError as AuthenticationError
from thinwire.compat.openai._exceptions import BadRequestError as BadRequestError
from thinwire.compat.openai._exceptions import ConflictError as ConflictError
from thinwire.compat.openai._exceptions import (
    ContentFilterFinishReasonError as ContentFilterFinishReasonError,
)
from thinwire.compat.openai._exceptions import InternalServerError as InternalServerError
from thinwire.compat.openai._exceptions import LengthFinishReasonError as LengthFinishReasonError
from thinwire.compat.openai._exceptions import NotFoundError as NotFoundError
from thinwire.compat.openai._exceptions import OpenAIError as OpenAIError
from thinwire.compat.openai._exceptions import PermissionDeniedError as PermissionDeniedError
from thinwire.compat.openai._exceptions import RateLimitError as RateLimitError
from thinwire.compat.openai._exceptions import UnprocessableEntityError as UnprocessableEntityError
from thinwire.compat.openai._install import install as install
from thinwire.compat.openai._models import BaseModel as BaseModel
from thinwire.compat.openai._parsing import pydantic_function_tool as pydantic_function_tool
from thinwire.compat.openai._response import APIResponse as APIResponse
from thinwire.compat.openai._streaming import AsyncStream as AsyncStream
from thinwire.compat.openai._streaming import Stream as Stream
from thinwire.compat.openai._types import DEFAULT_CONNECTION_LIMITS as DEFAULT_CONNECTION_LIMITS
from thinwire.compat.openai._types import DEFAULT_MAX_RETRIES as DEFAULT_MAX_RETRIES
from thinwire.compat.openai._types import DEFAULT_TIMEOUT as DEFAULT_TIMEOUT
from thinwire.compat.openai._types import NOT_GIVEN as NOT_GIVEN
from thinwire.compat.openai._types import NoneType as NoneType
from thinwire.compat.openai._types import NotGiven as NotGiven
from thinwire.compat.openai._types import Omit as Omit
from thinwire.compat.openai._types import Timeout as Timeout
from thinwire.compat.openai._types import not_given as not_given
from thinwire.compat.openai._types import omit as omit

__version__ = VERSION = "3.52.0"  # of the package whose face it is
Client = OpenAI
AsyncClient = AsyncOpenAI

# Names of openai's for the clients of httpx, which stands in where there is none, over aiohttp.
_CLIENTS = {
    "DefaultAioHttpClient": ("httpx", "AsyncClient"),
    "DefaultHttpxClient": ("httpx", "Client"),
    "DefaultAsyncHttpxClient": ("httpx", "AsyncClient"),
    "DefaultHttpx2Client": ("httpx2", "Client"),
    "DefaultAsyncHttpx2Client": ("httpx2", "AsyncClient"),
}


def __getattr__(name: str) -> Any:
    if name in _CLIENTS:
        module, kind = _CLIENTS[name]
        return getattr(import_module(module), kind)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

"""The face for exoclaw: a provider for its agent loop, and the types that the provider speaks.

`thinwire.OpenAIStreamingProvider` is the same class. ContextWindowExceededError, LLMResponse and
ToolCallRequest are exoclaw's own where it is installed, else equals of them.
"""

from typing import TYPE_CHECKING

from thinwire.compat.exoclaw.provider import OpenAIStreamingProvider
from thinwire.compat.exoclaw.types import exoclaw_types

if TYPE_CHECKING:
    from exoclaw.providers.types import ContextWindowExceededError, LLMResponse, ToolCallRequest

__all__ = [
    "ContextWindowExceededError",
    "LLMResponse",
    "OpenAIStreamingProvider",
    "ToolCallRequest",
]


if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        if name in __all__:
            return getattr(exoclaw_types(), name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)

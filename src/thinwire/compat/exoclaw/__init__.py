"""The face for exoclaw: a provider for its agent loop, and the types that the provider speaks.

`thinwire.OpenAIStreamingProvider` and `thinwire.Deployment` are the same classes.
ContextWindowExceededError, LLMResponse and ToolCallRequest are exoclaw's own where it is
installed, else equals of them.
"""

import sys

from thinwire.core._compat import const, import_module, public

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from exoclaw.providers.types import ContextWindowExceededError as ContextWindowExceededError
    from exoclaw.providers.types import LLMResponse as LLMResponse
    from exoclaw.providers.types import ToolCallRequest as ToolCallRequest

    from thinwire.compat.exoclaw.provider import OpenAIStreamingProvider as OpenAIStreamingProvider
    from thinwire.core.routing.deployment import Deployment as Deployment

__all__ = [
    "ContextWindowExceededError",
    "Deployment",
    "LLMResponse",
    "OpenAIStreamingProvider",
    "ToolCallRequest",
    "install",
]


@public
def install() -> None:
    """Lets `import exoclaw_provider_openai` find this face from now on, whether or not that
    package is installed; call it before the first such import. Idempotent.

    Modules that have imported the package before keep what they have.
    """
    sys.modules["exoclaw_provider_openai"] = sys.modules[__name__]
    provider = import_module("thinwire.compat.exoclaw.provider")
    sys.modules["exoclaw_provider_openai.provider"] = provider


if not TYPE_CHECKING:

    def __getattr__(name):
        if name in ("Deployment", "OpenAIStreamingProvider"):
            import thinwire

            return getattr(thinwire, name)
        if name in __all__:
            return getattr(import_module("thinwire.compat.exoclaw.types").exoclaw_types(), name)
        raise AttributeError("module %r has no attribute %r" % (__name__, name))


def __dir__() -> "list[str]":
    return sorted(__all__)

"""The face for an OpenAI-compatible provider behind a registry: any server with OpenAI's API, as
the environment or a program describes it, its models, and chat models that are called as those of
LangChain are.

docs/migrating/openai_compatible.md has its examples, and what differs on purpose.
"""

from thinwire.compat.openai_compatible.chat_model import ChatModel
from thinwire.compat.openai_compatible.messages import AIMessage, AIMessageChunk
from thinwire.compat.openai_compatible.providers import (
    LLMProvider,
    OllamaProvider,
    OpenAICompatibleProvider,
    OpenRouterProvider,
)
from thinwire.compat.openai_compatible.registry import LLMProviderRegistry, provider_registry
from thinwire.compat.openai_compatible.settings import (
    OpenAISettings,
    get_llm,
    initialize_llm_providers,
)
from thinwire.compat.openai_compatible.types import ModelInfo, ProviderType

__all__ = [
    "AIMessage",
    "AIMessageChunk",
    "ChatModel",
    "LLMProvider",
    "LLMProviderRegistry",
    "ModelInfo",
    "OllamaProvider",
    "OpenAICompatibleProvider",
    "OpenAISettings",
    "OpenRouterProvider",
    "ProviderType",
    "get_llm",
    "initialize_llm_providers",
    "provider_registry",
]

"""The face for NEXUS3: its providers, their registry and configuration, its messages and events.

A program changes its imports: everything that stood in `nexus3.provider`, `nexus3.config.schema`
and `nexus3.core.types` is here. docs/migrating/nexus3.md has what differs on purpose.
"""

from thinwire import ContentDelta, ReasoningDelta, ToolCallStarted
from thinwire.compat.nexus3.config import (
    PROVIDER_DEFAULTS,
    Config,
    ProviderConfig,
    ResolvedModel,
    validate_base_url,
)
from thinwire.compat.nexus3.provider import (
    AnthropicProvider,
    AsyncProvider,
    AzureOpenAIProvider,
    BaseProvider,
    OpenAICompatProvider,
    OpenRouterProvider,
    create_provider,
)
from thinwire.compat.nexus3.registry import ProviderRegistry
from thinwire.compat.nexus3.types import (
    ConfigError,
    Message,
    NexusError,
    ProviderError,
    RawLogCallback,
    Role,
    StreamComplete,
    StreamEvent,
    ToolCall,
)

__all__ = [
    "PROVIDER_DEFAULTS",
    "AnthropicProvider",
    "AsyncProvider",
    "AzureOpenAIProvider",
    "BaseProvider",
    "Config",
    "ConfigError",
    "ContentDelta",
    "Message",
    "NexusError",
    "OpenAICompatProvider",
    "OpenRouterProvider",
    "ProviderConfig",
    "ProviderError",
    "ProviderRegistry",
    "RawLogCallback",
    "ReasoningDelta",
    "ResolvedModel",
    "Role",
    "StreamComplete",
    "StreamEvent",
    "ToolCall",
    "ToolCallStarted",
    "create_provider",
    "validate_base_url",
]

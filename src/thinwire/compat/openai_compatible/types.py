"""What the registry and its providers speak of: kinds of providers, and models."""

from dataclasses import dataclass
from enum import Enum

from thinwire._public import public


@public
class ProviderType(Enum):
    """What a provider is. OPENROUTER is the older name of OPENAI_COMPATIBLE: where only one of the
    two is registered, either means it.
    """

    OPENAI_COMPATIBLE = "openai_compatible"
    OLLAMA = "ollama"
    OPENROUTER = "openrouter"


@public
@dataclass
class ModelInfo:
    """A model that a provider has.

    Args:
        name: its id.
        provider: whose it is.
        display_name: the last part of the id.
        description: in a few words.
        context_length: tokens that fit into it, None where the server does not say.
        supports_streaming, supports_tools: what it can; True unless the server says otherwise.
        listed: whether the server has listed it; False for one that stands in.
    """

    name: str
    provider: ProviderType
    display_name: str
    description: str | None = None
    context_length: int | None = None
    supports_streaming: bool = True
    supports_tools: bool = True
    listed: bool = True

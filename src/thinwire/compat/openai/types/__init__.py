"""What openai.types has for the endpoints that are here; see chat/__init__.py."""

from typing import Any

from thinwire.compat.openai.types.completion_usage import CompletionUsage as CompletionUsage
from thinwire.compat.openai.types.create_embedding_response import (
    CreateEmbeddingResponse as CreateEmbeddingResponse,
)
from thinwire.compat.openai.types.create_embedding_response import Embedding as Embedding
from thinwire.compat.openai.types.model import Model as Model
from thinwire.compat.openai.types.model import ModelDeleted as ModelDeleted

_WORDS = ("ChatModel", "AllModels", "EmbeddingModel", "ReasoningEffort")


def __getattr__(name: str) -> Any:
    if name.endswith(("Param", "Params")) and name[:1].isupper():
        return dict[str, Any]
    if name in _WORDS:
        return str
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

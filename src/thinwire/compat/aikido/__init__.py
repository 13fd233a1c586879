"""The face for aikido's `llm/openrouter`, which is Go: its client, requests, events and errors, in
Python's spelling and in its own.

docs/migrating/aikido.md has a program in both languages, and what differs on purpose.
"""

from thinwire.compat.aikido.client import (
    Client,
    EventStream,
    collect,
    collect_with_retry,
    complete,
    complete_with_retry,
    default_streaming_retry_policy,
    is_content_filter,
    is_transient_server_error,
    new_client,
)
from thinwire.compat.aikido.types import (
    DEFAULT_BASE_URL,
    AikidoError,
    CacheBreakpoint,
    ErrAuth,
    ErrCanceled,
    ErrContentFiltered,
    ErrInvalidRequest,
    ErrRateLimited,
    ErrServerError,
    Event,
    EventKind,
    ImageConfig,
    ImagePart,
    Message,
    Options,
    Request,
    Response,
    ThinkingConfig,
    ToolCall,
    ToolDef,
    Usage,
)

# As they are called there.
DefaultBaseURL = DEFAULT_BASE_URL
NewClient = new_client
Collect = collect
CollectWithRetry = collect_with_retry
Complete = complete
CompleteWithRetry = complete_with_retry
DefaultStreamingRetryPolicy = default_streaming_retry_policy
IsContentFilter = is_content_filter
IsTransientServerError = is_transient_server_error
EventTextDelta = EventKind.TEXT_DELTA
EventToolCall = EventKind.TOOL_CALL
EventThinking = EventKind.THINKING
EventImage = EventKind.IMAGE
EventUsage = EventKind.USAGE
EventError = EventKind.ERROR
EventEnd = EventKind.END


def ThinkingByEffort(effort: str) -> ThinkingConfig:
    """How much the model is to think: "low", "medium" or "high"."""
    return ThinkingConfig(effort=effort)


def ThinkingByBudget(budget: int) -> ThinkingConfig:
    """How much the model is to think, in tokens; see ThinkingConfig."""
    return ThinkingConfig(budget=budget)


__all__ = [
    "DEFAULT_BASE_URL",
    "AikidoError",
    "CacheBreakpoint",
    "Client",
    "Collect",
    "CollectWithRetry",
    "Complete",
    "CompleteWithRetry",
    "DefaultBaseURL",
    "DefaultStreamingRetryPolicy",
    "ErrAuth",
    "ErrCanceled",
    "ErrContentFiltered",
    "ErrInvalidRequest",
    "ErrRateLimited",
    "ErrServerError",
    "Event",
    "EventEnd",
    "EventError",
    "EventImage",
    "EventKind",
    "EventStream",
    "EventTextDelta",
    "EventThinking",
    "EventToolCall",
    "EventUsage",
    "ImageConfig",
    "ImagePart",
    "IsContentFilter",
    "IsTransientServerError",
    "Message",
    "NewClient",
    "Options",
    "Request",
    "Response",
    "ThinkingByBudget",
    "ThinkingByEffort",
    "ThinkingConfig",
    "ToolCall",
    "ToolDef",
    "Usage",
    "collect",
    "collect_with_retry",
    "complete",
    "complete_with_retry",
    "default_streaming_retry_policy",
    "is_content_filter",
    "is_transient_server_error",
    "new_client",
]

"""thinwire: one LLM client for two runtimes, CPython and MicroPython.

Names are loaded when they are first used, so that importing thinwire costs next to nothing.
"""

__version__ = "0.1.0"

TYPE_CHECKING = False
if TYPE_CHECKING:
    from thinwire.core.answer.completion import (
        Choice,
        Completion,
        ContentDelta,
        Event,
        ReasoningDelta,
        RefusalDelta,
        StreamComplete,
        StreamRestarted,
        ToolCallDelta,
        ToolCallStarted,
    )
    from thinwire.core.answer.tool_calls import ToolCall
    from thinwire.core.client import AsyncClient
    from thinwire.core.error_kinds import FALLBACK_ON, FALLBACK_OPTIONAL
    from thinwire.core.errors import (
        AllAttemptsFailed,
        ConnectError,
        ContextWindowExceeded,
        EncodeError,
        ReadError,
        StatusError,
        StreamError,
        StreamInterrupted,
        ThinwireError,
        TransportError,
        TransportTimeout,
        WriteError,
    )
    from thinwire.core.request.jsonl import JSONLMessages
    from thinwire.core.request.sources import (
        Base64File,
        BytesStream,
        DataURL,
        Source,
        TextFile,
        TextStream,
    )
    from thinwire.core.routing.deployment import Deployment
    from thinwire.core.routing.health import CooldownPolicy, DeploymentState
    from thinwire.core.routing.plan import Attempt
    from thinwire.core.routing.policy import RetryPolicy, Timeouts
    from thinwire.core.routing.store import FileStore, Store
    from thinwire.core.stream import ChatStream
    from thinwire.core.sync import Client, SyncChatStream
    from thinwire.exoclaw import OpenAIStreamingProvider

# Tuples, here and below: frozen, they stay in flash.
_HOMES = (
    ("core.routing.plan", ("Attempt",)),
    ("core.client", ("AsyncClient",)),
    ("core.routing.policy", ("RetryPolicy", "Timeouts")),
    ("core.answer.completion", ("Choice", "Completion")),
    (
        "core.errors",
        (
            "AllAttemptsFailed",
            "ConnectError",
            "ContextWindowExceeded",
            "EncodeError",
            "ReadError",
            "StatusError",
            "StreamError",
            "StreamInterrupted",
            "ThinwireError",
            "TransportError",
            "TransportTimeout",
            "WriteError",
        ),
    ),
    (
        "core.answer.completion",
        (
            "ContentDelta",
            "Event",
            "ReasoningDelta",
            "RefusalDelta",
            "StreamComplete",
            "StreamRestarted",
            "ToolCallDelta",
            "ToolCallStarted",
        ),
    ),
    ("core.routing.health", ("CooldownPolicy",)),
    ("core.request.jsonl", ("JSONLMessages",)),
    ("core.routing.deployment", ("Deployment",)),
    ("core.error_kinds", ("FALLBACK_ON", "FALLBACK_OPTIONAL")),
    ("core.routing.health", ("DeploymentState",)),
    ("core.request.sources", ("BytesStream", "TextStream")),
    ("core.request.sources", ("Base64File", "DataURL", "Source", "TextFile")),
    ("core.routing.store", ("FileStore", "Store")),
    ("core.stream", ("ChatStream",)),
    ("core.sync", ("Client", "SyncChatStream")),
    ("core.answer.tool_calls", ("ToolCall",)),
    ("exoclaw", ("OpenAIStreamingProvider",)),
)

__all__ = (
    "AllAttemptsFailed",
    "AsyncClient",
    "Attempt",
    "Base64File",
    "BytesStream",
    "ChatStream",
    "Choice",
    "Client",
    "Completion",
    "ConnectError",
    "ContentDelta",
    "ContextWindowExceeded",
    "CooldownPolicy",
    "DataURL",
    "Deployment",
    "DeploymentState",
    "EncodeError",
    "Event",
    "FALLBACK_OPTIONAL",
    "FALLBACK_ON",
    "FileStore",
    "JSONLMessages",
    "OpenAIStreamingProvider",
    "ReadError",
    "ReasoningDelta",
    "RefusalDelta",
    "RetryPolicy",
    "Source",
    "StatusError",
    "Store",
    "StreamComplete",
    "StreamError",
    "StreamInterrupted",
    "StreamRestarted",
    "SyncChatStream",
    "TextFile",
    "TextStream",
    "ThinwireError",
    "Timeouts",
    "ToolCall",
    "ToolCallDelta",
    "ToolCallStarted",
    "TransportError",
    "TransportTimeout",
    "WriteError",
)


def __getattr__(name: str) -> object:
    for home, names in _HOMES:
        if name in names:
            from thinwire.core._compat import import_module

            value: object = getattr(import_module("thinwire." + home), name)
            globals()[name] = value
            return value
    raise AttributeError("module 'thinwire' has no attribute %r" % name)

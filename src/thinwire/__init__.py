"""thinwire: one LLM client for two runtimes, CPython and MicroPython.

Names are loaded when they are first used, so that importing thinwire costs next to nothing.
"""

__version__ = "0.1.0"

TYPE_CHECKING = False
if TYPE_CHECKING:
    from thinwire.core.attempt import Attempt
    from thinwire.core.client import AsyncClient
    from thinwire.core.clocks import Timeouts
    from thinwire.core.completion import Choice, Completion
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
    from thinwire.core.events import (
        ContentDelta,
        Event,
        ReasoningDelta,
        RefusalDelta,
        StreamComplete,
        StreamRestarted,
        ToolCallDelta,
        ToolCallStarted,
    )
    from thinwire.core.health import CooldownPolicy
    from thinwire.core.jsonl import JSONLMessages
    from thinwire.core.model import Deployment
    from thinwire.core.policy import FALLBACK_MAY, FALLBACK_ON
    from thinwire.core.records import DeploymentState
    from thinwire.core.retry import RetryPolicy
    from thinwire.core.source_streams import BytesStream, TextStream
    from thinwire.core.sources import Base64File, DataURL, Source, TextFile
    from thinwire.core.store import FileStore, Store
    from thinwire.core.stream import ChatStream
    from thinwire.core.sync import Client, SyncChatStream
    from thinwire.core.tool_calls import ToolCall
    from thinwire.exoclaw import OpenAIStreamingProvider

# Tuples, here and below: frozen, they stay in flash.
_HOMES = (
    ("core.attempt", ("Attempt",)),
    ("core.client", ("AsyncClient",)),
    ("core.clocks", ("Timeouts",)),
    ("core.completion", ("Choice", "Completion")),
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
        "core.events",
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
    ("core.health", ("CooldownPolicy",)),
    ("core.jsonl", ("JSONLMessages",)),
    ("core.model", ("Deployment",)),
    ("core.policy", ("FALLBACK_MAY", "FALLBACK_ON")),
    ("core.records", ("DeploymentState",)),
    ("core.retry", ("RetryPolicy",)),
    ("core.source_streams", ("BytesStream", "TextStream")),
    ("core.sources", ("Base64File", "DataURL", "Source", "TextFile")),
    ("core.store", ("FileStore", "Store")),
    ("core.stream", ("ChatStream",)),
    ("core.sync", ("Client", "SyncChatStream")),
    ("core.tool_calls", ("ToolCall",)),
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
    "FALLBACK_MAY",
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
            from thinwire.core._compat import load

            value: object = getattr(load("thinwire." + home), name)
            globals()[name] = value
            return value
    raise AttributeError("module 'thinwire' has no attribute %r" % name)

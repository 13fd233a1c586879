"""thinwire: one LLM client for two runtimes, CPython and MicroPython.

Names are loaded when they are first used, so that importing thinwire costs next to nothing.
"""

__version__ = "0.1.0"

TYPE_CHECKING = False
if TYPE_CHECKING:
    from thinwire.core.client import AsyncClient
    from thinwire.core.clocks import Timeouts
    from thinwire.core.completion import Choice, Completion
    from thinwire.core.errors import (
        AllAttemptsFailed,
        ConnectError,
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
        ToolCallDelta,
        ToolCallStarted,
    )
    from thinwire.core.jsonl import JSONLMessages
    from thinwire.core.model import Deployment
    from thinwire.core.source_streams import BytesStream, TextStream
    from thinwire.core.sources import Base64File, DataURL, Source, TextFile
    from thinwire.core.stream import ChatStream
    from thinwire.core.sync import Client, SyncChatStream
    from thinwire.core.tool_calls import ToolCall
    from thinwire.exoclaw import OpenAIStreamingProvider

_HOMES = {
    "core.client": ("AsyncClient",),
    "core.clocks": ("Timeouts",),
    "core.completion": ("Choice", "Completion"),
    "core.errors": (
        "AllAttemptsFailed",
        "ConnectError",
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
    "core.events": (
        "ContentDelta",
        "Event",
        "ReasoningDelta",
        "RefusalDelta",
        "StreamComplete",
        "ToolCallDelta",
        "ToolCallStarted",
    ),
    "core.jsonl": ("JSONLMessages",),
    "core.model": ("Deployment",),
    "core.source_streams": ("BytesStream", "TextStream"),
    "core.sources": ("Base64File", "DataURL", "Source", "TextFile"),
    "core.stream": ("ChatStream",),
    "core.sync": ("Client", "SyncChatStream"),
    "core.tool_calls": ("ToolCall",),
    "exoclaw": ("OpenAIStreamingProvider",),
}

__all__ = [
    "AllAttemptsFailed",
    "AsyncClient",
    "Base64File",
    "BytesStream",
    "ChatStream",
    "Choice",
    "Client",
    "Completion",
    "ConnectError",
    "ContentDelta",
    "DataURL",
    "Deployment",
    "EncodeError",
    "Event",
    "JSONLMessages",
    "OpenAIStreamingProvider",
    "ReadError",
    "ReasoningDelta",
    "RefusalDelta",
    "Source",
    "StatusError",
    "StreamComplete",
    "StreamError",
    "StreamInterrupted",
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
]


def __getattr__(name: str) -> object:
    for home, names in _HOMES.items():
        if name in names:
            from thinwire.core._compat import load

            value: object = getattr(load("thinwire." + home), name)
            globals()[name] = value
            return value
    raise AttributeError("module 'thinwire' has no attribute %r" % name)

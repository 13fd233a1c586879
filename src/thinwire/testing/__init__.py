"""Test doubles for users of thinwire: a mock server with faults, and a scripted transport.

    with MockServer() as server:
        server.reply("m", status_reply(429, retry_after=1), text_reply("Hello there"))
        ...  # a client with base_url=server.base_url

Names are loaded when they are first used: importing this package costs next to nothing.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from thinwire.testing.builtin import BUILTIN_MODELS
    from thinwire.testing.chunks import DONE, sse
    from thinwire.testing.completion import Completion
    from thinwire.testing.faults import cut_reply, error_chunk_reply, stall_reply
    from thinwire.testing.mock_server import MockServer
    from thinwire.testing.recorded import RecordedRequest
    from thinwire.testing.recorder import Recorder
    from thinwire.testing.recording import Exchange, load_recording
    from thinwire.testing.replies import (
        json_reply,
        raw_reply,
        sse_reply,
        status_reply,
        text_reply,
        tool_reply,
    )
    from thinwire.testing.reply import Reply, Script, WireOptions
    from thinwire.testing.reply_data import script_from
    from thinwire.testing.scenario import Scenario, load_scenarios
    from thinwire.testing.scripted import ScriptedReply, ScriptedTransport
    from thinwire.testing.steps import Cut, EndBody, Head, Interim, Repeat, Send, Stall, Wait

__all__ = [
    "BUILTIN_MODELS",
    "DONE",
    "Completion",
    "Cut",
    "EndBody",
    "Exchange",
    "Head",
    "Interim",
    "MockServer",
    "RecordedRequest",
    "Recorder",
    "Repeat",
    "Reply",
    "Scenario",
    "Script",
    "ScriptedReply",
    "ScriptedTransport",
    "Send",
    "Stall",
    "Wait",
    "WireOptions",
    "cut_reply",
    "error_chunk_reply",
    "json_reply",
    "load_recording",
    "load_scenarios",
    "raw_reply",
    "script_from",
    "sse",
    "sse_reply",
    "stall_reply",
    "status_reply",
    "text_reply",
    "tool_reply",
]

_MODULES = (
    ("builtin", "BUILTIN_MODELS"),
    ("chunks", "DONE sse"),
    ("completion", "Completion"),
    ("faults", "cut_reply error_chunk_reply stall_reply"),
    ("mock_server", "MockServer"),
    ("recorded", "RecordedRequest"),
    ("recorder", "Recorder"),
    ("recording", "Exchange load_recording"),
    ("replies", "json_reply raw_reply sse_reply status_reply text_reply tool_reply"),
    ("reply", "Reply Script WireOptions"),
    ("reply_data", "script_from"),
    ("scenario", "Scenario load_scenarios"),
    ("scripted", "ScriptedReply ScriptedTransport"),
    ("steps", "Cut EndBody Head Interim Repeat Send Stall Wait"),
)


def __getattr__(name: str) -> object:
    from importlib import import_module

    for module, names in _MODULES:
        if name in names.split():
            return getattr(import_module(f"{__name__}.{module}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)

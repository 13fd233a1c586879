"""Test doubles for users of thinwire: a mock server with faults, and a scripted transport.

    with MockServer() as server:
        server.reply("m", status_reply(429, retry_after=1), text_reply("Hello there"))
        ...  # a client with base_url=server.base_url

Names are loaded when they are first used: importing this package costs next to nothing.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from thinwire.testing.recording.exchange import RecordedExchange, load_recording
    from thinwire.testing.recording.recorder import Recorder
    from thinwire.testing.replies.builtin_models import BUILTIN_MODELS
    from thinwire.testing.replies.chunks import DONE, sse_event
    from thinwire.testing.replies.completion import MockCompletion
    from thinwire.testing.replies.faulty import cut_reply, error_chunk_reply, stall_reply
    from thinwire.testing.replies.from_json import script_from
    from thinwire.testing.replies.good import (
        json_reply,
        raw_reply,
        sse_reply,
        status_reply,
        text_reply,
        tool_reply,
    )
    from thinwire.testing.replies.reply import MockReply, Script, WireOptions
    from thinwire.testing.replies.sound import sound_of, text_of_sound
    from thinwire.testing.replies.steps import (
        Cut,
        EndBody,
        Head,
        Interim,
        Repeat,
        Send,
        Stall,
        Wait,
    )
    from thinwire.testing.scenario import Scenario, load_scenarios
    from thinwire.testing.scripted import ScriptedReply, ScriptedTransport
    from thinwire.testing.server.mock_server import MockServer
    from thinwire.testing.server.request import RecordedRequest

__all__ = [
    "BUILTIN_MODELS",
    "DONE",
    "Cut",
    "EndBody",
    "Head",
    "Interim",
    "MockCompletion",
    "MockReply",
    "MockServer",
    "RecordedExchange",
    "RecordedRequest",
    "Recorder",
    "Repeat",
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
    "sound_of",
    "sse_event",
    "sse_reply",
    "stall_reply",
    "status_reply",
    "text_of_sound",
    "text_reply",
    "tool_reply",
]

# Where each name lives: a module, then its names.
_HOMES = """\
recording.exchange RecordedExchange load_recording
recording.recorder Recorder
replies.builtin_models BUILTIN_MODELS
replies.chunks DONE sse_event
replies.completion MockCompletion
replies.faulty cut_reply error_chunk_reply stall_reply
replies.from_json script_from
replies.good json_reply raw_reply sse_reply status_reply text_reply tool_reply
replies.reply MockReply Script WireOptions
replies.sound sound_of text_of_sound
replies.steps Cut EndBody Head Interim Repeat Send Stall Wait
scenario Scenario load_scenarios
scripted ScriptedReply ScriptedTransport
server.mock_server MockServer
server.request RecordedRequest
"""


def __getattr__(name: str) -> object:
    from importlib import import_module

    for line in _HOMES.splitlines():
        module, *names = line.split()
        if name in names:
            return getattr(import_module(f"{__name__}.{module}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)

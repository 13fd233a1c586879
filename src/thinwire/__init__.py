"""thinwire: one LLM client for two runtimes, CPython and MicroPython.

Names are loaded when they are first used, so that importing thinwire costs next to nothing.
docs/api.md lists what is public, and where.
"""

__version__ = "0.1.0"

try:
    from micropython import const
except ImportError:
    const = bool
else:  # pragma: no cover (MicroPython)
    import sys

    _this = sys.implementation
    if _this.name != "micropython" or _this.version < (1, 24):
        raise ImportError(
            "thinwire needs MicroPython 1.24 or newer, and this is %s %s"
            % (_this.name, ".".join([str(part) for part in _this.version[:3]]))
        )

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from thinwire.compat.exoclaw.provider import OpenAIStreamingProvider as OpenAIStreamingProvider
    from thinwire.core.answer.as_json import to_dict as to_dict
    from thinwire.core.answer.completion import Choice as Choice
    from thinwire.core.answer.completion import Completion as Completion
    from thinwire.core.answer.events import ContentDelta as ContentDelta
    from thinwire.core.answer.events import Event as Event
    from thinwire.core.answer.events import ReasoningDelta as ReasoningDelta
    from thinwire.core.answer.events import RefusalDelta as RefusalDelta
    from thinwire.core.answer.events import StreamComplete as StreamComplete
    from thinwire.core.answer.events import StreamRestarted as StreamRestarted
    from thinwire.core.answer.media import AudioDelta as AudioDelta
    from thinwire.core.answer.media import ImageDelta as ImageDelta
    from thinwire.core.answer.stream_events import UsageReceived as UsageReceived
    from thinwire.core.answer.tool_calls import ToolCall as ToolCall
    from thinwire.core.answer.tool_calls import ToolCallDelta as ToolCallDelta
    from thinwire.core.answer.tool_calls import ToolCallStarted as ToolCallStarted
    from thinwire.core.answer.whole_calls import ToolCallComplete as ToolCallComplete
    from thinwire.core.client import AsyncClient as AsyncClient
    from thinwire.core.conversation.conversation import Conversation as Conversation
    from thinwire.core.conversation.history import MemoryHistory as MemoryHistory
    from thinwire.core.conversation.into import ParsedCompletion as ParsedCompletion
    from thinwire.core.conversation.into import ParsedStream as ParsedStream
    from thinwire.core.conversation.into import ParseError as ParseError
    from thinwire.core.conversation.into_blocking import SyncParsedStream as SyncParsedStream
    from thinwire.core.conversation.jsonl_history import JSONLHistory as JSONLHistory
    from thinwire.core.conversation.sync_conversation import SyncConversation as SyncConversation
    from thinwire.core.conversation.sync_conversation import SyncTurn as SyncTurn
    from thinwire.core.conversation.sync_tool_loop import SyncToolLoop as SyncToolLoop
    from thinwire.core.conversation.tool import Tool as Tool
    from thinwire.core.conversation.tool_loop import MaxRoundsExceeded as MaxRoundsExceeded
    from thinwire.core.conversation.tool_loop import ToolLoop as ToolLoop
    from thinwire.core.conversation.tool_run import ToolResult as ToolResult
    from thinwire.core.conversation.turn import Turn as Turn
    from thinwire.core.conversation.voice.microphone import Microphone as Microphone
    from thinwire.core.conversation.voice.sentences import Sentences as Sentences
    from thinwire.core.conversation.voice.sentences import sentences as sentences
    from thinwire.core.conversation.voice.speaker import Speaker as Speaker
    from thinwire.core.conversation.voice.voice import Voice as Voice
    from thinwire.core.error_kinds import FALLBACK_ON as FALLBACK_ON
    from thinwire.core.error_kinds import FALLBACK_OPTIONAL as FALLBACK_OPTIONAL
    from thinwire.core.error_kinds import OutOfMemory as OutOfMemory
    from thinwire.core.error_kinds import ThinwireError as ThinwireError
    from thinwire.core.errors import ConnectError as ConnectError
    from thinwire.core.errors import ContextWindowExceeded as ContextWindowExceeded
    from thinwire.core.errors import EncodeError as EncodeError
    from thinwire.core.errors import ReadError as ReadError
    from thinwire.core.errors import StatusError as StatusError
    from thinwire.core.errors import StreamError as StreamError
    from thinwire.core.errors import StreamInterrupted as StreamInterrupted
    from thinwire.core.errors import TransportError as TransportError
    from thinwire.core.errors import TransportTimeout as TransportTimeout
    from thinwire.core.errors import WriteError as WriteError
    from thinwire.core.providers.check import Check as Check
    from thinwire.core.providers.config_file import ConfigError as ConfigError
    from thinwire.core.providers.model_list import ModelEntry as ModelEntry
    from thinwire.core.providers.probe import Probe as Probe
    from thinwire.core.providers.resolve import resolve as resolve
    from thinwire.core.request.jsonl import JSONLMessages as JSONLMessages
    from thinwire.core.request.sources import Base64File as Base64File
    from thinwire.core.request.sources import BytesStream as BytesStream
    from thinwire.core.request.sources import DataURL as DataURL
    from thinwire.core.request.sources import Source as Source
    from thinwire.core.request.sources import TextFile as TextFile
    from thinwire.core.request.sources import TextStream as TextStream
    from thinwire.core.routing.all_failed import AllAttemptsFailed as AllAttemptsFailed
    from thinwire.core.routing.deployment import Deployment as Deployment
    from thinwire.core.routing.divert import Diverted as Diverted
    from thinwire.core.routing.health import CooldownPolicy as CooldownPolicy
    from thinwire.core.routing.health import DeploymentState as DeploymentState
    from thinwire.core.routing.plan import Attempt as Attempt
    from thinwire.core.routing.policy import RetryPolicy as RetryPolicy
    from thinwire.core.routing.policy import Timeouts as Timeouts
    from thinwire.core.routing.store import FileStore as FileStore
    from thinwire.core.routing.store import Store as Store
    from thinwire.core.services.blocking import SyncReply as SyncReply
    from thinwire.core.services.embeddings import Embeddings as Embeddings
    from thinwire.core.services.reply import Reply as Reply
    from thinwire.core.services.speech import Transcription as Transcription
    from thinwire.core.stream import ChatStream as ChatStream
    from thinwire.core.sync import Client as Client
    from thinwire.core.sync import SyncChatStream as SyncChatStream
    from thinwire.core.wire.recorder import FlightRecorder as FlightRecorder
    from thinwire.core.wire.recorder import Recording as Recording
    from thinwire.cpython.sqlite_history import SQLiteHistory as SQLiteHistory

# Where each name is, below thinwire. One text, since tuples of names take more of a chip's flash.
_HOMES = """\
compat.exoclaw.provider OpenAIStreamingProvider
cpython.sqlite_history SQLiteHistory
core.answer.as_json to_dict
core.answer.completion Choice Completion
core.answer.events ContentDelta Event ReasoningDelta RefusalDelta StreamComplete StreamRestarted
core.answer.media AudioDelta ImageDelta
core.answer.stream_events UsageReceived
core.answer.tool_calls ToolCall ToolCallDelta ToolCallStarted
core.answer.whole_calls ToolCallComplete
core.client AsyncClient
core.conversation.conversation Conversation
core.conversation.history MemoryHistory
core.conversation.jsonl_history JSONLHistory
core.conversation.sync_conversation SyncConversation SyncTurn
core.conversation.turn Turn
core.conversation.sync_tool_loop SyncToolLoop
core.conversation.tool Tool
core.conversation.tool_loop MaxRoundsExceeded ToolLoop
core.conversation.tool_run ToolResult
core.conversation.voice.microphone Microphone
core.conversation.voice.sentences Sentences sentences
core.conversation.into ParseError ParsedCompletion ParsedStream
core.conversation.into_blocking SyncParsedStream
core.conversation.voice.speaker Speaker
core.conversation.voice.voice Voice
core.error_kinds FALLBACK_ON FALLBACK_OPTIONAL OutOfMemory ThinwireError
core.routing.all_failed AllAttemptsFailed
core.errors ConnectError ContextWindowExceeded EncodeError ReadError StatusError
core.errors StreamError StreamInterrupted TransportError TransportTimeout WriteError
core.providers.check Check
core.providers.model_list ModelEntry
core.providers.probe Probe
core.providers.resolve resolve
core.providers.config_file ConfigError
core.request.jsonl JSONLMessages
core.request.sources Base64File BytesStream DataURL Source TextFile TextStream
core.routing.deployment Deployment
core.routing.divert Diverted
core.routing.health CooldownPolicy DeploymentState
core.routing.plan Attempt
core.routing.policy RetryPolicy Timeouts
core.routing.store FileStore Store
core.services.blocking SyncReply
core.services.embeddings Embeddings
core.services.reply Reply
core.services.speech Transcription
core.stream ChatStream
core.sync Client SyncChatStream
core.wire.recorder FlightRecorder Recording"""


if not TYPE_CHECKING:  # or a misspelt name would be one to a type checker

    def __getattr__(name):
        if name == "__all__":
            names = []
            for line in _HOMES.split("\n"):
                if const is bool or not line.startswith("cpython."):
                    names += line.split()[1:]
            return names if const is bool else _at_hand(names)
        for line in _HOMES.split("\n"):
            home, *names = line.split()
            if name in names:
                from thinwire.core._compat import import_module

                value = getattr(import_module("thinwire." + home), name)
                globals()[name] = value
                return value
        raise AttributeError("module 'thinwire' has no attribute %r" % name)

    def _at_hand(names):  # pragma: no cover (MicroPython)
        # A star import takes them all, and firmware may do without some files (manifest.py).
        found = []
        for name in names:
            try:
                __getattr__(name)
                found.append(name)
            except ImportError:
                pass
        return found

    if const is bool:  # MicroPython never asks for it

        def __dir__():
            return list(globals()) + __getattr__("__all__")

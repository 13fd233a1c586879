"""What programs of NEXUS3 hold in their hands: messages, tool calls, events of a stream, errors.

ContentDelta, ReasoningDelta and ToolCallStarted are thinwire's own, whose fields and places in a
`match` are the same.
"""

from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Protocol

from thinwire import ContentDelta, ReasoningDelta, ToolCallStarted
from thinwire._public import public


@public
class Role(Enum):
    """Who says a message."""

    SYSTEM = "system"
    USER = "user"
    ASSISTANT = "assistant"
    TOOL = "tool"


@public
@dataclass(frozen=True)
class ToolCall:
    """A tool that the model asks for.

    Args:
        id: the server's, or one made for it where it gave none.
        name: of the tool.
        arguments: by name; `{"_raw_arguments": text}` where no sense could be made of them.
        meta: how they were found out, which the properties read; `extra`, fields of the call that
            go back to the server with it.
    """

    id: str
    name: str
    arguments: dict[str, Any]
    meta: dict[str, Any] = field(default_factory=dict)

    @property
    def raw_arguments(self) -> str | None:
        """The text of arguments that no sense could be made of, else None."""
        raw = self.meta.get("raw_arguments", self.arguments.get("_raw_arguments"))
        return raw if isinstance(raw, str) else None

    @property
    def source_format(self) -> str | None:
        """The wire they came on: "openai_chat", "anthropic_content_blocks", "openai_responses"."""
        return _text(self.meta.get("source_format"))

    @property
    def argument_format(self) -> str | None:
        """What they were written as; see arguments.py."""
        return _text(self.meta.get("argument_format"))

    @property
    def normalization_error(self) -> str | None:
        """Why no sense could be made of them, else None."""
        return _text(self.meta.get("normalization_error"))

    @property
    def has_unresolved_arguments(self) -> bool:
        """Whether no sense could be made of them: the tool must not be called with these."""
        said = self.meta.get("arguments_unresolved")
        return said if isinstance(said, bool) else self.raw_arguments is not None


@public
@dataclass(frozen=True)
class Message:
    """A message of a conversation.

    Args:
        role: who says it.
        content: its text; a list of parts is sent as it is.
        tool_calls: of an answer, the tools that the model asks for.
        tool_call_id: of a result, the call that it is of.
        meta: of an answer, `finish_reason`, `usage`, `reasoning`, and in `wire` the fields that go
            back to its server (reasoning, signatures). Never sent otherwise.
    """

    role: Role
    content: str
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str | None = None
    meta: dict[str, Any] = field(default_factory=dict)


@public
@dataclass(frozen=True)
class StreamComplete:
    """The last event of a stream.

    Args:
        message: the whole answer.
    """

    message: Message


StreamEvent = ContentDelta | ReasoningDelta | ToolCallStarted | StreamComplete


@public
class NexusError(Exception):
    """Base of what goes wrong.

    Args:
        message: what happened.
    """

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


@public
class ConfigError(NexusError):
    """A configuration is not right."""


@public
class ProviderError(NexusError):
    """A provider did not answer. `__cause__` is thinwire's error, with its kind, its attempts and,
    where a part had come, `partial`.
    """


@public
class RawLogCallback(Protocol):
    """Is told what goes over the wire, without keys."""

    def on_request(self, endpoint: str, payload: dict[str, Any]) -> None:
        """A request is about to be sent."""

    def on_response(self, status: int, body: dict[str, Any]) -> None:
        """An answer has come that is no stream: an error, or one document."""

    def on_chunk(self, chunk: dict[str, Any]) -> None:
        """A chunk of a stream has come."""

    def on_stream_complete(self, summary: dict[str, Any]) -> None:
        """A stream is over: http_status, event_count, content_length, tool_call_count,
        received_done, finish_reason, duration_ms.
        """


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None

"""Between exoclaw's shapes and the wire: its messages on the way out, its response on the way in.

exoclaw marks what belongs to its own machinery with an underscore; none of it is sent. One such
key says more: `_content_file` names the file a tool has streamed its result to, and `content` is
then only a preview of it.
"""

import os
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from thinwire.compat.exoclaw.types import exoclaw_types
from thinwire.core.answer.completion import Completion
from thinwire.core.errors import EncodeError
from thinwire.core.request.sources import Source, TextFile
from thinwire.core.wire.json_encode import Reader, TextReader

if TYPE_CHECKING:
    from exoclaw.providers.types import LLMResponse

Message = dict[str, object]

_COUNTS = ("prompt_tokens", "completion_tokens", "total_tokens")


class ContentFile(Source):
    """The text of a file or, when nothing of it can be read, its preview; never some of both.

    Args:
        path: UTF-8 file; opened anew for each attempt.
        preview: sent in its place.
    """

    def __init__(self, path: str, preview: str) -> None:
        self.path = path
        self.preview = preview

    def open(self) -> Reader:
        """A reader of the file that has its first piece already, else one of the preview."""
        try:
            return _Begun(TextFile(self.path).open())
        except (OSError, EncodeError):
            return TextReader(self.preview)

    def __repr__(self) -> str:
        return f"ContentFile({self.path!r})"


class _Begun(Reader):
    # Once the first piece is on its way, an error in the file ends the request.
    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._first: bytes | memoryview | None = None
        try:
            self._first = reader.read_piece()
        except BaseException:
            reader.close()
            raise

    def read_piece(self) -> bytes | memoryview | None:
        first, self._first = self._first, None
        return self._reader.read_piece() if first is None else first

    def close(self) -> None:
        self._reader.close()


class _WireMessages:
    # Messages that are made while they are sent, e.g. read from a session's file.
    def __init__(self, messages: Iterable[Message]) -> None:
        self._messages = messages

    def __iter__(self) -> Iterator[Message]:
        return map(wire_message, self._messages)


def wire_messages(messages: Iterable[Message]) -> Iterable[Message]:
    """`messages` as they are to be sent; those that need no change are not copied.

    Args:
        messages: a list, or any other iterable, which stays lazy. A one-shot iterator gives one
            again, so that it is not taken for something that can be sent twice.
    """
    if isinstance(messages, (list, tuple)):
        return [wire_message(message) for message in messages]
    if hasattr(messages, "__next__"):
        return map(wire_message, messages)
    if isinstance(messages, (str, bytes, Mapping)) or not hasattr(messages, "__iter__"):
        return messages  # the client says what is wrong with it
    return _WireMessages(messages)


def wire_message(message: Message) -> Message:
    """`message` without its underscore keys, `content` read from its `_content_file` if any."""
    if not isinstance(message, Mapping) or not any(map(_is_private, message)):
        return message
    sent = {key: value for key, value in message.items() if not _is_private(key)}
    path = message.get("_content_file")
    if path:
        preview = message.get("content")
        text = preview if isinstance(preview, str) else ""
        sent["content"] = ContentFile(os.fspath(path), text)  # type: ignore[call-overload]
    return sent


def _is_private(key: object) -> bool:
    return isinstance(key, str) and key.startswith("_")


def response_from(completion: Completion) -> "LLMResponse":
    """The response an agent loop takes. A refusal, which has no field there, is the content."""
    response: LLMResponse = exoclaw_types().LLMResponse(
        content=completion.text,
        # Arguments are always an object, as exoclaw promises its tools: without one the tool is
        # called with nothing, and the model reads what was missing.
        tool_calls=[
            exoclaw_types().ToolCallRequest(
                id=call.id,
                name=call.name,
                arguments=call.repair() or {},
            )
            for call in completion.tool_calls
        ],
        finish_reason=completion.finish_reason or "stop",
        usage=_usage(completion.usage),
        reasoning_content=completion.reasoning_content,
    )
    # Set afterwards: an older exoclaw has no such arguments.
    cost = completion.cost
    response.cost = float(cost) if isinstance(cost, (int, float)) else None
    response.service_tier = completion.service_tier
    return response


def _usage(usage: Mapping[str, object]) -> dict[str, int]:
    if not usage:
        return {}
    names = (*_COUNTS, "cached_tokens") if "cached_tokens" in usage else _COUNTS
    counts = {name: usage.get(name) for name in names}
    return {
        name: count if isinstance(count, int) and not isinstance(count, bool) else 0
        for name, count in counts.items()
    }

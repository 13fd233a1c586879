"""Between exoclaw's shapes and the wire: its messages on the way out, its response on the way in.

exoclaw marks what belongs to its own machinery with an underscore; none of it is sent. One such
key says more: `_content_file` names the file a tool has streamed its result to, and `content` is
then only a preview of it.
"""

from thinwire.compat.exoclaw.types import exoclaw_types
from thinwire.core._compat import const

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

    from exoclaw.providers.types import LLMResponse

    from thinwire.core.answer.completion import Completion

    Message = dict[str, object]

_COUNTS = "prompt_tokens completion_tokens total_tokens"


class _WireMessages:
    # Messages that are made while they are sent, e.g. read from a session's file.
    def __init__(self, messages: "Iterable[Message]") -> None:
        self._messages = messages

    def __iter__(self) -> "Iterator[Message]":
        return map(wire_message, self._messages)


def wire_messages(messages: "Any") -> "Iterable[Message]":
    """`messages` as they are to be sent; those that need no change are not copied.

    Args:
        messages: a list, or any other iterable, which stays lazy. A one-shot iterator gives one
            again, so that it is not taken for something that can be sent twice.
    """
    if isinstance(messages, (list, tuple)):
        return [wire_message(message) for message in messages]
    if isinstance(messages, (str, bytes)) or hasattr(messages, "items"):
        return messages  # type: ignore[no-any-return]  # the client says what is wrong with it
    if hasattr(messages, "__next__"):
        return map(wire_message, messages)
    if hasattr(messages, "__iter__"):
        return _WireMessages(messages)
    try:
        return map(wire_message, iter(messages))  # a generator of MicroPython's shows neither
    except TypeError:
        return messages  # type: ignore[no-any-return]


def wire_message(message: "Any") -> "Message":
    """`message` without its underscore keys, `content` read from its `_content_file` if any."""
    if not hasattr(message, "items") or not [key for key in message if _is_private(key)]:
        return message  # type: ignore[no-any-return]
    sent = {key: value for key, value in message.items() if not _is_private(key)}
    path = message.get("_content_file")
    if path:
        from thinwire.compat.exoclaw.content_file import ContentFile  # few messages have one

        preview = message.get("content")
        name = path.__fspath__() if hasattr(path, "__fspath__") else str(path)
        sent["content"] = ContentFile(name, preview if isinstance(preview, str) else "")
    return sent


def _is_private(key: object) -> bool:
    return isinstance(key, str) and key.startswith("_")


def response_from(completion: "Completion") -> "LLMResponse":
    """The response an agent loop takes. A refusal, which has no field there, is the content."""
    types = exoclaw_types()
    # Arguments are always an object, as exoclaw promises its tools: without one the tool is
    # called with nothing, and the model reads what was missing.
    calls = [
        types.ToolCallRequest(call.id, call.name, call.repair() or {})
        for call in completion.tool_calls
    ]
    response: LLMResponse = types.LLMResponse(
        content=completion.text,
        tool_calls=calls,
        finish_reason=completion.finish_reason or "stop",
        usage=_usage(completion.usage),
        reasoning_content=completion.reasoning_content,
    )
    # Set afterwards: an older exoclaw has no such arguments.
    cost = completion.cost
    response.cost = float(cost) if isinstance(cost, (int, float)) else None
    response.service_tier = completion.service_tier
    return response


def _usage(usage: "dict[str, Any]") -> "dict[str, int]":
    if not usage:
        return {}
    names = _COUNTS.split() + (["cached_tokens"] if "cached_tokens" in usage else [])
    counts = {name: usage.get(name) for name in names}
    return {
        name: count if isinstance(count, int) and not isinstance(count, bool) else 0
        for name, count in counts.items()
    }

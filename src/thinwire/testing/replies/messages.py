# Reading the messages of a request: only as much as a mock model needs to answer.

from typing import Any


def text_of(content: object) -> str:
    """Text of a message's content: itself, or its text parts joined."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return ""
    return "".join(_part_text(part) for part in content)


def last_of(messages: object, role: str) -> dict[str, Any] | None:
    """The last message of `role`, or None."""
    known = [message for message in _dicts(messages) if message.get("role") == role]
    return known[-1] if known else None


def ends_with(messages: object, role: str) -> bool:
    """Whether the last message is of `role`."""
    known = _dicts(messages)
    return bool(known) and known[-1].get("role") == role


def count_words(messages: object) -> int:
    """Words in all messages: the mock's idea of prompt tokens."""
    return sum(len(text_of(message.get("content")).split()) for message in _dicts(messages))


def _dicts(messages: object) -> list[dict[str, Any]]:
    if not isinstance(messages, list):
        return []
    return [message for message in messages if isinstance(message, dict)]


def _part_text(part: object) -> str:
    text = part.get("text") if isinstance(part, dict) else None
    return text if isinstance(text, str) else ""

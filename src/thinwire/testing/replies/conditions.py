"""What a scripted server looks at in a request before it answers: {"when": ...} of a reply."""

from collections.abc import Mapping
from typing import Any

from thinwire.testing.replies.chunks import messages_of
from thinwire.testing.server.request import RecordedRequest

# What OpenAI's reference knows in a message, in one of its calls and in the call's function.
_MESSAGE = frozenset("role content name tool_calls tool_call_id refusal".split())
_CALL = frozenset({"id", "type", "function"})
_FUNCTION = frozenset({"name", "arguments"})
_KNOWN = ("framing", "accepts", "assistant", "standard", "input")


def check(when: Mapping[str, Any]) -> None:
    """Raises ValueError for a condition that is not known."""
    unknown = [name for name in when if name not in _KNOWN]
    if unknown or not when:
        raise ValueError(f"unknown in when: {unknown}; known are {[*_KNOWN]}")


def holds(when: Mapping[str, Any], request: RecordedRequest) -> bool:
    """Whether a request is as a condition says; all that it names must be so.

    Args:
        when: "framing", see `RecordedRequest`; "accepts": a media type that its Accept must name
            or allow; "assistant": what the first assistant message must
            have, or for a list each of them in turn; "standard": whether messages have fields of
            OpenAI's reference only; "input": items that those of a Responses request must have
            among them, in this order.
    """
    if "framing" in when and request.framing != when["framing"]:
        return False
    if "accepts" in when and not _accepts(request, when["accepts"]):
        return False
    if not {"assistant", "standard", "input"} & set(when):
        return True
    payload = request.json() if request.body_whole else {}
    payload = payload if isinstance(payload, dict) else {}
    items = iter(payload.get("input") or ())
    if not all(any(covers(item, fields) for item in items) for fields in when.get("input", ())):
        return False
    messages = messages_of(payload)
    if "standard" in when and when["standard"] != all(map(_is_standard, messages)):
        return False
    said = [message for message in messages if message.get("role") == "assistant"]
    wanted = when.get("assistant", [])
    wanted = wanted if isinstance(wanted, list) else [wanted]
    return len(said) >= len(wanted) and all(
        covers(message, fields) for message, fields in zip(said, wanted, strict=False)
    )


def covers(got: Any, wanted: Any) -> bool:
    """Whether `got` is `wanted`; objects may have further fields, lists no further items."""
    if isinstance(wanted, dict):
        return isinstance(got, dict) and all(
            name in got and covers(got[name], value) for name, value in wanted.items()
        )
    if isinstance(wanted, list):
        return isinstance(got, list) and len(got) == len(wanted) and all(map(covers, got, wanted))
    return bool(got == wanted)


def _accepts(request: RecordedRequest, kind: str) -> bool:
    # RFC 9110 12.5.1, as far as names go; without the field everything is accepted.
    ranges = (request.header("accept") or "*/*").split(",")
    named = {one.partition(";")[0].strip().lower() for one in ranges}
    return bool(named & {kind, kind.partition("/")[0] + "/*", "*/*"})


def _is_standard(message: Mapping[str, Any]) -> bool:
    calls = message.get("tool_calls") or []
    return set(message) <= _MESSAGE and all(
        set(call) <= _CALL and set(call.get("function") or {}) <= _FUNCTION for call in calls
    )

"""Answers and what led to them as plain JSON: for a log, a queue, a database. `json.dumps` takes
what `to_dict` gives, and `json.loads` gives the same again; nothing of the request is in it, and
no key.

What is no JSON (a source in the place of a text, say) is named by its class, in angle brackets.

Loaded where it is asked for.
"""

from thinwire.core._compat import const, public
from thinwire.core.answer.completion import Choice, Completion, Timings
from thinwire.core.answer.events import BaseEvent

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from typing import Any

_CHOICE = (
    "index content reasoning_content refusal finish_reason logprobs images audio annotations"
    " message_extra"
).split()
_COMPLETION = (
    "id model deployment upstream_model upstream_provider origin service_tier content"
    " reasoning_content refusal finish_reason native_finish_reason complete end usage cost"
    " cost_estimated extra logprobs images audio annotations message_extra request_id headers"
    " rate_limits sent_bytes sent_blocks received_bytes tokens_per_s"
).split()
_TIMINGS = (
    "connect_ms tls_ms upload_ms head_ms first_byte_ms ttft_ms last_token_ms total_ms"
).split()
_ATTEMPT = (
    "number model deployment hedge outcome status started_ms ms sent_bytes free request_id headers"
    " rate_limits"
).split()
_ERROR = "kind message model deployment status phase retry_after_ms request_id".split()
_PRIVATE = ("set-cookie",)  # headers that let somebody in


@public
def to_dict(thing: "Any") -> "dict[str, Any]":
    """A Completion, an event of a stream, a Choice, an Attempt, an error of thinwire's or
    `completion.timings` as a dict of plain JSON.

    An event has its class's name as "type", and its fields; a Completion has all that its
    docstring names, `tool_calls` as they belong into the next request.

    Raises:
        TypeError: it is none of these.
    """
    if isinstance(thing, BaseEvent):
        result = _fields(thing, thing.__match_args__)
        result["type"] = type(thing).__name__
        return result
    if isinstance(thing, Completion):
        result = _fields(thing, _COMPLETION)
        result["tool_calls"] = _plain(thing.tool_calls)
        result["choices"] = _plain(thing.choices)
        result["attempts"] = _plain(thing.attempts)
        result["timings"] = to_dict(thing.timings)
        return result
    if isinstance(thing, Choice):
        result = _fields(thing, _CHOICE)
        result["tool_calls"] = _plain(thing.tool_calls)
        return result
    if isinstance(thing, Timings):
        return _fields(thing, _TIMINGS)
    if hasattr(thing, "outcome"):
        result = _fields(thing, _ATTEMPT)
        result["error"] = None if thing.error is None else to_dict(thing.error)
        return result
    if hasattr(thing, "speechless"):
        result = _fields(thing, _ERROR)
        result["type"] = type(thing).__name__
        return result
    raise TypeError("%s is nothing that thinwire answers" % type(thing).__name__)


def _fields(thing: "Any", names: "Any") -> "dict[str, Any]":
    return {name: _plain(getattr(thing, name, None), name) for name in names}


def _plain(value: "Any", name: object = "") -> "Any":
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        # Infinity and NaN, which a few servers send, are no JSON.
        return value if value - value == 0 else None
    if isinstance(value, dict):
        hidden = _PRIVATE if name == "headers" else ()
        pairs = [(str(key), one) for key, one in value.items() if key not in hidden]
        return {key: _plain(one) for key, one in pairs}
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in value]
    if hasattr(value, "arguments_raw"):
        return _plain(value.to_dict())  # a ToolCall, as the next request has it
    try:
        return to_dict(value)
    except TypeError:
        return "<%s>" % type(value).__name__

"""Whether an outcome is what a scenario expects, and in a few words why not.

"outcome"   what must have become of the call:
  "answer"             (default) an answer that passes for a whole one, and no error
  "kept"               no error; whether the answer is whole cannot be told for certain
  "error"              an error, raised or flagged
  "incomplete"         an error, or an answer that does not pass for a whole one
  "error_or_fallback"  an error; or the second reply, which says "fallback", was asked for
all other keys: see _CHECKS below. A key that is not there is not checked.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from thinwire._public import public
from thinwire.conformance.outcome import Outcome
from thinwire.testing import RecordedRequest, Scenario

FALLBACK = "fallback"

_SHOWN = 60  # characters of a value in a reason


@public
def judge(scenario: Scenario, outcome: Outcome, requests: Sequence[RecordedRequest]) -> str:
    """The verdict on one call.

    Args:
        scenario: what was played.
        outcome: what the client made of it.
        requests: what the server received meanwhile.

    Returns:
        "" when it is as expected, else the reason.
    """
    if outcome.hung is not None:
        return f"hung: no end within {outcome.hung:g} s"
    wanted = scenario.expect.get("outcome", "answer")
    reason = _ENDS[wanted](outcome)
    if reason or (wanted == "error_or_fallback" and outcome.error is None):
        return reason
    for name, check in _CHECKS.items():
        if not reason and name in scenario.expect:
            reason = check(scenario.expect[name], outcome)
    return reason or _received(scenario, requests)


def _answer(outcome: Outcome) -> str:
    if outcome.error is not None:
        return "raised " + _named(outcome.error)
    return "" if outcome.complete else "called the answer incomplete"


def _kept(outcome: Outcome) -> str:
    return "" if outcome.error is None else _answer(outcome)


def _error(outcome: Outcome) -> str:
    return "" if outcome.error is not None else f"no error, {_described(outcome)}"


def _incomplete(outcome: Outcome) -> str:
    if outcome.error is not None or not outcome.complete:
        return ""
    return f"taken for a whole answer, {_described(outcome)}"


def _error_or_fallback(outcome: Outcome) -> str:
    return "" if outcome.content == FALLBACK else _error(outcome)


_ENDS: dict[str, Callable[[Outcome], str]] = {
    "answer": _answer,
    "kept": _kept,
    "error": _error,
    "incomplete": _incomplete,
    "error_or_fallback": _error_or_fallback,
}


def _described(outcome: Outcome) -> str:
    return f"content {_short(outcome.content)}, finish_reason {outcome.finish_reason!r}"


def _named(error: Mapping[str, Any]) -> str:
    return f"{error.get('type', 'an error')}: {' '.join(str(error.get('message', '')).split())}"


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 3]}..."


def _text(name: str) -> Callable[[Any, Outcome], str]:
    # A list holds alternatives; no text is "" or None.
    def check(wanted: Any, outcome: Outcome) -> str:
        got = getattr(outcome, name) or None
        allowed = wanted if isinstance(wanted, list) else [wanted]
        return "" if got in allowed else f"{name} is {_short(got)}, not {_short(wanted)}"

    return check


def _equal(name: str) -> Callable[[Any, Outcome], str]:
    def check(wanted: Any, outcome: Outcome) -> str:
        got = getattr(outcome, name)
        return "" if got == wanted else f"{name} is {_short(got)}, not {_short(wanted)}"

    return check


def _tool_calls(wanted: list[dict[str, Any]], outcome: Outcome) -> str:
    got = outcome.tool_calls
    if len(got) != len(wanted):
        return f"{len(got)} tool calls, not {len(wanted)}: {_short(got)}"
    for call, expected in zip(got, wanted, strict=True):
        if any(call.get(name) != value for name, value in expected.items()):
            return f"tool call is {_short(call)}, not {_short(expected)}"
    return ""


def _executable(wanted: int, outcome: Outcome) -> str:
    ready = [call for call in outcome.tool_calls if isinstance(call.get("arguments"), dict)]
    return "" if len(ready) <= wanted else f"tool call ready to be executed: {_short(ready)}"


def _usage(wanted: dict[str, Any], outcome: Outcome) -> str:
    got = outcome.usage or {}
    wrong = {name: got.get(name) for name in wanted if not _covers(got.get(name), wanted[name])}
    return f"usage has {_short(wrong)}, not {_short(wanted)}" if wrong else ""


def _covers(got: Any, wanted: Any) -> bool:
    if isinstance(wanted, dict):
        return isinstance(got, dict) and all(_covers(got.get(key), wanted[key]) for key in wanted)
    return bool(got == wanted)


def _error_says(wanted: Mapping[str, Any], outcome: Outcome) -> str:
    got = outcome.error or {}
    words = wanted.get("message", "")
    if words not in str(got.get("message", "")):
        return f"the error does not say {words!r}: {_short(_named(got))}"
    for name in ("status", "retry_after_s"):
        if name in wanted and got.get(name) != wanted[name]:
            return f"{name} of the error is {got.get(name)!r}, not {wanted[name]!r}"
    return ""


_CHECKS: dict[str, Callable[[Any, Outcome], str]] = {
    "content": _text("content"),
    "reasoning": _text("reasoning"),
    "refusal": _text("refusal"),
    "finish_reason": _text("finish_reason"),
    "choices": _equal("choices"),
    "logprobs": _equal("logprobs"),
    "tool_calls": _tool_calls,
    "executable_calls": _executable,
    "usage": _usage,
    "error": _error_says,
}


def _received(scenario: Scenario, requests: Sequence[RecordedRequest]) -> str:
    # What the server got: "requests" at most, and the fields of "received" as they were given.
    limit = scenario.expect.get("requests")
    if limit is not None and len(requests) > limit:
        return f"sent {len(requests)} requests, not {limit}"
    for name in scenario.expect.get("received", ()):
        params = scenario.request.get("params", {})
        given = scenario.request.get(name, params.get(name))
        sent = [_field(request, name) for request in requests]
        if not sent or _plain(sent[-1]) != _plain(given):
            return f"the server received {name} as {_short(sent[-1:])}"
    return ""


def _field(request: RecordedRequest, name: str) -> Any:
    try:
        payload = request.json()
    except ValueError as error:
        return f"no JSON: {error}"
    return payload.get(name) if isinstance(payload, dict) else None


def _plain(value: Any) -> Any:
    # A lone surrogate has no UTF-8: it may arrive as its escape or as U+FFFD.
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {_plain(key): _plain(item) for key, item in value.items()}
    return value

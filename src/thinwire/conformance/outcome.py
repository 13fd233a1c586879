"""What a client made of one answer, in terms that every client has.

Calls and outcomes travel between the runner and an adapter's process as JSON lines.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from thinwire._public import public


@public
@dataclass
class Outcome:
    """The observable result of one streaming chat call.

    Args:
        content: text of the answer, of the first choice; what arrived, when there is an error.
        reasoning, refusal: likewise.
        choices: text of every choice, for n > 1.
        tool_calls: {"id", "name", "arguments"} each; arguments an object, or None when the client
            gives none; of a call of type "custom" None, and "input" its text.
        finish_reason: as the client tells it.
        usage: as the client tells it; `cost` belongs here, too.
        logprobs: tokens of the first choice for which there are probabilities.
        complete: whether the client presents the answer as a whole one.
        error: {"type", "message", "status", "retry_after_s"} of what was raised or flagged.
        hung: seconds after which the call was given up; only the runner sets it.
    """

    content: str | None = None
    reasoning: str | None = None
    refusal: str | None = None
    choices: list[str | None] = field(default_factory=list)
    tool_calls: list[dict[str, Any]] = field(default_factory=list)
    finish_reason: str | None = None
    usage: dict[str, Any] = field(default_factory=dict)
    logprobs: list[str] = field(default_factory=list)
    complete: bool = True
    error: dict[str, Any] | None = None
    hung: float | None = None

    @classmethod
    def of(cls, value: object) -> "Outcome":
        """An outcome from what an adapter returned.

        Args:
            value: an Outcome, or a mapping with some of its fields; others are ignored.

        Raises:
            TypeError: it is neither.
        """
        if isinstance(value, Outcome):
            return value
        if not isinstance(value, Mapping):
            raise TypeError(f"an adapter returns an Outcome or a dict, not {value!r:.60}")
        known = {item.name for item in fields(cls)}
        return cls(**{name: value[name] for name in value if name in known})

    @classmethod
    def failed(cls, error: BaseException) -> "Outcome":
        """The outcome of a call that raised `error` and gave nothing else."""
        return cls(complete=False, error=error_fields(error))

    def as_dict(self) -> dict[str, Any]:
        """Its fields."""
        return asdict(self)


def error_fields(
    error: BaseException, status: int | None = None, retry_after: object = None
) -> dict[str, Any]:
    """`Outcome.error` for an exception.

    Args:
        error: what was raised.
        status: HTTP status, where the client tells it.
        retry_after: Retry-After in seconds, as a number or as the header's text.
    """
    found: dict[str, Any] = {"type": type(error).__name__, "message": str(error)}
    if status is not None:
        found["status"] = status
    if retry_after is not None:
        found["retry_after_s"] = float(str(retry_after))
    return found


def arguments_of(text: object) -> dict[str, Any] | None:
    """Arguments of a tool call from their JSON: an object, or None."""
    try:
        value = json.loads(text) if isinstance(text, str) and text else {}
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def request_line(value: Any) -> bytes:
    """`value` as one line of valid UTF-8; a lone surrogate becomes its JSON escape."""
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "backslashreplace") + b"\n"


# No \u escapes for surrogates on the way back: two lone ones that a client left apart would come
# out of json.loads as one character, and the client's mistake would be gone.
def line_of(value: Any) -> bytes:
    """`value` as one line; lone surrogates stay what they are."""
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass") + b"\n"


def value_of(line: bytes) -> Any:
    """The value of a line.

    Raises:
        ValueError: it is not JSON.
    """
    return json.loads(line.decode("utf-8", "surrogatepass"))

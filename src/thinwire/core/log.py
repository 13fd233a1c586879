# What thinwire says while it works: events with flat fields (names as in SEEDS.md §2.6, so
# that dashboards made for exoclaw go on working). Counts, names and times only: no key, no
# header, no text of a message or an answer ever gets here.

from thinwire.core import _errors as errors
from thinwire.core._compat import const

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from collections.abc import Callable

    from thinwire.core.attempt import Attempt
    from thinwire.core.completion import Completion
    from thinwire.core.errors import ThinwireError
    from thinwire.core.plan import Plan

    Sink = Callable[[str, str, dict[str, object]], None]


class Log:
    """Turns what happens to a call into log events.

    Args:
        sink: called with level ("info" or "warning"), event name and fields.
    """

    def __init__(self, sink: "Sink") -> None:
        self._sink = sink

    def request(self, plan: "Plan", attempt: "Attempt") -> None:
        """An attempt starts: `llm_request`."""
        messages, tools = plan.call.counts()
        fields: dict[str, object] = {"llm.model": attempt.deployment}
        fields["llm.message.count"] = messages
        fields["llm.tool.count"] = tools
        self._sink("info", "llm_request", fields)

    def response(self, completion: "Completion") -> None:
        """A stream came to its end: `llm_response`."""
        fields: dict[str, object] = {"llm.model": completion.deployment}
        for name in ("prompt", "completion", "total", "cached"):
            key = "cached_tokens" if name == "cached" else name + "_tokens"
            fields["llm.token." + name] = completion.usage.get(key)
        fields["llm.duration_s"] = (completion.timings.total_ms or 0) / 1000
        fields["llm.finish_reason"] = completion.finish_reason
        fields["llm.tools"] = [call.name for call in completion.tool_calls]
        self._sink("info", "llm_response", fields)

    def goes_on(
        self, action: str, attempt: "Attempt", following: str, wait_ms: int, error: "ThinwireError"
    ) -> None:
        """What comes after a failure: `llm_retry`, `llm_fallback` or `llm_restart`."""
        fields: dict[str, object] = {"llm.model": attempt.deployment, "llm.next": following}
        if action == "retry_scheduled":
            action = "retry"
            fields["wait_s"] = wait_ms / 1000
        fields["error"] = _summary(error)
        self._sink("warning", "llm_" + action, fields)

    def problem(self, words: str) -> None:
        """Something beside the call went wrong: `llm_problem`."""
        self._sink("warning", "llm_problem", {"error": words})


def _summary(error: "ThinwireError") -> str:
    # Without the server's own words, which may repeat the key, the prompt or the answer. In a
    # StreamError they stand behind the colon.
    words = error.message
    if isinstance(error, errors.StatusError):
        words = "status %d, %s" % (error.status, error.kind)
    elif isinstance(error, errors.StreamError):
        words = words.partition(": ")[0]
    return type(error).__name__ + ": " + words

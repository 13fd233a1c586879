"""What thinwire says while it works: events with flat fields (names as in SEEDS.md §2.6, so
that dashboards made for exoclaw go on working). Counts, names and times only: no key, no
header, no text of a message or an answer ever gets here.
"""

from thinwire.core._compat import const
from thinwire.core.errors import StatusError, StreamError

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from collections.abc import Callable

    from thinwire.core.answer.completion import Completion
    from thinwire.core.errors import ThinwireError
    from thinwire.core.routing.plan import Attempt, Plan

    Hook = Callable[[str, dict[str, object]], object]
    from collections.abc import Callable

    Sink = Callable[[str, str, dict[str, object]], None]

# What a call tells while it is at work: the log's events (log.py) and the caller's own hook.
# docs/routing.md maps the hook's fields to OpenTelemetry's names.


class Observer:
    """Passes on what happens to the calls of a client.

    Args:
        sink: takes log events (log.py), or None.
        hook: called with an event's name and fields, or None; what it raises ends the call.
    """

    def __init__(self, sink: "Sink | None", hook: "Hook | None") -> None:
        self._log = Log(sink) if sink is not None else None
        self._hook = hook

    def started(self, plan: "Plan", attempt: "Attempt") -> None:
        """An attempt starts: `attempt_started`."""
        if self._log is not None:
            self._log.request(plan, attempt)
        self._tell("attempt_started", attempt, {"hedge": attempt.hedge})

    def first_token(self, attempt: "Attempt", ms: "int | None") -> None:
        """The first delta is here: `first_token`, `ms` since the call's start."""
        self._tell("first_token", attempt, {"ms": ms})

    def failed(self, attempt: "Attempt", error: "ThinwireError") -> None:
        """An attempt failed: `attempt_failed`."""
        fields: dict[str, object] = {"kind": error.kind, "status": attempt.status}
        fields["outcome"] = attempt.outcome
        fields["ms"] = attempt.ms
        fields["sent_bytes"] = attempt.sent_bytes
        self._tell("attempt_failed", attempt, fields)

    def lost(self, attempt: "Attempt") -> None:
        """Another attempt was faster: `attempt_lost`."""
        self._tell("attempt_lost", attempt, {"ms": attempt.ms})

    def goes_on(
        self, action: str, attempt: "Attempt", following: str, wait_ms: int, error: "ThinwireError"
    ) -> None:
        """What comes next: `retry_scheduled`, `fallback` or `restart`."""
        if self._log is not None:
            self._log.goes_on(action, attempt, following, wait_ms, error)
        self._tell(action, attempt, {"next": following, "wait_ms": wait_ms, "kind": error.kind})

    def complete(self, attempt: "Attempt", completion: "Completion") -> None:
        """The answer is there: `complete`, with the completion itself."""
        if self._log is not None:
            self._log.response(completion)
        self._tell("complete", attempt, {"ms": attempt.ms, "completion": completion})

    def problem(self, words: str) -> None:
        """Something beside the call went wrong; "" when nothing did."""
        if words and self._log is not None:
            self._log.problem(words)

    def _tell(self, event: str, attempt: "Attempt", fields: "dict[str, object]") -> None:
        if self._hook is not None:
            fields["model"] = attempt.model
            fields["deployment"] = attempt.deployment
            fields["attempt"] = attempt.number
            self._hook(event, fields)


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
    if isinstance(error, StatusError):
        words = "status %d, %s" % (error.status, error.kind)
    elif isinstance(error, StreamError):
        words = words.partition(": ")[0]
    return type(error).__name__ + ": " + words

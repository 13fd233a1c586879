# What a call tells while it is at work: the log's events (log.py) and the caller's own hook.
# docs/routing.md maps the hook's fields to OpenTelemetry's names.

from thinwire.core._compat import const
from thinwire.core.log import Log

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from collections.abc import Callable

    from thinwire.core.attempt import Attempt
    from thinwire.core.completion import Completion
    from thinwire.core.errors import ThinwireError
    from thinwire.core.log import Sink
    from thinwire.core.plan import Plan

    Hook = Callable[[str, dict[str, object]], object]


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

"""What a call tells while it is at work: events, each a name and fields.

Hooks take them; the log is a hook like a caller's own. docs/routing.md lists the events and maps
their fields to OpenTelemetry's names.

Loaded for clients with `log` or `on_event`.
"""

from thinwire.core._compat import claim, const, random_id
from thinwire.core.error_kinds import ThinwireError
from thinwire.core.errors import StatusError, StreamError, StreamInterrupted

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from thinwire.core.request.call import Call
    from thinwire.core.routing.plan import Attempt, Plan

    Fields = dict[str, Any]
    Hook = Callable[[str, Fields], object]
    Sink = Callable[[str, str, Fields], object]


class Observer:
    """Passes on what happens to the calls of a client.

    Args:
        hooks: each is called with an event's name and fields; what one raises ends the call.
    """

    def __init__(self, hooks: "list[Hook]") -> None:
        self._hooks = hooks

    def emit(
        self,
        event: str,
        attempt: "Attempt",
        fields: "Fields",
        error: "ThinwireError | None" = None,
    ) -> None:
        """Tells of an event of an attempt.

        Args:
            fields: what belongs to the event; whose attempt it is, and what `error` was, is added.
        """
        if error is not None:
            fields["kind"] = error.kind
            fields["error"] = _summary(error)
        if hasattr(attempt, "call"):
            fields["call"] = attempt.call
        fields["model"] = attempt.model
        fields["deployment"] = attempt.deployment
        fields["attempt"] = attempt.number
        self._tell(event, fields)

    def started(self, plan: "Plan", attempt: "Attempt") -> None:
        """Tells that an attempt begins, and with the first one the call, which has a name of its
        own from then on: what happens to many calls at a time can be told apart.
        """
        call, deployment = plan.call, plan.router.deployment(attempt.deployment)
        where: Fields = {"provider": deployment.provider, "dialect": deployment.dialect}
        where["host"], where["port"] = deployment.url.host, deployment.url.port
        where["upstream_model"] = deployment.model or attempt.deployment
        if attempt.number == 1:
            attempt.call = random_id()
            fields = dict(where)
            fields["request"], fields["session"] = call, call.session
            self.emit("call_started", attempt, fields)
        attempt.call = plan.attempts[0].call
        where["hedge"] = attempt.hedge
        where["messages"], where["tools"] = call.counts()
        self.emit("attempt_started", attempt, where)

    def ended(
        self,
        plan: "Plan",
        attempt: "Attempt",
        end: str,
        ms: int,
        error: "ThinwireError | None" = None,
    ) -> None:
        """Tells that a call has ended, in whatever way; once, and nothing of it after that.

        Args:
            attempt: its last one.
            end: see Completion.
            ms: what it took.
            error: what is raised, None where nothing of thinwire's is.
        """
        plan.observer = None
        self.emit("call_ended", attempt, {"end": end, "ms": ms}, error)

    def listen(self, call: "Call", attempt: "Attempt") -> None:
        """Hears from now on what a call tells of its request, which is made for an attempt."""
        call.tell = lambda event, fields: self.emit(event, attempt, fields)

    def failed(self, attempt: "Attempt", error: "ThinwireError") -> None:
        """Tells that an attempt failed."""
        fields: Fields = {"status": attempt.status, "outcome": attempt.outcome}
        fields["ms"] = attempt.ms
        fields["sent_bytes"] = attempt.sent_bytes
        self.emit("attempt_failed", attempt, fields, error)

    def store_failed(self, message: str) -> None:
        """Tells that the state of deployments could not be kept, which is no call's fault."""
        self._tell("store_failed", {"error": message})

    def _tell(self, event: str, fields: "Fields") -> None:
        try:
            for hook in self._hooks:
                hook(event, fields)
        except ThinwireError as error:  # of another call that the hook has made
            error.foreign = True
            raise
        except MemoryError as error:
            claim(error)
            raise


def log_hook(sink: "Sink") -> "Hook":
    """The hook that writes the log: flat fields with the names that exoclaw gave them, so that
    dashboards made for it go on working.

    Counts, names and times only: no key, no header, no text of a message or an answer gets here.

    Args:
        sink: called with level ("info" or "warning"), event name and fields.
    """

    def hook(event: str, said: "Fields") -> None:
        if event == "attempt_started":
            fields = {"llm.model": said["deployment"], "llm.message.count": said["messages"]}
            fields["llm.tool.count"] = said["tools"]
            sink("info", "llm_request", fields)
        elif event == "complete":
            sink("info", "llm_response", _response(said["completion"]))
        elif event in ("retry_scheduled", "fallback", "restart"):
            fields = {"llm.model": said["deployment"], "llm.next": said["next"]}
            if event == "retry_scheduled":
                event = "retry"
                fields["wait_s"] = said["wait_ms"] / 1000
            fields["error"] = said["error"]
            sink("warning", "llm_" + event, fields)
        elif event == "store_failed":
            sink("warning", "llm_problem", said)

    return hook


def _response(completion: "Any") -> "Fields":
    fields = {"llm.model": completion.deployment}
    for name in ("prompt", "completion", "total", "cached"):
        key = "cached_tokens" if name == "cached" else name + "_tokens"
        fields["llm.token." + name] = completion.usage.get(key)
    fields["llm.duration_s"] = (completion.timings.total_ms or 0) / 1000
    fields["llm.finish_reason"] = completion.finish_reason
    fields["llm.tools"] = [call.name for call in completion.tool_calls]
    return fields


def _summary(error: "ThinwireError") -> str:
    # Without the server's own words, which may repeat the key, the prompt or the answer. In a
    # StreamError, and where an answer broke off, they stand behind the colon.
    message = error.message
    if isinstance(error, StatusError):
        message = "status %d, %s" % (error.status, error.kind)
    elif isinstance(error, (StreamError, StreamInterrupted)):
        message = message.partition(": ")[0]
    elif hasattr(error, "attempts"):  # AllAttemptsFailed, of which each has been told
        message = message.partition(";")[0]
    elif error.kind == "timeout":
        message = message.partition("; the server's last comment")[0]
    return type(error).__name__ + ": " + message

"""What the pump (stream.py) does after an error: the other half of ChatStream, loaded with the
first one. It names the clock that ran out, hides the key, tells those who listen, and carries
out the verdict: a wait, the next deployment, a restart, or an error to raise.
"""

from thinwire.core._compat import const, fraction, with_cause
from thinwire.core.answer.completion import StreamRestarted
from thinwire.core.errors import StreamInterrupted, TransportTimeout
from thinwire.core.routing import verdict

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from thinwire.core.errors import StreamInterrupted, ThinwireError, TransportTimeout
    from thinwire.core.exchange import Exchange
    from thinwire.core.routing.plan import Attempt
    from thinwire.core.stream import ChatStream

_SLACK_MS = const(50)  # how much too early a transport's timer may be
_AWAITED = {
    "connect": "connection",
    "first_token": "first token",
    "progress": "further token",
    "liveness": "further byte",
    "total": "end of the call",
}


def failure_of(
    stream: "ChatStream", exchange: "Exchange", error: "ThinwireError"
) -> "ThinwireError | None":
    """What a failed exchange makes of its stream: None to try again, else what to raise."""
    stream._end = "timeout" if isinstance(error, TransportTimeout) else "error"
    stream._end = exchange.answer.end or stream._end
    error = noted(stream, exchange, error)
    seen = stream._seen and exchange.begun()
    return _restart(stream, exchange, error) if seen else _next(stream, exchange, error)


def noted(stream: "ChatStream", exchange: "Exchange", error: "ThinwireError") -> "ThinwireError":
    """The error of an attempt with its clock named and the key hidden, and everybody told."""
    if isinstance(error, TransportTimeout):
        exchange.now_ms = stream._transport.now_ms()
        error = _named(exchange, error)
    verdict.hide_key(stream._plan, exchange.attempt, error)
    note(stream, exchange.attempt, error, "interrupted" if exchange.begun() else "failed")
    return error


def note(
    stream: "ChatStream", attempt: "Attempt", error: "ThinwireError", outcome: str = "failed"
) -> None:
    """Tells everybody of the error of an attempt."""
    plan, observer = stream._plan, stream._observer
    verdict.note(plan, attempt, error, stream._transport.now_ms(), outcome)
    if observer is not None:
        observer.failed(attempt, error)
        observer.problem(plan.problem())


def _named(exchange: "Exchange", error: "TransportTimeout") -> "TransportTimeout":
    # A transport knows only that its deadline passed.
    clock = _clock(exchange, error.phase)
    if not clock:
        return error
    words = "no %s within %s: model %r, deployment %r, %d bytes received"
    limit, attempt = exchange.clocks.limit(clock), exchange.attempt
    shown = (_AWAITED[clock], limit, attempt.model, attempt.deployment, exchange.answer.received)
    return TransportTimeout(words % shown, clock, error)


def _clock(exchange: "Exchange", phase: str) -> str:
    # The clock that has run out; "" when it was none of ours, but a limit of the transport's.
    late = exchange.now_ms + _SLACK_MS
    connect = exchange.clocks.connect_deadline()
    if phase == "connect" and connect is not None and late >= connect:
        return "connect"
    return exchange.clocks.next() if exchange.clocks.expired(late) else ""


def _next(
    stream: "ChatStream", exchange: "Exchange", error: "ThinwireError"
) -> "ThinwireError | None":
    # Nobody has seen anything of the answer.
    now = stream._transport.now_ms()
    step = verdict.failed(stream._plan, exchange.attempt, error, exchange.body, now, fraction())
    if step.action == "raise":
        return _interrupted(stream, exchange, error) if exchange.begun() else step.error
    stream._wait_ms = step.wait_ms
    action = "retry_scheduled" if step.action == "retry" else "fallback"
    _tell(stream, action, exchange, error)
    return None


def _restart(
    stream: "ChatStream", exchange: "Exchange", error: "ThinwireError"
) -> "ThinwireError | None":
    plan = stream._plan
    if not verdict.can_restart(plan, error, exchange.body):
        return _interrupted(stream, exchange, error)
    void = exchange.answer.content_chars()
    stream._ready = StreamRestarted(plan.upcoming(), error.kind, void)
    _tell(stream, "restart", exchange, error)
    return None


def _tell(stream: "ChatStream", action: str, exchange: "Exchange", error: "ThinwireError") -> None:
    following, wait = stream._plan.upcoming(), stream._wait_ms
    if stream._observer is not None:
        stream._observer.goes_on(action, exchange.attempt, following, wait, error)


def _interrupted(
    stream: "ChatStream", exchange: "Exchange", error: "ThinwireError"
) -> "StreamInterrupted":
    words = "the answer broke off: %s" % error
    result = StreamInterrupted(words, stream.completion, error)
    result.model, result.deployment = stream._plan.model, exchange.attempt.deployment
    with_cause(result, error)
    return result

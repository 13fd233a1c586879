"""All that an error can lead to, loaded with the first one (docs/routing.md has it as a table).

`record_failure` takes note of a failed attempt: in its record, in the health of its deployment,
with whoever observes the call. `decide` then says what comes next. It is a pure function of the
plan, the attempt, the error, the time and a random number; the pump (stream.py) carries out what
it says.

  raise      the call is over
  interrupt  the call is over, and the caller holds a part of its answer
  retry      the same deployment once more, after a wait
  fallback   the next deployment of the chain
  restart    likewise, though the caller holds a part of an answer, which is void now
"""

from thinwire.core._compat import const, decode
from thinwire.core.answer.chunk import one_line
from thinwire.core.errors import ConnectError, TransportTimeout, without
from thinwire.core.wire.redaction import secrets

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from thinwire.core.errors import ThinwireError
    from thinwire.core.exchange import Exchange
    from thinwire.core.routing.plan import Plan

# What a server says that found no body, since it reads no chunks (docs/wire.md C102).
_FOUND_NOTHING = (
    "empty",
    "missing",
    "required",
    "char 0",
    "column 0",
    "unexpected end",
    "end of file",
    "no body",
    "chunked",
    "transfer-encoding",
    "content-length",
)
_MOST_STALE = const(3)  # dead pooled connections in a row that are nobody's fault
_SLACK_MS = const(50)  # how much too early a transport's timer may be
_ONCE = " (not tried again: the messages can be read only once)"
_AWAITED = {
    "connect": "connection",
    "upload": "room for more of the request",
    "first_token": "first token",
    "progress": "further token",
    "liveness": "further byte",
    "total": "end of the call",
}


class Decision:
    """What comes after a failed attempt.

    Attributes:
        action: see the head of this file.
        left: names to try from now on, the next one first.
        wait_ms: how long to wait before, in milliseconds.
        free: the attempt that failed does not count as a try of its deployment.
        error: what to raise, for "raise" and "interrupt".
        hint: what its message should say beside.
    """

    def __init__(
        self,
        action: str,
        left: "list[str]",
        wait_ms: int = 0,
        free: bool = False,
        error: "ThinwireError | None" = None,
        hint: str = "",
    ) -> None:
        self.action = action
        self.left = left
        self.wait_ms = wait_ms
        self.free = free
        self.error = error
        self.hint = hint


def decide(
    plan: "Plan",
    exchange: "Exchange",
    error: "ThinwireError",
    seen: bool,
    now_ms: int,
    fraction: float,
) -> Decision:
    """Decides what follows an attempt that failed.

    Args:
        plan: the call's; its last failure is recorded, it is not changed.
        exchange: the attempt.
        error: why it failed.
        seen: whether the caller sees what arrives; then a delta cannot be taken back.
        now_ms: the time.
        fraction: a random number in [0, 1).
    """
    policy, left, name = plan.policy, plan.left, exchange.attempt.deployment
    request = exchange.request
    replayable = request is None or request.body is None or request.body.replayable()
    falls_back = policy.falls_back(error)
    if seen and exchange.has_begun():
        restarts = policy.on_interrupt == "restart" and falls_back and replayable
        action = "restart" if restarts and left else _end(exchange, error)
        return Decision(action, left, error=error)
    if error.kind == "limit":
        from thinwire.core.routing import limits

        step = limits.next_step(plan, name, error, now_ms)
        if step is None:
            return _over(plan, exchange, error, limits.HINT)
        return Decision(step[0], step[1], step[2], True)
    # Failures that are no attempt: a kept connection that was dead, and a server that wants the
    # Content-Length which this attempt did not have and the next one will.
    stale = error.stale and plan.stale <= _MOST_STALE
    if replayable and (stale or _lacks_length(exchange, error)):
        return Decision("retry", [name] + left, free=True)

    # A request that is too long, or that a filter refused, has a chain of its own.
    special = plan.router.fallbacks(plan.model, error.kind) if plan.call.portable else []
    if special:
        tried = [attempt.deployment for attempt in plan.attempts]
        special = [other for other in special if other not in tried]
    left = special or left
    onward = bool(special) or (bool(left) and falls_back)
    deployment = plan.router.deployment(name)
    retry = policy.retry_at(deployment)
    wait = None
    if error.retryable:
        wait = retry.wait_ms(plan.tries[name], fraction, error.retry_after_ms)
        total = policy.timeouts_at(deployment).total
        if wait is not None and total is not None and now_ms + wait >= plan.start_ms + total:
            wait = None  # no sleep that cannot pay off
    if not replayable and (wait is not None or onward):
        return _over(plan, exchange, error, _ONCE)
    if wait is not None and onward:
        # A clock that ran out has cost its time once already; a healthy fallback is better than
        # that, and than a long wait.
        slow = error.kind == "timeout" or wait > retry.cap * 1000
        if slow and not plan.health.wait_ms(left[0], now_ms):
            wait = None
    if wait is not None:
        return Decision("retry", [name] + left, wait)
    if onward:
        return Decision("fallback", left)
    return _over(plan, exchange, error)


def record_failure(
    plan: "Plan", exchange: "Exchange", error: "ThinwireError", now_ms: int
) -> "ThinwireError":
    """Takes note of a failed attempt, without deciding anything.

    Returns:
        The error, with its clock named and every secret of the request taken out.
    """
    attempt = exchange.attempt
    if isinstance(error, TransportTimeout):
        error = _named(exchange, error, now_ms)
    _add_address(exchange, error)
    deployment = plan.router.deployment(attempt.deployment)
    request = exchange.request
    headers = deployment.headers() if request is None else request.headers
    key = deployment.api_key if request is None else request.key
    hidden = secrets(headers, deployment.url.query, key)
    for secret in hidden:
        error.hide(secret)
    error.model, error.deployment = plan.model, attempt.deployment
    if attempt.headers:
        try:
            for secret in hidden:
                attempt.request_id = without(attempt.request_id, secret)
                for field, value in attempt.headers.items():
                    attempt.headers[field] = without(value, secret)
            error.answered_by(attempt)
        except MemoryError:
            pass  # what follows from the error is worth more
    outcome = "interrupted" if exchange.has_begun() else "failed"
    attempt.ended(outcome, now_ms - plan.start_ms, error)
    name, health = attempt.deployment, plan.health
    if error.stale:
        plan.stale += 1
    elif not _lacks_length(exchange, error):
        health.failed(name, error, now_ms)
        if error.status and not _found_nothing(error):
            plan.learn(name)
    elif not _wants_length(error):
        plan.measured.append(name)
        health.tried_chunks.append(name)
    elif name not in health.needs_length:
        health.needs_length.append(name)
    if error.retryable and deployment.session_affinity:  # of the provider behind it, it may be
        plan.keep_affinity(attempt, "")
    if plan.observer is not None:
        plan.observer.failed(attempt, error)
    return error


def _named(exchange: "Exchange", error: TransportTimeout, now_ms: int) -> TransportTimeout:
    # A transport knows only that its deadline passed: this names the clock that ran out, if it
    # was one of ours and no limit of the transport's.
    clocks, request, late = exchange.clocks, exchange.request, now_ms + _SLACK_MS
    connect = clocks.connect_deadline()
    clock = clocks.expired(late)
    uploading = request is not None and request.sent_ms is None and exchange.head_ms < 0
    if error.phase == "connect":
        clock = "connect" if connect is not None and late >= connect else clock
    elif uploading:
        handed, limit = request.handed_ms, request.upload_ms  # type: ignore[union-attr]
        if not clock and handed is not None and limit is not None and late >= handed + limit:
            clock = "upload"
    if not clock:
        return error
    attempt = exchange.attempt
    far = "%d bytes received" % exchange.answer.received
    if uploading:
        far = "%d bytes sent" % attempt.sent_bytes
    message = "no %s within %s: model %r, deployment %r, %s; Timeouts(%s=...) sets this limit"
    limit_text = clocks.limit(clock)
    shown = (_AWAITED[clock], limit_text, attempt.model, attempt.deployment, far, clock)
    words = message % shown
    comment = exchange.answer.parser.comment
    if comment and not exchange.has_begun():  # a model that is loaded, a prompt that is read
        said = one_line(decode(comment, 0, len(comment)))
        words = "%s; the server's last comment: %s" % (words, said)
    return TransportTimeout(words, clock, error)


def _add_address(exchange: "Exchange", error: "ThinwireError") -> None:
    # Where nobody was found, or not what was asked for, the address is what is wrong most often:
    # a `/v1` that is missing (docs/wire.md C101). Its query may hold a key.
    request = exchange.request
    unmet = isinstance(error, ConnectError) or error.phase == "connect"
    if request is not None and (unmet or error.status in (404, 405)):
        target = request.target.partition("?")[0]
        shown = (request.method, request.scheme, request.authority, target)
        asked = " (asked: %s %s://%s%s)" % shown
        if asked not in error.message:
            error.message += asked


def _lacks_length(exchange: "Exchange", error: "ThinwireError") -> bool:
    # Whether a length may be all that the server lacks. This attempt decides, not what others
    # have learned meanwhile: of several at a time each may have been sent without.
    request = exchange.request
    if request is None or request.length is not None or request.chunked:
        return False
    if _wants_length(error):
        return True
    if error.stale or not (request.in_chunks and request.unproven):
        return False
    if error.status in (400, 422):
        return error.kind == "bad_request" and _found_nothing(error)
    return error.unanswered


def _found_nothing(error: "ThinwireError") -> bool:
    said = (error.message + error.body_snippet).lower()
    return any(words in said for words in _FOUND_NOTHING)


def _wants_length(error: "ThinwireError") -> bool:
    # RFC 9110 §15.5.12; old gateways say it as 501 (§15.6.2) and name the header.
    if error.status == 501:
        return "transfer-encoding" in (error.message + error.body_snippet).lower()
    return error.status == 411


def _end(exchange: "Exchange", error: "ThinwireError") -> str:
    # An answer that came to its end, without its calls for instance: its error has all of it.
    has_all = getattr(error, "completion", None) is not None
    return "interrupt" if exchange.has_begun() and not has_all else "raise"


def _over(plan: "Plan", exchange: "Exchange", error: "ThinwireError", hint: str = "") -> Decision:
    # The error itself after a single attempt, AllAttemptsFailed after several. What did not count
    # leaves no trace.
    if _end(exchange, error) == "interrupt":
        return Decision("interrupt", [], error=error, hint=hint)
    if len([one for one in plan.attempts if not one.free]) > 1:
        from thinwire.core.routing.all_failed import AllAttemptsFailed

        result = AllAttemptsFailed(tuple(plan.attempts))
        result.model, result.deployment = plan.model, error.deployment
        error = result
    return Decision("raise", [], error=error, hint=hint)

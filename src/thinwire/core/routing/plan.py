"""One call's way through its chain of deployments, as long as nothing fails: what an error leads
to is in recovery.py. Passive: it says what to try, and the pump does it.
"""

from thinwire.core._compat import MICROPYTHON, const, import_module, public
from thinwire.core.errors import EncodeError

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from typing import Any

    from thinwire.core.answer.on_chunk import OnChunk
    from thinwire.core.dialects import Dialect
    from thinwire.core.errors import ThinwireError
    from thinwire.core.observer import Observer
    from thinwire.core.request.call import Call
    from thinwire.core.request.http_request import JSONBody, Request
    from thinwire.core.routing.deployment import Deployment
    from thinwire.core.routing.health import Health
    from thinwire.core.routing.limits import Admission
    from thinwire.core.routing.policy import Policy
    from thinwire.core.routing.router import Router


def dialect_of(deployment: "Deployment", call: "Call") -> "Dialect":
    """The module that speaks to a deployment: its own dialect, unless the call names one."""
    return import_module("thinwire.core.dialects." + (call.dialect or deployment.dialect))


@public
class Attempt:
    """One try of a call at one deployment, as a caller sees it in `completion.attempts` and in
    AllAttemptsFailed.

    Attributes:
        number: 1 for the first.
        model: public name of the model that was asked for.
        deployment: name of the deployment tried.
        hedge: whether it was started beside another attempt that was slow.
        outcome: "answered", "failed", "interrupted" (after its first delta), "lost" (another
            attempt was faster), "cancelled", or "" while it is at work.
        error: why it failed, or None.
        status: HTTP status of the response, 0 when there was none.
        started_ms: since the start of the call, in milliseconds.
        ms: how long it took, in milliseconds.
        sent_bytes: how much of the request body was sent.
        free: whether it does not count: a kept connection had ended, or the server wanted a
            Content-Length, and the request was sent again at once; or its deployment was at its
            limit, and nothing was sent.
        headers, request_id, rate_limits: of the response; see Completion.
    """

    free = False
    request_id = ""
    if TYPE_CHECKING:
        call: str  # a name of its call, where somebody listens; see observer.py

    def __init__(
        self, number: int, model: str, deployment: str, started_ms: int, hedge: bool = False
    ) -> None:
        self.number = number
        self.model = model
        self.deployment = deployment
        self.started_ms = started_ms
        self.hedge = hedge
        self.outcome = ""
        self.error: ThinwireError | None = None
        self.status = 0
        self.ms = 0
        self.sent_bytes = 0
        self.headers: dict[str, str] = {}
        self.rate_limits: dict[str, dict[str, int | None]] = {}

    def ended(self, outcome: str, now_ms: int, error: "ThinwireError | None" = None) -> None:
        """Notes how it ended; only the first outcome counts.

        Args:
            now_ms: since the start of the call, in milliseconds.
        """
        if not self.outcome:
            self.outcome = outcome
            self.error = error
            self.ms = now_ms - self.started_ms

    if not MICROPYTHON or TYPE_CHECKING:  # pragma: no branch (there only the function)

        def to_dict(self) -> "dict[str, Any]":
            """The attempt as plain JSON; see thinwire.to_dict."""
            from thinwire.core.answer.as_json import to_dict

            return to_dict(self)

    def __repr__(self) -> str:
        what = self.outcome if self.error is None else "%s: %s" % (self.outcome, self.error)
        return "Attempt(%d, %r, %r, %d ms, %d bytes sent)" % (
            self.number,
            self.deployment,
            what or "at work",
            self.ms,
            self.sent_bytes,
        )


class Plan:
    """The attempts of one call.

    Args:
        router: names and deployments.
        call: what to send.
        model: public name asked for, None for the default.
        policy: how to retry and where to go.
        health: what the client knows about its deployments.
        start_ms: time of the call's start.
        observer: is told what happens to the call, or None.

    Raises:
        ValueError: the model is not declared.

    Attributes:
        model: public name asked for.
        attempts: list of Attempt, those at work included.
        left: names to try, the next one first.
        tries: name -> how often it was tried.
        stale: how many kept connections turned out dead.
        measured: names to be sent a length, to see whether that is what they want.
        keep_headers: which headers of a response are kept; see answer/headers.py.
        on_chunk: is told each chunk, or None; see answer/on_chunk.py.
        renewed: names of deployments whose key was asked for once more, with the key if there was
            another one, until it is sent; None for none.
        texts_only: see CompletionAssembler.
        places: what it has of its deployments' limits, None where none has any.
    """

    places: "Admission | None" = None
    renewed: "dict[str, str | None] | None" = None

    def __init__(
        self,
        router: "Router",
        call: "Call",
        model: "str | None",
        policy: "Policy",
        health: "Health",
        start_ms: int,
        observer: "Observer | None" = None,
    ) -> None:
        self.router = router
        self.health = health
        self.call = call
        self.policy = policy
        self.start_ms = start_ms
        self.observer = observer
        self.model = router.name(model)
        self.texts_only = False
        self.attempts: list[Attempt] = []
        self.left = [self.model]
        if call.portable:
            self.left = health.in_order(self.left + router.fallbacks(self.model), start_ms)
        self.tries: dict[str, int] = {}
        self.stale = 0
        self.measured: list[str] = []
        self.keep_headers: str | tuple[str, ...] = ""
        self.on_chunk: OnChunk | None = None

    def begin(self, now_ms: int, hedge: bool = False) -> Attempt:
        """The next attempt.

        Args:
            hedge: it runs beside another one.
        """
        name = self.left.pop(0)
        self.tries[name] = self.tries.get(name, 0) + 1
        number = len(self.attempts) + 1
        attempt = Attempt(number, self.model, name, now_ms - self.start_ms, hedge)
        self.attempts.append(attempt)
        return attempt

    def request(
        self, attempt: Attempt, deployment: "Deployment", key: "str | None" = None
    ) -> "Request":
        """The request of an attempt, a new body included.

        Args:
            deployment: who is asked.
            key: what its deployment's `api_key` is, or gave.

        Raises:
            EncodeError: the body has to be measured, and cannot be.
            ThinwireError: the deployment is at its limit, or cannot do what is asked.
        """
        name, first = attempt.deployment, ""
        if deployment.session_affinity:
            first = self.health.affinity().get(self.call.session, name)
        if self.observer is not None:
            self.observer.listen(self.call, attempt)
        dialect = dialect_of(deployment, self.call)
        request = dialect.request(deployment, name, self.call, key, first)
        if deployment.options is not None:
            deployment.options.admit(self, attempt, deployment)
            if deployment.options.allow_private is False:
                request.public_only = True
        request.key = key
        framing, health = deployment.framing, self.health
        needed = framing == "length" or name in health.needs_length
        # A GET has nothing to be framed, whatever a server says.
        if framing == "chunked" or request.body is None:
            request.chunked = True
        elif needed or name in self.measured:
            request.length = request.body.length()
            if needed and request.length is None:
                text = "a Content-Length needs a request that can be read twice"
                raise EncodeError(text, "")
        request.unproven = name not in health.tried_chunks
        return request

    def can_replay(self, name: str) -> bool:
        """Whether all that a request to the deployment called `name` holds can be read again."""
        deployment = self.router.deployment(name)
        dialect = dialect_of(deployment, self.call)
        self.call.tell = None  # it is not sent
        body: JSONBody | None = dialect.request(deployment, name, self.call).body  # type: ignore[assignment]
        return body is None or body.repeatable()

    def upcoming(self) -> str:
        """Name that would be tried next, "" at the end of the chain."""
        return self.left[0] if self.left else ""

    def answered(self, attempt: Attempt, upstream_provider: str, now_ms: int) -> None:
        """Takes note that the attempt's answer came to its end."""
        attempt.ended("answered", now_ms - self.start_ms)
        self.health.answered(attempt.deployment, now_ms)
        if self.measured:
            self.learn(attempt.deployment)
        self.keep_affinity(attempt, upstream_provider)

    def learn(self, name: str) -> None:
        """Takes note that a deployment understood a request that was sent with its length, in
        place of one in chunks that it did not."""
        if name in self.measured and name not in self.health.needs_length:
            self.health.needs_length.append(name)

    def keep_affinity(self, attempt: Attempt, upstream_provider: str) -> None:
        """Remembers which provider answered the session, where that is asked for; "" forgets."""
        if self.call.session and self.router.deployment(attempt.deployment).session_affinity:
            affinity = self.health.affinity()
            affinity.keep(self.call.session, attempt.deployment, upstream_provider)

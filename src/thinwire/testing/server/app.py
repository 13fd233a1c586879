"""What the mock server answers: from a request to a reply, without any I/O."""

import re
import threading
from collections import deque
from typing import Any
from urllib.parse import unquote, urlsplit

from thinwire.testing.dialects import Problem, name_of, wire_of
from thinwire.testing.replies.builtin_models import BUILTIN_MODELS, builtin_script, echo
from thinwire.testing.replies.chunks import CREATED
from thinwire.testing.replies.good import json_reply
from thinwire.testing.replies.reply import MockReply, Script, reply_of
from thinwire.testing.server.queues import ScriptQueues
from thinwire.testing.server.request import RecordedRequest

# Azure names the model in the path.
_DEPLOYMENT = re.compile(r"/deployments/([^/]+)/")
_SUMMARY = "/_mock/requests"


class App:
    """Scripts, records and the rules between them.

    Args:
        keep_limit: largest body kept in the records; 0 keeps none.
        max_body: largest body that is parsed.
        default: script for models that have neither a script nor a built-in behaviour.
        delay_ms: pause before each token of the built-in models.
        keep_requests: number of records, and of errors, that are kept; None: all.
        strict: see `MockServer`.
    """

    def __init__(
        self,
        keep_limit: int,
        max_body: int,
        default: Script | None,
        delay_ms: float,
        keep_requests: int | None = None,
        strict: bool | None = None,
    ) -> None:
        self.scripts = ScriptQueues()
        self.max_body = max_body
        self.connections = 0
        self._keep_limit = keep_limit
        self._default = default
        self._delay_ms = delay_ms
        self._strict = strict
        self._requests: deque[RecordedRequest] = deque(maxlen=keep_requests)
        self._errors: deque[str] = deque(maxlen=keep_requests)
        self._lock = threading.Condition()

    @property
    def requests(self) -> list[RecordedRequest]:
        """The requests so far, in the order in which they were answered."""
        with self._lock:
            return list(self._requests)

    @property
    def errors(self) -> list[str]:
        """What went wrong that no client should do or no script should raise."""
        with self._lock:
            return list(self._errors)

    def wait_for_requests(self, count: int, timeout: float) -> list[RecordedRequest]:
        """See `MockServer.wait_for_requests`."""
        with self._lock:
            if not self._lock.wait_for(lambda: len(self._requests) >= count, timeout):
                raise TimeoutError(f"{len(self._requests)} of {count} requests in {timeout} s")
            return list(self._requests)

    def clear(self) -> None:
        """Forget scripts, requests and errors."""
        self.scripts.clear()
        with self._lock:
            self._requests.clear()
            self._errors.clear()

    def note_error(self, message: str) -> None:
        """Add to `errors`."""
        with self._lock:
            self._errors.append(message)

    def record(self, request: RecordedRequest) -> None:
        """Add to `requests`, unless it asks for just those."""
        if urlsplit(request.path).path.endswith(_SUMMARY):
            return
        with self._lock:
            request.number = (self._requests[-1].number if self._requests else 0) + 1
            self._requests.append(request)
            self._lock.notify_all()

    def answers_early(self, request: RecordedRequest, body: bytearray) -> bool:
        """Whether to answer now, with only `body` read of the request's body."""
        early = self.scripts.early(body)
        if early is None or early[1] > request.body_size:
            return False
        request.model = early[0]
        return True

    def answer(self, request: RecordedRequest) -> MockReply:
        """Record `request` and make its reply; a body that is not to be kept is let go."""
        self.record(request)
        try:
            reply = self._reply(request)
        except Problem as problem:
            reply = _refusal(problem, request)
        except Exception as error:  # a script is a user's function: its bug must not hang a test
            self.note_error(f"the script for {request!r} failed: {error!r}")
            text = f"the script of the mock server failed: {error!r}"
            reply = _refusal(Problem(text, status=500), request)
        request.status = reply.status
        if request.body_size > self._keep_limit:
            request.forget_body()
        return reply

    def _reply(self, request: RecordedRequest) -> MockReply:
        path = urlsplit(request.path).path
        if request.method == "GET" and path.endswith(_SUMMARY):
            summaries = [known.summary() for known in self.requests]
            counts = {"connections": self.connections, "errors": self.errors}
            return json_reply({"requests": summaries, **counts})
        if request.method == "GET" and path.endswith("/models"):
            names = [*self.scripts.models(), *BUILTIN_MODELS]
            common = {"object": "model", "created": CREATED, "owned_by": "thinwire-mock"}
            data = [{"id": name, **common} for name in names]
            return json_reply({"object": "list", "data": data})
        request.wire = name_of(path)
        if request.method != "POST" or not (request.wire or self.scripts):
            raise _not_found(request)
        payload: dict[str, Any] = {}
        if request.body_whole:
            payload = self._payload(request)
            request.model = _model(payload, path)
            if request.wire:
                payload = self._checked(payload, request)
        # A script serves its model at every path, so other APIs than chat can be scripted.
        script = self.scripts.take(request.model)
        if script is None and not request.wire:
            raise _not_found(request)
        script = script or builtin_script(request.model, payload, self._delay_ms)
        return reply_of(script or self._default or echo(payload, self._delay_ms), request)

    def _checked(self, payload: dict[str, Any], request: RecordedRequest) -> dict[str, Any]:
        # What a built-in model looks at. Chat is checked on demand: tests have always sent what
        # they like there.
        wire = wire_of(request.wire)
        if request.wire != "chat" if self._strict is None else self._strict:
            wire.check(payload, request)
        return wire.as_chat(payload)

    def _payload(self, request: RecordedRequest) -> dict[str, Any]:
        if request.body is None:
            text = f"the mock server parses at most {self.max_body} bytes"
            raise Problem(text, status=413)
        try:
            is_form = request.wire == "transcriptions"
            payload = request.form() if is_form else request.json()
        except (ValueError, RecursionError) as error:  # a ValueError says where
            raise Problem(f"the body is not JSON: {error}") from error
        if not isinstance(payload, dict):
            raise Problem("the body is JSON, but not an object")
        return payload


def _model(payload: dict[str, Any], path: str) -> str:
    in_path = _DEPLOYMENT.search(path)
    model = payload.get("model", unquote(in_path[1]) if in_path else None)
    if not isinstance(model, str) or not model:
        code = "missing_required_parameter"
        raise Problem("you must provide a model parameter", "model", code)
    return model


def _not_found(request: RecordedRequest) -> Problem:
    path = urlsplit(request.path).path
    return Problem(f"Invalid URL ({request.method} {path})", status=404)


def _refusal(problem: Problem, request: RecordedRequest) -> MockReply:
    body = wire_of(request.wire or "chat").refusal(problem)
    return json_reply(body, status=problem.status)

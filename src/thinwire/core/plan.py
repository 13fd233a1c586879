# One call's way through its chain of deployments. Passive: it says what to try next and what an
# error means; the pump does it.

from thinwire.core._compat import TYPE_CHECKING
from thinwire.core.body import Body
from thinwire.core.dialects import openai
from thinwire.core.errors import AllAttemptsFailed, EncodeError, StatusError, ThinwireError
from thinwire.core.http1 import check_header

if TYPE_CHECKING:
    from thinwire.core.routing import Router
    from thinwire.core.transport import Request


class Call:
    """What a caller asks for.

    Args:
        messages: list of message dicts, or any re-iterable of them.
        tools: list of tool definitions, or None.
        params: further fields of the request; those that are None are left out.
        extra_body: fields that replace all others, None included.
        extra_headers: headers of this call.

    Raises:
        TypeError: messages is a string, one message, or no iterable.
        ValueError: a header that cannot be sent; its value is not repeated.

    Attributes:
        portable: whether the request can be built for another deployment.
        sizes: sizes of its files, the same for each attempt; see JSONEncoder.
    """

    portable = True

    def __init__(
        self,
        messages: object,
        tools: object = None,
        params: "dict[str, object] | None" = None,
        extra_body: "dict[str, object] | None" = None,
        extra_headers: "dict[str, str] | None" = None,
    ) -> None:
        if not _is_iterable(messages):
            raise TypeError('messages must be a list of dicts, e.g. [{"role": "user", ...}]')
        self.messages = messages
        self.tools = tools
        given = params or {}
        self.params = {key: value for key, value in given.items() if value is not None}
        self.extra_body = extra_body or {}
        self.extra_headers = dict(extra_headers or {})
        self.sizes: dict[int, int] = {}
        for key, value in self.extra_headers.items():
            check_header(key, value)

    def body(self, router: "Router", name: str) -> "Body":
        """The body to send to the deployment called `name`."""
        return openai.chat_body(router.deployment(name), name, self)

    def counts(self) -> "tuple[int, int]":
        """Number of messages and tools for the log, -1 where only sending would tell."""
        return _length(self.messages), _length(self.tools or ())


class RawCall:
    """A request whose body the caller builds; sent once, to one deployment.

    Args:
        body: what to send.
    """

    portable = False

    def __init__(self, body: "Body") -> None:
        self._body = body
        self.extra_headers: dict[str, str] = {}

    def body(self, router: "Router", name: str) -> "Body":
        """The caller's body."""
        return self._body

    def counts(self) -> "tuple[int, int]":
        """Unknown."""
        return -1, -1


def _is_iterable(messages: object) -> bool:
    if isinstance(messages, (str, bytes, bytearray, dict)):
        return False
    if hasattr(messages, "__iter__"):
        return True  # not called here: it may open a file
    try:
        iter(messages)  # type: ignore[call-overload]
    except TypeError:
        return False
    return True  # MicroPython's own types, which show no __iter__, and what has __getitem__


def _length(value: object) -> int:
    try:
        return len(value)  # type: ignore[arg-type]
    except TypeError:
        return -1


class Plan:
    """The attempts of one call.

    Args:
        router: names and deployments.
        call: what to send.
        model: public name asked for, None for the default.

    Raises:
        ValueError: the model is not declared.

    Attributes:
        model: public name asked for.
        name: name of the deployment being tried.
        body: body of the request being tried.
        started: attempts so far.
    """

    def __init__(self, router: "Router", call: "Call | RawCall", model: "str | None") -> None:
        self._router = router
        self.call = call
        chain = router.chain(model)
        self._chain = chain if call.portable else chain[:1]
        self._errors: list[tuple[str, ThinwireError]] = []
        self.model = self._chain[0]
        self.name = ""
        self.started = 0
        self.body = Body()
        self._place = 0  # in the chain, of what is tried next
        self._measured = ""  # deployment whose server asked for a Content-Length

    def next_request(self) -> "Request":
        """The request of the next attempt.

        Raises:
            EncodeError: the body has to be measured, and cannot be.
        """
        self.name = self._chain[self._place]
        self._place += 1
        self.started += 1
        self.body = self.call.body(self._router, self.name)
        deployment = self._router.deployment(self.name)
        request = openai.chat_request(deployment, self.body, self.call.extra_headers)
        if deployment.framing == "length" or self._measured == self.name:
            request.length = _length_of(self.body)
        return request

    def upcoming(self) -> str:
        """Name that would be tried next, "" at the end of the chain."""
        return self._chain[self._place] if self._place < len(self._chain) else ""

    def failed(self, error: ThinwireError) -> "ThinwireError | None":
        """Takes the error of an attempt that showed nothing to the caller yet.

        Returns:
            None when there is a next attempt, at the next deployment of the chain or, measured,
            at the same; else what to raise: the error itself after a single attempt,
            AllAttemptsFailed after several.
        """
        error.model, error.deployment = self.model, self.name
        self._errors.append((self.name, error))
        if self._measured != self.name and _wants_length(error) and self.body.replayable():
            self._measured = self.name
            self._place -= 1
            return None
        if error.retryable and self.upcoming():
            if self.body.replayable():
                return None
            error.message += " (not tried elsewhere: the messages can be read only once)"
        errors, self._errors = self._errors, []  # kept here, their tracebacks would keep us alive
        if len(errors) == 1:
            return error
        result = AllAttemptsFailed(tuple(errors))
        result.model, result.deployment = self.model, self.name
        return result

    def hide_key(self, error: ThinwireError) -> None:
        """Takes the API key of the deployment being tried out of what an error says."""
        key = self._router.deployment(self.name).api_key
        if key and len(key) > 3:  # "none" and "x" stand in for keys; taking "x" out hurts
            error.hide(key)


def _length_of(body: Body) -> int:
    length = body.length()
    if length is None:
        raise EncodeError("a Content-Length needs a request that can be read twice", "")
    return length


def _wants_length(error: ThinwireError) -> bool:
    # RFC 9110 §15.5.12; old gateways say it as 501 (§15.6.2) and name the header.
    if not isinstance(error, StatusError):
        return False
    words = (error.message + error.body_snippet).lower()
    return error.status == 411 or (error.status == 501 and "transfer-encoding" in words)

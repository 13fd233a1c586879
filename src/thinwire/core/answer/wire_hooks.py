"""Hooks for who wants to see each request and each answer: `on_request`, `on_response` and
`on_stream_complete` of the client, beside `on_chunk`; seed 003 has them so.

Nothing is kept of a stream: its chunks are counted as they come. What is told is a copy, in which
each secret of the request is `***`. What a request reads while it is sent (files, histories) is
not read for it: `[TextFile]` stands in its place.

Loaded for clients with one of them; wire/tap.py listens for them.
"""

from thinwire.core._compat import BODY_LIMIT, claim, const, decode, loads_whole
from thinwire.core.answer.on_chunk import copy
from thinwire.core.errors import ThinwireError
from thinwire.core.wire.redaction import secrets

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from thinwire.core.answer.on_chunk import OnChunk
    from thinwire.core.request.http_request import Request
    from thinwire.core.transport import Response

    OnRequest = Callable[[str, dict[str, Any]], object]
    OnResponse = Callable[[int, dict[str, Any]], object]
    OnStreamComplete = Callable[[dict[str, Any]], object]

_TAIL = const(32)  # bytes in which the end of a stream shows


class WireHooks:
    """The hooks of a client; a listener for its tap, and in the place of its `on_chunk`.

    Attributes:
        counts: whether chunks are to be counted.
        on_chunk: the caller's own, or None.
    """

    def __init__(
        self,
        on_request: "OnRequest | None" = None,
        on_response: "OnResponse | None" = None,
        on_stream_complete: "OnStreamComplete | None" = None,
    ) -> None:
        self.on_request = on_request
        self.on_response = on_response
        self.on_stream_complete = on_stream_complete
        self.counts = on_stream_complete is not None
        self.on_chunk: OnChunk | None = None

    def sending(self, request: "Request", now_ms: int) -> "Heard":
        """An attempt begins; see wire/tap.py."""
        hidden = secrets(request.headers, request.target.partition("?")[2], request.key)
        if self.on_request is not None:
            path = request.target.partition("?")[0]
            endpoint = "%s://%s%s" % (request.scheme, request.authority, path)
            document = getattr(request.body, "_document", None)  # of a JSONBody
            call(self.on_request, endpoint, copy(document, hidden) or {})
        heard: Heard | None = getattr(request, "heard", None)
        if heard is None:
            heard = Heard(self)
        heard.hidden = hidden
        heard.start_ms = now_ms
        return heard

    def of(self, request: "Request") -> "OnChunk":
        """What is told the chunks of the attempt that sends `request`."""
        heard = request.heard = Heard(self)  # type: ignore[attr-defined]
        return heard.chunk


class Heard:
    """What was heard of one attempt."""

    def __init__(self, hooks: WireHooks) -> None:
        self._hooks = hooks
        self.hidden: list[str] = []
        self.start_ms = 0
        self._status = 0
        self._tail = b""
        self._body: bytearray | None = None  # of what is no stream
        self._cut = False
        self._events = 0
        self._chars = 0
        self._calls: list[tuple[object, object]] = []
        self._finish: object = None

    def chunk(self, chunk: "dict[str, Any]") -> None:
        """A chunk has come; a copy that may be changed."""
        self._events += 1
        choices = chunk.get("choices")
        for choice in choices if isinstance(choices, list) else []:
            if isinstance(choice, dict):
                self._count(choice)
        if self._hooks.on_chunk is not None:
            self._hooks.on_chunk(chunk)

    def _count(self, choice: "dict[str, Any]") -> None:
        self._finish = choice.get("finish_reason") or self._finish
        delta = choice.get("delta") or choice.get("message")
        if not isinstance(delta, dict):
            return
        content, calls = delta.get("content"), delta.get("tool_calls")
        if isinstance(content, str):
            self._chars += len(content)
        for number, one in enumerate(calls if isinstance(calls, list) else []):
            if isinstance(one, dict):
                place = (choice.get("index"), one.get("index", number))
                if place not in self._calls:
                    self._calls.append(place)

    def head(self, response: "Response", now_ms: int) -> None:
        """The response head has come."""
        self._status = response.status
        if not 200 <= response.status < 300:
            self._body = bytearray()

    def data(self, view: memoryview, now_ms: int) -> None:
        """Bytes of the body have come."""
        if self._body is None and not self._tail:
            start = bytes(view).strip()[:1]
            if start in (b"{", b"[", b"<"):  # the body tells what it is, as to the answer's reader
                self._body = bytearray()
        if self._body is not None:
            room = BODY_LIMIT - len(self._body)
            self._cut = self._cut or len(view) > room
            self._body.extend(view[:room])
        else:
            self._tail = (self._tail + bytes(view[-_TAIL:])).lstrip()[-_TAIL:]

    def ended(self, how: str, now_ms: int, error: "BaseException | None") -> None:
        """It is over."""
        if self._body is not None:
            if self._hooks.on_response is not None:
                call(self._hooks.on_response, self._status, self._document(self._body))
        elif self._status and self._hooks.on_stream_complete is not None:
            told = {
                "http_status": self._status,
                "event_count": self._events,
                "content_length": self._chars,
                "tool_call_count": len(self._calls),
                "received_done": b"[DONE]" in self._tail,
                "finish_reason": self._finish,
                "duration_ms": now_ms - self.start_ms,
            }
            call(self._hooks.on_stream_complete, told)

    def _document(self, body: bytearray) -> "dict[str, Any]":
        try:
            found = None if self._cut else loads_whole(body)
        except ValueError:
            found = None
        if not isinstance(found, dict):
            found = {"error": decode(body, 0, len(body)) if found is None else found}
        if self._cut:
            found["_truncated"] = True
        return copy(found, self.hidden)  # type: ignore[no-any-return]


def call(hook: "Callable[..., object]", *told: object) -> None:
    """Calls a hook; what it raises is the caller's own."""
    try:
        hook(*told)
    except ThinwireError as error:  # of another call that it has made
        error.foreign = True
        raise
    except MemoryError as error:
        claim(error)
        raise

"""A transport that is listened to: what goes through it is told to listeners as it was sent and
came, and nothing is changed. For the flight recorder (wire/recorder.py) and the hooks that see
requests and answers (answer/wire_hooks.py).

It stands below the pump, which knows nothing of it: a client that has no such option has no tap.

A listener is asked `sending(request, now_ms)` for each attempt, and gives what is told the rest:

  head(response, now_ms)      the response head has come
  data(view, now_ms)          bytes of the body, in place: to be copied by who keeps them
  ended(how, now_ms, error)   once, last: "whole"; "eof", the connection broke; "client_gone", we
                              did not read on (after the end of a stream, on a timeout, ...)

Loaded for clients with such options.
"""

from thinwire.core._compat import const, import_module
from thinwire.core.errors import ThinwireError, TransportTimeout

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from collections.abc import Coroutine, Mapping
    from typing import Any, Protocol, TypedDict

    from thinwire.core.answer.wire_hooks import (
        OnRequest,
        OnResponse,
        OnStreamComplete,
        WireHooks,
    )
    from thinwire.core.client import BaseClient
    from thinwire.core.request.http_request import Request
    from thinwire.core.transport import Response, Transport
    from thinwire.core.wire.recorder import FlightRecorder

    class Hearing(Protocol):
        """Is told of one attempt."""

        def head(self, response: Response, now_ms: int) -> None: ...
        def data(self, view: memoryview, now_ms: int) -> None: ...
        def ended(self, how: str, now_ms: int, error: "BaseException | None") -> None: ...

    class Listener(Protocol):
        """Listens to a transport."""

        def sending(self, request: Request, now_ms: int) -> Hearing: ...

    class TapOptions(TypedDict, total=False):
        """Further options of a client, for who wants to see the wire.

        Keys:
            recorder: keeps what went over the wire last (FlightRecorder).
            on_request: called with the address and the document of each attempt before it is sent;
                a copy without secrets, in which sources and other iterables are named only.
            on_response: called with status and body of each answer that is no stream: an error, or
                one document. A body that is no JSON is `{"error": text}`; one that was too long to
                be kept has `_truncated: True`. Without the secrets of the request.
            on_stream_complete: called when a stream is over, however it ended, with a dict:
                http_status, event_count, content_length (characters), tool_call_count,
                received_done, finish_reason, duration_ms.

        What a hook raises ends the call.
        """

        recorder: FlightRecorder
        on_request: OnRequest
        on_response: OnResponse
        on_stream_complete: OnStreamComplete


def settle(client: "BaseClient", given: "Mapping[str, object]") -> None:
    """Lets the options in `given` listen to what `client` sends and gets.

    Raises:
        TypeError: an option that there is not, or of a kind that it cannot have.
    """
    listeners: list[Listener] = []
    hooks: dict[str, object] = {}
    for name, value in given.items():
        if name == "recorder":
            if not hasattr(value, "sending"):
                raise TypeError("recorder takes FlightRecorder(...), not %r" % (value,))
            recorder: FlightRecorder = value  # type: ignore[assignment]
            listeners.append(recorder)
            if recorder.attach:
                client._observer = recorder.observer(client._observer)  # noqa: SLF001
        elif name in ("on_request", "on_response", "on_stream_complete"):
            if not callable(value):
                raise TypeError("%s takes a function, not %r" % (name, value))
            hooks[name] = value
        else:
            raise TypeError("%s has no option %s=" % (type(client).__name__, name))
    if hooks:
        made: WireHooks = import_module("thinwire.core.answer.wire_hooks").WireHooks(**hooks)
        if made.counts:
            made.on_chunk = client._on_chunk  # noqa: SLF001
            client._on_chunk = made  # type: ignore[assignment]  # noqa: SLF001
        listeners.append(made)
    client._transport = Tap(client._transport, listeners)  # noqa: SLF001


class Tap:
    """A transport that tells what goes through it; all else is the transport's own.

    Args:
        transport: what carries the requests.
        listeners: are told.
    """

    def __init__(self, transport: "Transport", listeners: "list[Listener]") -> None:
        self._carrier = transport
        self._listeners = listeners

    def __getattr__(self, name: str) -> "Any":
        return getattr(self._carrier, name)

    async def send(self, request: "Request") -> "Response":
        """See Transport.send."""
        now = self._carrier.now_ms()
        told = Told(self._carrier, [])
        try:
            for listener in self._listeners:
                told.hearing.append(listener.sending(request, now))
            response = await self._carrier.send(request)
        except ThinwireError as error:
            told.failed(error)
            raise
        except BaseException as error:
            told.ended("client_gone", error)
            raise
        try:
            for one in told.hearing:
                one.head(response, self._carrier.now_ms())
        except BaseException as error:
            await response.aclose()
            told.ended("client_gone", error)
            raise
        return TappedResponse(response, told)


class Told:
    """Those who are told of an attempt.

    Args:
        clock: for the time.
        hearing: what the listeners gave for it.
    """

    def __init__(self, clock: "Transport", hearing: "list[Hearing]") -> None:
        self._clock = clock
        self.hearing = hearing
        self._over = False

    def data(self, view: memoryview) -> None:
        """Bytes of the body have come."""
        now = self._clock.now_ms()
        for one in self.hearing:
            one.data(view, now)

    def failed(self, error: ThinwireError) -> None:
        """The exchange has failed."""
        gone = error.closed or isinstance(error, TransportTimeout)
        self.ended("client_gone" if gone else "eof", error)

    def ended(self, how: str, error: "BaseException | None" = None) -> None:
        """It is over; only the first end counts."""
        if self._over:
            return
        self._over = True
        now = self._clock.now_ms()
        for one in self.hearing:
            one.ended(how, now, error)


class TappedResponse:
    """A response that tells what is read of it."""

    offset = 0

    def __init__(self, response: "Response", told: Told) -> None:
        self._response = response
        self._told = told
        self.status = response.status

    def __getattr__(self, name: str) -> "Any":
        return getattr(self._response, name)

    def receive(self, buffer: memoryview) -> "int | None":
        """See Response.receive."""
        try:
            count = self._response.receive(buffer)
        except ThinwireError as error:
            self._told.failed(error)
            raise
        self.offset = start = self._response.offset
        if count:
            self._told.data(buffer[start : start + count])
        elif count == 0:
            self._told.ended("whole")
        return count

    async def wait(self, deadline_ms: "int | None") -> None:
        """See Response.wait."""
        try:
            await self._response.wait(deadline_ms)
        except ThinwireError as error:
            self._told.failed(error)
            raise

    def aclose(self) -> "Coroutine[object, object, None]":
        """See Response.aclose."""
        try:
            return self._close()
        except MemoryError:  # an error on its way to the caller is worth more than what is told
            return self._response.aclose()

    async def _close(self) -> None:
        try:
            await self._response.aclose()
        finally:
            self._told.ended("client_gone")

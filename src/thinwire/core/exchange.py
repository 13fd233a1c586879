"""One attempt at work: its request, its answer, its clocks. Only `open` and `first` wait; the pump
(stream.py) reads the rest itself, since each await layer costs a chip 48 bytes per read.
"""

from thinwire.core._compat import const
from thinwire.core.answer.answer import Answer
from thinwire.core.errors import StreamError, TransportError, TransportTimeout
from thinwire.core.routing.clocks import Clocks

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from thinwire.core.answer.completion import Event, Timings
    from thinwire.core.errors import ThinwireError
    from thinwire.core.request.body import Body
    from thinwire.core.routing.clocks import Timeouts
    from thinwire.core.routing.plan import Attempt
    from thinwire.core.transport import Request, Response, Transport

_DRAIN_READS = const(16)
_DRAIN_MS = const(250)
_GRACE_MS = const(5000)  # for usage and [DONE] after the last finish_reason


class Exchange:
    """An attempt that is being made.

    Args:
        transport: what carries it.
        attempt: its record.
        request: what to send.
        timeouts: its limits.
        start_ms: time of the call's start.
        answer: for what arrives.

    Attributes:
        answer: what has arrived.
        clocks: its deadlines.
        response: the response while it is open, else None.
        streaming: whether the answer is arriving.
    """

    def __init__(
        self,
        transport: "Transport",
        attempt: "Attempt",
        request: "Request",
        timeouts: "Timeouts",
        start_ms: int,
        answer: Answer,
    ) -> None:
        self._transport = transport
        self._request = request
        self._timeouts = timeouts
        self._start = start_ms
        self._begun = self.now_ms = transport.now_ms()
        self.clocks = Clocks(timeouts, start_ms, self._begun)
        self._head = self._first_byte = self._first_delta = self._last_delta = -1
        self._end_by = -1  # when a model that has finished is not listened to any more
        self._handed = False  # the caller has had an event since the last read
        self.attempt = attempt
        self.answer = answer
        self.response: Response | None = None
        self.streaming = False

    @property
    def body(self) -> "Body":
        """What is sent."""
        return self._request.body  # type: ignore[return-value]

    async def open(self) -> None:
        """Sends the request and reads on until an answer is arriving.

        Raises:
            ThinwireError: none is.
        """
        self._request.connect_deadline_ms = self.clocks.connect_deadline()
        self._request.head_deadline_ms = self.clocks.head_deadline()
        self._request.idle_ms = self._timeouts.idle_ms()
        try:
            response = await self._transport.send(self._request)
        finally:
            self.body.close()
            self.attempt.sent_bytes = self.body.sent_bytes
            self.arrived()  # or it failed; before this, liveness was not what ran out
        self._head = self.now_ms
        self.response = response
        self.attempt.status = response.status
        kind = self.answer.content_type = (response.header("content-type") or "").lower()
        if response.status != 200 or "html" in kind:
            from thinwire.core.answer import error_response as refusal

            raise await refusal.error(response, kind, self.clocks.deadline())
        # What follows is told by its first byte; content types are wrong too often (WIRE.md).
        while self.answer.is_blank():
            await self._read(response)
        if self.answer.is_document():
            await self._read_document(response)
        self.streaming = True

    async def first(self) -> "Event | None":
        """Opens, and reads until there is an event; None at an answer without any.

        Raises:
            ThinwireError: neither came.
        """
        await self.open()
        event = self.take()
        while event is None and not self.answer.end:
            await self._read(self.response)  # type: ignore[arg-type]
            event = self.take()
        return event

    def take(self) -> "Event | None":
        """The next event; None when more bytes are needed, or at the answer's end.

        Raises:
            ThinwireError: see Answer.next_event.
        """
        event = self.answer.next_event()
        if event is not None:
            self._handed = True
            self._last_delta = self.now_ms
            if self._first_delta < 0:
                self._first_delta = self.now_ms
        return event

    def arrived(self) -> None:
        """Bytes have arrived."""
        self.now_ms = self._transport.now_ms()
        self.clocks.received(self.now_ms)
        if self._first_byte < 0 and self.answer.received:
            self._first_byte = self.now_ms

    def deadline(self) -> "int | None":
        """When the next bytes must have arrived.

        Raises:
            TransportTimeout: that time has passed.
        """
        # What the caller did with an event takes time that is not the server's: the clocks of
        # the stream go on from here.
        self.now_ms = self._transport.now_ms()
        if self._handed:
            self._handed = False
            self.clocks.received(self.now_ms)
            self.clocks.delta(self.now_ms)
        deadline = self.clocks.deadline()
        if self.answer.finished():
            deadline = self._last_call(deadline)
        # Bytes that keep coming keep no clock but liveness from running out.
        if deadline is not None and self.now_ms >= deadline:
            raise TransportTimeout("a clock ran out", "read")
        return deadline

    def begun(self) -> bool:
        """Whether a delta has been taken."""
        return self._first_delta >= 0

    def only_the_end_is_missing(self, error: "ThinwireError") -> bool:
        """Whether the model had finished; what the error took is usage or [DONE] at most."""
        cut = isinstance(error, (TransportError, StreamError))
        return cut and self.streaming and self.answer.finished()

    async def drain(self) -> None:
        """Reads the rest of the body, so that the connection can be used again, and closes.

        After [DONE] the end is usually there already. Bounded, since a server may hold the
        connection open.
        """
        deadline = self._transport.now_ms() + _DRAIN_MS
        scratch = self.answer.scratch()
        try:
            for _ in range(_DRAIN_READS):
                if self.response is None or self.answer.eof:
                    break
                if not await self.response.readinto(scratch, deadline):
                    break
        except TransportError:
            pass  # the answer is complete; only the connection is lost
        finally:
            await self.close()

    async def close(self) -> None:
        """Closes the response. Idempotent."""
        response, self.response = self.response, None
        if response is not None:
            await response.aclose()

    def measure(self, timings: "Timings") -> None:
        """Fills in what is known of this attempt."""
        request = self._request
        connected = request.connected_ms
        ready = request.secured_ms or connected or self._begun
        timings.connect_ms = _span(self._begun, connected)
        timings.tls_ms = _span(connected, request.secured_ms)
        timings.upload_ms = _span(ready, request.sent_ms)
        timings.head_ms = self._since_start(self._head)
        timings.first_byte_ms = self._since_start(self._first_byte)
        timings.ttft_ms = self._since_start(self._first_delta)
        timings.last_token_ms = self._since_start(self._last_delta)

    async def _read(self, response: "Response") -> None:
        # The same step is written out in the pump, where it must not cost a coroutine.
        self.answer.receive(await response.readinto(self.answer.room(), self.deadline()))
        self.arrived()

    async def _read_document(self, response: "Response") -> None:
        from thinwire.core.answer import error_response as refusal

        start = self.answer.unread()
        body = await refusal.read_whole(response, self.clocks.deadline(), start)
        self.answer.receive_document(body)
        self.arrived()

    def _last_call(self, deadline: "int | None") -> int:
        # Some servers neither send [DONE] nor close: the answer is not held back for that.
        if self._end_by < 0:
            self._end_by = self.now_ms + _GRACE_MS
        return self._end_by if deadline is None else min(deadline, self._end_by)

    def _since_start(self, moment: int) -> "int | None":
        return moment - self._start if moment >= 0 else None


def _span(start: "int | None", end: "int | None") -> "int | None":
    return None if start is None or end is None else end - start

"""One attempt at work: its request, its answer, its clocks.

Only `open` and `first_event` wait; the pump (stream.py) reads the rest itself, since each await
layer costs a chip 48 bytes per read.

The clocks are turned into one absolute deadline for each wait:

  total        whole call, retries and fallbacks included
  connect      until the connection stands, TLS included
  upload       from one piece of the request that was handed over to the next
  first_token  from the last byte of the request to the first delta
  progress     from one delta to the next
  liveness     from one read to the next, whatever it brought

Comments and role-only chunks are bytes (liveness) but not deltas: keep-alives cannot hold a dead
stream open, and a slow model that still sends comments is not cut by liveness (docs/wire.md).
Payload that is not ours, as reasoning that is encrypted, is as good as a delta to the clocks.
"""

from thinwire.core._compat import MICROPYTHON, const, import_module, mend_imports, nothing
from thinwire.core.error_kinds import ThinwireError
from thinwire.core.errors import (
    NO_WORDS,
    StatusError,
    StreamError,
    TransportError,
    TransportTimeout,
)
from thinwire.core.routing.plan import dialect_of

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from collections.abc import Coroutine

    from thinwire.core.answer.answer import Answer
    from thinwire.core.answer.events import Event
    from thinwire.core.errors import ThinwireError
    from thinwire.core.request.http_request import Body, Request
    from thinwire.core.routing.deployment import Deployment
    from thinwire.core.routing.plan import Attempt, Plan
    from thinwire.core.routing.policy import Timeouts
    from thinwire.core.transport import Response, Transport
    from thinwire.core.wire.reserve import Reserve

_TOLD = const(65536)  # bytes of a request from one event to the next
_DRAIN_READS = const(16)
_DRAIN_MS = const(250)
_GRACE_MS = const(5000)  # for usage and [DONE] after the last finish_reason
_LESS = const(0x3C)
_BRACE = const(0x7B)
_BRACKET = const(0x5B)


class Clocks:
    """The clocks of one attempt. Passive: the time comes from the caller, in milliseconds.

    Args:
        timeouts: the limits.
        start_ms: time of the call's start, from where the total clock runs.
        now_ms: time of the attempt's start.

    Attributes:
        sent_ms: when the last byte of the request left.
        bytes_ms: when bytes arrived last.
        delta_ms: when a delta arrived last, -1 before the first.
    """

    def __init__(self, timeouts: "Timeouts", start_ms: int, now_ms: int) -> None:
        self._timeouts = timeouts
        self._start = start_ms
        self._attempt = now_ms
        self.sent_ms = now_ms
        self.bytes_ms = now_ms
        self.delta_ms = -1

    def asked(self, now_ms: int) -> None:
        """Takes note that the key has come: the time that took counts for `total` alone."""
        self._attempt = self.sent_ms = self.bytes_ms = now_ms

    def connect_deadline(self) -> "int | None":
        """When the connection must stand."""
        limit = self._timeouts.connect
        return None if limit is None else self._attempt + limit

    def bound(self, request: "Request") -> None:
        """Sets the deadlines of a request."""
        limits = self._timeouts
        request.connect_deadline_ms = self.connect_deadline()
        request.upload_ms = limits.upload
        head = limits.first_token
        if head is None or (limits.liveness is not None and limits.liveness < head):
            head = limits.liveness
        request.head_ms = head
        if limits.total is not None:
            request.total_deadline_ms = self._start + limits.total
        request.idle_ms = limits.idle_ms()
        request.handed_ms = self._attempt

    def deadline(self) -> "int | None":
        """When the next bytes must have arrived."""
        # Asked for each read: without a call and without a tuple, which a chip has to collect.
        limits = self._timeouts
        found = limits.first_token if self.delta_ms < 0 else limits.progress
        if found is not None:
            found += self.sent_ms if self.delta_ms < 0 else self.delta_ms
        limit = limits.liveness
        if limit is not None and (found is None or self.bytes_ms + limit < found):
            found = self.bytes_ms + limit
        limit = limits.total
        if limit is not None and (found is None or self._start + limit < found):
            found = self._start + limit
        return found

    def expired(self, now_ms: int) -> str:
        """Name of the clock that has run out, the first that did; "" when none has."""
        deadline = self.deadline()
        if deadline is None or now_ms < deadline:
            return ""
        waiting = (
            ("first_token", self.sent_ms) if self.delta_ms < 0 else ("progress", self.delta_ms)
        )
        for name, since in (waiting, ("liveness", self.bytes_ms)):
            limit = getattr(self._timeouts, name)
            if limit is not None and since + limit == deadline:
                return name
        return "total"

    def limit(self, name: str) -> str:
        """A clock's limit as words, e.g. "15 s"."""
        return "%g s" % (getattr(self._timeouts, name) / 1000)


class Exchange:
    """An attempt that is being made; `launch` makes one, `open` starts it.

    Args:
        transport: what carries it.
        plan: whose attempt it is.
        attempt: its record.
        answer: for what arrives.
        deployment: who is asked.

    Attributes:
        deployment: who is asked.
        request: what is sent, None before `open`.
        answer: what has arrived.
        clocks: its deadlines.
        response: the response while it is open, else None.
        streaming: whether the answer is arriving.
        aborted: it was called off.
        now_ms: the time when something happened last.
        begun_ms, head_ms, first_byte_ms, first_delta_ms, last_delta_ms: when it began, the
            response head came, and so on; -1: not yet.
    """

    # What few attempts come to: each attribute less is memory, on a chip.
    aborted = False
    _passed: "int | None" = None  # a deadline that was found to have passed
    _told = 0  # bytes of the request that an event has told of

    def __init__(
        self,
        transport: "Transport",
        plan: "Plan",
        attempt: "Attempt",
        answer: "Answer",
        deployment: "Deployment",
    ) -> None:
        self._transport = transport
        self._plan = plan
        self.attempt = attempt
        self.answer = answer
        self.request: Request | None = None
        self.response: Response | None = None
        self.streaming = False
        self.deployment = deployment
        self.begun_ms = self.now_ms = transport.now_ms()
        self.head_ms = self.first_byte_ms = self.first_delta_ms = self.last_delta_ms = -1
        self.clocks = Clocks(plan.policy.timeouts_at(deployment), plan.start_ms, self.begun_ms)
        self._grace_ends = -1  # when a model that has finished is not listened to any more
        # The deadline was asked for since the last read; or that of the head, which is just there.
        self._waited = True
        self._handed = False  # the caller has had an event since the last read

    @property
    def body(self) -> "Body | None":
        """What is sent, None before `open`."""
        return None if self.request is None else self.request.body

    async def open(self) -> None:
        """Sends the request and reads on until an answer is arriving.

        Raises:
            ThinwireError: none does.
        """
        deployment = self.deployment
        key: str | None = deployment.api_key  # type: ignore[assignment]
        if callable(key):  # a coroutine only for who wants it
            keys = import_module("thinwire.core.providers.keys")
            key = await keys.current(self._plan, self.attempt.deployment)
            self.clocks.asked(self._transport.now_ms())
        request = self.request = self._plan.request(self.attempt, deployment, key)
        self.clocks.bound(request)
        if self._plan.observer is not None and request.body is not None:
            request.on_upload = self._uploaded
        if self._plan.on_chunk is not None:
            from thinwire.core.answer.on_chunk import ChunkTeller

            self.answer.tell(ChunkTeller(self._plan.on_chunk, request).tell)
        if self.aborted:  # before there was a request to tell
            request.abort()
        body: Body | None = request.body
        if body is None:  # of a GET
            body = import_module("thinwire.core.request.http_request").Body()
        try:
            response = self.response = await self._transport.send(request)
        except Exception:
            if body.failure is not None:  # the caller's own, whatever a transport made of it
                raise body.failure
            raise
        finally:
            body.close()
            self.attempt.sent_bytes = body.sent_bytes
            now = self.now_ms = self._transport.now_ms()
            sent = request.sent_ms
            self.clocks.sent_ms = self.clocks.bytes_ms = now if sent is None else sent
        self.head_ms = self.clocks.bytes_ms = now
        status = self.attempt.status = response.status
        if request.in_chunks and request.unproven and 200 <= status < 300:
            self._plan.health.tried_chunks.append(self.attempt.deployment)
        answer, kind, start, good = self.answer, "", b"", 200 <= status < 300
        refused: ThinwireError | None = None
        answer.framed = getattr(response, "framed", True)
        try:
            if self._plan.keep_headers:
                take = import_module("thinwire.core.answer.headers").take
                spent = take(response, self._plan.keep_headers, self.attempt)
                if spent and good:  # the next request would be refused
                    self._plan.health.rest(self.attempt.deployment, spent, self.now_ms)
            kind = answer.content_type = (response.header("content-type") or "").lower()
            # What a success is, its body tells: statuses and content types are wrong too often.
            first = answer.first_byte() if good else -1
            while good and first < 0 and not answer.eof:
                await self._read()
                first = answer.first_byte()
            if first == _LESS:  # a page
                good = False
                start = answer.parser.unread()
            if not good:
                from thinwire.core.answer import error_response

                deadline = self.clocks.deadline()
                refused = await error_response.error(response, kind, deadline, start)
        except MemoryError:
            if good:
                raise
            # A full heap hides no failure: that there was one is worth more than its words.
            mend_imports()
            error = StreamError(NO_WORDS) if status < 300 else StatusError(status, NO_WORDS)
            error.speechless = True
            raise error
        if refused is not None:
            if status == 401 and callable(deployment.api_key):  # its key may have expired
                keys = import_module("thinwire.core.providers.keys")
                refused.stale = await keys.renew(self._plan, self.attempt.deployment, key)
            raise refused
        if first in (_BRACE, _BRACKET):  # a document
            from thinwire.core.answer import error_response

            start = answer.parser.unread()
            body_text = await error_response.read_whole(response, self.clocks.deadline(), start)
            answer.receive_document(body_text)
            self.arrived()
        self.streaming = True

    async def first_event(self) -> "Event | str | None":
        """Opens, and reads until there is an event; None at an answer without any.

        Raises:
            ThinwireError: neither came.
        """
        await self.open()
        event = self.take()
        while event is None and not self.answer.end:
            await self._read()
            event = self.take()
        return event

    def take(self) -> "Event | str | None":
        """The next event; None when more bytes are needed, or at the answer's end.

        Raises:
            ThinwireError: see Answer.next_event.
        """
        event = self.answer.next_event()
        assembler = self.answer.assembler
        if event is not None or assembler.progress:
            assembler.progress = assembler.alive = False
            self._handed = True
            self.last_delta_ms = self.now_ms
            if self.first_delta_ms < 0:
                self.first_delta_ms = self.now_ms
        elif assembler.alive:
            assembler.alive = False
            self._handed = True  # the caller has nothing yet, but the model is at work
        return event

    def received(self, count: int, offset: int) -> None:
        """Takes `count` bytes of the answer's buffer, from `offset` on; 0 at the end of the body.

        Raises:
            TransportTimeout: see `deadline`.
        """
        self.answer.buffer_updated(count, offset)
        self.arrived()
        if not self._waited:  # bytes that keep coming keep no clock from running out
            self.deadline()
        self._waited = False

    def arrived(self) -> None:
        """Takes note that bytes have arrived."""
        self.now_ms = self.clocks.bytes_ms = self._transport.now_ms()
        if self.first_byte_ms < 0 and self.answer.received:
            self.first_byte_ms = self.now_ms

    def deadline(self) -> "int | None":
        """When the next bytes must have arrived.

        Raises:
            TransportTimeout: that time has passed, and what had arrived until then was read.
        """
        self._waited = True
        # What the caller did with an event takes time that is not the server's: the clocks of
        # the stream go on from here.
        now = self.now_ms = self._transport.now_ms()
        if self._handed:
            self._handed = False
            self.clocks.bytes_ms = self.clocks.delta_ms = now
        deadline = self.clocks.deadline()
        if self.answer.assembler.finished():
            # Some servers neither send [DONE] nor close: the answer is not held back for that.
            if self._grace_ends < 0:
                self._grace_ends = now + _GRACE_MS
            if deadline is None or self._grace_ends < deadline:
                deadline = self._grace_ends
        elif self._grace_ends >= 0:
            self._grace_ends = -1  # the model went on
        # Bytes that keep coming keep no clock but liveness from running out. But whoever held up
        # this task held up the reading, too: what has come meanwhile is read first, once.
        if deadline is not None and now >= deadline:
            if self._passed == deadline:
                raise TransportTimeout("a clock ran out", "read")
            self._passed = deadline
        return deadline

    def has_begun(self) -> bool:
        """Whether a delta has been taken."""
        return self.first_delta_ms >= 0

    def lacks_only_its_end(self, error: "ThinwireError") -> bool:
        """Whether the model had finished; what the error took is usage or [DONE] at most."""
        cut = isinstance(error, (TransportError, StreamError)) and self.answer.end in ("", "eof")
        if error.kind == "tool_calls":
            return False
        return cut and self.streaming and self.answer.assembler.finished()

    def _uploaded(self) -> None:
        # Tells whoever observes the call how far a large request is, about every 64 KiB.
        request: Request = self.request  # type: ignore[assignment]
        sent = self.attempt.sent_bytes = request.body.sent_bytes  # type: ignore[union-attr]
        whole = request.sent_ms is not None and self._told
        if whole or sent - self._told >= _TOLD:
            self._told = sent
            fields: dict[str, object] = {"sent": sent, "total": request.length}
            self._plan.observer.emit("upload", self.attempt, fields)  # type: ignore[union-attr]

    def abort(self) -> "Coroutine[object, object, None]":
        """Wakes whoever sends or reads, once it is awaited; leaves no connection. Idempotent."""
        self.aborted = True
        if self.request is not None:
            self.request.abort()
        return nothing() if self.response is None else self.response.aclose()

    async def drain(self) -> None:
        """Reads the rest of the body, so that the connection can be used again, and closes; the
        answer is over.

        After [DONE] the end is usually there already. Bounded, since a server may hold the
        connection open.
        """
        deadline = 0
        try:
            scratch = memoryview(self.answer.parser.buffer)
            reads = 0
            while self.response is not None and not self.answer.eof and reads < _DRAIN_READS:
                count = self.response.receive(scratch)
                if count is None:
                    deadline = deadline or self._transport.now_ms() + _DRAIN_MS
                    await self.response.wait(deadline)
                elif not count:
                    break
                else:
                    reads += 1
        except (TransportError, MemoryError):
            pass  # the answer is complete; only the connection is lost
        finally:
            self.answer.free()
            await self.close()

    def close(self) -> "Coroutine[object, object, None]":
        """Closes the response, once it is awaited. Idempotent."""
        if self._plan.places is not None:
            self._plan.places.closed(self.attempt)
        response, self.response = self.response, None
        return nothing() if response is None else response.aclose()

    def drop(self, outcome: str) -> "Coroutine[object, object, None]":
        """Ends an attempt that nobody needs any more, once it is awaited.

        Args:
            outcome: "lost" (another attempt was faster) or "cancelled".
        """
        self.attempt.ended(outcome, self._transport.now_ms() - self._plan.start_ms)
        self.answer.free()
        return self.close()

    async def _read(self) -> None:
        # The same is written out in the pump, where it must not cost a coroutine.
        response: Response = self.response  # type: ignore[assignment]
        count = response.receive(self.answer.get_buffer())
        while count is None:
            if not MICROPYTHON:  # pragma: no branch
                self.answer.release_buffer()
            await response.wait(self.deadline())
            count = response.receive(self.answer.get_buffer())
        self.received(count, response.offset)


def launch(
    transport: "Transport", plan: "Plan", buffers: "Reserve", hedge: bool = False
) -> Exchange:
    """Makes the next attempt of a plan ready.

    Args:
        buffers: lend the buffer to receive into.
        hedge: it runs beside another one.
    """
    attempt = plan.begin(transport.now_ms(), hedge)
    if plan.observer is not None:
        plan.observer.started(plan, attempt)
    deployment = plan.router.deployment(attempt.deployment)
    # On a chip before anything else takes the room; elsewhere once there is something to receive.
    buffer = buffers.acquire() if MICROPYTHON else bytearray()
    try:
        answer = dialect_of(deployment, plan.call).answer(deployment, plan.call, buffers, buffer)
        answer.assembler.texts_only = plan.texts_only
        return Exchange(transport, plan, attempt, answer, deployment)
    except MemoryError:
        if buffer:  # pragma: no cover (MicroPython)
            buffers.release(buffer)
        raise

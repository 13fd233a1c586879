"""The transport interface: one HTTP exchange. Tiny on purpose; httpx and a raw socket on a chip
both fit it, and neither has to allocate for it. The contract stands with `Transport`.
"""

from thinwire.core._compat import const, public

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from collections.abc import Awaitable, Coroutine
    from typing import NoReturn, Protocol

    from thinwire.core.request.http_request import Abortable, Request
else:
    Protocol = object  # whoever has these methods fits; to inherit them is a convenience


@public
class Response(Protocol):
    """A response whose head has arrived.

    Whoever reads asks `receive` for what has arrived as long as it has something, and awaits
    `wait` where it has nothing: a piece that is there costs no coroutine.

    Attributes:
        status: HTTP status.
        framed: whether chunks, a length or HTTP/2 say where the body ends; False where it ends
            with the connection, which a cut cannot be told from (RFC 9112 §6.3, §8).
        offset: where in the buffer the body bytes of the last `receive` begin. A transport whose
            framing stands in front of them may leave them there; 0 for all others.
    """

    status: int
    framed: bool = True
    offset: int = 0

    def header(self, name: str) -> "str | None":
        """Value of the first header of this name, in any case, or None."""
        raise NotImplementedError

    def all_headers(self) -> "list[tuple[str, str]]":
        """All headers as they came, names in lower case; [] where a transport cannot list them,
        and then `keep_headers` has only what it names."""
        return []

    def receive(self, buffer: memoryview) -> "int | None":
        """Takes what has arrived: decoded body bytes, to buffer[offset : offset + count].

        Never waits. The buffer is the caller's again as soon as this has returned.

        Returns:
            The count; 0 at the clean end of the body; None when nothing has arrived, and when
            others are to have their turn first: then `wait`, and ask again.

        Raises:
            ReadError: the body was cut off or cannot be read; `closed` after `aclose`.
        """
        raise NotImplementedError

    def wait(self, deadline_ms: "int | None") -> "Awaitable[object]":
        """What to await until `receive` may have something; it may come back early.

        A plain function, so that no coroutine has to be made for it. A blocking transport blocks
        here, and hands back what is over at once.

        Raises (here, or once it is awaited):
            TransportTimeout: nothing came before the deadline; the response is then unusable. A
                deadline that has passed already does not hide what had arrived.
            ReadError: the body cannot be read; `closed` when `aclose` is called meanwhile.
        """
        raise NotImplementedError

    async def aclose(self) -> None:
        """Releases the connection; kept for reuse if the body was read to its end. Idempotent.

        From any task, and for a blocking transport from any thread: whoever waits in `wait` is
        woken at once, with ReadError(closed=True).
        """
        raise NotImplementedError


@public
class Task(Protocol):
    """A coroutine that runs beside others."""

    def cancel(self) -> object:
        """Raises the runtime's CancelledError inside it."""
        raise NotImplementedError


@public
class Signal(Protocol):
    """What one coroutine waits for and others give; asyncio.Event fits."""

    def set(self) -> None:
        """Wakes whoever waits."""
        raise NotImplementedError

    def clear(self) -> None:
        """The next `wait` waits again."""
        raise NotImplementedError

    async def wait(self) -> object:
        """Returns once set."""
        raise NotImplementedError


def _one_at_a_time(name: str) -> "NoReturn":
    # Raised where a checker does not see it: it would take the methods for ones to be written.
    raise NotImplementedError("%s does one thing at a time" % name)


@public
class Transport(Protocol):
    """Performs HTTP exchanges for any number of streams.

    The contract, which tests/cpython/test_transport_conformance.py holds every transport to:

    1. A transport translates each error of its library to one of thinwire's, once, at the edge:
       nothing of httpx, ssl or OSError reaches a user.
    2. A truncated body (no final chunk, short Content-Length, TLS cut) raises ReadError from
       `receive` or `wait`; only a body that came to its end gives 0.
    3. An early response (413 while the body is still being sent) is that response. So is one that
       had arrived when a write failed.
    4. No retries, redirects or cookies: the client has the only retry loop.
    5. Deadlines are absolute now_ms values and hold at every wait, on every runtime. Until the
       head has come they are `request.connect_by()` and then `request.deadline()`, asked anew for
       each wait, since they move with `request.handed_over(now)` (each time the system has taken
       more; None before `body.more()`, whose time is the caller's) and `request.sent(now)`.
    6. TLS verifies the server unless the user said not to.
    7. The body is pulled with body.readinto(buffer): n > 0 bytes, 0 at the end, None when its
       producer has nothing yet (then: await body.more()). Blocks are coalesced: 64 KiB towards
       httpx, the send buffer on a chip. The first is read by `request.first_block`, which finds
       out whether the request has a length; where it has, they go out together with the head. A
       transport that does not ask sends what has no length in chunks.
    8. A kept connection that has something to read before the first byte is written is not used.
       One that then fails before all was sent, or ends without a byte of an answer so soon
       afterwards that the server cannot have had the request (Request.unheard), raises an error
       with `stale = True`; the client then tries again at once. Whatever ends later is an attempt.
       Any that fails without a byte of an answer raises one with `unanswered = True`.
    9. Request marks (connected_ms, secured_ms, sent_ms) are set as they are reached.
    10. A body that has arrived is taken by `receive` alone, a plain method: what came in one piece
       is read without an await. What keeps coming lets other tasks have their turn nevertheless.
    11. `Request.abort()` and `Response.aclose()`, from any task, wake whoever waits in `send` or
       `wait` with ReadError(closed=True), at once, and leave no connection. No task of the caller
       is cancelled for it. A blocking transport is woken from another thread, but for a
       connect or a name lookup under way, which end at the connect deadline.

    Attributes:
        name: for logs.
        concurrent: whether `spawn` and `signal` work; False for transports that block.
        buffer_size: bytes to receive at a time, at most; None for 64 KiB, on a chip 1 KiB.
    """

    name: str = ""
    concurrent: bool = False
    buffer_size: "int | None" = None

    async def send(self, request: "Request") -> Response:
        """Connects, writes the head, pulls the body to its end, reads the response head.

        Raises:
            ConnectError, WriteError, ReadError, TransportTimeout: with `phase`.
            EncodeError: the body holds what JSON cannot carry; the connection is closed.
        """
        raise NotImplementedError

    async def sleep_ms(self, ms: int, until: "Abortable | None" = None) -> None:
        """Waits.

        Args:
            until: ends the wait when it is called off.
        """
        raise NotImplementedError

    def now_ms(self) -> int:
        """Monotonic time in milliseconds; never wraps."""
        raise NotImplementedError

    def spawn(self, coroutine: "Coroutine[object, object, None]") -> Task:
        """Starts a coroutine beside the caller's; for hedging (concurrent transports only)."""
        return _one_at_a_time(self.name)

    def signal(self) -> Signal:
        """A new Signal (concurrent transports only)."""
        return _one_at_a_time(self.name)

    async def aclose(self) -> None:
        """Closes all connections. Idempotent."""
        raise NotImplementedError

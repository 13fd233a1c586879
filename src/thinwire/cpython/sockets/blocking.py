"""All that waits, without a loop: what waits.py is for asyncio. Whoever waits blocks its thread,
in steps, since another may close what it waits for; what is handed back to be awaited is over.
"""

import select
import socket
from collections.abc import Awaitable, Callable, Generator
from contextlib import suppress

from thinwire.core.request.http_request import Abortable
from thinwire.core.wire.http1 import READ
from thinwire.cpython.clock import block_ms, now_ms
from thinwire.cpython.lookup import Address, Resolver
from thinwire.cpython.sockets.waits import ROOM

# A socket is closed by one thread just before another waits for it: its number may then be that of
# another connection, which says nothing for hours.
_STEP_MS = 1000
_LOOK_MS = 20  # how soon a connect, or a name lookup, that is called off ends


class _Over:
    # What has been waited for already.
    def __await__(self) -> Generator[None]:
        return iter(())  # type: ignore[return-value]


_OVER = _Over()


class BlockingWaits:
    """Waits in the thread that asks."""

    def line(self, raw: socket.socket) -> "BlockingLine":
        """See Waits.line."""
        return BlockingLine(raw)

    def turn(self) -> Awaitable[object]:
        """See Waits.turn."""
        return _OVER

    async def any_writable(
        self, sockets: list[socket.socket], until_ms: int | None, until: Abortable
    ) -> None:
        """See Waits.any_writable."""
        while not (until.aborted or _ready(sockets, ROOM, _step(until_ms, _LOOK_MS))):
            if until_ms is not None and now_ms() >= until_ms:
                return

    async def look_up(
        self, resolver: Resolver, host: str, port: int, until_ms: int | None, until: Abortable
    ) -> list[Address]:
        """See Waits.look_up."""
        lookup = resolver.start(host, port)
        while not lookup.done.wait(_step(until_ms, _LOOK_MS) / 1000):
            until.check()
            if until_ms is not None and now_ms() >= until_ms:
                break
        return lookup.addresses()

    async def sleep_ms(self, ms: int, until: Abortable | None = None) -> None:
        """See Transport.sleep_ms; another thread may end it."""
        block_ms(ms, until)


class BlockingLine:
    """Waits for one socket."""

    def __init__(self, raw: socket.socket) -> None:
        self._raw = raw
        self._waiting = False
        self._closed = False
        self._want = 0  # what the poll object asks for
        self._poll = select.poll() if hasattr(select, "poll") else None

    def wait(self, want: int, deadline_ms: int | None) -> Awaitable[object]:
        """See Line.wait."""
        step_ms = _step(deadline_ms, _STEP_MS)
        # In this order, and whoever closes the other way round: so one of two threads sees the
        # other.
        self._waiting = True
        try:
            if self._closed:
                pass
            elif self._poll is None:
                _ready([self._raw], want, step_ms)
            else:
                if want != self._want:
                    self._poll.register(self._raw, _events(want))
                    self._want = want
                self._poll.poll(step_ms)
        except (OSError, ValueError):
            pass  # closed meanwhile, as whoever looks will find
        finally:
            self._waiting = False
        return _OVER

    def wake(self) -> None:
        """See Line.wake."""
        with suppress(OSError):  # not connected any more: nobody waits
            self._raw.shutdown(socket.SHUT_RDWR)

    def busy(self) -> bool:
        """See Line.busy."""
        return self._waiting

    def idle(self, heard: Callable[[], object] | None) -> None:
        """See Line.idle: there is nobody to tell."""

    def close(self) -> None:
        """See Line.close."""
        self._closed = True


def _step(until_ms: int | None, most_ms: int) -> int:
    return most_ms if until_ms is None else min(max(until_ms - now_ms(), 0), most_ms)


def _events(want: int) -> int:
    return (select.POLLIN if want & READ else 0) | (select.POLLOUT if want & ROOM else 0)


def _ready(sockets: list[socket.socket], want: int, step_ms: int) -> bool:
    # Whether one of them is, or is broken, after at most `step_ms`.
    if not hasattr(select, "poll"):  # Windows, where a connect that failed is "exceptional"
        reading, writing = (sockets if want & READ else []), (sockets if want & ROOM else [])
        return any(select.select(reading, writing, sockets, step_ms / 1000))
    poll = select.poll()
    for one in sockets:
        poll.register(one, _events(want))
    return bool(poll.poll(step_ms))

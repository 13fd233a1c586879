"""All that waits, on asyncio. blocking.py has the same without a loop.

A loop tells when a socket has something (add_reader): nothing is read before somebody asks, and
then it goes straight into the reader's buffer. While nobody asks for what is there, the loop is
not asked either, so that the system's buffer fills, and the server waits.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from typing import Protocol

from thinwire.core.request.http_request import Abortable
from thinwire.core.wire.http1 import READ, WRITE
from thinwire.cpython.clock import now_ms
from thinwire.cpython.lookup import Address, Resolver
from thinwire.cpython.on_asyncio import call_in

ROOM = WRITE & ~READ
_LOOK_MS = 5  # how often a socket is looked at where a loop cannot tell (Windows' Proactor)


class Line(Protocol):
    """Waits for one socket."""

    def wait(self, want: int, deadline_ms: int | None) -> Awaitable[object]:
        """What to await until there may be something to read, or room (READ and WRITE of
        core/wire/http1.py, bits), or the deadline has passed, or `wake` is called. Whoever waited
        looks which: nothing is raised."""

    def wake(self) -> None:
        """Ends the wait under way; from any task or, where that blocks, from any thread."""

    def busy(self) -> bool:
        """Whether another thread waits."""

    def idle(self, heard: Callable[[], object] | None) -> None:
        """Has `heard` called when something comes while nobody waits, where there is a loop to
        tell; None: no more."""

    def close(self) -> None:
        """Whoever waits is woken; the socket is about to be closed."""


class Waits(Protocol):
    """How one runtime waits."""

    def line(self, raw: socket.socket) -> Line:
        """What waits for a socket."""

    def turn(self) -> Awaitable[object]:
        """Lets others have their turn."""

    async def any_writable(
        self, sockets: list[socket.socket], until_ms: int | None, until: Abortable
    ) -> None:
        """Comes back when one of them is writable or broken, at `until_ms`, or when `until` is
        called off."""

    async def look_up(
        self, resolver: Resolver, host: str, port: int, until_ms: int | None, until: Abortable
    ) -> list[Address]:
        """See Resolver.look_up."""

    async def sleep_ms(self, ms: int, until: Abortable | None = None) -> None:
        """See Transport.sleep_ms."""


class AsyncWaits:
    """Waits in an event loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop

    def line(self, raw: socket.socket) -> "AsyncLine":
        return AsyncLine(self.loop, raw)

    def turn(self) -> Awaitable[object]:
        return asyncio.sleep(0)

    async def any_writable(
        self, sockets: list[socket.socket], until_ms: int | None, until: Abortable
    ) -> None:
        lines = [self.line(one) for one in sockets]
        try:
            waits = [line.wait(ROOM, None) for line in lines]
            first = self.loop.create_future()
            for wait in waits:
                wait.add_done_callback(lambda _: _end(first))
            await self._until(first, until_ms, until)
        finally:
            for line in lines:
                line.close()

    async def look_up(
        self, resolver: Resolver, host: str, port: int, until_ms: int | None, until: Abortable
    ) -> list[Address]:
        loop, over = self.loop, self.loop.create_future()
        lookup = resolver.start(host, port)
        lookup.tell(partial(call_in, loop, _end, over))
        await self._until(over, until_ms, until)
        until.check()
        return lookup.addresses()

    async def sleep_ms(self, ms: int, until: Abortable | None = None) -> None:
        if until is None:
            await asyncio.sleep(ms / 1000)
        else:
            await self._until(self.loop.create_future(), now_ms() + ms, until)

    async def _until(
        self, future: "asyncio.Future[None]", until_ms: int | None, until: Abortable
    ) -> None:
        timer = None
        if until_ms is not None:
            timer = self.loop.call_later(max(until_ms - now_ms(), 0) / 1000, _end, future)
        until.wake = partial(call_in, self.loop, _end, future)
        try:
            if not until.aborted:
                await future
        finally:
            until.wake = None
            if timer is not None:
                timer.cancel()


class AsyncLine:
    """Waits for one socket in an event loop.

    Its reader stays known to the loop from one wait to the next, and its timer, which is looked at
    when it fires: a token that comes costs neither a call of the system nor a timer.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, raw: socket.socket) -> None:
        self._loop = loop
        self._raw = raw
        self._future: asyncio.Future[None] | None = None
        self._reading = self._writing = False
        self._woken = False
        self._looks_again = isinstance(loop, asyncio.SelectorEventLoop)
        self._heard: Callable[[], object] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._timer_ms = 0  # when it fires
        self._deadline_ms: int | None = None  # of the wait under way

    def wait(self, want: int, deadline_ms: int | None) -> "asyncio.Future[None]":
        future = self._future = self._loop.create_future()
        self._deadline_ms = deadline_ms
        try:
            if want & READ and not self._reading:
                self._loop.add_reader(self._raw, self._readable)
                self._reading = True
            if want & ROOM and not self._writing:
                self._loop.add_writer(self._raw, self._writable)
                self._writing = True
        except NotImplementedError:
            look_ms = now_ms() + _LOOK_MS
            deadline_ms = look_ms if deadline_ms is None else min(look_ms, deadline_ms)
            self._deadline_ms = deadline_ms
        if deadline_ms is not None and (self._timer is None or deadline_ms < self._timer_ms):
            self._start_timer(deadline_ms)
        return future

    def wake(self) -> None:
        _end(self._future)

    def busy(self) -> bool:
        return False

    def idle(self, heard: Callable[[], object] | None) -> None:
        self._heard = heard
        if heard is not None and not self._reading:
            with suppress(NotImplementedError):
                self._loop.add_reader(self._raw, self._readable)
                self._reading = True

    def close(self) -> None:
        self._stop_timer()
        self._heard = None
        _end(self._future)
        if self._loop.is_closed():
            return
        if self._reading:
            self._reading = False
            self._loop.remove_reader(self._raw)
        if self._writing:
            self._writing = False
            self._loop.remove_writer(self._raw)

    def _readable(self) -> None:
        if self._woken:
            # asyncio looks once more before the reader, whom we have just woken, has its turn;
            # uvloop does not, and what it tells is news.
            self._woken = False
            return
        future = self._future
        if future is not None and not future.done():
            self._woken = self._looks_again
            future.set_result(None)
        elif self._heard is not None:
            self._heard()
        else:
            self._reading = False
            self._loop.remove_reader(self._raw)

    def _writable(self) -> None:
        self._writing = False
        self._loop.remove_writer(self._raw)
        _end(self._future)

    def _start_timer(self, deadline_ms: int) -> None:
        self._stop_timer()
        self._timer_ms = deadline_ms
        left = max(deadline_ms - now_ms(), 0) / 1000
        self._timer = self._loop.call_later(left, self._expire)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _expire(self) -> None:
        self._timer = None
        future, deadline_ms = self._future, self._deadline_ms
        if future is None or future.done() or deadline_ms is None:
            return
        if now_ms() < deadline_ms:
            self._start_timer(deadline_ms)
        else:
            future.set_result(None)


def _end(future: "asyncio.Future[None] | None") -> None:
    if future is not None and not future.done():
        future.set_result(None)

"""Our own httpx clients, each with one exchange at a time, and so with one connection in use. None
outlives its event loop or its process.

httpcore goes through all connections and all requests of a pool at each step of one of them, and
asks each kept connection whether it can be read: the first tokens of 500 streams at once came
after 7 s. A client with one connection has nothing to go through, and takes 4 KB and 30 us to
make. It also is a place where those above and those below httpcore meet.

A closed loop can close nothing any more, and what a fork has copied belongs to the parent, whose
answers would be read here: of both only the sockets are closed, which says nothing to a server.
"""

import asyncio
import os
from collections.abc import Callable
from contextlib import suppress
from typing import Generic, Protocol, TypeVar
from weakref import WeakSet

from thinwire.core.request.http_request import Request
from thinwire.cpython.clock import now_ms
from thinwire.cpython.httpx.waits import Starts

_KEEPALIVE = 256  # idle clients of one place
_Client = TypeVar("_Client")
_Loop = asyncio.AbstractEventLoop | None
_REAL = "_sock"  # of what asyncio shows in place of a socket


class _Stream(Protocol):
    def get_extra_info(self, info: str) -> object: ...


class _Closable(Protocol):
    def close(self) -> None: ...


class Sockets:
    """The sockets of one loop. Passive: they are closed by whoever uses them, or in `close`."""

    def __init__(self) -> None:
        self._known: WeakSet[_Closable] = WeakSet()

    def add(self, stream: _Stream) -> None:
        """Takes note of the socket of a stream of httpcore's."""
        shown = stream.get_extra_info("socket")
        with suppress(TypeError):  # one of another loop than asyncio's, which sees to it itself
            self._known.add(getattr(shown, _REAL, shown))  # type: ignore[arg-type]

    def close(self) -> None:
        """Closes what is open, without a word to the other side."""
        for one in list(self._known):
            with suppress(OSError, TypeError):
                one.close()


class Sight:
    """One exchange, as its sockets see it: what no event of httpcore tells.

    Args:
        request: what is sent.

    Attributes:
        request: what is being sent, None once its response is being read.
        read_ms: when the read under way must be over.
        received: a byte of the answer has come.
        connect_ms: how long the connection took to make, in milliseconds; None: no socket of ours
            carries it, and so nothing is seen.
    """

    read_ms: int | None = None
    received = False
    connect_ms: int | None = None

    def __init__(self, request: Request) -> None:
        self.request: Request | None = request

    def handed_over(self, now: int | None) -> None:
        """Takes note that the system has taken more of the request."""
        raise NotImplementedError

    def connect_by(self) -> int | None:
        """When the connection must stand, TLS included."""
        return None if self.request is None else self.request.connect_by()

    def wait_until(self) -> int | None:
        """When the wait under way must be over."""
        return self.read_ms if self.request is None else self.request.deadline()


class Line(Generic[_Client]):
    """A client and the exchange that it carries.

    Attributes:
        client: the client.
        sockets: where its sockets are added.
        sight: the exchange under way, or the last one.
    """

    client: _Client
    sight: Sight

    def __init__(self, place: object, sockets: Sockets) -> None:
        self.place = place
        self.sockets = sockets
        self.idle_since_ms = 0


class _Pool(Generic[_Client]):
    # Of one loop.
    def __init__(self) -> None:
        self.sockets = Sockets()
        self.starts = Starts()
        self.lines: set[Line[_Client]] = set()
        self.idle: dict[object, list[Line[_Client]]] = {}


class Pools(Generic[_Client]):
    """The clients of one transport.

    Args:
        make: makes the client of a line, for a proxy (None: without one).
        idle_s: how long one is kept that nobody uses.
    """

    def __init__(self, make: Callable[[Line[_Client], object], _Client], idle_s: float) -> None:
        self._make = make
        self._idle_ms = idle_s * 1000
        self._pools: dict[tuple[int, _Loop], _Pool[_Client]] = {}  # by process and loop

    def take(self, request: Request, proxy: object, loop: _Loop = None) -> Line[_Client]:
        """A line for a request: that which was used last, or a new one.

        Args:
            loop: the event loop; None: in blocking code.
        """
        pool = self._pool(loop)
        place = proxy, request.scheme, request.host, request.port, request.public_only
        with suppress(KeyError, IndexError):
            return pool.idle[place].pop()
        line: Line[_Client] = Line(place, pool.sockets)
        line.client = self._make(line, proxy)
        pool.lines.add(line)
        return line

    def starts(self, loop: _Loop) -> Starts:
        """What spreads the exchanges of a loop that begin at a time."""
        return self._pool(loop).starts

    def give_back(self, line: Line[_Client], usable: bool, loop: _Loop = None) -> list[_Client]:
        """Ends the use of a line.

        Args:
            usable: it can carry another exchange.

        Returns:
            Those no longer known, to be closed.
        """
        pool = self._pools.get((os.getpid(), loop))
        if pool is None or line not in pool.lines or not usable:
            if pool is not None:
                pool.lines.discard(line)
            return [line.client]
        line.idle_since_ms = now_ms()
        oldest = line.idle_since_ms - self._idle_ms
        surplus: list[Line[_Client]] = []
        pool.idle.setdefault(line.place, []).append(line)
        for idle in list(pool.idle.values()):
            with suppress(IndexError):  # another thread has taken it
                while len(idle) > _KEEPALIVE or idle[0].idle_since_ms < oldest:
                    surplus.append(idle.pop(0))
        pool.lines.difference_update(surplus)
        return [one.client for one in surplus]

    def drain(self, loop: _Loop = None) -> list[_Client]:
        """Those of a loop, no longer known, to be closed."""
        self._forget()
        pool = self._pools.pop((os.getpid(), loop), None)
        # A copy, in one step: other threads may be adding theirs.
        return [] if pool is None else [line.client for line in pool.lines.copy()]

    def _pool(self, loop: _Loop) -> _Pool[_Client]:
        self._forget()
        # What threads do at a time is each one step; a lock could be held across a fork.
        here = os.getpid(), loop
        return self._pools.get(here) or self._pools.setdefault(here, _Pool())

    def _forget(self) -> None:
        here = os.getpid()
        for known in list(self._pools):
            process, loop = known
            if process != here or (loop is not None and loop.is_closed()):
                pool = self._pools.pop(known, None)
                if pool is not None:
                    pool.sockets.close()

"""Our own httpx clients, each with its pool of connections: one for each event loop and each
proxy. None outlives its loop or its process.

A closed loop can close nothing any more, and what a fork has copied belongs to the parent, whose
answers would be read here: of both only the sockets are closed, which says nothing to a server.
"""

import asyncio
import os
from collections.abc import Callable
from contextlib import suppress
from typing import Generic, Protocol, TypeVar
from weakref import WeakSet

_Client = TypeVar("_Client")
_Loop = asyncio.AbstractEventLoop | None
_REAL = "_sock"  # of what asyncio shows in place of a socket


class _Stream(Protocol):
    def get_extra_info(self, info: str) -> object: ...


class _Closable(Protocol):
    def close(self) -> None: ...


class Sockets:
    """The sockets of one pool. Passive: they are closed by whoever uses them, or in `close`."""

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


class Pools(Generic[_Client]):
    """The clients of one transport.

    Args:
        make: makes a client for a proxy (None: without one), which adds its sockets to the Sockets
            it is given.
    """

    def __init__(self, make: Callable[[Sockets, object], _Client]) -> None:
        self._make = make
        self._process = os.getpid()
        self._pools: dict[tuple[_Loop, object], tuple[_Client, Sockets]] = {}

    def get(self, proxy: object, loop: _Loop = None) -> _Client:
        """The client for a proxy in an event loop (None: in blocking code), made when there is
        none."""
        self._forget()
        pool = self._pools.get((loop, proxy))
        if pool is None:
            sockets = Sockets()
            # Threads that start together share one pool; a lock could be held across a fork.
            made = self._make(sockets, proxy), sockets
            pool = self._pools.setdefault((loop, proxy), made)
        return pool[0]

    def take(self, loop: _Loop = None) -> list[_Client]:
        """Those of a loop, no longer known, to be closed."""
        self._forget()
        taken = [self._pools.pop(known, None) for known in list(self._pools) if known[0] is loop]
        return [pool[0] for pool in taken if pool is not None]

    def _forget(self) -> None:
        forked = os.getpid() != self._process
        self._process = os.getpid()
        for known in list(self._pools):
            loop = known[0]
            if forked or (loop is not None and loop.is_closed()):
                pool = self._pools.pop(known, None)
                if pool is not None:
                    pool[1].close()

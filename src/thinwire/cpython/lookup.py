"""Looking up a name under a deadline. The system's resolver takes none, and may take minutes: so
it runs in a thread, which is waited for as long as there is time, and left alone afterwards.
"""

import contextlib
import os
import socket
import threading
from collections.abc import Callable

from thinwire.core.errors import ConnectError, TransportTimeout
from thinwire.cpython import words

# As socket.getaddrinfo has it: family, type, protocol, canonical name, address.
Address = tuple[int, int, int, str, tuple[object, ...]]


class Lookup(threading.Thread):
    """One name that is being looked up."""

    def __init__(self, host: str, port: int) -> None:
        super().__init__(name=f"thinwire lookup of {host}", daemon=True)
        self.place = os.getpid(), host, port  # a fork has no threads
        self.done = threading.Event()
        self._addresses: list[Address] = []
        self._error: Exception | None = None
        self._lock = threading.Lock()
        self._told: list[Callable[[], object]] = []

    def run(self) -> None:
        try:
            self._addresses = _resolved(*self.place[1:])
        except (OSError, UnicodeError) as error:  # UnicodeError: a label that is empty or too long
            self._error = error
        finally:
            with self._lock:
                self.done.set()
            for tell in self._told:
                tell()

    def tell(self, callback: Callable[[], object]) -> None:
        """Has `callback` called when it is over, in its thread; at once when it is."""
        with self._lock:
            if not self.done.is_set():
                self._told.append(callback)
                return
        callback()

    def addresses(self) -> list[Address]:
        """What was found, in the order to try it.

        Raises:
            TransportTimeout: it is not over.
            ConnectError: there is no such host, or nobody to ask.
        """
        host = self.place[1]
        if not self.done.is_set():
            raise TransportTimeout(f"the name lookup of {host} takes too long", "connect")
        if self._error is not None:
            told = words.describe(self._error, True)
            raise ConnectError(f"cannot resolve {host}: {told}", words.bare(self._error))
        return self._addresses


class Resolver:
    """Looks up names, each once at a time: where no name server answers, attempt after attempt
    waits for the same thread, and so do a thousand streams that start together.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._under_way: dict[tuple[int, str, int], Lookup] = {}

    def look_up(self, host: str, port: int, seconds: float | None) -> list[Address]:
        """The addresses of a host, in the order to try them.

        Args:
            seconds: how long to wait; None: as long as it takes.

        Raises:
            TransportTimeout: no answer within that time.
            ConnectError: there is no such host, or nobody to ask.
        """
        found = known(host, port)
        if found is not None:
            return found
        lookup = self.start(host, port)
        lookup.done.wait(seconds)
        return lookup.addresses()

    def start(self, host: str, port: int) -> Lookup:
        """A lookup of `host` that is under way, begun now unless one was."""
        place = os.getpid(), host, port
        with self._lock:
            lookup = self._under_way.get(place)
            if lookup is not None and not lookup.done.is_set():
                return lookup
            lookup = self._under_way[place] = Lookup(host, port)
        lookup.start()
        lookup.tell(lambda: self._over(lookup))
        return lookup

    def _over(self, lookup: Lookup) -> None:
        with self._lock:
            if self._under_way.get(lookup.place) is lookup:
                del self._under_way[lookup.place]


def known(host: str, port: int) -> list[Address] | None:
    """The addresses of what is one itself, for which nobody is asked; None for a name."""
    with contextlib.suppress(OSError, UnicodeError):
        return _resolved(host, port, socket.AI_NUMERICHOST)
    return None


def _resolved(host: str, port: int, flags: int = 0) -> list[Address]:
    return list(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=flags))

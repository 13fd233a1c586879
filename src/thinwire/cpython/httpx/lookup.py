"""Looking up a name under a deadline. The system's resolver takes none, and may take minutes: so
it runs in a thread, which is waited for as long as there is time, and left alone afterwards.
"""

import contextlib
import os
import socket
import threading

import httpcore

from thinwire.cpython.httpx import words


class _Lookup(threading.Thread):
    def __init__(self, host: str, port: int) -> None:
        super().__init__(name=f"thinwire lookup of {host}", daemon=True)
        self._place = host, port
        self.done = threading.Event()
        self.addresses: list[str] = []
        self.error: Exception | None = None

    def run(self) -> None:
        try:
            self.addresses = _resolved(*self._place)
        except (OSError, UnicodeError) as error:  # UnicodeError: a label that is empty or too long
            self.error = error
        finally:
            self.done.set()


class Resolver:
    """Looks up names, each once at a time: where no name server answers, attempt after attempt
    waits for the same thread.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._under_way: dict[tuple[int, str, int], _Lookup] = {}

    def look_up(self, host: str, port: int, seconds: float | None) -> list[str]:
        """The addresses of a host, in the order to try them.

        Args:
            seconds: how long to wait; None: as long as it takes.

        Raises:
            httpcore.ConnectTimeout: no answer within that time.
            httpcore.ConnectError: there is no such host, or nobody to ask.
        """
        with contextlib.suppress(OSError, UnicodeError):
            return _resolved(host, port, socket.AI_NUMERICHOST)  # asks nobody
        place = os.getpid(), host, port  # a fork has no threads
        with self._lock:
            lookup = self._under_way.get(place)
            if lookup is None or lookup.done.is_set():
                lookup = self._under_way[place] = _Lookup(host, port)
                lookup.start()
        if not lookup.done.wait(seconds):
            raise httpcore.ConnectTimeout(f"the name lookup of {host} takes too long")
        with self._lock:
            if self._under_way.get(place) is lookup:
                del self._under_way[place]
        if lookup.error is not None:
            told = words.describe(lookup.error, True)
            raise httpcore.ConnectError(f"cannot resolve {host}: {told}") from lookup.error
        return lookup.addresses


def _resolved(host: str, port: int, flags: int = 0) -> list[str]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=flags)
    return [str(address[0]) for *_, address in found]

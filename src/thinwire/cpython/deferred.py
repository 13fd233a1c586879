"""The default transport before the first call: httpx, asyncio and ssl take 70 ms to load, and a
program that makes a client, and asks it later or never, should not wait for them.
"""

import os
import sys
from collections.abc import Coroutine

from thinwire.core._compat import nothing
from thinwire.core.request.http_request import Abortable, Request
from thinwire.core.routing.deployment import URL
from thinwire.core.transport import Response, Signal, Task, Transport
from thinwire.cpython.clock import now_ms

_CERTIFICATE = b"-----BEGIN CERTIFICATE-----"
_LOOK = 65536  # bytes in which the first one stands; what comes before is anybody's text


def is_plain() -> bool:
    """Whether nothing has to be read, and checked, when a client is made: no variable names a
    proxy, or CA certificates that are not there, and the system has no settings for either."""
    if sys.platform in ("win32", "darwin", "emscripten"):
        return False
    if any(name.upper().endswith("_PROXY") and value for name, value in os.environ.items()):
        return False
    file, folders = os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR")
    try:
        if file:
            with open(file, "rb") as certificates:
                if _CERTIFICATE not in certificates.read(_LOOK):
                    return False
        return not folders or any(map(os.listdir, folders.split(os.pathsep)))
    except OSError:
        return False


class DeferredTransport(Transport):
    """An HTTPXTransport without options, which is loaded with the first call.

    Args:
        blocking: for Client.
    """

    name = "httpx"
    _loaded: Transport | None = None

    def __init__(self, blocking: bool) -> None:
        self.concurrent = not blocking

    def now_ms(self) -> int:
        """See Transport.now_ms."""
        return now_ms()

    def send(self, request: Request) -> Coroutine[object, object, Response]:
        """See Transport.send."""
        return self.load().send(request)

    def sleep_ms(self, ms: int, until: Abortable | None = None) -> Coroutine[object, object, None]:
        """See Transport.sleep_ms."""
        return self.load().sleep_ms(ms, until)

    def spawn(self, coroutine: Coroutine[object, object, None]) -> Task:
        """See Transport.spawn."""
        return self.load().spawn(coroutine)

    def signal(self) -> Signal:
        """See Transport.signal."""
        return self.load().signal()

    def check_pins(self, place: URL | Request) -> None:
        """See check in core/providers/public_only.py."""
        self.load().check_pins(place)  # type: ignore[attr-defined]

    def aclose(self) -> Coroutine[object, object, None]:
        """See Transport.aclose; what was never used is not loaded for it."""
        return nothing() if self._loaded is None else self._loaded.aclose()

    def load(self) -> Transport:
        """The HTTPXTransport's own, loaded now if it was not."""
        if self._loaded is not None:
            return self._loaded
        from thinwire.cpython.httpx.options import HTTPXTransport
        from thinwire.cpython.httpx.proxy import Proxies

        options = HTTPXTransport()
        # A variable that is set meanwhile comes too late, as for a client that was ready.
        options.proxies = Proxies(None, by_environment=False)
        # Threads that come together take the first one's; a lock could be held across a fork.
        found: Transport = self.__dict__.setdefault("_loaded", options.open(not self.concurrent))
        # From now on nothing stands between.
        for method in ("send", "sleep_ms", "spawn", "signal", "check_pins"):
            setattr(self, method, getattr(found, method))
        return found

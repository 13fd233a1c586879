"""When the steps of an exchange were over, heard through httpx's `trace` extension.

The names are httpcore's, documented with httpx's "Request extensions". Whoever passes an own
http_client with an own transport may get no trace; the moments then stay unknown.
"""

from collections.abc import Mapping

from thinwire.core.errors import ConnectError, TransportError, TransportTimeout
from thinwire.core.request.http_request import Request
from thinwire.cpython.httpx_deadlines import now_ms


class Trace:
    """Listens to one exchange.

    Args:
        request: whose marks are set.

    Attributes:
        stream: the network stream of a connection that was made for it, None of a kept one.
    """

    def __init__(self, request: Request) -> None:
        self._request = request
        self._heard = False
        self._connecting = False
        self.stream: object = None

    def hear(self, name: str, info: Mapping[str, object]) -> None:
        """Takes an event of httpcore."""
        self._heard = True
        step = name.partition(".")[2]
        if step == "connect_tcp.started":
            self._connecting = True
        elif step == "connect_tcp.complete":
            self._request.connected_ms = now_ms()
            self.stream = info.get("return_value")
        elif step == "start_tls.complete":
            self._request.secured_ms = now_ms()
            self.stream = info.get("return_value")
        elif step == "send_request_body.complete":
            self._request.sent_ms = now_ms()

    async def ahear(self, name: str, info: Mapping[str, object]) -> None:
        """The same for an async client."""
        self.hear(name, info)

    def judge(self, error: TransportError) -> None:
        """Marks an error of a kept connection that failed before any byte of the answer."""
        kept = self._heard and not self._connecting
        error.stale = kept and not isinstance(error, (ConnectError, TransportTimeout))

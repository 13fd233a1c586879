"""thinwire's Client on its own sockets."""

from typing import Any

from bench.peers import thinwire_httpx_blocking
from thinwire.transport import SocketTransport

BLOCKING = True
image_url = thinwire_httpx_blocking.image_url


class Peer(thinwire_httpx_blocking.Peer):
    """One client."""

    def _transport(self) -> Any:
        return SocketTransport()

"""thinwire's AsyncClient on its own sockets."""

from typing import Any

from bench.peers import thinwire_httpx
from thinwire.transport import SocketTransport

BLOCKING = False
image_url = thinwire_httpx.image_url


class Peer(thinwire_httpx.Peer):
    """One client."""

    def _transport(self) -> Any:
        return SocketTransport()

"""A raw socket, a request encoded beforehand, and an answer that nobody parses: the floor, and the
rate of the server.
"""

import json
import socket
from urllib.parse import urlsplit

from bench.peers import KEY, PATH, Answer, Messages, Note, Tools
from bench.peers.by_hand import body

BLOCKING = True
_END = b"\r\n0\r\n\r\n"


class Peer:
    """One connection."""

    def __init__(self, base_url: str) -> None:
        url = urlsplit(base_url + PATH)
        self._socket = socket.create_connection((url.hostname or "", url.port or 80))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._buffer = bytearray(1 << 18)
        self._head = (
            f"POST {url.path} HTTP/1.1\r\nHost: {url.netloc}\r\nAuthorization: Bearer {KEY}\r\n"
            "Content-Type: application/json\r\nContent-Length: "
        ).encode()
        self._encoded: tuple[Messages | None, bytes] = (None, b"")

    def ask(self, messages: Messages, note: Note, tools: Tools) -> Answer:
        if self._encoded[0] is not messages:
            sent = json.dumps(body(messages, tools), ensure_ascii=False).encode()
            self._encoded = (messages, b"%b%d\r\n\r\n%b" % (self._head, len(sent), sent))
        self._socket.sendall(self._encoded[1])
        buffer, first, tail = self._buffer, True, b""
        while True:
            size = self._socket.recv_into(buffer)
            if not size:
                raise ConnectionError("closed")
            if first:
                if not buffer.startswith(b"HTTP/1.1 200 "):
                    raise ValueError(bytes(buffer[:40]))
                note("")
                first = False
            tail = (tail + buffer[max(0, size - len(_END)) : size])[-len(_END) :]
            if tail == _END:
                return Answer(None)

    def close(self) -> None:
        self._socket.close()

"""A proxy of a few lines: notes where each request is to go, and takes it there."""

import contextlib
import http.client
import socket
import socketserver
import ssl
import threading
from http.server import BaseHTTPRequestHandler
from typing import Self
from urllib.parse import urlsplit


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.server.targets.append(self.path)  # type: ignore[attr-defined]
        length = self.headers["Content-Length"]
        body = self.rfile.read(int(length)) if length else b"".join(self._http_chunks())
        parts = urlsplit(self.path)
        with contextlib.closing(http.client.HTTPConnection(parts.netloc, timeout=5)) as upstream:
            kind = {"Content-Type": "application/json"}
            upstream.request("POST", parts.path, body, kind)
            self._pass_on(upstream.getresponse())

    def do_CONNECT(self) -> None:
        server: Proxy = self.server  # type: ignore[assignment]
        server.targets.append(self.path)
        server.told.append(self.headers["Proxy-Authorization"])
        self.close_connection = True
        if server.tunnel is None:
            self.send_error(server.refusal, "not through here")
            return
        with socket.create_connection(server.tunnel) as upstream:
            self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Proxy: 1\r\n\r\n")
            back = threading.Thread(target=relay, args=(upstream, self.connection))
            back.start()
            relay(self.connection, upstream)
            back.join()

    def log_message(self, format: str, *args: object) -> None:
        pass

    def _http_chunks(self) -> list[bytes]:
        found: list[bytes] = []
        while size := int(self.rfile.readline(), 16):
            found.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return found

    def _pass_on(self, answer: http.client.HTTPResponse) -> None:
        body = answer.read()
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.headers["Content-Type"])
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def relay(here: socket.socket, there: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while piece := here.recv(65536):
            there.sendall(piece)
    with contextlib.suppress(OSError):
        there.shutdown(socket.SHUT_WR)


class Proxy(socketserver.ThreadingTCPServer):
    """A proxy on loopback, for plain http and for tunnels; a context manager.

    Args:
        tunnel: where every tunnel ends, whatever it is asked for; None: it makes none.
        refusal: status for who asks for one then.
        secured: speaks TLS itself.

    Attributes:
        targets: what each request asked for.
        told: who asked for a tunnel, as it says.
    """

    daemon_threads = True

    def __init__(
        self,
        tunnel: tuple[str, int] | None = None,
        refusal: int = 403,
        secured: ssl.SSLContext | None = None,
    ) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.tunnel, self.refusal = tunnel, refusal
        self.targets: list[str] = []
        self.told: list[str | None] = []
        if secured is not None:
            self.socket = secured.wrap_socket(self.socket, server_side=True)
        self._thread = threading.Thread(target=self.serve_forever, args=(0.01,))

    @property
    def url(self) -> str:
        """What a client takes as its proxy."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *details: object) -> None:
        self.shutdown()
        self._thread.join()
        self.server_close()

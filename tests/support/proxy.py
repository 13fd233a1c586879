"""A proxy of a few lines: notes where each request is to go, and takes it there."""

import contextlib
import http.client
import socketserver
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
        self.server.targets.append(self.path)  # type: ignore[attr-defined]
        self.send_error(403, "not through here")

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


class Proxy(socketserver.ThreadingTCPServer):
    """A proxy on loopback, for plain http; a context manager.

    Attributes:
        targets: what each request asked for.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.targets: list[str] = []
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

"""A server of endpoints that are no chats, on a loopback socket, in a process of its own, whose
memory is not the tested one's. It tells what it got in what it answers.
"""

import contextlib
import hashlib
import json
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

_BLOCK = 65536


class Handler(BaseHTTPRequestHandler):
    """Any path: its last word says what is done."""

    protocol_version = "HTTP/1.1"
    refused: set[str] = set()  # noqa: RUF012 - of all handlers: who was refused once

    def log_message(self, *_: object) -> None:
        """Silence."""

    def _body(self) -> Iterator[bytes]:
        left = int(self.headers.get("content-length") or 0)
        while left:
            piece = self.rfile.read(min(left, _BLOCK))
            left -= len(piece)
            yield piece
        if self.headers.get("transfer-encoding") == "chunked":
            size = -1
            while size:
                size = int(self.rfile.readline(), 16)
                if size:
                    yield self.rfile.read(size)
                self.rfile.readline()

    def _answer(self) -> None:
        framing = [name for name in ("content-length", "transfer-encoding") if self.headers[name]]
        digest, size, start = hashlib.sha256(), 0, b""
        for piece in self._body():
            digest.update(piece)
            size += len(piece)
            start = (start + piece)[:4096]
        word = self.path.partition("?")[0].rpartition("/")[2]
        getattr(self, "_" + word)(
            {
                "method": self.command,
                "path": self.path,
                "size": size,
                "sha256": digest.hexdigest(),
                "start": start.decode("latin-1"),
                "type": self.headers["content-type"],
                "key": self.headers["authorization"],
                "framing": framing,
            }
        )

    do_GET = do_POST = do_DELETE = _answer

    def _send(self, status: int, body: bytes, media_type: str = "application/json") -> None:
        self.send_response(status)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-Request-Id", "r-7")
        self.end_headers()
        self.wfile.write(body)

    def _echo(self, seen: dict[str, Any]) -> None:
        self._send(200, json.dumps(seen).encode())

    def _transcriptions(self, seen: dict[str, Any]) -> None:
        self._send(200, json.dumps({"text": "heard", "seen": seen}).encode())

    def _embeddings(self, seen: dict[str, Any]) -> None:
        asked = json.loads(seen["start"])
        entries = [{"index": n, "embedding": "AACAPwAAAEA="} for n in range(len(asked["input"]))]
        self._send(200, json.dumps({"data": entries, "usage": {"total_tokens": 3}}).encode())

    def _speech(self, seen: dict[str, Any]) -> None:
        # As many bytes as the text says, in HTTP chunks; a text that ends in "!" is cut off.
        text = json.loads(seen["start"])["input"]
        left = int(text.rstrip("!")) if text[0].isdigit() else 1000
        self.send_response(200)
        self.send_header("Content-Type", "audio/mpeg")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        while left:
            size = min(left, _BLOCK)
            left -= size
            self.wfile.write(b"%x\r\n%s\r\n" % (size, b"s" * size))
        if text.endswith("!"):
            self.close_connection = True
        else:
            self.wfile.write(b"0\r\n\r\n")

    def _busy(self, seen: dict[str, Any]) -> None:
        # Refuses each query once.
        if self.path in self.refused:
            self._send(200, json.dumps(seen).encode())
        else:
            self.refused.add(self.path)
            self._send(503, b'{"error": {"message": "busy"}}')

    _rerank = _report = _echo

    def _forbidden(self, seen: dict[str, Any]) -> None:
        said = {"error": {"message": "no such key: %s" % seen["key"]}}
        self._send(401, json.dumps(said).encode())

    def _stream(self, _: dict[str, Any]) -> None:
        self._send(200, b": wait\n\ndata: 1\n\ndata: [DONE]\n\n", "text/event-stream")

    def _slow(self, _: dict[str, Any]) -> None:
        # A first piece, and then nothing for as long as somebody is there.
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.wfile.write(b"1\r\ns\r\n")
        self.close_connection = True
        self.connection.recv(1)

    def _nothing(self, _: dict[str, Any]) -> None:
        self.send_response(204)
        self.end_headers()


@contextlib.contextmanager
def endpoint_server() -> Iterator[str]:
    """Base URL of the server; it ends with the block, or with this process."""
    with subprocess.Popen(
        [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.stdin.close()
            process.terminate()


class Server(ThreadingHTTPServer):
    """One thread a connection."""

    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """Whoever leaves early is expected."""


if __name__ == "__main__":
    server = Server(("127.0.0.1", 0), Handler)
    print(f"http://127.0.0.1:{server.server_address[1]}/v1", flush=True)
    server.serve_forever()

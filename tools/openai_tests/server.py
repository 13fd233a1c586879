"""What openai's tests ask at TEST_API_BASE_URL: a server that answers each request of the
endpoints that are here with a valid document, or a stream. openai itself has one made of its API's
description, which is not in the sdist.
"""

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

USAGE = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
LOGPROB = {"token": "a", "bytes": [97], "logprob": -0.5, "top_logprobs": []}
MESSAGE: dict[str, Any] = {
    "role": "assistant",
    "content": "hello",
    "refusal": None,
    "annotations": [],
}
MODEL = {"id": "m", "created": 1, "object": "model", "owned_by": "o"}
CHAT = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1,
    "model": "m",
    "choices": [
        {
            "index": 0,
            "message": MESSAGE,
            "finish_reason": "stop",
            "logprobs": {"content": [LOGPROB], "refusal": None},
        }
    ],
    "usage": USAGE,
}
CHUNK = {
    "id": "chatcmpl-1",
    "object": "chat.completion.chunk",
    "created": 1,
    "model": "m",
    "choices": [{"index": 0, "delta": {"role": "assistant", "content": "hello"}}],
}
END = {**CHUNK, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
DOCUMENTS = {
    "GET /models": {"object": "list", "data": [MODEL]},
    "GET /models/": MODEL,
    "DELETE /models/": {"id": "m", "object": "model", "deleted": True},
    "POST /embeddings": {
        "object": "list",
        "model": "m",
        "data": [{"object": "embedding", "index": 0, "embedding": [0.5, 1.5]}],
        "usage": {"prompt_tokens": 1, "total_tokens": 1},
    },
    "POST /chat/completions": CHAT,
    "GET /chat/completions": {"object": "list", "data": [CHAT], "has_more": False},
    "GET /chat/completions/": CHAT,
    "POST /chat/completions/": CHAT,
    "DELETE /chat/completions/": {
        "id": "chatcmpl-1",
        "object": "chat.completion.deleted",
        "deleted": True,
    },
}


class Handler(BaseHTTPRequestHandler):
    """Answers one request."""

    protocol_version = "HTTP/1.1"

    def answer(self) -> None:
        """Sends the document of the path, or 404."""
        body = self._body()
        path = self.path.partition("?")[0]
        head, slash, name = path.rpartition("/")
        key = f"{self.command} {path if head in ('', '/chat') or not name else head + slash}"
        document = DOCUMENTS.get(key)
        if body.get("stream") and document is CHAT:
            events = [f"data: {json.dumps(one)}\n\n" for one in (CHUNK, END)]
            return self._send(200, "text/event-stream", "".join([*events, "data: [DONE]\n\n"]))
        status = 200 if document else 404
        return self._send(status, "application/json", json.dumps(document or {"error": {}}))

    do_GET = do_POST = do_DELETE = answer

    def _body(self) -> Any:
        if self.headers.get("Transfer-Encoding") == "chunked":
            data = b""
            while size := int(self.rfile.readline(), 16):
                data += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
        else:
            data = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        return json.loads(data) if data else {}

    def _send(self, status: int, kind: str, text: str) -> None:
        data = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing."""


def serve() -> str:
    """Starts it; returns its address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_address[1]}"

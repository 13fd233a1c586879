"""What the mock server remembers of a request, as an HTTP parser that is not ours has read it."""

import hashlib
import json
import re
import threading
from typing import Any, Literal

from thinwire._public import public

RequestFraming = Literal["chunked", "content-length", "none"]
RequestOutcome = Literal["", "complete", "cut", "client_gone", "stopped", "failed"]

# Headers that carry keys. The summary shows a hash: enough to compare, nothing to steal.
_SECRET_HEADERS = ("authorization", "api-key", "x-api-key", "cookie", "proxy-authorization")


@public
class RecordedRequest:
    """One request that reached the mock server.

    Attributes:
        method: as sent.
        path: the request target as sent, query included.
        headers: (name in lower case, value) pairs in their order.
        framing: "chunked", "content-length" or "none".
        block_sizes: size of every HTTP chunk, in order; empty unless chunked.
        body: the bytes, or None when they were not kept.
        body_size: bytes of the body received, framing not counted.
        body_whole: False when an early answer or a lost client left the rest unread.
        model: what the request asked for, "" when unknown.
        wire: what is spoken at its path: "chat", "responses" and so on; "" for another path.
        connection_id: 1 for the first connection of the server, and so on.
        number: 1 for the first request of the server, and so on.
        status: of the reply, 0 before there is one.
        outcome: "" while the reply is on its way; then "complete", "cut" (by the script),
            "client_gone", "stopped" (by `MockServer.stop`) or "failed" (see `MockServer.errors`).
    """

    def __init__(
        self, method: str, path: str, headers: list[tuple[str, str]], connection_id: int
    ) -> None:
        self.method = method
        self.path = path
        self.headers = headers
        self.connection_id = connection_id
        self.number = 0
        self.framing: RequestFraming = "none"
        if self.header("transfer-encoding") is not None:
            self.framing = "chunked"
        elif self.header("content-length") is not None:
            self.framing = "content-length"
        self.block_sizes: list[int] = []
        self.body: bytes | None = b""
        self.body_size = 0
        self.body_sha256 = hashlib.sha256(b"").hexdigest()
        self.body_whole = False
        self.model = ""
        self.wire = ""
        self.status = 0
        self.outcome: RequestOutcome = ""
        self._finished = threading.Event()
        self._parsed: Any = None

    @property
    def block_count(self) -> int:
        """HTTP chunks of the body, the empty last one not counted."""
        return len(self.block_sizes)

    def header(self, name: str) -> str | None:
        """Value of the first header called `name` (any case), or None."""
        return next((value for known, value in self.headers if known == name.lower()), None)

    def json(self) -> Any:
        """The body as JSON.

        Returns:
            The value; the same object at each call.

        Raises:
            ValueError: the body is not JSON, or was not kept.
        """
        if self._parsed is None:
            if self.body is None:
                raise ValueError("the body was not kept: see keep_bodies and keep_limit")
            self._parsed = json.loads(self.body, parse_constant=_refuse_constant)
        return self._parsed

    def form(self) -> dict[str, str | bytes]:
        """The body as a form (multipart/form-data): a field's text, a file's bytes.

        Raises:
            ValueError: the body is none, or was not kept.
        """
        kind, _, mark = (self.header("content-type") or "").partition("boundary=")
        if self.body is None or not mark or "multipart/form-data" not in kind:
            raise ValueError("the body is no form, or was not kept")
        found: dict[str, str | bytes] = {}
        for part in self.body.split(b"--" + mark.strip('"').encode())[1:-1]:
            head, _, value = part.partition(b"\r\n\r\n")
            name = re.search(rb'[ ;]name="([^"]*)"', head)
            if name is None or not value.endswith(b"\r\n"):
                raise ValueError("a part of the form has no name, or no end")
            data = value[:-2]
            found[name[1].decode()] = data if b"filename=" in head else data.decode()
        return found

    def wait(self, timeout: float = 5.0) -> RequestOutcome:
        """Wait in a test until the server has done with this request.

        Args:
            timeout: seconds.

        Returns:
            `outcome`.

        Raises:
            TimeoutError: the reply still goes on.
        """
        if not self._finished.wait(timeout):
            raise TimeoutError(f"request {self.number} is not finished after {timeout} s")
        return self.outcome

    def summary(self) -> dict[str, object]:
        """What `GET /_mock/requests` tells: all but the body, with keys replaced by hashes."""
        names = "number connection_id method path model framing block_count body_size"
        known = {name: getattr(self, name) for name in names.split()}
        headers = []
        for name, value in self.headers:
            if name in _SECRET_HEADERS:
                value = "sha256:" + hashlib.sha256(value.encode("latin-1")).hexdigest()[:12]
            headers.append([name, value])
        return {
            **known,
            "body_sha256": self.body_sha256,
            "body_whole": self.body_whole,
            "status": self.status,
            "outcome": self.outcome,
            "headers": headers,
        }

    def finish(self, outcome: RequestOutcome) -> None:
        """The server's own call when it has done with the request."""
        self.outcome = self.outcome or outcome
        self._finished.set()

    def forget_body(self) -> None:
        """The server's own call when the body is not to be kept."""
        self.body = self._parsed = None

    def __repr__(self) -> str:
        size = f"{self.framing} {self.body_size} B"
        return f"<{self.method} {self.path} model={self.model!r} {size} {self.outcome}>"


def _refuse_constant(name: str) -> None:
    # json.loads takes NaN and Infinity; RFC 8259 and the servers we stand for do not.
    raise ValueError(f"{name} is not JSON")

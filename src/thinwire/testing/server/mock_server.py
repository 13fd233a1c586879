"""The handle that tests hold: what to reply, what came, start and stop."""

import json
import ssl
from os import PathLike
from pathlib import Path
from typing import Self

from thinwire._public import public
from thinwire.testing.recording.exchange import exchanges_from
from thinwire.testing.replies.reply import Script
from thinwire.testing.scenario import scenarios_from
from thinwire.testing.server.app import App
from thinwire.testing.server.connection import ConnectionHandler, Finished
from thinwire.testing.server.peer import Peer
from thinwire.testing.server.queues import ANY
from thinwire.testing.server.request import RecordedRequest
from thinwire.testing.server.service import Service, authority, listen

_KEEP_LIMIT = 16 * 2**20
_MAX_BODY = 256 * 2**20


@public
class MockServer:
    """A server for tests that speaks the wires of `testing/dialects`, with scripted replies and
    faults.

    Use it as a context manager, plain or async; or call `start` and `stop`.

    Args:
        host: address to listen at.
        port: 0 picks a free one, which a later `start` uses again.
        ssl_context: serves https with it.
        keep_bodies: keep request bodies in the records.
        keep_limit: largest body that is kept.
        keep_requests: how many records, and errors, are kept, the last ones; None: all.
        max_body: largest body that is parsed; a larger one is answered with status 413.
        default: script for models without one and without a built-in behaviour; by default the
            last user message is said back, or, asked for an answer that fits a JSON schema, a
            value of it.
        delay_ms: pause before each token of the built-in models.
        strict: whether requests are checked as the real services check them, and refused with
            their errors; None: on all wires but chat completions.
        finished: called in the server's thread with every request it has done with.

    Raises:
        OSError: from `start`, when it cannot listen there.
    """

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        ssl_context: ssl.SSLContext | None = None,
        keep_bodies: bool = True,
        keep_limit: int = _KEEP_LIMIT,
        keep_requests: int | None = None,
        max_body: int = _MAX_BODY,
        default: Script | None = None,
        delay_ms: float = 0,
        strict: bool | None = None,
        finished: Finished | None = None,
    ) -> None:
        self._host = host
        self._port = port
        self._ssl_context = ssl_context
        limit = keep_limit if keep_bodies else 0
        self._app = App(limit, max_body, default, delay_ms, keep_requests, strict)
        self._finished = finished or (lambda request: None)
        self._service: Service | None = None

    @property
    def port(self) -> int:
        """Port it listens at; 0 before the first `start` if none was given."""
        return self._port

    @property
    def base_url(self) -> str:
        """What a client takes as its base URL, ending in /v1."""
        scheme = "http" if self._ssl_context is None else "https"
        return f"{scheme}://{authority(self._host, self._port)}/v1"

    @property
    def requests(self) -> list[RecordedRequest]:
        """The requests so far, as a new list."""
        return self._app.requests

    @property
    def errors(self) -> list[str]:
        """Requests that were not HTTP, TLS handshakes and scripts that failed; [] is good."""
        return self._app.errors

    @property
    def models(self) -> list[str]:
        """Models that have replies of their own."""
        return self._app.scripts.models()

    @property
    def connections(self) -> int:
        """Connections accepted so far."""
        return self._app.connections

    @property
    def open_connections(self) -> int:
        """Connections that are open now."""
        return 0 if self._service is None else self._service.open_connections

    def reply(self, model: str, *scripts: Script) -> None:
        """Queue replies.

        Args:
            model: name they answer to; "*" for every model without replies of its own.
            scripts: used in turn, the last one again and again. A script is a `MockReply`, what a
                builder returns, or a function from the `RecordedRequest` to a `MockReply`.
        """
        self._app.scripts.add(model, scripts)

    def load(self, path: str | PathLike[str], *, speed: float = 0) -> Self:
        """Queue the replies of a file: of its scenarios, or of its recorded exchanges.

        Args:
            path: a file of scenarios (each behaves for the model of its name), or a recording
                (each exchange answers to the model it was made with, in turn).
            speed: of a recording: 1 keeps its pauses, 2 halves them; 0 makes none.

        Returns:
            The server.

        Raises:
            OSError: the file cannot be read.
            ValueError: it is neither; the message says what is wrong.
        """
        document = json.loads(Path(path).read_text("utf-8"))
        if isinstance(document, dict) and isinstance(document.get("scenarios"), list):
            for scenario in scenarios_from(document):
                self._app.scripts.add(scenario.name, scenario.replies)
            return self
        for exchange in exchanges_from(document, str(path)):
            if exchange.method == "POST":  # the mock server answers GET /models itself
                self._app.scripts.add(exchange.model or ANY, [exchange.reply(speed)])
        return self

    def wait_for_requests(self, count: int = 1, timeout: float = 5.0) -> list[RecordedRequest]:
        """Wait until so many requests are there to be answered.

        Args:
            count: how many.
            timeout: seconds.

        Returns:
            `requests`.

        Raises:
            TimeoutError: there are fewer.
        """
        return self._app.wait_for_requests(count, timeout)

    def clear(self) -> None:
        """Forget replies, requests and errors; connections stay open."""
        self._app.clear()

    def start(self) -> Self:
        """Listen; does nothing when it does already.

        Returns:
            The server.

        Raises:
            OSError: it cannot listen there.
        """
        if self._service is None:
            listener = listen(self._host, self._port)
            self._port = listener.getsockname()[1]
            self._service = Service(listener, self._ssl_context, self._serve, self._app.note_error)
        return self

    def stop(self) -> None:
        """Close every connection and end the thread; does nothing when it is not running."""
        service, self._service = self._service, None
        if service is not None:
            service.stop()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *exc: object) -> None:
        self.stop()

    # Both take a millisecond or so and wait for nothing of the caller's event loop.
    async def __aenter__(self) -> Self:
        return self.start()

    async def __aexit__(self, *exc: object) -> None:
        self.stop()

    def __repr__(self) -> str:
        state = "stopped" if self._service is None else "running"
        counts = f"requests={len(self.requests)} errors={len(self.errors)}"
        return f"<MockServer {self.base_url} {state} {counts}>"

    async def _serve(self, peer: Peer) -> None:
        self._app.connections += 1
        number = self._app.connections
        await ConnectionHandler(peer, self._app, number, self._finished).serve()

"""A recording proxy: what a client asks goes on to a real server.

The raw bytes of the answer come back as they arrive, kept with their cuts and times. relay.py has
the exchange itself.
"""

import json
import ssl
from dataclasses import replace
from os import PathLike
from typing import Any, Self

import h11

from thinwire._public import public
from thinwire.cpython.trust import context_for
from thinwire.testing.recording.exchange import (
    Ending,
    RecordedExchange,
    require_writable,
    save_recording,
)
from thinwire.testing.recording.redaction import redacted
from thinwire.testing.recording.relay import Relay, Upstream
from thinwire.testing.replies.chunks import error_object
from thinwire.testing.replies.good import json_reply
from thinwire.testing.server.peer import ClientGone, Peer
from thinwire.testing.server.player import Player
from thinwire.testing.server.request import RecordedRequest
from thinwire.testing.server.request_reader import RequestReader
from thinwire.testing.server.service import Service, authority, listen

_MAX_BODY = 256 * 2**20


@public
class Recorder:
    """A proxy that records; a context manager.

    Args:
        base_url: of the real server; the path a client asks for is added to its own.
        path: of the file, written after each exchange; None keeps them in `exchanges` only.
        host: address to listen at.
        port: 0 picks a free one.
        ssl_context: for an https server; by default the system's certificates are trusted.
        add_ca: CA certificates beside those, DER or PEM: bytes, or a list of them.

    Attributes:
        exchanges: what was recorded, secrets taken out.
        errors: what went wrong.

    Raises:
        TypeError: certificates of another kind.
        ValueError: the URL is not http or https; certificates that cannot be read, or both ways to
            say whom to trust.
        OSError: from `start`, when it cannot listen there, or cannot write the file.
    """

    def __init__(
        self,
        base_url: str,
        path: str | PathLike[str] | None = None,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        ssl_context: ssl.SSLContext | None = None,
        add_ca: bytes | list[bytes] | None = None,
    ) -> None:
        if add_ca is not None:
            ssl_context = context_for(True if ssl_context is None else ssl_context, None, add_ca)
        self._upstream = Upstream(base_url, ssl_context)
        self._path = path
        self._host = host
        self._port = port
        self.exchanges: list[RecordedExchange] = []
        self.errors: list[str] = []
        self._service: Service | None = None

    @property
    def port(self) -> int:
        """Port it listens at."""
        return self._port

    @property
    def base_url(self) -> str:
        """What the client takes as its base URL."""
        return f"http://{authority(self._host, self._port)}"

    @property
    def upstream(self) -> str:
        """The real server's base URL, without any secret."""
        return self._upstream.shown

    def start(self) -> Self:
        """Listen; OSError when it cannot, or when the file cannot be written."""
        if self._path is not None:
            require_writable(self._path)
        listener = listen(self._host, self._port)
        self._port = listener.getsockname()[1]
        self._service = Service(listener, None, self._serve, self.errors.append)
        return self

    def stop(self) -> None:
        """Close every connection and end the thread."""
        service, self._service = self._service, None
        if service is not None:
            service.stop()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *exc: object) -> None:
        self.stop()

    def __repr__(self) -> str:
        state = "stopped" if self._service is None else "running"
        counts = f"exchanges={len(self.exchanges)} errors={len(self.errors)}"
        return f"<Recorder {self.base_url} {state} {counts}>"

    async def _serve(self, peer: Peer) -> None:
        # One exchange per connection: the answer's head already says "close".
        reader = RequestReader(peer, 0, _MAX_BODY)
        try:
            request = await reader.head()
            if request is None:
                return
            await reader.allow_body()
            while await reader.more_body(request):
                pass
            reader.settle(request)
            await self._relay(peer, request)
        except (ClientGone, h11.RemoteProtocolError) as error:
            self.errors.append(f"no request: {error!r}")

    async def _relay(self, peer: Peer, request: RecordedRequest) -> None:
        relay = Relay(self._upstream, peer, lambda ending: self._keep(request, relay, ending))
        try:
            await relay.run(request)
        except OSError as error:
            self.errors.append(f"{self.upstream}: {error!r}")
            reason = f"{type(error).__name__}: {error}"
            if isinstance(error, ssl.SSLCertVerificationError):
                reason += "; an own CA goes to --add-ca, or Recorder(add_ca=)"
            message = f"no answer from {self.upstream}: {reason}"
            answer = json_reply(error_object(502, message), status=502)
            await Player(peer, answer, keep_alive=False).play()
        finally:
            relay.close()

    def _keep(self, request: RecordedRequest, relay: Relay, ending: Ending) -> None:
        headers = [pair for pair in request.headers if pair[0] != "host"]
        target, data = self._upstream.target(request.path), request.body or b""
        body: Any
        try:
            body = json.loads(data)
        except (ValueError, RecursionError):
            body = data.decode("utf-8", "replace")
        exchange = RecordedExchange(request.method, target, headers, body, relay.arrivals, ending)
        try:
            self.exchanges.append(redacted(exchange))
        except RecursionError:  # hundreds of brackets: as text it is as good
            text = replace(exchange, body=data.decode("utf-8", "replace"))
            self.exchanges.append(redacted(text))
        if self._path is not None:
            try:
                save_recording(self._path, self.exchanges, self.upstream)
            except OSError as error:
                self.errors.append(f"cannot write the recording: {error}")

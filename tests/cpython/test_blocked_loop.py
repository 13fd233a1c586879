"""A loop that was blocked for too long: no timeout while the bytes lie in the socket."""

import asyncio
import contextlib
import socket
import threading
import time
from collections.abc import Iterator

import pytest
from support.certificates import authority

from thinwire import AsyncClient, Deployment, RetryPolicy, Timeouts
from thinwire.testing import MockServer, text_reply

_LIMIT_S, _BLOCKED_S, _PATIENCE_S = 0.5, 0.8, 20
_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
_DELTA = b'data: {"choices":[{"index":0,"delta":{"content":"%b"}}]}\n\n'
_END = b'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'
TRUSTED = authority()
pytestmark = pytest.mark.usefixtures("on_transport")
ANSWERS = {
    "first_token": [b"", _HEAD + _DELTA % b"one" + _DELTA % b"two" + _END],
    "first_token after the head": [_HEAD, _DELTA % b"one" + _DELTA % b"two" + _END],
    "progress": [_HEAD + _DELTA % b"one", _DELTA % b"two" + _END],
    "liveness": [_HEAD + _DELTA % b"one", _DELTA % b"two" + _END],
    "total": [_HEAD + _DELTA % b"one", _DELTA % b"two" + _END],
}


class _Blocker:
    # Holds up a loop, from another thread, until that has done something and a clock has passed.
    def __init__(self) -> None:
        self.loop: asyncio.AbstractEventLoop | None = None
        self._blocked = threading.Event()
        self._done = threading.Event()

    @contextlib.contextmanager
    def blocked(self) -> Iterator[None]:
        assert self.loop is not None
        self.loop.call_soon_threadsafe(self._block)
        assert self._blocked.wait(_PATIENCE_S)
        time.sleep(_BLOCKED_S)
        yield
        self._done.set()

    def _block(self) -> None:
        self._blocked.set()
        self._done.wait(_PATIENCE_S)


@contextlib.contextmanager
def _serving(blocker: _Blocker, pieces: list[bytes], tls: bool) -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            connection = listener.accept()[0]
            if tls:
                connection = TRUSTED.server("127.0.0.1").wrap_socket(connection, server_side=True)
            with connection:
                assert connection.recv(65536)
                before, after = pieces
                connection.sendall(before)
                if before:
                    time.sleep(0.1)  # the client waits for what follows
                with blocker.blocked():
                    connection.sendall(after)
                connection.recv(65536)  # until the client has gone

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"http{'s' * tls}://127.0.0.1:{listener.getsockname()[1]}/v1"
        finally:
            thread.join(_PATIENCE_S)
            assert not thread.is_alive()


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "TLS"])
@pytest.mark.parametrize("case", ANSWERS)
def test_what_came_meanwhile_is_read(case: str, tls: bool) -> None:
    async def ask(url: str) -> str | None:
        blocker.loop = asyncio.get_running_loop()
        limits = Timeouts(**{case.split()[0]: _LIMIT_S})
        deployments = {"m": Deployment(url, timeouts=limits)}
        retry = RetryPolicy(attempts=1)
        async with AsyncClient("m", deployments, retry=retry, cadata=TRUSTED.der) as client:
            stream = client.stream([{"role": "user", "content": "hi"}])
            async for _ in stream:
                pass
            return stream.completion.content  # type: ignore[union-attr]

    blocker = _Blocker()
    with _serving(blocker, ANSWERS[case], tls) as url:
        assert asyncio.run(ask(url)) == "onetwo"


def test_a_connection_that_came_meanwhile_is_used() -> None:
    async def ask(url: str) -> str | None:
        loop = asyncio.get_running_loop()
        # Its turn comes when the connection is under way: loopback needs no more than a moment.
        loop.call_later(0, lambda: loop.call_soon(loop.call_soon, time.sleep, _BLOCKED_S))
        deployments = {"m": Deployment(url, timeouts=Timeouts(connect=_LIMIT_S))}
        async with AsyncClient("m", deployments, retry=RetryPolicy(attempts=1)) as client:
            return (await client.chat([{"role": "user", "content": "hi"}])).content

    with MockServer() as server:
        server.reply("m", text_reply("ok"))
        assert asyncio.run(ask(server.base_url)) == "ok"

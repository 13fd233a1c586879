"""SocketTransport on CPython: what it alone has. All that every transport has is tested where the
others are, on this one as well (`on_transport`, support/legs.py).
"""

import asyncio
import hashlib
import multiprocessing
import os
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from support.certificates import Authority, authority
from support.order import soon
from support.proxy import Proxy, relay

from thinwire import AsyncClient, Client, ConnectError, Deployment, Timeouts, TransportTimeout
from thinwire.core.wire.certificate_pins import public_key
from thinwire.testing import MockCompletion, MockServer, text_reply
from thinwire.transport import SocketTransport

KEY = "sk-never-to-be-seen"
HELLO: list[dict[str, object]] = [{"role": "user", "content": "hi"}]
PROXY = "http://user:se%20cret@127.0.0.1:"
BASIC = "Basic dXNlcjpzZSBjcmV0"


def asked(kind: Any, url: str, transport: SocketTransport, **options: Any) -> str | None:
    """An answer, from one client that is closed then."""
    models = {"m": Deployment(url, KEY, allow_insecure_http=True)}
    client = kind("m", models, transport=transport, retry=1, **options)

    async def ask() -> str | None:
        async with client:
            content: str | None = (await client.chat(HELLO)).content
            return content

    if kind is AsyncClient:
        return asyncio.run(ask())
    with client:
        content: str | None = client.chat(HELLO).content
        return content


@pytest.fixture(params=[Client, AsyncClient])
def kind(request: pytest.FixtureRequest) -> Any:
    return request.param


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture(scope="module")
def trusted() -> Authority:
    return authority()


@pytest.fixture
def server() -> Iterator[MockServer]:
    with MockServer() as server:
        yield server


@pytest.fixture
def secured(trusted: Authority) -> Iterator[MockServer]:
    with MockServer(ssl_context=trusted.server("127.0.0.1", "h.test")) as server:
        yield server


def certificate(server: MockServer) -> bytes:
    return ssl.PEM_cert_to_DER_cert(ssl.get_server_certificate(("127.0.0.1", server.port)))


# Whom to trust: a pin.


@pytest.mark.parametrize("of", [bytes, public_key], ids=["certificate", "key"])
def test_a_pin(kind: Any, secured: MockServer, of: Callable[[bytes], bytes]) -> None:
    pin = hashlib.sha256(of(certificate(secured))).hexdigest()
    assert asked(kind, secured.base_url, SocketTransport(pin=["0" * 64, pin])) == "hi"


def test_a_pin_that_does_not_fit_gets_no_byte(
    kind: Any, secured: MockServer, trusted: Authority
) -> None:
    for more in ({}, {"cadata": trusted.pem}):
        with pytest.raises(ConnectError, match="pin") as caught:
            asked(kind, secured.base_url, SocketTransport(pin="0" * 64, **more))  # type: ignore[arg-type]
        assert caught.value.kind == "certificate"
    assert secured.requests == []


def test_a_pin_is_not_enough_where_a_ca_is_named(kind: Any, secured: MockServer) -> None:
    pin = hashlib.sha256(certificate(secured)).hexdigest()
    with pytest.raises(ConnectError, match="add_ca"):
        asked(kind, secured.base_url, SocketTransport(cadata=authority().pem, pin=pin))


# By way of a proxy.


@pytest.mark.parametrize("by", ["proxy", "environment"])
def test_a_tunnel(
    kind: Any, secured: MockServer, trusted: Authority, by: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Proxy(("127.0.0.1", secured.port)) as proxy:
        url = f"{PROXY}{proxy.server_address[1]}"
        if by == "environment":
            monkeypatch.setenv("https_proxy", url)
        transport = SocketTransport(cadata=trusted.pem, proxy=url if by == "proxy" else None)
        assert asked(kind, "https://h.test/v1", transport) == "hi"
        assert (proxy.targets, proxy.told) == (["h.test:443"], [BASIC])
    assert secured.requests[0].header("proxy-authorization") is None


def test_tls_in_tls(kind: Any, secured: MockServer, trusted: Authority) -> None:
    with Proxy(("127.0.0.1", secured.port), secured=trusted.server("127.0.0.1")) as proxy:
        url = f"https://127.0.0.1:{proxy.server_address[1]}"
        transport = SocketTransport(cadata=trusted.pem, proxy=url)
        assert asked(kind, "https://h.test/v1", transport) == "hi"


def test_plain_http_is_handed_on(kind: Any, server: MockServer) -> None:
    transport = SocketTransport(proxy=f"{PROXY}{server.port}")
    assert asked(kind, "http://h.test:81/v1", transport) == "hi"
    (request,) = server.requests
    assert request.header("proxy-authorization") == BASIC
    assert request.header("host") == "h.test:81"
    assert request.path == "http://h.test:81/v1/chat/completions"


REFUSED = {403: "refuses to connect to h.test:443", 407: "wants user and password"}


@pytest.mark.parametrize("status", REFUSED)
def test_a_proxy_that_refuses(kind: Any, status: int) -> None:
    with Proxy(refusal=status) as proxy, pytest.raises(ConnectError) as caught:
        asked(
            kind, "https://h.test/v1", SocketTransport(proxy=f"{PROXY}{proxy.server_address[1]}")
        )
    said = str(caught.value)
    assert REFUSED[status] in said
    assert f"(through proxy=http://***@127.0.0.1:{proxy.server_address[1]})" in said
    assert "cret" not in said


ODD = {
    b"": "closed the connection without an answer",
    b"SSH-2.0\r\n\r\n": "not an HTTP/1.1 response",
    b"HTTP/1.1 200 OK\r\n\r\nHello": "says more than it should",
}


@pytest.mark.parametrize("said", ODD)
def test_a_proxy_that_is_none(kind: Any, said: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            peer = listening.accept()[0]
            with peer:
                peer.recv(65536)
                peer.sendall(said)

        thread = threading.Thread(target=serve)
        thread.start()
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        with pytest.raises(ConnectError, match=ODD[said]):
            asked(kind, "https://h.test/v1", SocketTransport(proxy=url))
        thread.join()


def test_a_proxy_that_is_silent(kind: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        transport = SocketTransport(proxy=f"http://127.0.0.1:{listening.getsockname()[1]}")
        limits = Timeouts(connect=0.2)
        with pytest.raises(TransportTimeout) as caught:
            asked(kind, "https://h.test/v1", transport, timeouts=limits)
    assert caught.value.phase == "connect"


# By way of a Unix socket.


@pytest.fixture
def path(server: MockServer, tmp_path: Path) -> Iterator[Path]:
    """A Unix socket that leads to the server."""
    place = tmp_path / "s"
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(place))
        listening.listen(8)

        def serve() -> None:
            while True:
                try:
                    peer = listening.accept()[0]
                except OSError:
                    return
                with peer, socket.create_connection(("127.0.0.1", server.port)) as there:
                    back = threading.Thread(target=relay, args=(there, peer))
                    back.start()
                    relay(peer, there)
                    back.join()

        thread = threading.Thread(target=serve)
        thread.start()
        yield place
        listening.shutdown(socket.SHUT_RDWR)
    thread.join()


def test_a_unix_socket(kind: Any, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")  # does not count
    assert asked(kind, "http://h.test/v1", SocketTransport(uds=path)) == "hi"


def test_a_unix_socket_that_there_is_not(kind: Any, tmp_path: Path) -> None:
    with pytest.raises(ConnectError, match=r"uds=.*none"):
        asked(kind, "http://h.test/v1", SocketTransport(uds=tmp_path / "none"))


# Options.


BAD: list[tuple[dict[str, Any], type[Exception], str]] = [
    ({"pin": "00"}, ValueError, "sha256 in hex"),
    ({"pin": []}, ValueError, "empty list"),
    ({"pin": "0" * 64, "verify": False}, ValueError, "accepts anybody"),
    ({"proxy": "socks5://h"}, ValueError, "begins with http://, https://"),
    ({"proxy": 1}, TypeError, "proxy takes a URL, not int"),
    ({"proxy": "http://h", "uds": "s"}, ValueError, "drop one"),
    ({"buffer_size": 100}, ValueError, "512 bytes or more"),
    ({"idle_s": -1}, ValueError, "idle_s takes seconds"),
    ({"cadata": b"none"}, ValueError, "cannot load CA certificates"),
    ({"verify": 1}, TypeError, "verify takes"),
]


@pytest.mark.parametrize(("options", "error", "said"), BAD, ids=range(len(BAD)))
def test_what_cannot_be_is_told_at_once(
    options: dict[str, Any], error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match=said):
        SocketTransport(**options)


def test_one_belongs_to_one_client(kind: Any) -> None:
    transport = SocketTransport()
    kind("m", {"m": Deployment("http://h/v1")}, transport=transport)
    with pytest.raises(ValueError, match="belongs to a client already"):
        kind("m", {"m": Deployment("http://h/v1")}, transport=transport)


def test_small_buffers(kind: Any, server: MockServer) -> None:
    server.reply("m", text_reply("word " * 500))
    transport = SocketTransport(buffer_size=512)
    assert asked(kind, server.base_url, transport) == "word " * 500


# What it loads, and where it runs.

ALONE = """
import sys
from thinwire import AsyncClient, Client, Deployment
from thinwire.transport import SocketTransport
models = {"m": Deployment(sys.argv[1])}
messages = [{"role": "user", "content": "hi"}]
with Client("m", models, transport=SocketTransport()) as client:
    print(client.chat(messages).content)
print([name for name in ("httpx", "httpcore", "anyio", "h11") if name in sys.modules])
"""


def test_no_httpx_is_loaded(server: MockServer) -> None:
    command = [sys.executable, "-W", "error", "-c", ALONE, server.base_url]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.stdout.split("\n"), done.stderr) == (["hi", "[]", ""], "")


def test_a_pool_for_each_loop(server: MockServer) -> None:
    # A loop that is gone takes nothing along, and its connections are never asked again.
    client = AsyncClient("m", {"m": Deployment(server.base_url)}, transport=SocketTransport())

    async def ask() -> str | None:
        contents = [(await client.chat(HELLO)).content for _ in range(2)]
        return contents[-1]

    assert [asyncio.run(ask()) for _ in range(2)] == ["hi"] * 2
    assert server.connections == 2
    asyncio.run(client.aclose())
    assert soon(lambda: server.open_connections == 0)


def _in_a_fork(client: Any, answers: Any) -> None:
    async def ask() -> str | None:
        content: str | None = (await client.chat(HELLO)).content
        await client.aclose()
        return content

    answers.put(client.chat(HELLO).content if isinstance(client, Client) else asyncio.run(ask()))


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_fork_has_connections_of_its_own(kind: Any, server: MockServer) -> None:
    client = kind("m", {"m": Deployment(server.base_url)}, transport=SocketTransport())
    fork = multiprocessing.get_context("fork")

    def ask_in_a_fork() -> str:
        answers = fork.Queue()
        process = fork.Process(target=_in_a_fork, args=(client, answers))
        process.start()
        found: str = answers.get(timeout=30)
        process.join()
        return found

    if kind is Client:
        with client:
            assert client.chat(HELLO).content == ask_in_a_fork() == client.chat(HELLO).content
    else:

        async def both() -> None:
            async with client:
                await client.chat(HELLO)
                assert await asyncio.to_thread(ask_in_a_fork) == "hi"
                assert (await client.chat(HELLO)).content == "hi"

        asyncio.run(both())
    assert server.connections == 2  # the parent's is kept


# What only sockets of one's own can be seen to do.


async def test_nothing_is_read_while_nobody_asks(server: MockServer) -> None:
    # A server that is faster than its reader waits: what it says stays in its own buffers.
    piece = {"content": "x" * 100_000}
    server.reply("m", MockCompletion([piece] * 200))
    models = {"m": Deployment(server.base_url)}
    async with AsyncClient("m", models, transport=SocketTransport()) as client:
        stream = client.stream(HELLO)
        await anext(stream)
        used = time.process_time()
        await asyncio.sleep(0.3)
        assert time.process_time() - used < 0.25  # nor does the loop ask for it again and again
        async for _ in stream:
            pass
        assert stream.completion.content == "x" * 20_000_000


async def test_an_idle_connection_that_the_server_closes_is_closed(server: MockServer) -> None:
    server.reply("m", text_reply("Hello", hang_up=True))
    models = {"m": Deployment(server.base_url)}
    async with AsyncClient("m", models, transport=SocketTransport()) as client:
        before = len(os.listdir("/proc/self/fd"))
        await client.chat(HELLO)
        for _ in range(500):
            if len(os.listdir("/proc/self/fd")) <= before:
                break
            await asyncio.sleep(0.01)
        else:
            pytest.fail("it is still open")


async def test_the_next_address_is_tried_beside_one_that_is_silent(
    server: MockServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = socket.getaddrinfo("127.0.0.1", server.port, type=socket.SOCK_STREAM)
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        fillers = [socket.socket() for _ in range(4)]
        for one in fillers:
            one.setblocking(False)
            one.connect_ex(full.getsockname())
        silent = socket.getaddrinfo(*full.getsockname(), type=socket.SOCK_STREAM)
        refused = socket.getaddrinfo("127.0.0.1", 9, type=socket.SOCK_STREAM)
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: refused + silent + found)
        models = {"m": Deployment("http://h.internal/v1")}
        async with AsyncClient("m", models, transport=SocketTransport(), retry=1) as client:
            answer = await client.chat(HELLO)
        for one in fillers:
            one.close()
    assert answer.content == "hi"
    assert 200 < (answer.timings.connect_ms or 0) < 2000


class Poor(asyncio.SelectorEventLoop):
    """A loop that cannot tell when a socket is ready, as Windows' own."""

    def add_reader(self, *_: Any) -> None:
        raise NotImplementedError

    def add_writer(self, *_: Any) -> None:
        raise NotImplementedError


def test_a_loop_that_cannot_tell(secured: MockServer, trusted: Authority) -> None:
    async def ask() -> str | None:
        models = {"m": Deployment(secured.base_url)}
        transport = SocketTransport(cadata=trusted.pem)
        async with AsyncClient("m", models, transport=transport) as client:
            return (await client.chat(HELLO)).content

    with asyncio.Runner(loop_factory=Poor) as runner:
        assert runner.run(ask()) == "hi"

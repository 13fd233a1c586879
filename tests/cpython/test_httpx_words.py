"""What errors of connections say: as much as a chip's, and what helps; on both faces."""

import errno
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from support.certificates import Authority, authority

from thinwire import AsyncClient, Client, ConnectError, Deployment, ThinwireError, Timeouts
from thinwire.cpython import words
from thinwire.testing import MockServer

KEY = "sk-never-to-be-seen"
MESSAGES = [{"role": "user", "content": "Hi"}]
LIMITS = Timeouts(connect=10, first_token=10)


class Rude:
    """A server on loopback that does `answer` with each connection, and no more."""

    def __init__(self, answer: Callable[[socket.socket], object]) -> None:
        self._answer = answer
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                peer, _ = self._socket.accept()
            except OSError:
                return
            with peer:
                try:
                    self._answer(peer)
                except OSError:
                    continue

    def close(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join()


def saying(data: bytes) -> Callable[[socket.socket], object]:
    """Reads the first bytes that come, answers, and reads on until the client has hung up."""

    def answer(peer: socket.socket) -> None:
        peer.recv(65536)
        peer.sendall(data)
        peer.shutdown(socket.SHUT_WR)
        while peer.recv(65536):
            pass

    return answer


def resetting(peer: socket.socket) -> None:
    peer.recv(1)
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def alert(code: int) -> bytes:
    """A fatal alert as a record of TLS (RFC 8446 §5.1, §6)."""
    return b"\x15\x03\x03\x00\x02\x02" + bytes([code])


# A scheme, what the server does; then what the error says, and its kind.
WORDS: list[tuple[str, str, Callable[[socket.socket], object], str, str]] = [
    ("http on https", "https", saying(b"HTTP/1.1 400 No\r\n\r\n"), "no TLS spoken", "connect"),
    ("ssh", "https", saying(b"SSH-2.0-OpenSSH_9\r\n"), "no TLS spoken there: is", "connect"),
    ("closed", "https", saying(b""), "closed the connection during TLS: is it http", "connect"),
    ("reset", "https", resetting, "closed the connection during TLS: is it http", "connect"),
    ("alert 40", "https", saying(alert(40)), "refused the TLS handshake: check host", "connect"),
    ("alert 70", "https", saying(alert(70)), "no TLS version in common", "connect"),
    ("alert 112", "https", saying(alert(112)), "does not know this host name", "connect"),
    ("alert 116", "https", saying(alert(116)), "give verify= an SSLContext", "connect"),
    ("TLS on http", "http", saying(alert(70) + b"\n"), "no HTTP spoken there: is it", "read"),
    ("no answer", "http", saying(b""), "closed the connection without an answer", "read"),
]  # fmt: skip


def failing_async(models: Any, **options: Any) -> ThinwireError:
    async def ask() -> ThinwireError:
        async with AsyncClient("m", models, retry=1, timeouts=LIMITS, **options) as client:
            with pytest.raises(ThinwireError) as failure:
                await client.chat(MESSAGES)
            return failure.value

    import asyncio

    return asyncio.run(ask())


def failing(models: Any, **options: Any) -> ThinwireError:
    with Client("m", models, retry=1, timeouts=LIMITS, **options) as client:
        with pytest.raises(ThinwireError) as failure:
            client.chat(MESSAGES)
        return failure.value


FACES = pytest.mark.parametrize("face", [failing, failing_async])
BOTH = pytest.mark.usefixtures("on_transport")


@BOTH
@FACES
@pytest.mark.parametrize(
    ("scheme", "answer", "said", "kind"), [row[1:] for row in WORDS], ids=[row[0] for row in WORDS]
)
def test_what_is_wrong_is_said(
    face: Any, scheme: str, answer: Callable[[socket.socket], object], said: str, kind: str
) -> None:
    server = Rude(answer)
    try:
        error = face({"m": Deployment(f"{scheme}://127.0.0.1:{server.port}/v1?key={KEY}", KEY)})
    finally:
        server.close()
    assert said in str(error)
    assert error.kind == kind
    asked = f" (asked: POST {scheme}://127.0.0.1:{server.port}/v1/chat/completions)"
    assert str(error).endswith(asked) == (kind == "connect")
    assert KEY not in str(error)


@BOTH
@FACES
def test_nobody_listens(face: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    error = face({"m": Deployment(f"http://127.0.0.1:{port}/v1")})
    assert "connection refused: check host and port, nobody listens there ([Errno" in str(error)


@BOTH
@FACES
def test_a_name_that_there_is_not(face: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    real = socket.getaddrinfo

    def look_up(host: Any, *given: Any, **more: Any) -> Any:
        if host in ("no.example", b"no.example"):
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return real(host, *given, **more)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    monkeypatch.setenv("NO_PROXY", "*")
    error = face({"m": Deployment("http://no.example/v1", allow_insecure_http=True)})
    assert "there is no such name: check the host" in str(error)
    assert "no.example" in str(error)


@pytest.fixture(scope="module")
def trusted() -> Authority:
    return authority()


@pytest.fixture
def server(trusted: Authority) -> Iterator[MockServer]:
    with MockServer(ssl_context=trusted.server("127.0.0.1")) as server:
        yield server


@BOTH
@FACES
def test_a_ca_that_nobody_knows(face: Any, server: MockServer) -> None:
    error = face({"m": Deployment(server.base_url, KEY)})
    assert error.kind == "certificate"
    assert "the server's certificate is refused: " in str(error)
    assert "pass its CA as add_ca=" in str(error)


@BOTH
@FACES
@pytest.mark.parametrize(
    ("name", "expired", "said"),
    [
        ("example.test", False, "(check the host name)"),
        ("127.0.0.1", True, "its owner must renew"),
    ],
)
def test_a_certificate_that_is_wrong(
    face: Any, trusted: Authority, name: str, expired: bool, said: str
) -> None:
    with MockServer(ssl_context=trusted.server(name, expired=expired)) as server:
        error = face({"m": Deployment(server.base_url, KEY)}, add_ca=trusted.pem)
    assert error.kind == "certificate"
    assert said in str(error)


class BrokenResourceError(Exception):
    """As anyio names it."""


CLOSED = "the server closed the connection during TLS: is it http://, or another port?"
# An error, whether no connection stood yet, then what is said of it.
OTHERS = [
    (httpx.ReadError(""), False, "ReadError"),
    (httpx.RemoteProtocolError("odd"), False, "RemoteProtocolError: odd"),
    (httpx.ConnectError("odd"), True, "odd"),
    (httpx.ConnectError(""), True, "ConnectError"),
    (BrokenResourceError(), False, "the connection broke (BrokenResourceError)"),
    (BrokenResourceError(), True, CLOSED + " (BrokenResourceError)"),
    (OSError(errno.ENETUNREACH, "n"), True, "network unreachable: is there one? ([Errno 101] n)"),
    (OSError(12345, "n"), True, "OSError: [Errno 12345] n"),
    (socket.gaierror(-99, "n"), True, "gaierror: [Errno -99] n"),
    (ssl.SSLError(1, "odd"), True, "SSLError: odd"),
    (
        ssl.SSLCertVerificationError("odd"),
        True,
        "the server's certificate is refused: ('odd',) (('odd',))",
    ),
]


@pytest.mark.parametrize(("error", "connecting", "said"), OTHERS, ids=range(len(OTHERS)))
def test_other_errors(error: Exception, connecting: bool, said: str) -> None:
    assert words.describe(error, connecting) == said


def test_the_lowest_error_tells_it_also_in_a_group() -> None:
    refused = ConnectionRefusedError(errno.ECONNREFUSED, "no")
    error = httpx.ConnectError("All connection attempts failed")
    error.__cause__ = ExceptionGroup("several", [ValueError("x"), refused])
    refused.__context__ = error  # a circle ends, too
    assert words.describe(error, True).startswith("connection refused: check host and port")


# What the caller has done wrong: found by the library alone, since it is another's to check.
HEADERS = [{"X-Title": "my bot "}, {"X-Title": "a\tb\x00"}]


@pytest.mark.parametrize("headers", HEADERS, ids=range(len(HEADERS)))
def test_a_header_of_an_own_client_is_held_against_nobody(headers: dict[str, str]) -> None:
    with MockServer() as server, httpx.Client(headers=headers, trust_env=False) as own:
        models = {"echo": Deployment(server.base_url), "b": Deployment(server.base_url)}
        with Client("echo", models, {"echo": ["b"]}, http_client=own) as client:
            for _ in range(4):
                with pytest.raises(ThinwireError) as failure:
                    client.chat(MESSAGES)
                assert failure.value.kind == "encode"
                assert "http_client" in str(failure.value)
                assert "my bot" not in str(failure.value)
            assert client.deployments_state()["echo"].failures == 0
        assert server.requests == []


def test_an_own_client_that_is_closed_is_held_against_nobody() -> None:
    own = httpx.Client()
    own.close()
    models = {"a": Deployment("http://127.0.0.1:1/v1"), "b": Deployment("http://127.0.0.1:1/v1")}
    with Client("a", models, {"a": ["b"]}, http_client=own) as client:
        with pytest.raises(ConnectError, match="http_client is closed") as failure:
            client.chat(MESSAGES)
        assert not failure.value.retryable
        assert client.deployments_state()["a"].failures == 0

"""A server may refuse a request by its head, and close: whoever is refused hears why. And a small
request goes out at once, with its length, so that a server need know nothing of chunks."""

import asyncio
import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from support.certificates import Authority, authority
from support.device_calls import call
from support.interpreters import Interpreter
from support.raw_requests import RequestEnd
from support.rude import SAID, rude_server
from wire import early, framing

from thinwire import AsyncClient, Client, Deployment
from thinwire.cpython.httpx.backends import Outbox

Run = Callable[..., Any]
CALLS = 8  # bench/early_answers.py makes 500
LIMIT = 65536  # bytes of a first block on CPython
EVENTS = (
    b'data: {"choices":[{"index":0,"delta":{"content":"Hi"},"finish_reason":"stop"}]}\n\n'
    b"data: [DONE]\n\n"
)
ANSWER = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: %d\r\n\r\n"
    % len(EVENTS)
    + EVENTS
)


@pytest.fixture(scope="module")
def trusted() -> Authority:
    return authority()


@pytest.fixture
def run(interpreter: Interpreter | None, tmp_path: Path) -> Run:
    """Calls a function of a module of tests/wire on one runtime."""

    def run(module: Any, function: str, *arguments: Any) -> Any:
        if interpreter is not None:
            file = module.__name__.rpartition(".")[2] + ".py"
            return call(interpreter, tmp_path, file, function, *arguments)
        result = getattr(module, function)(*arguments)
        return asyncio.run(result) if asyncio.iscoroutine(result) else result

    return run


@pytest.mark.parametrize("blocking", [False, True], ids=["async", "blocking"])
@pytest.mark.parametrize("size", [100, 60_000, 3_000_000])
@pytest.mark.parametrize("kind", ["http", "https", "pieces"])
def test_who_is_refused_hears_why(
    run: Run, trusted: Authority, kind: str, size: int, blocking: bool
) -> None:
    context = trusted.server("127.0.0.1") if kind == "https" else None
    with rude_server(context, kind == "pieces") as url:
        ca = trusted.der.hex() if context else ""
        seen = run(early, "refused", url, ca, size, 2 if size > 60_000 else CALLS, blocking)
    assert set(seen) == {SAID}, seen


class Listener:
    """A server that answers each request, and notes how it came.

    Attributes:
        requests: of each the end of its head, lower case, and how many bytes the first read
            brought of how many.
    """

    def __init__(self, listening: socket.socket) -> None:
        self._listening = listening
        self.requests: list[tuple[str, int, int]] = []

    def serve(self) -> None:
        with suppress(OSError):  # shut down
            while True:
                connection, _ = self._listening.accept()
                threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):
            while True:
                first = connection.recv(1 << 20)
                if not first:
                    return
                end, count = RequestEnd(), len(first)
                end.add(first)
                while not end.whole:
                    piece = connection.recv(1 << 20)
                    count += len(piece)
                    end.add(piece)
                said = end.head.decode().lower().split("\r\n")[-3]
                self.requests.append((said, len(first), count))
                connection.sendall(ANSWER)


@contextmanager
def listener() -> Iterator[tuple[Listener, str]]:
    """It, and its base URL; it stops at the end."""
    listening = socket.create_server(("127.0.0.1", 0))
    server = Listener(listening)
    thread = threading.Thread(target=server.serve, daemon=True)
    thread.start()
    try:
        yield server, "http://127.0.0.1:%d/v1" % listening.getsockname()[1]
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        thread.join(10)
        listening.close()


@pytest.mark.parametrize("blocking", [False, True], ids=["async", "blocking"])
def test_a_small_request_is_one_send_with_its_length(run: Run, blocking: bool) -> None:
    # The first one on a new connection, the second on the same.
    with listener() as (server, url):
        assert run(framing, "asked", url, [100, 100], {}, blocking) == [["Hi", 1], ["Hi", 1]]
    for said, first, count in server.requests:
        assert said.startswith("content-length: ")
        assert first == count
    assert len(server.requests) == 2


@pytest.mark.parametrize("blocking", [False, True], ids=["async", "blocking"])
def test_a_framing_that_is_forced(run: Run, blocking: bool) -> None:
    for options, said in [
        ({"framing": "chunked"}, "transfer-encoding: chunked"),
        ({"framing": "length"}, "content-length: "),
    ]:
        with listener() as (server, url):
            run(framing, "asked", url, [100, 100_000], options, blocking)
        assert [one.startswith(said) for one, _, _ in server.requests] == [True, True], said


@pytest.mark.parametrize("blocking", [False, True], ids=["async", "blocking"])
def test_a_large_request_goes_in_chunks(run: Run, blocking: bool) -> None:
    with listener() as (server, url):
        run(framing, "asked", url, [100_000], {}, blocking)
    assert [said for said, _, _ in server.requests] == ["transfer-encoding: chunked"]


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_the_first_block_has_64_kib(kind: str) -> None:
    overhead = len(json.dumps(body_of(""), separators=(",", ":")))
    with listener() as (server, url):
        for size in (LIMIT - overhead - 1, LIMIT - overhead + 1):
            ask(kind, url, "x" * size)
    assert [said for said, _, _ in server.requests] == [
        f"content-length: {LIMIT - 1}",
        "transfer-encoding: chunked",
    ]


def body_of(text: str) -> dict[str, Any]:
    """What is sent for it."""
    messages = [{"role": "user", "content": text}]
    options = {"stream": True, "stream_options": {"include_usage": True}}
    return {"model": "m", "messages": messages, **options}


def ask(kind: str, url: str, text: str) -> None:
    """A call, whose answer does not matter."""
    models = {"m": Deployment(url)}
    messages = [{"role": "user", "content": text}]
    if kind == "sync":
        with Client("m", models) as client:
            client.chat(messages)
        return

    async def main() -> None:
        async with AsyncClient("m", models) as client:
            await client.chat(messages)

    asyncio.run(main())


# What httpcore writes, None for a read; and what is sent of it, at each step.
_LAST = b"0\r\n\r\n"
_WHOLE = b"x" * 65536
WRITES: list[tuple[list[bytes | None], list[bytes]]] = [
    ([b"head", b"body", b"", None], [b"", b"", b"headbody", b""]),
    ([b"head", b"block", _LAST, None], [b"", b"", b"headblock" + _LAST, b""]),
    ([b"head", b"one", b"two", b"3", _LAST], [b"", b"", b"headonetwo", b"3", _LAST]),
    ([b"head", _WHOLE, b"3", _LAST], [b"", b"head" + _WHOLE, b"3", _LAST]),
    ([b"head", b"", None], [b"", b"head", b""]),
    # A body that waits for its producer, and goes on.
    ([b"head", b"one", b"", b"two", b"", _LAST], [b"", b"", b"headone", b"two", b"", _LAST]),
    # A greeting of SOCKS, which nothing ends; then another request.
    ([b"hello", None, b"head", b"body", b"", None], [b"", b"hello", b"", b"", b"headbody", b""]),
]


@pytest.mark.parametrize(("writes", "sent"), WRITES)
def test_what_an_outbox_holds_back(writes: list[bytes | None], sent: list[bytes]) -> None:
    outbox = Outbox()
    assert [outbox.end() if data is None else outbox.add(data) for data in writes] == sent

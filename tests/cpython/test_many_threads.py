"""What threads, and loops of several threads, share of one client. The interpreter switches
between threads as often as it can, so that what is not one step shows with the GIL as well; on a
free-threaded build (tools/every_python.py) all of it happens at once.
"""

import asyncio
import contextlib
import os
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from thinwire import (
    AsyncClient,
    Client,
    ConnectError,
    CooldownPolicy,
    Deployment,
    FileStore,
    StreamComplete,
    ThinwireError,
    Timeouts,
)
from thinwire.core.routing.affinity import SessionAffinity
from thinwire.core.routing.health import Health
from thinwire.core.routing.store import Store
from thinwire.core.sync import run
from thinwire.core.wire.reserve import Reserve
from thinwire.cpython import deferred
from thinwire.cpython.httpx.pools import Pools
from thinwire.cpython.sockets.connection import Connection
from thinwire.cpython.sockets.pool import Pool
from thinwire.testing import MockServer, stall_reply, status_reply, text_reply
from thinwire.testing.replies.chunks import text_of
from thinwire.transport import HTTPXTransport, SocketTransport

THREADS = 16
TURNS = 9
ROUNDS = 200


@pytest.fixture(autouse=True)
def switch_often() -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.fixture(params=[HTTPXTransport, SocketTransport], ids=["httpx", "sockets"])
def transport(request: pytest.FixtureRequest) -> Any:
    return request.param


def together(job: Callable[[int], Any], count: int = THREADS) -> list[Any]:
    """What `count` threads give that begin at a time."""
    barrier = threading.Barrier(count)

    def begin(number: int) -> Any:
        barrier.wait(60)
        return job(number)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(begin, range(count)))


def message(text: str) -> list[dict[str, object]]:
    return [{"role": "user", "content": text}]


@pytest.fixture
def closed_port() -> Iterator[int]:
    with socket.socket() as bound:  # and nobody listens
        bound.bind(("127.0.0.1", 0))
        yield bound.getsockname()[1]


# One client, many threads.


def test_retries_fallbacks_limits_and_counts(
    transport: Any, closed_port: int, tmp_path: Path
) -> None:
    told: list[str] = []

    def moody(request: Any) -> Any:
        # Each second request is refused, whoever asks.
        mood.append(1)
        text = text_of(request.json()["messages"][-1])
        return status_reply(503) if len(mood) % 2 else text_reply(text)(request)

    mood: list[int] = []
    with MockServer() as server:
        server.reply("moody", moody)
        models = {
            "gone": Deployment(f"http://127.0.0.1:{closed_port}/v1"),
            "moody": Deployment(server.base_url, max_concurrent=THREADS // 2),
            "echo": Deployment(server.base_url, requests_per_minute=100_000),
        }
        client = Client(
            "gone",
            models,
            {"gone": ["moody", "echo"], "moody": ["echo"]},
            transport=transport(),
            retry=2,
            cooldown=CooldownPolicy(failures=2, seconds=0.01),
            store=FileStore(tmp_path / "state.json"),
            on_event=lambda name, fields: told.append(name),
            timeouts=Timeouts(total=120),
        )

        def turns(number: int) -> int:
            seen = 0
            for turn in range(TURNS):
                text = f"{number} {turn} " * 30
                completion = client.chat(message(text), model=("gone", "moody", "echo")[turn % 3])
                assert completion.content == text
                assert completion.usage is not None
                seen += completion.usage["completion_tokens"] > 0
            client.deployments_state()
            return seen

        with client:
            assert together(turns) == [TURNS] * THREADS
        assert told.count("call_started") == told.count("call_ended") == THREADS * TURNS
        assert told.count("complete") == THREADS * TURNS
        assert server.errors == []


def test_tls_with_one_context_for_all(transport: Any) -> None:
    pytest.importorskip("trustme")  # which has no wheel for each free-threaded build
    from support.certificates import authority

    trusted = authority()
    with MockServer(ssl_context=trusted.server("127.0.0.1")) as server:
        way = transport(cadata=trusted.pem, idle_s=0)  # so that each turn shakes hands
        with Client("m", Deployment(server.base_url), transport=way) as client:

            def turns(number: int) -> bool:
                texts = [f"{number} {turn} " * 200 for turn in range(3)]
                return all(client.chat(message(text)).content == text for text in texts)

            assert all(together(turns, 8))
        assert server.errors == []


def test_close_while_others_are_at_work(transport: Any) -> None:
    with MockServer() as server:
        server.reply("m", text_reply(tokens=["a"] * 5, delay_ms=1))
        client = Client("m", Deployment(server.base_url), transport=transport(), retry=1)

        def turns(number: int) -> bool:
            for _ in range(TURNS):
                if not number:
                    client.close()
                    continue
                with contextlib.suppress(ThinwireError):
                    assert client.chat(message("x")).content == "aaaaa"
            return True

        assert all(together(turns, 8))
        client.close()


def test_a_stream_that_another_thread_closes(transport: Any) -> None:
    with MockServer() as server:
        server.reply("m", text_reply(tokens=["a"] * 50, delay_ms=1))
        with Client("m", Deployment(server.base_url), transport=transport(), retry=1) as client:

            def turns(number: int) -> bool:
                for turn in range(4):
                    stream = client.stream(message("x"))
                    begun = threading.Event()

                    def close(stream: Any = stream, begun: Any = begun, turn: int = turn) -> None:
                        if turn:
                            begun.wait(60)
                        stream.close()

                    closing = threading.Thread(target=close)
                    closing.start()
                    for _ in stream:
                        begun.set()
                    begun.set()
                    closing.join()
                    assert stream.end in ("closed", "finish"), stream.end
                return True

            assert all(together(turns, 8))
            assert client.chat(message("x")).content == "a" * 50


def test_the_first_calls_of_threads_share_one_transport() -> None:
    for blocking in (True, False):
        made = deferred.DeferredTransport(blocking)
        found = together(lambda _, made=made: made.load())
        assert all(one is found[0] for one in found)


# One AsyncClient in the loops of many threads.


def runners() -> list[Any]:
    loops: list[Any] = [asyncio.new_event_loop]
    try:
        import uvloop
    except ImportError:
        return loops
    return [*loops, uvloop.new_event_loop]


@pytest.mark.parametrize("make_loop", runners(), ids=["asyncio", "uvloop"][: len(runners())])
@pytest.mark.parametrize("most", [None, 1])
def test_loops_in_threads_share_a_client(transport: Any, make_loop: Any, most: int | None) -> None:
    # With one place for all a call waits until one of another loop has given it back.
    with MockServer() as server:
        place = Deployment(server.base_url, max_concurrent=most)
        options: Any = {"transport": transport(), "timeouts": Timeouts(total=120)}
        client = AsyncClient("m", {"m": place}, **options)

        async def turns(number: int) -> bool:
            for turn in range(4):
                texts = [f"{number} {turn} {one} " * 30 for one in range(3)]
                asked = [client.chat(message(text)) for text in texts]
                found = [one.content for one in await asyncio.gather(*asked)]
                assert found == texts
            await client.aclose()
            return True

        def job(number: int) -> bool:
            with asyncio.Runner(loop_factory=make_loop) as runner:
                return runner.run(turns(number))

        assert all(together(job, 4))
        assert server.errors == []


# What they share, one by one.


def test_no_buffer_is_lent_twice() -> None:
    reserve = Reserve(16)

    def job(number: int) -> bool:
        for _ in range(ROUNDS):
            buffer = reserve.acquire()
            buffer[:] = bytes([number]) * 16
            assert buffer == bytes([number]) * 16
            reserve.release(buffer)
            assert len(buffer) == 16
        return True

    assert all(together(job))
    assert not reserve.crowded
    held = [reserve.acquire() for _ in range(5)]
    assert reserve.crowded
    for _ in range(2):  # given back twice is given back
        for one in held:
            reserve.release(one)
    assert not reserve.crowded
    assert reserve.acquire() is not reserve.acquire()


class Line:
    """Nobody waits here."""

    def idle(self, heard: object) -> None:
        pass

    def busy(self) -> bool:
        return False

    def close(self) -> None:
        pass


class Raw(socket.socket):
    """One end of a pair over which nothing comes; knows how often it was closed."""

    closed = 0

    def __init__(self) -> None:
        here, self.there = socket.socketpair()
        super().__init__(here.family, here.type, here.proto, here.detach())

    def close(self) -> None:
        self.closed += 1
        super().close()
        self.there.close()


def test_what_is_put_into_a_pool_that_closes_is_closed() -> None:
    place = ("http", "h", 80)
    waits: Any = None
    for _ in range(ROUNDS // 4):
        pool = Pool(waits, 60_000)

        def job(number: int, pool: Pool = pool) -> list[Any]:
            made: list[Any] = []
            for _ in range(3):
                line: Any = Line()
                connection = pool.take(place) or Connection(Raw(), line, place)
                made.append(connection.socket.raw)
                if not number:
                    pool.close()
                pool.put(connection)
            return made

        sockets = {id(one): one for found in together(job, 4) for one in found}
        assert {one.closed for one in sockets.values()} == {1}


def test_clients_of_httpx_that_are_made_while_a_pool_is_drained() -> None:
    class Client:
        closed = 0

    made: list[Client] = []

    def make(line: Any, proxy: object) -> Client:
        made.append(Client())
        return made[-1]

    class Request:
        scheme, host, port, public_only = "http", "h", 80, False

    pools: Any = Pools(make, 60)

    def job(number: int) -> bool:
        for _ in range(ROUNDS):
            if number:
                lines = [pools.take(Request(), None) for _ in range(3)]
                surplus = [one for line in lines for one in pools.give_back(line, True)]
            else:
                surplus = pools.drain()
            for one in surplus:
                one.closed += 1
        return True

    assert all(together(job, 6))
    for one in pools.drain():
        one.closed += 1
    assert all(one.closed for one in made)  # twice where it was at work, which is harmless


def test_a_response_that_threads_close_goes_back_once(transport: Any) -> None:
    # Or two requests would go over its connection at a time.
    with MockServer() as server:
        given: list[object] = []
        options = transport()
        way = options.open(True)
        pools = getattr(way, "_pools", None)
        if isinstance(pools, Pools):
            give_back = pools.give_back
            pools.give_back = lambda *told: given.append(told) or give_back(*told)  # type: ignore[method-assign, func-returns-value]
        else:
            pool = way._pool()  # noqa: SLF001
            put = pool.put
            pool.put = lambda connection: given.append(connection) or put(connection)
        with Client("m", Deployment(server.base_url), transport=way) as client:
            for count in range(1, 11):
                stream = client.stream(message("x"))
                while not isinstance(next(stream), StreamComplete):
                    pass
                response = stream._stream._exchange.response  # noqa: SLF001
                together(lambda _, response=response: run(response.aclose()), 8)
                stream.close()
                assert len(given) <= count


@pytest.mark.parametrize("kind", [Pools, SocketTransport])
def test_what_a_fork_copied_is_forgotten_once(kind: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    # Threads of the child come together, and one of them begins a pool of its own at once.
    for _ in range(20):
        pools: Any = SocketTransport().open(True) if kind is SocketTransport else Pools(print, 60)
        arguments = () if kind is SocketTransport else (None,)
        before = pools._pool(*arguments)  # noqa: SLF001
        monkeypatch.setattr(os, "getpid", lambda: -1)
        found = together(lambda _, pools=pools, told=arguments: pools._pool(*told), 8)  # noqa: SLF001
        monkeypatch.undo()
        assert all(one is found[0] for one in found)
        assert found[0] is not before


class Memory(Store):
    """What some database keeps."""

    def __init__(self) -> None:
        self.state: dict[str, Any] | None = None

    def load(self) -> dict[str, Any] | None:
        return self.state

    def save(self, state: dict[str, Any]) -> None:
        self.state = state


def test_health_with_a_store() -> None:
    problems: list[str] = []
    health = Health(CooldownPolicy(1, 0.001), Memory(), problems.append)
    names = [f"m{number}" for number in range(40)]

    def job(number: int) -> bool:
        for turn in range(ROUNDS):
            name, now_ms = names[(number + turn) % len(names)], turn * 500
            if turn % 2:
                health.failed(name, ConnectError("nobody"), now_ms)
            else:
                health.answered(name, now_ms + 400)
            if turn % 7 == 0:
                health.rest(name, 5, now_ms)
            assert sorted(health.in_order(names, now_ms)) == sorted(names)
            health.state(name, now_ms)
        return True

    assert all(together(job))
    assert problems == []


def test_no_session_loses_its_provider() -> None:
    affinity = SessionAffinity()

    def job(number: int) -> bool:
        for turn in range(ROUNDS):
            provider = f"p{number} {turn}"
            affinity.keep(f"s{number}", "m", provider)
            assert affinity.get(f"s{number}", "m") == provider
        return True

    assert all(together(job))


def test_idle_streams_of_threads_do_not_wait_for_each_other(transport: Any) -> None:
    with MockServer() as server:
        server.reply("slow", stall_reply("mid_stream"))
        models = {name: Deployment(server.base_url) for name in ("slow", "echo")}
        limits = Timeouts(progress=5)
        with Client("echo", models, transport=transport(), retry=1, timeouts=limits) as client:

            def job(number: int) -> bool:
                if number % 2:
                    return client.chat(message(f"{number}")).content == f"{number}"
                stream = client.stream(message("x"), model="slow")
                next(stream)
                stream.close()
                return stream.end == "closed"

            assert all(together(job))

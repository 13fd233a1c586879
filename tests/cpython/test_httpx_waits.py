"""What drives a coroutine to its end, to a moment that moves, or until somebody calls it off."""

import asyncio
import contextvars
from collections.abc import AsyncIterator, Coroutine
from typing import Any

import anyio
import httpx
import pytest
import sniffio
from support.order import soon

from thinwire import AsyncClient, Client, Deployment, ReadError, TransportTimeout
from thinwire.core.request.http_request import Request
from thinwire.cpython.clock import now_ms
from thinwire.cpython.httpx.options import HTTPXTransport
from thinwire.cpython.httpx.responses import AsyncResponse
from thinwire.cpython.httpx.transport import AsyncTransport
from thinwire.cpython.httpx.waits import Starts, TimedWait, to_its_end
from thinwire.testing import MockServer, stall_reply, text_reply

HELLO = [{"role": "user", "content": "hi"}]
Steps = list[str]


async def for_ever(steps: Steps | None = None) -> None:
    try:
        await asyncio.Event().wait()
    finally:
        if steps is not None:
            await asyncio.sleep(0)  # what is called off may have to wait as well
            steps.append("left")


def cancels() -> int:
    task = asyncio.current_task()
    assert task is not None
    return task.cancelling()


class TestDriving:
    async def test_its_result_and_its_errors_are_handed_on(self) -> None:
        async def fail() -> None:
            await asyncio.sleep(0)
            raise LookupError

        wait = TimedWait()
        assert await wait.drive(asyncio.sleep(0, "well"), None) == "well"
        with pytest.raises(LookupError):
            await wait.drive(fail(), now_ms() + 60_000)
        wait.stop()

    async def test_a_deadline_ends_it_and_leaves_the_task_alone(self) -> None:
        steps: Steps = []
        wait = TimedWait()
        with pytest.raises(TimeoutError):
            await wait.drive(for_ever(steps), now_ms() - 1)
        assert (steps, cancels()) == (["left"], 0)
        await asyncio.sleep(0)
        assert await wait.drive(asyncio.sleep(0, "again"), now_ms() + 60_000) == "again"

    async def test_one_that_has_been_begun_is_gone_on_with(self) -> None:
        came = asyncio.get_running_loop().create_future()

        async def piece() -> bytes:
            return await came  # type: ignore[no-any-return]

        begun = piece()
        waiting = begun.send(None)
        asyncio.get_running_loop().call_soon(came.set_result, b"data")
        assert await TimedWait().drive(begun, None, waiting) == b"data"

    async def test_its_end_moves(self) -> None:
        wait = TimedWait()

        async def moving() -> str:
            wait.until(now_ms() + 60_000)
            for _ in range(20):  # the first end would have come by now
                await asyncio.sleep(0.001)
            wait.until(now_ms() - 1)
            await for_ever()
            return "never"

        with pytest.raises(TimeoutError):
            await wait.drive(moving(), now_ms() + 1)

    async def test_another_task_calls_it_off_and_waits_until_it_has_left(self) -> None:
        steps: Steps = []
        wait = TimedWait()

        async def read() -> None:
            with pytest.raises(TimeoutError):
                await wait.drive(for_ever(steps), None)
            steps.append(f"{cancels()} cancels")

        reading = asyncio.create_task(read())
        await asyncio.sleep(0)
        await wait.call_off()
        assert steps[0] == "left"
        await reading
        assert steps == ["left", "0 cancels"]

    async def test_what_is_called_off_while_it_runs_ends_at_its_next_wait(self) -> None:
        wait = TimedWait()

        async def itself() -> None:
            wait.end()
            await asyncio.sleep(0)
            raise AssertionError

        with pytest.raises(TimeoutError):
            await wait.drive(itself(), None)
        assert cancels() == 0

    @pytest.mark.parametrize("ended", [True, False])
    async def test_a_cancellation_stays_one(self, ended: bool) -> None:
        wait = TimedWait()
        driving = asyncio.create_task(as_task(wait))
        await asyncio.sleep(0)
        driving.cancel()
        if ended:
            wait.end()
        with pytest.raises(asyncio.CancelledError):
            await driving

    async def test_scopes_inside_and_outside(self) -> None:
        async def inside() -> str:
            with anyio.move_on_after(0.001):
                await for_ever()
            async with asyncio.timeout(60):
                await asyncio.sleep(0)
                return sniffio.current_async_library()

        wait = TimedWait()
        assert await wait.drive(inside(), now_ms() + 60_000) == "asyncio"
        with anyio.move_on_after(0.001) as scope:
            await wait.drive(for_ever(), None)
        assert scope.cancelled_caught
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.001):
                await wait.drive(for_ever(), None)
        wait.stop()


async def as_task(wait: TimedWait) -> None:
    await wait.drive(for_ever(), None)


class TestClosing:
    @pytest.mark.parametrize("rounds", [0, 3])
    async def test_a_cancellation_comes_afterwards(self, rounds: int) -> None:
        steps: Steps = []
        goes_on = asyncio.get_running_loop().create_future()

        async def close() -> None:
            for _ in range(rounds):
                await asyncio.sleep(0)
            await goes_on
            steps.append("closed")

        closing = asyncio.create_task(as_coroutine(close()))
        for _ in range(rounds + 3):
            await asyncio.sleep(0)
            closing.cancel()
        assert not closing.done()
        goes_on.set_result(None)
        with pytest.raises(asyncio.CancelledError):
            await closing
        assert steps == ["closed"]

    async def test_one_that_insists_is_heard(self) -> None:
        with anyio.move_on_after(0.001):
            # It gives way at each step until it is cancelled.
            await to_its_end(anyio.sleep_forever())

    async def test_errors_are_handed_on(self) -> None:
        async def fail() -> None:
            raise LookupError

        with pytest.raises(LookupError):
            await to_its_end(fail())


async def as_coroutine(close: Coroutine[Any, Any, None]) -> None:
    await to_its_end(close)


class TestStarts:
    async def test_each_has_its_turn_in_order(self) -> None:
        starts = Starts()
        order: list[int] = []
        rounds: list[int] = [0]

        async def start(number: int) -> None:
            if not starts.now():
                await starts.turn()
            order.append(number)
            rounds[-1] += 1

        tasks = [asyncio.create_task(start(number)) for number in range(100)]
        tasks[50].cancel()
        while len(order) < 99:
            rounds.append(0)
            await asyncio.sleep(0)
        assert order == [number for number in range(100) if number != 50]
        assert max(rounds) <= 16  # those of two turns, where a round of ours sees both
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert [starts.now() for _ in range(9)] == [True] * 8 + [False]


# What is read.


async def pieces_of(
    pieces: AsyncIterator[bytes],
) -> tuple[AsyncResponse, httpx.AsyncClient]:
    """The response of an own client whose transport makes these pieces."""
    own = httpx.AsyncClient(
        transport=httpx.MockTransport(lambda request: httpx.Response(200, content=pieces))
    )
    transport = AsyncTransport(HTTPXTransport(http_client=own))
    request = Request("GET", "http", "mock.test", 80, "/", "mock.test", [], None)
    response = await transport.send(request)
    assert isinstance(response, AsyncResponse)
    return response, own


async def test_what_is_there_is_taken_without_waiting() -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for number in range(3):
            asked.append(number)
            yield b"%d" % number
            yield b""

    asked: list[int] = []
    response, own = await pieces_of(pieces())
    buffer = memoryview(bytearray(8))
    found = []
    while count := response.receive(buffer):
        found.append(bytes(buffer[:count]))
        assert len(asked) == len(found)  # and no more than that is begun
    assert (found, count) == ([b"0", b"1", b"2"], 0)
    assert response.receive(buffer) == 0
    await response.aclose()
    await own.aclose()


async def test_what_is_waited_for_runs_in_the_readers_task_and_context() -> None:
    seen: list[object] = []
    mine = contextvars.ContextVar("mine", default=0)

    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(2):
            task = asyncio.current_task()
            with anyio.fail_after(60):
                await asyncio.sleep(0.001)
            seen.append((task is asyncio.current_task() is reader, mine.get()))
            yield b"x"

    reader = asyncio.current_task()
    response, own = await pieces_of(pieces())
    mine.set(7)
    buffer = memoryview(bytearray(8))
    for _ in range(2):
        assert response.receive(buffer) is None
        await response.wait(now_ms() + 60_000)
        assert response.receive(buffer) == 1
    assert seen == [(True, 7)] * 2
    assert response.receive(buffer) == 0
    await response.aclose()
    await own.aclose()


@pytest.mark.parametrize("how", ["nobody waits", "somebody waits", "the deadline", "cancelled"])
async def test_however_it_ends_the_source_is_left(how: str) -> None:
    steps: Steps = []

    async def pieces() -> AsyncIterator[bytes]:
        yield b"x"
        with anyio.fail_after(60):
            await for_ever(steps)

    response, own = await pieces_of(pieces())
    buffer = memoryview(bytearray(8))
    assert response.receive(buffer) == 1
    assert response.receive(buffer) is None
    if how == "the deadline":
        with pytest.raises(TransportTimeout):
            await response.wait(now_ms() - 1)
        with pytest.raises(TransportTimeout):  # no clean end
            response.receive(buffer)
    elif how != "nobody waits":
        # Read by another task, which drives what it has begun itself.
        await response.aclose()
        steps.clear()
        response, own = await pieces_of(pieces())
        reading = asyncio.create_task(read_on(response))
        await asyncio.sleep(0)
        if how == "cancelled":
            reading.cancel()
            with pytest.raises(asyncio.CancelledError):
                await reading
            with pytest.raises(ReadError):  # no clean end
                response.receive(buffer)
        else:
            await response.aclose()
            with pytest.raises(ReadError) as error:
                await reading
            assert error.value.closed
    await response.aclose()
    assert steps == ["left"]
    with pytest.raises(ReadError):
        response.receive(buffer)
    await own.aclose()


async def read_on(response: AsyncResponse) -> None:
    buffer = memoryview(bytearray(8))
    while response.receive(buffer) is not None:
        pass
    await response.wait(None)


async def test_an_error_is_no_clean_end() -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield b"x"
        raise httpx.ReadError("cut")

    response, own = await pieces_of(pieces())
    buffer = memoryview(bytearray(8))
    assert response.receive(buffer) == 1
    for _ in range(2):
        with pytest.raises(ReadError, match="cut"):
            response.receive(buffer)
    await response.aclose()
    await own.aclose()


# Our own clients, each with one exchange at a time.


async def test_connections_are_used_again_by_as_many_as_before() -> None:
    with MockServer() as server:
        server.reply("m", text_reply("ok"))
        async with AsyncClient("m", {"m": Deployment(server.base_url)}) as client:
            for _ in range(3):
                await asyncio.gather(*(client.chat(HELLO) for _ in range(30)))
                assert server.connections <= 30
        assert soon(lambda: server.open_connections == 0)


async def test_a_connection_that_was_idle_for_too_long_is_closed() -> None:
    with MockServer() as server:
        server.reply("m", text_reply("ok"))
        models = {"m": Deployment(server.base_url)}
        async with AsyncClient("m", models, transport=HTTPXTransport(idle_s=0.05)) as client:
            await asyncio.gather(*(client.chat(HELLO) for _ in range(10)))
            await asyncio.sleep(0.1)
            await client.chat(HELLO)
            assert soon(lambda: server.open_connections == 1)


async def test_closing_the_client_ends_what_is_under_way() -> None:
    with MockServer() as server:
        server.reply("m", stall_reply("mid_stream"))
        client = AsyncClient("m", {"m": Deployment(server.base_url)}, retry=1)
        streams = [client.stream(HELLO) for _ in range(3)]
        for stream in streams:
            await anext(stream)
        await client.aclose()
        assert soon(lambda: server.open_connections == 0)
        for stream in streams:
            await stream.aclose()


def test_a_blocking_client_keeps_its_connections_too() -> None:
    with MockServer() as server:
        server.reply("m", text_reply("ok"))
        with Client(
            "m", {"m": Deployment(server.base_url)}, transport=HTTPXTransport(idle_s=0)
        ) as client:
            client.chat(HELLO)
        with Client("m", {"m": Deployment(server.base_url)}) as client:
            for _ in range(3):
                with client.stream(HELLO) as stream:
                    next(stream)
                    assert client.chat(HELLO).content == "ok"
                    list(stream)
        assert server.connections == 3
        assert soon(lambda: server.open_connections == 0)

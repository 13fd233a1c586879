"""Limits of deployments on real sockets, with threads and with tasks."""

import asyncio
import gc
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from thinwire import AsyncClient, Client, Deployment, ThinwireError
from thinwire.testing import MockServer, text_reply

HELLO = [{"role": "user", "content": "hi"}]


class Gauge:
    """How many calls are within `with` at a time, at most."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._now = self.most = 0

    def event(self, name: str, fields: dict[str, object]) -> None:
        """An attempt is at work from its first token to its end, and a little longer."""
        with self._lock:
            self._now += (name == "first_token") - (name == "complete")
            self.most = max(self.most, self._now)


@pytest.mark.usefixtures("on_transport")
def test_threads_wait_for_each_other() -> None:
    gauge = Gauge()
    with MockServer() as server:
        server.reply("m", text_reply("one two three", delay_ms=2))
        place = Deployment(server.base_url, max_concurrent=3)
        with Client("m", place, on_event=gauge.event) as client:
            together = threading.Barrier(12)

            def ask(_: int) -> str | None:
                together.wait(30)
                return client.chat(HELLO).content

            with ThreadPoolExecutor(12) as pool:
                assert list(pool.map(ask, range(12))) == ["one two three"] * 12
    assert gauge.most == 3


@pytest.mark.usefixtures("on_transport")
def test_tasks_wait_for_each_other() -> None:
    gauge = Gauge()

    async def main(url: str) -> None:
        place = Deployment(url, max_concurrent=3)
        async with AsyncClient("m", place, on_event=gauge.event) as client:
            done = await asyncio.gather(*[client.chat(HELLO) for _ in range(12)])
        assert [one.content for one in done] == ["one two three"] * 12

    with MockServer() as server:
        server.reply("m", text_reply("one two three", delay_ms=2))
        asyncio.run(main(server.base_url))
    assert gauge.most == 3


@pytest.mark.usefixtures("on_transport")
def test_a_thread_that_waits_is_woken_at_once_by_a_close() -> None:
    with MockServer() as server:
        server.reply("m", text_reply("one two three", delay_ms=300))
        with Client("m", Deployment(server.base_url, max_concurrent=1)) as client:
            with ThreadPoolExecutor(1) as pool, client.stream(HELLO) as stream:
                next(stream)
                waiting = client.stream(HELLO)
                task = pool.submit(lambda: list(waiting))
                time.sleep(0.05)
                begun = time.monotonic()
                waiting.close()
                assert task.result(10) == []
                assert time.monotonic() - begun < 0.25
            assert client.chat(HELLO).content == "one two three"


@pytest.mark.usefixtures("on_transport")
def test_no_wait_is_longer_than_the_call() -> None:
    async def main(url: str) -> None:
        place = Deployment(url, max_concurrent=1)
        async with AsyncClient("m", place) as client, client.stream(HELLO) as stream:
            await stream.__anext__()
            begun = time.monotonic()
            with pytest.raises(ThinwireError) as caught:
                await client.chat(HELLO, timeouts=0.1)
            assert caught.value.kind == "limit"
            assert 0.09 <= time.monotonic() - begun < 5

    with MockServer() as server:
        server.reply("m", text_reply("one two three", delay_ms=300))
        asyncio.run(main(server.base_url))


def read_in_part(client: Client) -> None:
    """A loop over a stream that ends early, and closes nothing."""
    for _ in client.stream(HELLO):
        break


def not_read(client: Client) -> None:
    """A stream that nobody reads, and a reply."""
    client.stream(HELLO)
    client.get("/models")


@pytest.mark.usefixtures("on_transport")
@pytest.mark.filterwarnings("ignore::ResourceWarning")  # of what is left open
@pytest.mark.parametrize("leave", [read_in_part, not_read])
def test_what_is_left_without_a_word_keeps_no_place(leave: Callable[[Client], None]) -> None:
    with MockServer() as server:
        place = Deployment(server.base_url, max_concurrent=1)
        with Client("m", place, timeouts=5.0) as client:
            for _ in range(3):
                leave(client)
            assert client.chat(HELLO).content
    gc.collect()  # here, where the warnings are expected


@pytest.mark.usefixtures("on_transport")
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_a_stream_that_is_left_without_a_word_lets_the_next_begin() -> None:
    async def main(url: str) -> None:
        place = Deployment(url, max_concurrent=1)
        async with AsyncClient("m", place, timeouts=5.0) as client:
            stream = client.stream(HELLO)
            await stream.__anext__()
            waits = asyncio.create_task(client.chat(HELLO))
            await asyncio.sleep(0.05)
            assert not waits.done()
            del stream
            assert (await waits).content

    with MockServer() as server:
        asyncio.run(main(server.base_url))
    gc.collect()

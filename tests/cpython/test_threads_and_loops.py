"""Where a client may be used: threads, loops, and what is no asyncio."""

import asyncio
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from thinwire import AsyncClient, Client, Deployment
from thinwire.testing import MockServer, text_reply

HELLO = [{"role": "user", "content": "hi"}]


def test_threads_that_start_together_make_no_more_than_they_need(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made: list[httpx.Client] = []
    together = threading.Barrier(16)

    class Slow(httpx.Client):
        def __init__(self, **options: Any) -> None:
            made.append(self)
            super().__init__(**options)

    monkeypatch.setattr(httpx, "Client", Slow)
    with MockServer() as server:
        server.reply("m", text_reply("ok"))
        with Client("m", {"m": Deployment(server.base_url)}) as client:

            def ask(_: int) -> str | None:
                together.wait(30)
                return client.chat(HELLO).content

            with ThreadPoolExecutor(16) as pool:
                assert list(pool.map(ask, range(16))) == ["ok"] * 16
                assert list(pool.map(ask, range(16))) == ["ok"] * 16
            assert server.connections <= len(made) <= 16
    assert all(one.is_closed for one in made)


@pytest.mark.usefixtures("on_transport")
def test_each_thread_has_its_own_answer() -> None:
    with MockServer() as server, Client("m", {"m": Deployment(server.base_url)}) as client:

        def ask(number: int) -> bool:
            text = f"{number} " * 1000
            return client.chat([{"role": "user", "content": text}]).content == text

        with ThreadPoolExecutor(8) as pool:
            assert all(pool.map(ask, range(32)))


@pytest.mark.usefixtures("on_transport")
def test_one_client_in_one_loop_after_the_other() -> None:
    async def ask(client: AsyncClient) -> str | None:
        try:
            return (await client.chat(HELLO)).content
        finally:
            await client.aclose()

    with MockServer() as server:
        client = AsyncClient("m", {"m": Deployment(server.base_url)})
        assert [asyncio.run(ask(client)) for _ in range(3)] == ["hi"] * 3


@pytest.mark.parametrize("options", [{}, {"http_client": httpx.AsyncClient()}])
def test_without_asyncio_the_error_names_trio(options: dict[str, Any]) -> None:
    # As trio runs it: no loop of asyncio is there.
    client = AsyncClient("m", {"m": Deployment("http://127.0.0.1:9/v1")}, **options)
    coroutine = client.chat(HELLO)
    with pytest.raises(RuntimeError, match=r"asyncio.* under trio .*to_thread"):
        coroutine.send(None)


def test_pyodide_is_named() -> None:
    program = """
import sys
sys.platform = "emscripten"
from thinwire import AsyncClient, Client, Deployment
for kind in (AsyncClient, Client):
    try:
        kind("m", {"m": Deployment("http://127.0.0.1:9/v1")})
    except ImportError as error:
        print(error)
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("Pyodide has no sockets: give the client a transport=") == 2

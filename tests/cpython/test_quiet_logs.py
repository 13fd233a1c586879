"""What libraries below write to the log holds no key."""

import asyncio
import logging
from typing import Any

import httpx
import pytest

from thinwire import AsyncClient, Client, Deployment
from thinwire.testing import MockServer, text_reply

KEY = "a-secret-key-0123"
HELLO: list[dict[str, object]] = [{"role": "user", "content": "hi"}]


def sync(deployment: Deployment, own: bool) -> None:
    with httpx.Client(event_hooks={"request": [show]}) as http_client:
        options: dict[str, Any] = {"http_client": http_client} if own else {}
        with Client("m", {"m": deployment}, **options) as client:
            client.chat(HELLO)


def asynchronous(deployment: Deployment, own: bool) -> None:
    async def chat() -> None:
        async with httpx.AsyncClient(event_hooks={"request": [ashow]}) as http_client:
            options: dict[str, Any] = {"http_client": http_client} if own else {}
            async with AsyncClient("m", {"m": deployment}, **options) as client:
                await client.chat(HELLO)

    asyncio.run(chat())


def show(request: httpx.Request) -> None:
    logging.getLogger("own").info("%s %r %s", request.url, request.url, request)


async def ashow(request: httpx.Request) -> None:
    show(request)


@pytest.mark.parametrize("call", [sync, asynchronous])
@pytest.mark.parametrize("own", [False, True])
def test_a_key_in_the_query_is_in_no_log(call: Any, own: bool, caplog: Any) -> None:
    caplog.set_level(logging.DEBUG)
    with MockServer() as server:
        server.reply("m", text_reply("Hi"))
        call(Deployment(f"{server.base_url}?key={KEY}", "sk-another-key-0123"), own)
        assert server.requests[0].path == f"/v1/chat/completions?key={KEY}"
    text = "\n".join(record.getMessage() for record in caplog.records)
    assert "HTTP Request: POST http://" in text
    assert "/v1/chat/completions?***" in text
    assert KEY not in text
    assert "sk-another-key-0123" not in text

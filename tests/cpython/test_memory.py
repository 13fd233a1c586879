"""A turn needs no memory that grows with the prompt."""

import asyncio
import gc
import hashlib
import json
import tracemalloc
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from support.mock_process import mock_process, requests_of

from thinwire import AsyncClient, Client, Completion, Deployment, Timeouts

SIZE = 50 * 2**20
LIMIT = 2**20  # bytes above the prompt itself
MESSAGES = 1000

Ask = Callable[[str, list[dict[str, Any]]], Completion]


# An upload of 50 MB counts for the first token, and a machine may be slow.
PATIENT = Timeouts(connect=60, first_token=600, liveness=600)


@pytest.fixture(scope="module")
def base_url() -> Iterator[str]:
    with mock_process() as url:
        yield url


def ask(base_url: str, messages: list[dict[str, Any]]) -> Completion:
    with Client("tokens-10", {"tokens-10": Deployment(base_url)}, timeouts=PATIENT) as client:
        return client.chat(messages)


def ask_async(base_url: str, messages: list[dict[str, Any]]) -> Completion:
    async def turn() -> Completion:
        named = {"tokens-10": Deployment(base_url)}
        async with AsyncClient("tokens-10", named, timeouts=PATIENT) as client:
            return await client.chat(messages)

    return asyncio.run(turn())


def prompt(messages: int) -> list[dict[str, Any]]:
    # Text that JSON and UTF-8 make longer, so that an encoded copy could not hide.
    text = 'He said: "Grüße,\n\tand so on."   '
    content = text * (SIZE // messages // len(text))
    return [{"role": "user", "content": content + str(n)} for n in range(messages)]


def peak_of(ask: Ask, base_url: str, messages: list[dict[str, Any]]) -> int:
    gc.collect()
    tracemalloc.start()
    try:
        completion = ask(base_url, messages)
        assert completion.content == "".join(f"t{number} " for number in range(10))
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("messages", [1, pytest.param(MESSAGES, marks=pytest.mark.heavy)])
@pytest.mark.parametrize("ask", [ask, ask_async])
def test_50_mb_go_out_in_less_than_one(base_url: str, ask: Ask, messages: int) -> None:
    ask(base_url, [{"role": "user", "content": "Hi"}])  # what is loaded once
    wanted = prompt(messages)
    assert peak_of(ask, base_url, wanted) < LIMIT
    # Nothing was lost: the server has read just what json would have written.
    (*_, request) = requests_of(base_url)
    document = {"model": "tokens-10", "messages": wanted, "stream": True}
    document["stream_options"] = {"include_usage": True}
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    assert request["body_sha256"] == hashlib.sha256(text.encode()).hexdigest()
    assert request["framing"] == "chunked"

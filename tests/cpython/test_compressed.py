"""Answers that a server compressed: read on CPython, refused in plain words on a chip."""

import gzip
import zlib

import pytest
from support.interpreters import Interpreter, run_micropython

from thinwire import AllAttemptsFailed, AsyncClient, Client, Deployment, ReadError
from thinwire.testing import DONE, MockServer, Reply, Send, sse_event

STREAM = (
    sse_event({"choices": [{"delta": {"content": "Grüße"}}]})
    + sse_event({"choices": [{"delta": {}, "finish_reason": "stop"}]})
    + DONE
)
MESSAGES: list[dict[str, object]] = [{"role": "user", "content": "hi"}]
ENCODED = [("gzip", gzip.compress(STREAM)), ("deflate", zlib.compress(STREAM))]

# On MicroPython: what the error says, or the answer.
ASK = """
import sys
from thinwire import Client, Deployment, RetryPolicy, ThinwireError
with Client("m", {"m": Deployment(sys.argv[1])}, retry=RetryPolicy(1)) as client:
    try:
        print(client.chat([{"role": "user", "content": "hi"}]).content)
    except ThinwireError as error:
        print(type(error).__name__, error)
"""


def compressed(coding: str, data: bytes, status: int = 200) -> Reply:
    headers = (("Content-Type", "text/event-stream"), ("Content-Encoding", coding))
    return Reply(status=status, headers=headers, steps=[Send(data)], pieces=7)


@pytest.mark.parametrize(("coding", "data"), ENCODED)
async def test_httpx_reads_it(mock_llm: MockServer, coding: str, data: bytes) -> None:
    mock_llm.reply("m", compressed(coding, data))
    async with AsyncClient("m", {"m": Deployment(mock_llm.base_url)}) as client:
        assert (await client.chat(MESSAGES)).content == "Grüße"


def test_httpx_reads_it_without_a_loop(mock_llm: MockServer) -> None:
    mock_llm.reply("m", compressed(*ENCODED[0]))
    with Client("m", {"m": Deployment(mock_llm.base_url)}) as client:
        assert client.chat(MESSAGES).content == "Grüße"
    assert mock_llm.requests[0].header("accept-encoding") == "identity"


def test_what_is_not_what_it_says_is_an_error_of_ours(mock_llm: MockServer) -> None:
    mock_llm.reply("m", compressed("gzip", b"not gzip"))
    with (
        Client("m", {"m": Deployment(mock_llm.base_url)}) as client,
        pytest.raises(AllAttemptsFailed) as failure,
    ):
        client.chat(MESSAGES)
    assert isinstance(failure.value.last, ReadError)


@pytest.mark.parametrize(("status", "want"), [(200, "ReadError"), (429, "StatusError")])
def test_a_chip_says_what_is_wrong(
    micropython: Interpreter, mock_llm: MockServer, tmp_path: object, status: int, want: str
) -> None:
    mock_llm.reply("m", compressed(*ENCODED[0], status))
    script = f"{tmp_path}/ask.py"
    with open(script, "w") as file:
        file.write(ASK)
    done = run_micropython(micropython, script, mock_llm.base_url)
    assert done.stdout.startswith(want), done.stdout
    assert "compressed" in done.stdout

# Requests that are sent slowly. Runs on CPython and on MicroPython
# (tests/cpython/test_slow_uploads.py).

import asyncio
import time

from thinwire import (
    AsyncClient,
    Client,
    Deployment,
    RetryPolicy,
    TextStream,
    ThinwireError,
    Timeouts,
)

_PAUSE_S = 0.5  # longer than the upload may rest
_PIECE = "0123456789abcdef" * 64


class Slow:
    """Words of a producer that takes its time."""

    def __init__(self):
        self.left = 2

    def __aiter__(self):
        return self

    async def __anext__(self):
        if not self.left:
            raise StopAsyncIteration
        self.left -= 1
        await asyncio.sleep(_PAUSE_S)
        return "Hi"


def slow_words():
    for word in ("Hi", "there"):
        time.sleep(_PAUSE_S)
        yield word


def pieces(size):
    for _ in range(size // len(_PIECE)):
        yield _PIECE


def ask(base_url, size, limits, blocking):
    """[text, error, attempts] of a call with a prompt of `size` bytes; 0: of a slow producer."""
    if size:
        prompt = TextStream(lambda: pieces(size))
    else:
        prompt = TextStream(slow_words if blocking else Slow)
    kind = Client if blocking else AsyncClient
    client = kind(
        "m",
        {"m": Deployment(base_url, "k")},
        timeouts=Timeouts(**limits),
        retry=RetryPolicy(attempts=1),
    )
    messages = [{"role": "user", "content": prompt}]
    if blocking:
        return outcome(lambda: client.chat(messages))

    async def main():
        try:
            done = await client.chat(messages)
        except ThinwireError as error:
            return [None, str(error), 1]
        finally:
            await client.aclose()
        return [done.content, "", len(done.attempts)]

    return asyncio.run(main())


def outcome(chat):
    try:
        done = chat()
    except ThinwireError as error:
        return [None, str(error), 1]
    return [done.content, "", len(done.attempts)]

"""Functions that may block, beside a loop that must not."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any


async def in_thread(
    function: Callable[..., object], by_place: Sequence[Any], by_name: dict[str, Any]
) -> object:
    """Calls a function in a thread of asyncio's, with the context variables of here.

    What it raises comes through; StopIteration as a RuntimeError, since a Future cannot carry it,
    and nobody would ever be woken.
    """
    raised: list[BaseException] = []

    def call() -> object:
        try:
            return function(*by_place, **by_name)
        except BaseException as error:
            raised.append(error)
            return None

    found = await asyncio.to_thread(call)
    if raised:
        try:
            raise raised[0]
        finally:
            raised.clear()  # or the error would hold itself, through this frame
    return found

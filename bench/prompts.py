"""What is asked: prompts of each shape, the same for each peer."""

import base64
import random
from collections.abc import Callable
from typing import Any

from bench.peers import Messages

MB = 1_000_000
TOOLS: list[dict[str, Any]] = [
    {
        "type": "function",
        "function": {
            "name": "write",
            "description": "Writes a text.",
            "parameters": {"type": "object", "properties": {"text": {"type": "string"}}},
        },
    }
]
# With what has to be escaped in JSON now and then, as in prose and in code.
_PROSE = (
    'The wire is thin, and "what" is said on it is long.\n'
    "\tfor piece in answer: print(piece)\n"
    "A request is encoded while it is sent; nobody holds all of it. Then the answer comes, word "
    "by word, and each word is handed on before the next one is there.\n\n"
)


def text(size: int) -> str:
    """`size` characters of prose."""
    return (_PROSE * (size // len(_PROSE) + 1))[:size]


def small() -> Messages:
    """One line."""
    return [{"role": "user", "content": "Say something."}]


def messages(size: int, each: int) -> Messages:
    """A conversation of `size` characters in messages of `each`."""
    roles = ("user", "assistant")
    return [{"role": roles[i % 2], "content": text(each)} for i in range(size // each)]


def images(size: int) -> Messages:
    """Five images, as base64 text of `size` characters in all."""
    urls = []
    for number in range(5):
        image = random.Random(number).randbytes(size // 5 // 4 * 3)
        urls.append("data:image/png;base64," + base64.b64encode(image).decode())
    parts = [{"type": "image_url", "image_url": {"url": url}} for url in urls]
    return [{"role": "user", "content": [{"type": "text", "text": "What is this?"}, *parts]}]


SHAPES: dict[str, Callable[[], Messages]] = {
    "small": small,
    "messages": lambda: messages(MB, 1000),
    "string": lambda: messages(10 * MB, 10 * MB),
    "images": lambda: images(10 * MB),
    "long messages": lambda: messages(10 * MB, 10_000),
}

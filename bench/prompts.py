"""What is asked: prompts of each shape, the same for each peer."""

import base64
import random
from collections.abc import Callable
from pathlib import Path
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
_IMAGES = 5
# Of a file; five of them are 10 MB of base64.
_IMAGE_BYTES = 10 * MB // _IMAGES // 4 * 3
_FOLDER = Path(__file__).parents[1] / ".tools" / "bench" / "images"


def text(size: int) -> str:
    """`size` characters of prose."""
    return (_PROSE * (size // len(_PROSE) + 1))[:size]


def conversation(size: int, each: int) -> Messages:
    """`size` characters in messages of `each`."""
    roles = ("user", "assistant")
    return [{"role": roles[i % 2], "content": text(each)} for i in range(size // each)]


def image_url(path: Path) -> object:
    """How an image gets into a prompt where the library has no way of its own."""
    return "data:image/png;base64," + base64.b64encode(path.read_bytes()).decode()


def with_images(urls: list[object]) -> Messages:
    """A question about images."""
    parts = [{"type": "image_url", "image_url": {"url": url}} for url in urls]
    return [{"role": "user", "content": [{"type": "text", "text": "What is this?"}, *parts]}]


def image_files() -> list[Path]:
    """Five files which look like noise, as compressed images do; written when first asked for."""
    _FOLDER.mkdir(parents=True, exist_ok=True)
    paths = [_FOLDER / f"{number}.png" for number in range(_IMAGES)]
    for number, path in enumerate(paths):
        if not path.exists() or path.stat().st_size != _IMAGE_BYTES:
            path.write_bytes(random.Random(number).randbytes(_IMAGE_BYTES))
    return paths


def prompt(shape: str, url_of: Callable[[Path], object] = image_url) -> Callable[[], Messages]:
    """What gives the messages of a turn: the same ones each time, or for "files" new ones, since
    reading the files is a part of the turn."""
    if shape == "files":
        paths = image_files()
        return lambda: with_images([url_of(path) for path in paths])
    messages = _SHAPES[shape]()
    return lambda: messages


_SHAPES: dict[str, Callable[[], Messages]] = {
    "small": lambda: [{"role": "user", "content": "Say something."}],
    "messages": lambda: conversation(MB, 1000),
    "long messages": lambda: conversation(10 * MB, 10_000),
    "string": lambda: conversation(10 * MB, 10 * MB),
    "images": lambda: with_images([image_url(path) for path in image_files()]),
}

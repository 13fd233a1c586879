"""What is read while it is sent: files by any kind of path, producers of any kind, an own one."""

from collections.abc import AsyncIterator, Iterator
from os import PathLike
from pathlib import Path

from thinwire import Base64File, BytesStream, Client, DataURL, Source, TextFile, TextStream


def lines() -> Iterator[str]:
    yield "a"


async def sound() -> AsyncIterator[bytes]:
    yield b"a"


class Camera(Source):
    """Taken anew for each attempt."""

    replayable = True

    def open(self) -> "Picture":
        return Picture()


class Picture:
    size: int | None = None

    def __init__(self) -> None:
        self._pieces = [b"", b"aaaa"]

    def read_piece(self) -> bytes:
        return self._pieces.pop()

    async def more(self) -> None:
        pass

    def close(self) -> None:
        pass


def ask(client: Client, folder: PathLike[str]) -> None:
    path = Path(folder)
    parts = [
        {"type": "text", "text": TextFile(path / "a.txt")},
        {"type": "text", "text": TextStream(lines)},
        {"type": "text", "text": TextStream(["a", "b"])},
        {"type": "image_url", "image_url": {"url": DataURL(path / "a.jpg")}},
        {"type": "image_url", "image_url": {"url": Camera()}},
        {"type": "input_audio", "input_audio": {"data": BytesStream(sound), "format": "wav"}},
        {"type": "file", "file": {"file_data": Base64File(folder, "data:;base64,")}},
    ]
    client.chat([{"role": "user", "content": parts}])
    client.chat({"role": "user", "content": TextFile(one)} for one in path.iterdir())

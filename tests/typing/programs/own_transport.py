"""An own transport: with our classes as bases, and one that only looks like them."""

import time

from thinwire import Client, Deployment
from thinwire.transport import Abortable, Request, Response, Transport


class Answer(Response):
    def __init__(self, data: bytes) -> None:
        self.status = 200
        self._data = data

    def header(self, name: str) -> str | None:
        return {"content-type": "text/event-stream"}.get(name.lower())

    def receive(self, buffer: memoryview) -> int | None:
        data, self._data = self._data[: len(buffer)], self._data[len(buffer) :]
        buffer[: len(data)] = data
        return len(data)

    async def wait(self, deadline_ms: int | None) -> None:
        pass  # all of it has arrived

    async def aclose(self) -> None:
        self._data = b""


class Canned(Transport):
    name = "canned"
    concurrent = False

    async def send(self, request: Request) -> Response:
        request.headers.append(("X-Own", request.authority))
        buffer = bytearray(100)
        while request.body is not None and request.body.readinto(buffer):
            pass
        return Answer(b"data: [DONE]\n\n")

    async def sleep_ms(self, ms: int, until: Abortable | None = None) -> None:
        time.sleep(ms / 1000)  # noqa: ASYNC251 - it does one thing at a time

    def now_ms(self) -> int:
        return int(time.monotonic() * 1000)

    async def aclose(self) -> None:
        pass


with Client("m", {"m": Deployment("https://a.example/v1")}, transport=Canned()) as client:
    print(client.chat([{"role": "user", "content": "hi"}]), client.transport.name)

"""Answers that come before the request has been sent: for httpx.AsyncClient.

A server that refuses a large prompt answers 413 at once, and stops reading or closes. httpcore
writes on until that fails, and asyncio then drops what it had received. So while large blocks are
written, this network backend listens; once the server has answered, the rest is not sent.
"""

# ruff: noqa: ASYNC109 - the signatures are httpcore's

import asyncio
import ssl
from collections.abc import Iterable

import httpcore
import httpx

from thinwire.cpython.httpx_backend import with_backend

_LARGE = 32768  # bytes: below, a block goes out without waiting
_SIZE = 65536


def answered(data: bytes | bytearray) -> bool:
    """Whether `data`, from the start of a response, has the beginning of a final head.

    Interim heads (RFC 9110 §15.2) may come while a request is being sent, and change nothing.
    """
    while data[9:10] == b"1":
        end = data.find(b"\r\n\r\n")
        if end < 0:
            return False
        data = data[end + 4 :]
    return len(data) >= 10


class ListeningBackend(httpcore.AnyIOBackend):
    """Sockets that notice an early answer."""

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: "Iterable[httpcore.SOCKET_OPTION] | None" = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connects, as httpcore does."""
        stream = await super().connect_tcp(host, port, timeout, local_address, socket_options)
        return _Stream(stream)


class _Stream(httpcore.AsyncNetworkStream):
    def __init__(self, stream: httpcore.AsyncNetworkStream) -> None:
        self._stream = stream
        self._listening: asyncio.Task[None] | None = None
        self._heard = bytearray()

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        listening, self._listening = self._listening, None
        if listening is not None:
            await listening
        if self._heard:
            heard, self._heard = bytes(self._heard), bytearray()
            return heard
        return await self._stream.read(max_bytes, timeout)

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        if len(buffer) < _LARGE:
            await self._stream.write(buffer, timeout)
            return
        self._listening = self._listening or asyncio.create_task(self._listen())
        writing = asyncio.create_task(self._write(buffer, timeout))
        try:
            await asyncio.wait((writing, self._listening), return_when=asyncio.FIRST_COMPLETED)
            if self._listening.done():
                # httpcore goes on to read the response.
                raise httpcore.WriteError("the server has answered or gone")
            await writing
        finally:
            await _end(writing)

    async def _write(self, buffer: bytes, timeout: float | None) -> None:
        if self._stream.get_extra_info("is_readable"):
            await asyncio.sleep(0)  # a failed write would cost what is there: have it read first
        await self._stream.write(buffer, timeout)

    async def _listen(self) -> None:
        while not answered(self._heard):
            data = await self._stream.read(_SIZE)
            if not data:
                return
            self._heard += data

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.AsyncNetworkStream:
        try:
            return _Stream(await self._stream.start_tls(ssl_context, server_hostname, timeout))
        except BaseException:
            # httpcore 1.0 closes after an error, but leaks the socket of a cancelled handshake.
            await self._stream.aclose()
            raise

    async def aclose(self) -> None:
        listening, self._listening = self._listening, None
        if listening is not None:
            await _end(listening)
        await self._stream.aclose()

    def get_extra_info(self, info: str) -> object:
        return self._stream.get_extra_info(info)


def listen(client: httpx.AsyncClient) -> httpx.AsyncClient:
    """Makes `client`, new and ours, notice early answers; proxies included."""
    return with_backend(client, ListeningBackend())


async def _end(task: "asyncio.Task[None]") -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)

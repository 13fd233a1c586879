"""Connecting: where to, by way of what, and who is there."""

import errno
import os
import socket
import ssl
from typing import NamedTuple

from thinwire.core.errors import ConnectError, ReadError, TransportTimeout, certificate_error
from thinwire.core.providers.public_only import require
from thinwire.core.request.http_request import Request
from thinwire.core.wire.certificate_pins import CertificatePins
from thinwire.core.wire.http1 import READ, WRITE, ResponseHead
from thinwire.cpython import words
from thinwire.cpython.clock import now_ms
from thinwire.cpython.lookup import Address, Resolver, known
from thinwire.cpython.proxies import Proxy
from thinwire.cpython.sockets.connection import Connection, Place
from thinwire.cpython.sockets.tls import TLS
from thinwire.cpython.sockets.waits import Waits

_NEXT_MS = 250  # until the next address is tried beside the last (RFC 8305 §5)
_FULL_MS = 10  # until a Unix socket whose queue is full is tried again
_UNDER_WAY = (errno.EINPROGRESS, errno.EWOULDBLOCK, getattr(errno, "WSAEWOULDBLOCK", -1))
_OK = range(200, 300)
_NO_ACCESS = 407
# What waits in the kernel is not sent yet: megabytes of a request there would be taken for sent,
# and the server's clocks begin. Where that cannot be said, the buffer is kept small.
_BUFFER = (
    (socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, 131072)
    if hasattr(socket, "TCP_NOTSENT_LOWAT")
    else (socket.SOL_SOCKET, socket.SO_SNDBUF, 262144)
)


class Trusted(NamedTuple):
    """Whom to trust.

    Attributes:
        context: for the server.
        pins: what it must show besides, or None.
        proxy: for a proxy that is spoken to in TLS.
    """

    context: ssl.SSLContext
    pins: CertificatePins | None
    proxy: ssl.SSLContext


class Route(NamedTuple):
    """The way to a server.

    Attributes:
        scheme, host, port: of the server; an IPv6 host stands without brackets.
        proxy: what stands between, or None.
        uds: path of the Unix socket that leads there in place of host and port, or "".
        public_only: see Request; such connections are kept for themselves.
    """

    scheme: str
    host: str
    port: int
    proxy: Proxy | None
    uds: str
    public_only: bool = False

    def place(self) -> Place:
        """What connections have in common that may stand for each other."""
        if self.scheme == "http" and self.proxy is not None:
            return self.scheme, self.proxy  # which takes requests for anybody
        return self


async def dial(
    waits: Waits, resolver: Resolver, route: Route, trusted: Trusted | None, request: Request
) -> Connection:
    """A new connection, TLS and all.

    Args:
        trusted: None where nobody has to be proven.
        request: whose connection it is; says when it must stand, and whether it is called off.

    Raises:
        ConnectError: nobody is there, or somebody else.
        TransportTimeout: it takes too long. ReadError(closed=True): it is called off.
    """
    proxy = route.proxy
    begun = now_ms()
    if route.uds:
        raw = await _connect_unix(waits, route.uds, request)
    else:
        host, port = (route.host, route.port) if proxy is None else (proxy.host, proxy.port)
        until_ms = request.connect_by()
        addresses = known(host, port)
        if addresses is None:
            addresses = await waits.look_up(resolver, host, port, until_ms, request)
        if route.public_only:
            require(host, [str(address[4][0]) for address in addresses])
        begun = now_ms()
        raw = await _race(waits, addresses, request)
    connection = Connection(raw, waits.line(raw), route.place())
    try:
        connection.connect_ms = now_ms() - begun
        request.connected_ms = now_ms()
        request.wake = connection.abort
        request.check()
        if proxy is not None and trusted is not None:
            if proxy.scheme == "https":
                await _secure(connection, trusted.proxy, None, proxy.host, request)
            if route.scheme == "https":
                await _tunnel(connection, route, proxy, request)
        if route.scheme == "https" and trusted is not None:
            await _secure(connection, trusted.context, trusted.pins, route.host, request)
            request.secured_ms = now_ms()
    except BaseException:
        connection.close()
        raise
    return connection


async def _race(waits: Waits, addresses: list[Address], request: Request) -> socket.socket:
    # RFC 8305: one address after the other, and none waits for long for the one before.
    waiting = _in_turns(addresses)
    under_way: list[socket.socket] = []
    failure: OSError | None = None
    next_ms = now_ms()
    try:
        while True:
            if waiting and (not under_way or now_ms() >= next_ms):
                try:
                    under_way.append(_start(waiting.pop(0)))
                except OSError as error:
                    failure = error
                next_ms = now_ms() + _NEXT_MS
            for raw in list(under_way):
                try:
                    if _stands(raw):
                        under_way.remove(raw)
                        return raw
                except OSError as error:
                    failure = error
                    under_way.remove(raw)
                    raw.close()
                    next_ms = now_ms()
            if not under_way:
                if waiting:
                    continue
                raise _failed(failure or OSError(errno.EADDRNOTAVAIL, "no address")) from None
            until_ms = request.connect_by()
            _check(until_ms)
            if waiting:
                until_ms = next_ms if until_ms is None else min(next_ms, until_ms)
            await waits.any_writable(under_way, until_ms, request)
            request.check()
    finally:
        for raw in under_way:
            raw.close()


def _in_turns(addresses: list[Address]) -> list[Address]:
    # The resolver's order, but the families in turns (RFC 8305 §4).
    first = [one for one in addresses if one[0] == addresses[0][0]]
    others = [one for one in addresses if one[0] != addresses[0][0]]
    turns = [one for pair in zip(first, others, strict=False) for one in pair]
    return turns + first[len(others) :] + others[len(first) :]


def _start(address: Address) -> socket.socket:
    raw = socket.socket(address[0], address[1], address[2])
    try:
        raw.setblocking(False)
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        raw.setsockopt(*_BUFFER)
        code = raw.connect_ex(address[4])
        if code and code not in _UNDER_WAY:
            raise OSError(code, os.strerror(code))
    except BaseException:
        raw.close()
        raise
    return raw


def _stands(raw: socket.socket) -> bool:
    # Whether it is connected; raises why it will never be.
    code = raw.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    if code:
        raise OSError(code, os.strerror(code))
    try:
        raw.getpeername()
    except OSError:
        return False
    return True


async def _connect_unix(waits: Waits, path: str, request: Request) -> socket.socket:
    raw = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        raw.setblocking(False)
        while True:
            try:
                raw.connect(path)
                return raw
            except BlockingIOError:
                _check(request.connect_by())
                await waits.sleep_ms(_FULL_MS, request)
                request.check()
    except OSError as error:
        raw.close()
        told = words.describe(error, True)
        raise ConnectError(f"uds={path}: {told}", words.bare(error)) from None
    except BaseException:
        raw.close()
        raise


async def _tunnel(connection: Connection, route: Route, proxy: Proxy, request: Request) -> None:
    # RFC 9110 §9.3.6
    host = f"[{route.host}]" if ":" in route.host else route.host
    lines = [f"CONNECT {host}:{route.port} HTTP/1.1", f"Host: {host}:{route.port}"]
    if proxy.authorization:
        lines.append(f"Proxy-Authorization: {proxy.authorization}")
    left = memoryview("\r\n".join([*lines, "", ""]).encode())
    head, piece = ResponseHead(), memoryview(bytearray(1024))
    try:
        while left:
            count = connection.write_some(left)
            left = left[count:]
            if not count:
                await _wait(connection, WRITE, request)
        rest = None
        while rest is None:
            read = connection.read_some(piece)
            if read == 0:
                raise ReadError("the proxy closed the connection without an answer")
            if read is None:
                await _wait(connection, READ, request)
            else:
                rest = head.receive(piece[:read])
    except ReadError as error:
        if error.closed:
            raise
        raise ConnectError(str(error), error.cause) from None
    if head.status == _NO_ACCESS:
        said = "user and password, as in http://user:password@host:3128, or others than these"
        raise ConnectError(f"the proxy wants {said} (407)")
    if head.status not in _OK:
        raise ConnectError(f"the proxy refuses to connect to {host}:{route.port} ({head.status})")
    if rest:
        raise ConnectError("the proxy says more than it should before TLS")


async def _secure(
    connection: Connection,
    context: ssl.SSLContext,
    pins: CertificatePins | None,
    host: str,
    request: Request,
) -> None:
    try:
        tls = TLS(connection.top, context, host)
        while want := tls.handshake(pins):
            await _wait(connection, want, request)
    except ssl.SSLCertVerificationError as error:
        raise certificate_error(words.describe(error, True), words.bare(error)) from None
    except (OSError, ValueError) as error:  # ValueError: a host that no certificate can name
        request.check()
        raise _failed(error) from None
    connection.put_on(tls)


async def _wait(connection: Connection, want: int, request: Request) -> None:
    until_ms = request.connect_by()
    if connection.is_dry() or want != READ:
        _check(until_ms)
    await connection.wait(want, until_ms)
    request.check()


def _check(until_ms: int | None) -> None:
    if until_ms is not None and now_ms() >= until_ms:
        raise TransportTimeout("the deadline passed", "connect")


def _failed(error: Exception) -> ConnectError:
    return ConnectError(words.describe(error, True), words.bare(error))

"""The thread, the event loop and the open connections of a running mock server.

A thread, so that synchronous tests can use the server and a blocked test cannot block it. The
connections are accepted here and not by asyncio.start_server: that loses sight of those whose
handshake or first step is still to come, so that stopping would leave them open.
"""

import asyncio
import socket
import ssl
import threading
from collections.abc import Awaitable, Callable

from thinwire.testing.server.peer import READ_SIZE, Peer

_GOODBYE = 1.0  # seconds a TLS client has to answer our close_notify
_PATIENCE = 10.0  # seconds the thread has to end; it needs them only if something is broken
_ROUNDS = 100  # of the loop, for transports that are closing


def listen(host: str, port: int) -> socket.socket:
    """A listening socket.

    Args:
        host: name or address, an IPv6 one without brackets.
        port: 0 picks a free one.

    Raises:
        OSError: it cannot listen there.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, backlog=128)


def authority(host: str, port: int) -> str:
    """Host and port as they stand in a URL."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


class Service:
    """A running server; it begins with its construction.

    Args:
        listener: the listening socket, closed by `stop`.
        ssl_context: for https.
        serve: what to do with a connection, in this service's loop.
        on_error: called with what goes wrong, in words.
    """

    def __init__(
        self,
        listener: socket.socket,
        ssl_context: ssl.SSLContext | None,
        serve: Callable[[Peer], Awaitable[None]],
        on_error: Callable[[str], None],
    ) -> None:
        self._listener = listener
        self._serve = serve
        self._on_error = on_error
        self._ssl_context = ssl_context
        self._open: dict[asyncio.Task[None], socket.socket] = {}
        self._stopping = asyncio.Event()
        # The one loop of every platform that can watch a listening socket.
        self._loop = asyncio.SelectorEventLoop()
        self._thread = threading.Thread(target=self._run, name="thinwire-mock", daemon=True)
        self._thread.start()

    @property
    def open_connections(self) -> int:
        """Connections that are open now."""
        return len(self._open)

    def stop(self) -> None:
        """Close everything and wait for the thread's end."""
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join(_PATIENCE)

    def _run(self) -> None:
        try:
            self._loop.run_until_complete(self._main())
        finally:
            self._loop.close()

    async def _main(self) -> None:
        self._loop.set_exception_handler(
            lambda loop, context: self._on_error(
                f"{context.get('message')}: {context.get('exception')!r}"
            )
        )
        self._listener.setblocking(False)
        self._loop.add_reader(self._listener, self._accept)
        await self._stopping.wait()
        self._loop.remove_reader(self._listener)
        self._listener.close()
        tasks, connections = list(self._open), list(self._open.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for _ in range(_ROUNDS):
            if all(connection.fileno() == -1 for connection in connections):
                return
            await asyncio.sleep(0)
        for connection in connections:  # those whose task had not begun
            connection.close()

    def _accept(self) -> None:
        try:
            connection, _ = self._listener.accept()
        except OSError:  # it left before we came
            return
        task = self._loop.create_task(self._connected(connection))
        self._open[task] = connection
        task.add_done_callback(self._open.pop)

    async def _connected(self, connection: socket.socket) -> None:
        try:
            peer = await self._peer(connection)
        except OSError as error:  # ssl.SSLError is one, too
            self._on_error(f"TLS handshake failed: {error!r}")
            return
        try:
            await self._serve(peer)
            await peer.close()
        except asyncio.CancelledError:
            await peer.drop()
        except Exception as error:  # a bug of ours: say so in the test instead of hanging it
            self._on_error(f"the mock server failed: {error!r}")
            await peer.drop()

    async def _peer(self, connection: socket.socket) -> Peer:
        connection.setblocking(False)
        # asyncio leaves this out for sockets of protocol 0, and then every write of a reply waits
        # for the client to acknowledge the last one: 40 ms (RFC 896, RFC 1122 §4.2.3.2).
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        reader = asyncio.StreamReader(READ_SIZE, self._loop)
        protocol = asyncio.StreamReaderProtocol(reader, loop=self._loop)
        transport, _ = await self._loop.connect_accepted_socket(
            lambda: protocol,
            connection,
            ssl=self._ssl_context,
            ssl_shutdown_timeout=_GOODBYE if self._ssl_context else None,
        )
        return Peer(reader, asyncio.StreamWriter(transport, protocol, reader, self._loop))

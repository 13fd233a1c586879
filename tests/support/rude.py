"""A server that answers the head of a request, and closes with all of the body unread, as deny
rules of haproxy, mlx-lm and everything on Python's http.server do (docs/wire.md C108)."""

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

_BODY = b'{"error": {"message": "wrong key"}}'
SAID = "StatusError: status 401: wrong key"  # what is to come of it
_ANSWER = (
    b"HTTP/1.1 401 Unauthorized\r\nContent-Type: application/json\r\nConnection: close\r\n"
    b"Content-Length: %d\r\n\r\n" % len(_BODY),
    _BODY,
)


@contextmanager
def rude_server(context: ssl.SSLContext | None = None, pieces: bool = False) -> Iterator[str]:
    """Its base URL; it stops at the end.

    Args:
        context: of TLS; None: plain http.
        pieces: head and body of the answer are sent apart.
    """
    listening = socket.create_server(("127.0.0.1", 0), backlog=64)
    answer = _ANSWER if pieces else (b"".join(_ANSWER),)

    def serve() -> None:
        with suppress(OSError):  # shut down
            while True:
                connection, _ = listening.accept()
                threading.Thread(target=refuse, args=(connection,), daemon=True).start()

    def refuse(connection: socket.socket) -> None:
        # Or the answer waits behind TLS's tickets for them to be acknowledged (RFC 896), and the
        # reset of the close takes it away before anybody could see it.
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with suppress(OSError), connection:
            if context is None:
                _refuse(connection, answer)
            else:
                with context.wrap_socket(connection, server_side=True) as secure:
                    _refuse(secure, answer)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        scheme = "http" if context is None else "https"
        yield "%s://127.0.0.1:%d/v1" % (scheme, listening.getsockname()[1])
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        thread.join(10)
        listening.close()


def _refuse(connection: socket.socket, answer: tuple[bytes, ...]) -> None:
    # One byte at a time: none of the body is read.
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        piece = connection.recv(1)
        if not piece:
            return
        head += piece
    for piece in answer:
        connection.sendall(piece)

"""Addresses where nobody answers, each in its own way."""

import contextlib
import socket
from collections.abc import Iterator

Places = dict[str, tuple[str, int]]

_SMALL = 4096  # bytes: a receive buffer that is soon full
_FILL = 4  # connections, enough for a backlog of none
_QUEUE = 512  # connections that nobody accepts; those that clients gave up stay among them


@contextlib.contextmanager
def places() -> Iterator[Places]:
    """Name of the place -> (host, port); gone at the end.

    Yields:
        refused: nobody listens. mute: the connection stands, and nobody ever reads. full: the
        connection never stands. unknown, long, empty: names that mean no host.
    """
    with (
        _bound() as refused,
        _listening(_QUEUE, _SMALL) as mute,
        _listening(0) as full,
        contextlib.ExitStack() as waiting,
    ):
        for _ in range(_FILL):
            waiting.enter_context(_knocking(full))
        yield {
            "refused": refused.getsockname(),
            "mute": mute.getsockname(),
            "full": full.getsockname(),
            "unknown": ("name.invalid", 80),
            "long": ("x" * 70 + ".invalid", 80),
            "empty": ("name..invalid", 80),
        }


def _bound() -> socket.socket:
    # Bound, so that no other program gets the port meanwhile, but not listening.
    place = socket.socket()
    place.bind(("127.0.0.1", 0))
    return place


def _listening(backlog: int, buffer: int = 0) -> socket.socket:
    # The kernel connects what waits in the backlog; nobody accepts it.
    place = _bound()
    if buffer:
        place.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
    place.listen(backlog)
    return place


def _knocking(full: socket.socket) -> socket.socket:
    place = socket.socket()
    place.setblocking(False)
    place.connect_ex(full.getsockname())
    return place

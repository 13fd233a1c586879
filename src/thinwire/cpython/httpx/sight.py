"""What the sockets below httpx saw of an exchange, which no event of httpcore tells: whether a
byte of the answer came, and how long the connection that carries it took to make.
"""

from contextvars import ContextVar


class Sight:
    """One exchange, seen from below.

    Attributes:
        received: a byte of the answer has come.
        connect_ms: how long the connection took to make, in milliseconds; None: no socket of ours
            carries it, and so nothing is seen.
    """

    def __init__(self) -> None:
        self.received = False
        self.connect_ms: int | None = None


# Of the exchange under way in this context: a kept connection is told of no other way who uses it.
_CURRENT: ContextVar[Sight | None] = ContextVar("thinwire_sight", default=None)
watching = _CURRENT.set
done = _CURRENT.reset


def carried(connect_ms: int) -> None:
    """A connection that took so long to make is written to."""
    sight = _CURRENT.get()
    if sight is not None:
        sight.connect_ms = connect_ms


def heard(data: bytes) -> None:
    """It was read from; an end without a byte is no answer."""
    sight = _CURRENT.get()
    if sight is not None and data:
        sight.received = True

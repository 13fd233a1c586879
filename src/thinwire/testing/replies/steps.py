"""What a reply does on the wire, one step after the other.

Plain data: a test can print it, compare it and put it together anew. server/player.py turns it
into bytes.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from thinwire._public import public


@public
@dataclass(frozen=True)
class Head:
    """Write the response head now; without this step it goes out with the first `Send`."""


@public
@dataclass(frozen=True)
class Send:
    """Write a piece of the body, by default as one HTTP chunk.

    Args:
        data: the bytes.
        raw: write them as they are, past the head and the framing of the reply.
    """

    data: bytes
    raw: bool = False


@public
@dataclass(frozen=True)
class Repeat:
    """Write the same piece of the body again and again.

    Args:
        data: the bytes.
        every_ms: pause after each.
        times: how often; None goes on until the client leaves or the server stops.
    """

    data: bytes
    every_ms: float
    times: int | None = None


@public
@dataclass(frozen=True)
class Wait:
    """Write nothing for `ms` milliseconds."""

    ms: float


@public
@dataclass(frozen=True)
class Stall:
    """Write nothing more, and hold the connection until the client leaves or the server stops.

    Args:
        deaf: read nothing more either. A client that is still sending then gets stuck, and the
            server does not see it leave: what it holds back stands before the end.
    """

    deaf: bool = False


@public
@dataclass(frozen=True)
class Cut:
    """Close the connection at once.

    Args:
        reset: by TCP reset instead of an orderly end, so the client sees ECONNRESET.
        notify: say goodbye in TLS first (close_notify); without it a TLS client sees a
            truncation, as it does when a proxy dies.
    """

    reset: bool = False
    notify: bool = False


@public
@dataclass(frozen=True)
class EndBody:
    """End the body as its framing wants; without this step that happens after the last step.

    Args:
        trailers: header pairs after the last HTTP chunk (RFC 9112 §7.1.2).
    """

    trailers: Sequence[tuple[str, str]] = ()


@public
@dataclass(frozen=True)
class Interim:
    """Write an interim response before the real head (RFC 9110 §15.2).

    Args:
        status: 100 to 199.
        headers: its header pairs.
    """

    status: int = 103
    headers: Sequence[tuple[str, str]] = ()


Step = Head | Send | Repeat | Wait | Stall | Cut | EndBody | Interim

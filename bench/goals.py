"""What is to be reached: ratios in one run, and figures that stand for themselves."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Goal:
    """At most so much of a peer's figure; without a peer, so much itself.

    Attributes:
        also: the name of the figure beside the measure's own that is meant, "" for its own.
        unit: of that figure.
    """

    measure: str
    leg: str
    peer: str
    most: float
    also: str = ""
    unit: str = ""


_HTTPX, _SOCKETS = "thinwire-httpx", "thinwire-sockets"
GOALS = (
    Goal("receive", _SOCKETS, "exoclaw", 0.3),
    Goal("receive", _HTTPX, "exoclaw", 0.87),
    Goal("instructions", _SOCKETS, "", 45),
    Goal("first token", _SOCKETS, "exoclaw", 0.12),
    Goal("first token", _SOCKETS, "aiohttp", 1.5),
    Goal("first token", _HTTPX, "exoclaw", 0.45),
    Goal("small turn", _SOCKETS, "aiohttp", 0.6),
    Goal("1000 streams", _SOCKETS, "aiohttp", 1.0),
    Goal("500 live streams", _HTTPX, "", 0.3),
    Goal("send messages", _SOCKETS, "httpx", 1.2),
    Goal("send string", _SOCKETS, "httpx", 0.6),
    Goal("send base64", _SOCKETS, "httpx", 1.0),
    *(
        Goal(f"memory, {shape}", leg, "", 0.3)
        for shape in ("messages", "string", "files")
        for leg in (_SOCKETS, _HTTPX)
    ),
    Goal("idle stream", _SOCKETS, "", 20),
    Goal("idle stream", _HTTPX, "", 40),
    *(
        Goal("10000 streams", leg, "", 3, "longest gap, medians", "medians")
        for leg in (_SOCKETS, _HTTPX)
    ),
    Goal("10000 streams", _SOCKETS, "", 250, "resident MB", "MB"),
    Goal("import, client", _HTTPX, "", 15),
)
# With whom it is compared where no goal says.
USUAL_PEER = "exoclaw"
_PEERS = {"thinwire-sockets-uvloop": "aiohttp-uvloop"}


def usual_peer(leg: str) -> str:
    """With whom a leg is compared where no goal says."""
    return _PEERS.get(leg, USUAL_PEER)


def goals(measure: str, leg: str) -> list[Goal]:
    """Those for it."""
    return [goal for goal in GOALS if (goal.measure, goal.leg) == (measure, leg)]

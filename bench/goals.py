"""What is to be reached, as issues 13 and 16 say it: ratios in one run."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Goal:
    """At most so much of a peer's figure; without a peer, so much itself."""

    measure: str
    leg: str
    peer: str
    most: float


_HTTPX, _SOCKETS = "thinwire-httpx", "thinwire-sockets"
GOALS = (
    Goal("receive", _SOCKETS, "exoclaw", 0.4),
    Goal("receive", _HTTPX, "exoclaw", 0.9),
    Goal("first token", _SOCKETS, "exoclaw", 0.15),
    Goal("first token", _HTTPX, "exoclaw", 0.45),
    Goal("small turn", _SOCKETS, "aiohttp", 0.7),
    Goal("1000 streams", _SOCKETS, "aiohttp", 1.2),
    Goal("1000 streams", _HTTPX, "exoclaw", 0.04),
    Goal("500 live streams", _HTTPX, "", 0.3),
    *(
        Goal(f"memory, {shape}", leg, "", 0.3)
        for shape in ("messages", "string", "files")
        for leg in (_SOCKETS, _HTTPX)
    ),
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

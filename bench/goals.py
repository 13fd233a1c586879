"""What is to be reached: ratios in one run, as the issue says them."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Goal:
    """At most so much of a peer's figure; without a peer, so much itself."""

    measure: str
    leg: str
    peer: str
    most: float


GOALS = (
    Goal("receive", "thinwire-sockets", "exoclaw", 0.4),
    Goal("receive", "thinwire-httpx", "exoclaw", 0.9),
    Goal("first token", "thinwire-sockets", "exoclaw", 0.15),
    Goal("first token", "thinwire-httpx", "exoclaw", 0.45),
    Goal("small turn", "thinwire-sockets", "aiohttp", 0.7),
    Goal("1000 streams", "thinwire-sockets", "aiohttp", 1.2),
    Goal("1000 streams", "thinwire-httpx", "exoclaw", 0.04),
    Goal("500 live streams", "thinwire-httpx", "", 0.3),
)
# With whom it is compared where no goal says.
USUAL_PEER = "exoclaw"


def goals(measure: str, leg: str) -> list[Goal]:
    """Those for it."""
    return [goal for goal in GOALS if (goal.measure, goal.leg) == (measure, leg)]

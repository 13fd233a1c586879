"""What is measured, each with how one sample of it is taken.

A sample is one figure of one leg in one round. Rounds go through all legs, A B C A B C ..., so
that what changes on the machine meets each of them.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from bench.legs import Leg
from bench.processes import Process
from bench.server import Server


@dataclass
class Sample:
    """One figure."""

    value: float
    said: str = ""  # what the answer was, in short: all legs have to be told the same
    details: dict[str, float] = field(default_factory=dict)


Take = Callable[[Process, Server], Sample]


@dataclass(frozen=True)
class Measure:
    """One kind of figure; less is better in all of them."""

    name: str
    unit: str
    what: str
    take: Take
    rounds: int = 7
    quick_rounds: int = 3
    trust: str = "CPU time: good to some 10 %"
    fresh: bool = False  # each sample in a process of its own
    blocking: bool = True  # whether blocking legs can do it
    absent: tuple[str, ...] = ()  # legs for which it says nothing
    slow: tuple[str, ...] = ()  # legs that are left out of a quick run

    def legs(self, legs: list[Leg], quick: bool) -> list[Leg]:
        """Those of them that do it."""
        out = self.absent + (self.slow if quick else ())
        return [leg for leg in legs if leg.name not in out and (self.blocking or not leg.blocking)]


def _received(kind: str, interval_us: int = 0, few: int = 100, many: int = 2100) -> Take:
    # The difference of a long and a short answer, so that what a turn costs is not in it.
    def take(process: Process, server: Server) -> Sample:
        tools = kind == "tools"
        urls = [server.url(kind, count, interval_us) for count in (few, many)]
        short, long = (
            process.do("cost", url=url, shape="small", turns=1, tools=tools) for url in urls
        )
        value = (long["cpu"] - short["cpu"]) / (many - few) * 1e6
        return Sample(value, long["said"])

    return take


def _sent(shape: str, megabytes: float) -> Take:
    def take(process: Process, server: Server) -> Sample:
        url = server.url("text", 5)
        small = process.do("cost", url=url, shape="small", turns=5)
        big = process.do("cost", url=url, shape=shape, turns=1)
        return Sample((big["cpu"] - small["cpu"]) / megabytes * 1e3, big["said"])

    return take


def _first(process: Process, server: Server) -> Sample:
    seen = process.do("first", url=server.url("text", 5), shape="small", turns=40)
    return Sample(seen["wall"] * 1e3)


def _turn(process: Process, server: Server) -> Sample:
    seen = process.do("cost", url=server.url("text", 5), shape="small", turns=40)
    return Sample(seen["cpu"] * 1e6, seen["said"], {"wall us": seen["wall"] * 1e6})


def _streams(count: int, deltas: int) -> Take:
    def take(process: Process, server: Server) -> Sample:
        seen = process.do("streams", url=server.url("text", deltas), count=count)
        return Sample(seen["cpu"], seen["said"], {"wall s": seen["wall"]})

    return take


def _live(count: int, deltas: int, interval_us: int) -> Take:
    def take(process: Process, server: Server) -> Sample:
        seen = process.do("streams", url=server.url("text", deltas, interval_us), count=count)
        return Sample(seen["first"], seen["said"], {"last s": seen["last"], "cpu s": seen["cpu"]})

    return take


_RAW = ("kernel",)
MEASURES = (
    Measure(
        "receive",
        "us/delta",
        "CPU per delta, chunks of 290 bytes, as many per segment as fit",
        _received("text"),
    ),
    Measure(
        "receive padded",
        "us/delta",
        "the same, each chunk with padding of another length, as OpenAI sends it",
        _received("padded"),
    ),
    Measure(
        "receive one by one",
        "us/delta",
        "CPU per delta, one each millisecond, so that each is read alone",
        _received("text", interval_us=1000, few=2, many=402),
        rounds=5,
        quick_rounds=2,
    ),
    Measure(
        "receive tool arguments",
        "us/delta",
        "CPU per fragment of a tool call's arguments, many per segment",
        _received("tools"),
    ),
    Measure(
        "first token",
        "ms over raw",
        "from the call to its first delta on a warm client, beyond what a raw socket takes",
        _first,
        trust="wall time: good to some 15 % on a quiet machine",
        rounds=9,
        quick_rounds=5,
    ),
    Measure("small turn", "us", "CPU of a turn of one line and five deltas", _turn),
    Measure(
        "1000 streams",
        "s",
        "CPU of 1000 turns of 50 deltas at once on one loop",
        _streams(1000, 50),
        rounds=3,
        quick_rounds=1,
        blocking=False,
        slow=("exoclaw", "httpx", "litellm"),
    ),
    Measure(
        "500 live streams",
        "s",
        "half of 500 streams of 20 tokens/s, begun at once, have their first token",
        _live(500, 40, 50_000),
        rounds=3,
        quick_rounds=1,
        trust="wall time: good to some 15 % on a quiet machine",
        blocking=False,
        slow=("exoclaw", "httpx", "litellm"),
    ),
    Measure(
        "send messages",
        "ms/MB",
        "CPU per MB of a prompt of 1000 messages of 1 KB",
        _sent("messages", 1),
        quick_rounds=2,
        absent=_RAW,
    ),
    Measure(
        "send string",
        "ms/MB",
        "CPU per MB of a prompt that is one string of 10 MB",
        _sent("string", 10),
        quick_rounds=2,
        absent=_RAW,
    ),
    Measure(
        "send images",
        "ms/MB",
        "CPU per MB of a prompt with five images, 10 MB of base64",
        _sent("images", 10),
        quick_rounds=2,
        absent=_RAW,
    ),
)

"""What is measured, each with how one sample of it is taken.

A sample is one figure of one leg in one round. Rounds go through all legs, A B C A B C ..., so
that what changes on the machine meets each of them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from bench.legs import Leg
from bench.processes import Failed, Process
from bench.server import Server


@dataclass
class Sample:
    """One figure."""

    value: float
    said: str = ""  # what the answer was, in short: all legs have to be told the same
    also: dict[str, float] = field(default_factory=dict)


Take = Callable[[Process, Server], Sample]
_CPU = "CPU time"
_WALL = "wall time, which other programs lengthen"
_COUNT = "counted, repeats to a few per cent"


@dataclass(frozen=True)
class Measure:
    """One kind of figure; less is better in all of them.

    Attributes:
        name, unit, what: for whom reads it. A unit that ends with "over raw" is shown without
            what the kernel's leg takes.
        group: the plot that it is in.
        take: takes a sample.
        rounds, quick_rounds: how many; none: it is not in a quick run.
        kind: what its figures are, and thus how far to trust them.
        warm: whether a round goes before them that does not count.
        fresh: whether each sample needs a process of its own.
        blocking: whether legs that block can do it.
        absent: legs of which it says nothing.
        slow: legs that a quick run leaves out.
    """

    name: str
    unit: str
    what: str
    group: str
    take: Take
    rounds: int = 7
    quick_rounds: int = 3
    kind: str = _CPU
    warm: bool = True
    fresh: bool = False
    blocking: bool = True
    absent: tuple[str, ...] = ()
    slow: tuple[str, ...] = ()

    def legs(self, legs: Sequence[Leg], quick: bool) -> list[Leg]:
        """Those of them that do it."""
        out = self.absent + (self.slow if quick else ())
        found = [
            leg for leg in legs if not leg.measures or (self.name in leg.measures and not quick)
        ]
        return [
            leg for leg in found if leg.name not in out and (self.blocking or not leg.blocking)
        ]


def _received(kind: str, interval_us: int = 0, few: int = 100, many: int = 2100) -> Take:
    # The difference of a long and a short answer, so that what a turn costs is not in it.
    def take(process: Process, server: Server) -> Sample:
        cpu, tools = 0.0, kind == "tools"
        for deltas in (few, many):
            url = server.url(kind, deltas, interval_us)
            seen = process.do("cost", url=url, shape="small", turns=1, tools=tools)
            cpu = seen["cpu"] - cpu
        return Sample(cpu / (many - few) * 1e6, seen["said"])

    return take


def _instructions(few: int, many: int) -> Take:
    def take(process: Process, server: Server) -> Sample:
        counts = [
            process.instructions("cost", url=server.url("text", deltas), shape="small", turns=1)
            for deltas in (few, many)
        ]
        return Sample((counts[1] - counts[0]) / (many - few) / 1e3)

    return take


def _first(process: Process, server: Server) -> Sample:
    seen = process.do("first", url=server.url("text", 5), shape="small", turns=40)
    return Sample(seen["wall"] * 1e3)


def _turn(process: Process, server: Server) -> Sample:
    seen = process.do("cost", url=server.url("text", 5), shape="small", turns=40)
    return Sample(seen["cpu"] * 1e6, seen["said"], {"wall us": seen["wall"] * 1e6})


def _streams(count: int, deltas: int, wait_us: int) -> Take:
    def take(process: Process, server: Server) -> Sample:
        url = server.url("text", deltas, wait_us=wait_us)
        seen = process.do("streams", url=url, count=count)
        return Sample(seen["cpu"], seen["said"], {"wall s": seen["wall"]})

    return take


def _live(count: int, deltas: int, interval_us: int) -> Take:
    def take(process: Process, server: Server) -> Sample:
        seen = process.do("streams", url=server.url("text", deltas, interval_us), count=count)
        also = {"the last s": seen["last"], "CPU s": seen["cpu"]}
        return Sample(seen["first"], seen["said"], also)

    return take


def _sent(shape: str, megabytes: float) -> Take:
    def take(process: Process, server: Server) -> Sample:
        url = server.url("text", 5)
        small = process.do("cost", url=url, shape="small", turns=5)
        big = process.do("cost", url=url, shape=shape, turns=1)
        return Sample((big["cpu"] - small["cpu"]) / megabytes * 1e3, big["said"])

    return take


def _peak(shape: str) -> Take:
    def take(process: Process, server: Server) -> Sample:
        seen = process.do("peak", url=server.url("text", 5), shape=shape)
        return Sample(seen["bytes"] / 1e6, seen["said"])

    return take


def _idle(process: Process, server: Server) -> Sample:
    seen = process.do("idle", url=server.url("text", 2, 20_000_000), few=10, many=100)
    return Sample(seen["bytes"] / 1e3)


def _crowd(count: int, rate: float, step: float) -> Take:
    def take(process: Process, server: Server) -> Sample:
        url = server.url("text", 3000, -1)
        seen = process.do("crowd", url=url, count=count, rate=rate, step=step)
        also = {
            "deltas/s": seen["deltas"],
            "longest gap, medians": seen["longest"] / seen["median"],
            "median gap ms": seen["median"] * 1e3,
            "resident MB": seen["whole"] / 1e6,
        }
        return Sample(1e6 / seen["deltas"], also=also)

    return take


def _started(client: bool) -> Take:
    def take(process: Process, server: Server) -> Sample:
        program = process.leg.imports + (f"\n{process.leg.client}" if client else "")
        if client and not process.leg.client:
            raise Failed("has no client object")
        timed = f"import time\nt = time.process_time()\n{program}\nprint(time.process_time() - t)"
        return Sample(float(process.program(timed)) * 1e3)

    return take


def _constructed(process: Process, server: Server) -> Sample:
    seen = process.do("construct", url=server.url("text", 5), count=30)
    return Sample(seen["cpu"] * 1e6)


_RAW = ("kernel",)
_BARE = ("reference", "kernel")
# Of many streams: httpcore looks through all requests and connections for each event of its pool.
_SLOW = ("exoclaw", "openai", "litellm", "httpx")
MEASURES = (
    Measure(
        "receive",
        "us/delta",
        "CPU per delta: chunks of 290 bytes, as many per segment as fit",
        "receive",
        _received("text"),
    ),
    Measure(
        "receive padded",
        "us/delta",
        "the same, each chunk with padding of another length, as OpenAI sends it",
        "receive",
        _received("padded"),
    ),
    Measure(
        "receive tool arguments",
        "us/delta",
        "CPU per fragment of a tool call's arguments, many per segment",
        "receive",
        _received("tools"),
    ),
    Measure(
        "receive one by one",
        "us/delta",
        "CPU per delta, one each millisecond, so that each is read alone",
        "receive",
        _received("text", interval_us=1000, few=2, many=402),
        rounds=5,
        quick_rounds=1,
    ),
    Measure(
        "instructions",
        "K/delta",
        "thousands of machine instructions per delta, many per segment, by callgrind",
        "receive",
        _instructions(100, 1100),
        rounds=1,
        quick_rounds=0,
        kind=_COUNT,
        warm=False,
        fresh=True,
        absent=("litellm",),  # its import alone would take minutes
    ),
    Measure(
        "first token",
        "ms over raw",
        "from the call to its first delta on a warm client, beyond what a raw socket takes",
        "turns",
        _first,
        rounds=9,
        quick_rounds=5,
        kind=_WALL,
    ),
    Measure("small turn", "us", "CPU of a turn of one line and five deltas", "turns", _turn),
    Measure(
        "1000 streams",
        "s",
        "CPU of 1000 turns of 50 deltas at once on one loop, answered after a second",
        "streams",
        _streams(1000, 50, 1_000_000),
        rounds=3,
        quick_rounds=1,
        warm=False,
        blocking=False,
        slow=_SLOW,
    ),
    Measure(
        "500 live streams",
        "s",
        "half of 500 streams of 20 tokens/s, all begun at once, have their first token",
        "streams",
        _live(500, 40, 50_000),
        rounds=3,
        quick_rounds=1,
        kind=_WALL,
        warm=False,
        blocking=False,
        slow=_SLOW,
    ),
    Measure(
        "idle stream",
        "KB",
        "resident memory for each of 90 more streams that are open and say nothing",
        "streams",
        _idle,
        rounds=3,
        quick_rounds=1,
        kind=_COUNT,
        warm=False,
        fresh=True,
        blocking=False,
    ),
    Measure(
        "10000 streams",
        "us/delta",
        "of 10,000 streams that are open at once, where as many deltas come as one core can read",
        "streams",
        _crowd(10_000, 8_000, 1.25),
        rounds=1,
        quick_rounds=0,
        warm=False,
        fresh=True,
        blocking=False,
        absent=("exoclaw", "openai", "litellm", "httpx"),  # minutes, for the first words alone
    ),
    Measure(
        "send messages",
        "ms/MB",
        "CPU per MB of a prompt of 1000 messages of 1 KB",
        "send",
        _sent("messages", 1),
        quick_rounds=2,
        absent=_RAW,
    ),
    Measure(
        "send string",
        "ms/MB",
        "CPU per MB of a prompt that is one string of 10 MB",
        "send",
        _sent("string", 10),
        quick_rounds=2,
        absent=_RAW,
    ),
    Measure(
        "send base64",
        "ms/MB",
        "CPU per MB of a prompt with 10 MB of images that are base64 already",
        "send",
        _sent("images", 10),
        quick_rounds=2,
        absent=_RAW,
    ),
    Measure(
        "send files",
        "ms/MB",
        "CPU per MB of base64 of five image files, read and encoded as a part of the turn",
        "send",
        _sent("files", 10),
        quick_rounds=2,
        absent=_RAW,
    ),
    *(
        Measure(
            f"memory, {name}",
            "MB",
            f"peak of what Python allocates during one turn with a prompt of 10 MB: {what}",
            "memory",
            _peak(shape),
            rounds=2,
            quick_rounds=1,
            kind=_COUNT,
            warm=False,
            absent=_RAW,
            slow=(*_SLOW, "aiohttp", "reference"),
        )
        for name, shape, what in (
            ("messages", "long messages", "1000 messages"),
            ("string", "string", "one string"),
            ("files", "files", "five image files"),
        )
    ),
    Measure(
        "import",
        "ms",
        "CPU of the import, beyond bare Python",
        "start",
        _started(client=False),
        rounds=7,
        quick_rounds=2,
        fresh=True,
    ),
    Measure(
        "import, client",
        "ms",
        "the same, with the first client made",
        "start",
        _started(client=True),
        rounds=7,
        quick_rounds=2,
        fresh=True,
        absent=("litellm", *_BARE),
    ),
    Measure(
        "another client",
        "us",
        "CPU of each further client that is made",
        "start",
        _constructed,
        quick_rounds=2,
        absent=("litellm", "aiohttp", *_BARE),  # what has no client, or makes it later
    ),
)

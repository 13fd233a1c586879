"""The rows of the table in docs/memory.md: what is measured, and the budget beside it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bench.device import KB, emulated, exoclaw, flash, memory
from bench.device.machine import Machine
from bench.device.servers import Servers

# None: it works with no heap up to the limit.
Figure = float | None


@dataclass(frozen=True)
class Bench:
    """What the rows are measured with.

    Attributes:
        frozen: has thinwire frozen in.
        source: imports thinwire from source.
        compiled: imports it from .mpy files.
        rival: imports exoclaw from source; None where it cannot be had.
        servers: what the scripts ask.
        folder: takes files.
    """

    frozen: Machine
    source: Machine
    compiled: Machine
    rival: Machine | None
    servers: Servers
    folder: Path


@dataclass(frozen=True)
class Row:
    """One row.

    Attributes:
        what: is measured.
        measure: it; UnavailableError where it cannot be.
        budget: in bytes, None for none.
        at_least: the budget is a minimum.
        rival: the same for exoclaw, None where there is nothing to compare.
    """

    what: str
    measure: Callable[[Bench], Figure]
    budget: int | None = None
    at_least: bool = False
    rival: Callable[[Machine, Servers], Figure] | None = None

    def reached(self, figure: Figure) -> bool:
        """Whether a figure keeps the budget."""
        if figure is None or self.budget is None:
            return figure is not None
        return figure >= self.budget if self.at_least else figure <= self.budget


ROWS = (
    Row(
        "flash: what freezing adds to the firmware of an RP2040",
        lambda bench: flash.frozen_bytes(),
        48 * KB,
    ),
    Row("flash: the same as .mpy files", lambda bench: flash.mpy_bytes()),
    Row(
        "RAM after `import thinwire`",
        lambda bench: memory.standing(bench.frozen)["import"],
        rival=lambda machine, servers: exoclaw.standing(machine)["import"],
    ),
    Row(
        "RAM with a client, before its buffers",
        lambda bench: memory.standing(bench.frozen)["client"],
        6 * KB,
        rival=lambda machine, servers: exoclaw.standing(machine)["client"],
    ),
    Row(
        "the same, thinwire imported from source",
        lambda bench: memory.standing(bench.source)["client"],
    ),
    Row(
        "the same, thinwire imported from .mpy files",
        lambda bench: memory.standing(bench.compiled)["client"],
    ),
    Row(
        "RAM between two turns: all code loaded, client, buffers, a plain connection",
        lambda bench: memory.turn(bench.frozen, bench.servers, 1)["standing"],
    ),
    Row(
        "smallest heap: a streamed chat of 20 tokens over plain TCP",
        lambda bench: memory.plain_chat(bench.frozen, bench.servers),
        24 * KB,
        rival=exoclaw.plain_chat,
    ),
    Row(
        "the same, thinwire imported from source",
        lambda bench: memory.plain_chat(bench.source, bench.servers),
    ),
    Row(
        "the same, thinwire imported from .mpy files",
        lambda bench: memory.plain_chat(bench.compiled, bench.servers),
    ),
    Row(
        "smallest heap: the same chat over verified TLS, its buffers included",
        lambda bench: memory.tls_chat(bench.frozen, bench.servers),
        48 * KB,
    ),
    Row(
        "the same, thinwire imported from .mpy files",
        lambda bench: memory.tls_chat(bench.compiled, bench.servers),
    ),
    Row(
        "a turn beyond its buffers and the text of the answer, prompt of 1 KB",
        lambda bench: memory.turn(bench.frozen, bench.servers, 1)["used"],
        6 * KB,
    ),
    Row(
        "the same with a prompt of 1 MB",
        lambda bench: memory.turn(bench.frozen, bench.servers, 1024)["used"],
        6 * KB,
    ),
    Row(
        "allocated by a turn of 20 tokens in all, garbage included",
        lambda bench: memory.turn(bench.frozen, bench.servers, 1)["garbage"],
    ),
    Row(
        "allocated per token, text into a sink, tokens arriving together",
        lambda bench: memory.together(bench.frozen, bench.servers),
        150,
    ),
    Row(
        "the same, tokens arriving one by one every 20 ms",
        lambda bench: memory.alone(bench.frozen, bench.servers),
        100,
    ),
    Row(
        'smallest heap: an answer of 10 000 tokens, `keep="none"`',
        lambda bench: memory.long_answer(bench.frozen, bench.servers, "none"),
        64 * KB,
    ),
    Row(
        "smallest heap: an answer of 10 000 tokens, its text kept",
        lambda bench: memory.long_answer(bench.frozen, bench.servers, "text"),
        128 * KB,
        rival=exoclaw.long_answer,
    ),
    Row(
        "smallest heap: a file of 1 MB as a message",
        lambda bench: memory.large_prompt(bench.frozen, bench.servers),
        64 * KB,
        rival=exoclaw.large_prompt,
    ),
    Row(
        "free heap of the emulated RP2040 during a stream over verified TLS",
        lambda bench: emulated.free_during_tls(bench.folder),
        150 * KB,
        at_least=True,
    ),
    Row(
        "milliseconds another task waits at most on the emulated RP2040: first turn, plain TCP",
        lambda bench: emulated.blocked(False, bench.folder)["first"],
        100,
    ),
    Row(
        "the same: second turn",
        lambda bench: emulated.blocked(False, bench.folder)["second"],
        100,
    ),
    Row(
        "the same: a turn that ends in the first error",
        lambda bench: emulated.blocked(False, bench.folder)["failing"],
        100,
    ),
    Row(
        "the same: first turn over verified TLS, its handshake is one call of the firmware",
        lambda bench: emulated.blocked(True, bench.folder)["first"],
    ),
)

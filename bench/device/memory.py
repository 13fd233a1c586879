"""What thinwire needs of a heap."""

import functools
from collections.abc import Callable

from bench.device import KB
from bench.device.bisecting import smallest
from bench.device.machine import Machine
from bench.device.servers import COUNTED, Servers

AMPLE = 320  # KB, where a script only measures
_LOW = 8
_HIGH = 512

SHORT = "20 finish"
ONE = "1 finish"
LONG = "10000 finish"


def standing(machine: Machine) -> dict[str, float]:
    """Bytes in use after the import, and with a client without its buffers."""
    found = machine.figures(AMPLE, "ram.py")
    return {"import": found["import"], "client": found["client"] - found["buffers"]}


def per_token(machine: Machine, servers: Servers, model: str) -> float:
    """Bytes allocated per token that is handed out, and written into a sink."""
    return machine.figures(AMPLE, "tokens.py", servers.plain, model)["sink"]


def together(machine: Machine, servers: Servers) -> float:
    """The same where tokens arrive together, as from a fast server."""
    return per_token(machine, servers, f"tokens-{COUNTED}")


def alone(machine: Machine, servers: Servers) -> float:
    """The same where they arrive one by one, 20 ms apart: waiting costs, too."""
    return per_token(machine, servers, "slow")


def turn(machine: Machine, servers: Servers, kb: int) -> dict[str, float]:
    """Bytes a turn with a prompt of `kb` KB holds at most, and allocates in all."""
    return machine.figures(AMPLE, "turn.py", servers.plain, "tokens-20", kb)


def smallest_heap(want: str, machine: Machine, script: str, *arguments: object) -> int | None:
    """Bytes of the smallest heap on which a script prints `want`; None: none up to 512 KB."""
    works: Callable[[int], bool] = functools.partial(_prints, want, machine, script, arguments)
    found = smallest(works, _LOW, _HIGH)
    return None if found is None else found * KB


def _prints(
    want: str, machine: Machine, script: str, arguments: tuple[object, ...], kb: int
) -> bool:
    return machine.prints(want, kb, script, *arguments)


def plain_chat(machine: Machine, servers: Servers) -> int | None:
    """Smallest heap of a streamed chat of 20 tokens."""
    return smallest_heap(SHORT, machine, "chat.py", servers.plain, "tokens-20", "text")


def tls_chat(machine: Machine, servers: Servers) -> int | None:
    """The same with a server that is verified."""
    arguments = (servers.tls, "tokens-20", "text", servers.ca)
    return smallest_heap(SHORT, machine, "chat.py", *arguments)


def large_prompt(machine: Machine, servers: Servers) -> int | None:
    """Smallest heap for a message of 1 MB from a file."""
    arguments = (servers.plain, "short", "text", "", servers.prompt)
    return smallest_heap(ONE, machine, "chat.py", *arguments)


def long_answer(machine: Machine, servers: Servers, keep: str) -> int | None:
    """Smallest heap for an answer of 10 000 tokens."""
    return smallest_heap(LONG, machine, "chat.py", servers.plain, "tokens-10000", keep)

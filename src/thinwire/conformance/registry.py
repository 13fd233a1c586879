"""Which adapters there are, and how to start each."""

import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import thinwire
from thinwire.conformance.targets import WIRES, ProcessTarget

_HERE = "thinwire.conformance"
# Events beyond 32 KB, and decompression: a chip asks for "identity", and says so if it gets else.
_LACKS_ON_A_CHIP = frozenset({"memory", "compression"})


@dataclass(frozen=True)
class Adapter:
    """An adapter that comes with the package.

    Args:
        function: as the worker takes it.
        packages: distributions whose versions are told; without the first it is not installed.
        lacks: see `Target`.
    """

    function: str
    packages: tuple[str, ...]
    lacks: frozenset[str] = frozenset()

    @property
    def installed(self) -> bool:
        """Whether its client is there."""
        try:
            version(self.packages[0])
        except PackageNotFoundError:
            return False
        return True


ADAPTERS: Mapping[str, Adapter] = {
    "thinwire": Adapter(f"{_HERE}.adapters.thinwire_client:run_async", ("thinwire", "httpx")),
    "thinwire-sync": Adapter(f"{_HERE}.adapters.thinwire_client:run", ("thinwire", "httpx")),
    "thinwire-sockets": Adapter(
        f"{_HERE}.adapters.thinwire_client:run_async_on_sockets", ("thinwire",)
    ),
    "thinwire-sockets-sync": Adapter(
        f"{_HERE}.adapters.thinwire_client:run_on_sockets", ("thinwire",)
    ),
    "exoclaw": Adapter(
        f"{_HERE}.adapters.exoclaw_client:run",
        ("exoclaw-provider-openai", "exoclaw", "httpx"),
        WIRES | {"turns"},  # exoclaw's agent loop writes the messages, not its provider
    ),
    "openai": Adapter(
        f"{_HERE}.adapters.openai_client:run", ("openai", "httpx2"), WIRES | {"turns"}
    ),
    "openai-stream": Adapter(
        f"{_HERE}.adapters.openai_client:run_stream", ("openai", "httpx2"), WIRES
    ),
    "httpx": Adapter(f"{_HERE}.adapters.httpx_client:run", ("httpx",), WIRES),
}


def python_target(name: str) -> ProcessTarget:
    """The target of an adapter.

    Args:
        name: one of `ADAPTERS`, or "module:function" or "path/to/file.py:function".
    """
    adapter = ADAPTERS.get(name)
    spec = [name] if adapter is None else [adapter.function, *adapter.packages]
    command = [sys.executable, "-m", f"{_HERE}.worker", *spec]
    lacks = WIRES if adapter is None else adapter.lacks
    return ProcessTarget(name, command, _environment(), lacks)


def micropython_targets(path: str) -> Iterator[ProcessTarget]:
    """thinwire on a MicroPython interpreter, for asyncio and blocking.

    Args:
        path: of the interpreter. It finds thinwire and its port through MICROPYPATH, by default
            in this checkout, or frozen.

    Returns:
        Both, started one by one.

    Raises:
        OSError: (from the iteration) it does not start.
    """
    return (_micropython_target(path, mode) for mode in ("", "sync"))


def _micropython_target(path: str, mode: str) -> ProcessTarget:
    source = Path(thinwire.__file__).parents[1]
    places = ":".join([str(source), str(source.parent / "port_micropython"), ".frozen"])
    env = {**_environment(), "MICROPYPATH": os.environ.get("MICROPYPATH") or places}
    script = str(Path(__file__).with_name("adapters") / "thinwire_client.py")
    target = ProcessTarget("micropython", [path, script, mode], env, _LACKS_ON_A_CHIP)
    number = target.version().rpartition(" ")[2]
    target.name = "-".join(["micropython", number.rpartition(".")[0], mode]).rstrip("-")
    return target


def _environment() -> dict[str, str]:
    # The mock server is on this machine: no proxy between.
    return {**os.environ, "NO_PROXY": "*", "no_proxy": "*"}

"""A board that runs firmware in the emulator, to be talked to with mpremote like any other."""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from firmware import TOOLS

from emulator.network import network
from emulator.parts import Parts, parts

_CHIP = Path(__file__).with_name("chip.cjs")
_START_S = 30
_BOOT_S = 60
_PROMPT_S = 10
_COMMAND_S = 120


class EmulatedBoard:
    """An RP2040 with its network; a context manager.

    Args:
        firmware: path of a firmware.bin.

    Attributes:
        address: what `mpremote connect` takes, while it runs.
        redirected: ports as the chip sees them, to ports of this computer where they differ.
    """

    def __init__(self, firmware: Path) -> None:
        self._firmware = firmware
        self._open = ExitStack()
        self.address = ""
        self.redirected: dict[int, int] = {}

    def __enter__(self) -> "EmulatedBoard":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Power on, and wait for the prompt.

        Raises TimeoutError if there is none after a minute, and UnavailableError if the emulator
        cannot be had.
        """
        try:
            ports = self._open.enter_context(_chip(parts(), self._firmware))
            self._open.enter_context(network(ports["uart"], self.redirected))
            self.address = f"socket://127.0.0.1:{ports['repl']}"
            self._wait_for_prompt(time.monotonic() + _BOOT_S)
        except BaseException:
            self.stop()
            raise

    def _wait_for_prompt(self, deadline: float) -> None:
        while time.monotonic() < deadline:
            with suppress(subprocess.TimeoutExpired):
                if self.mpremote("exec", "pass", timeout=_PROMPT_S).returncode == 0:
                    return
        raise TimeoutError("the firmware shows no prompt")

    def mpremote(
        self, *words: object, timeout: float = _COMMAND_S
    ) -> "subprocess.CompletedProcess[str]":
        """Run one command of mpremote; what it and the board print is the result's `stdout`.

        Raises subprocess.TimeoutExpired after `timeout` seconds.
        """
        line = [sys.executable, "-m", "mpremote", "connect", self.address, *map(str, words)]
        return subprocess.run(
            line,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=timeout,
            check=False,
        )

    def soft_reset(self) -> None:
        """Start MicroPython anew; files and the chip's clock stay."""
        done = self.mpremote("soft-reset")
        if done.returncode:
            raise RuntimeError(done.stdout)

    def stop(self) -> None:
        """Power off. Idempotent."""
        self._open.close()


@contextmanager
def _chip(parts: Parts, firmware: Path) -> Iterator[dict[str, int]]:
    """The emulator, running; yields the ports of its lines."""
    log = TOOLS / "emulator" / "chip.log"
    with log.open("wb") as errors:
        process = subprocess.Popen(
            [parts.node, str(_CHIP), str(firmware), str(parts.bootrom)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            env={**os.environ, "RP2040JS": str(parts.emulator)},
        )
    limit = threading.Timer(_START_S, process.kill)
    limit.start()
    with process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            if not line:
                raise RuntimeError(f"the emulator has ended: see {log}")
            limit.cancel()
            yield json.loads(line)
        finally:
            limit.cancel()
            process.kill()

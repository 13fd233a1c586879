"""What makes the emulated chip fast does just what the emulator does."""

import json
import os
import subprocess
from pathlib import Path

from emulator.chip import emulated
from emulator.parts import parts
from firmware.emulated import firmware

LOCKSTEP = Path(__file__).with_name("emulator") / "lockstep.cjs"
# Of cycles: MicroPython starts in the first ten, which `make test-all` goes through.
MILLIONS = 15 if os.environ.get("THINWIRE_FULL") else 3


@emulated
def test_compiled_blocks_are_the_emulators_instructions() -> None:
    made_of = parts()
    done = subprocess.run(
        [made_of.node, str(LOCKSTEP), str(firmware()), str(made_of.bootrom), str(MILLIONS)],
        env={**os.environ, "RP2040JS": str(made_of.emulator)},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["blocks"] > MILLIONS * 60_000

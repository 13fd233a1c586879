"""Real firmware on the emulated RP2040: its heap during a stream over verified TLS, and how long
other tasks wait while a call is at work, by the chip's own clock.
"""

import functools
from pathlib import Path

from emulator.board import EmulatedBoard
from emulator.chip import NAME, SCRIPTS, Chip
from firmware.emulated import firmware
from support.certificates import authority

from thinwire.testing import MockServer, status_reply

_PATIENT_S = 600  # two turns and a handshake take the emulated chip a minute, on an idle computer


def free_during_tls(folder: Path) -> int:
    """Bytes that are free at the worst of the moments looked at; `folder` takes a script.

    Raises UnavailableError where the firmware or the emulator cannot be had.
    """
    trusted = authority()
    with (
        EmulatedBoard(firmware()) as board,
        MockServer(ssl_context=trusted.server(NAME)) as server,
    ):
        url = server.base_url.replace("127.0.0.1", NAME)
        arguments = (url, "tokens-50", "hi", trusted.der.hex())
        chip = Chip(board, folder)
        found = chip.call(SCRIPTS / "streaming.py", "watched", *arguments, timeout=_PATIENT_S)
    return int(found["free"])


@functools.cache
def blocked(tls: bool, folder: Path) -> dict[str, int]:
    """Milliseconds that another task waits at most, by the turn: first, second, failing.

    Raises UnavailableError where the firmware or the emulator cannot be had.
    """
    trusted = authority()
    context = trusted.server(NAME) if tls else None
    with EmulatedBoard(firmware()) as board, MockServer(ssl_context=context) as server:
        server.reply("none", status_reply(401, "no such key"))
        url = server.base_url.replace("127.0.0.1", NAME)
        arguments = (url, "tokens-20", *([trusted.der.hex()] if tls else []))
        chip = Chip(board, folder)
        found = chip.call(SCRIPTS / "streaming.py", "blocked", *arguments, timeout=_PATIENT_S)
    return {name: int(ms) for name, ms in found.items()}

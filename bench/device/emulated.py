"""The heap of real firmware on the emulated RP2040, during a stream over verified TLS."""

from pathlib import Path

from emulator.board import EmulatedBoard
from emulator.chip import NAME, SCRIPTS, Chip
from firmware.emulated import firmware
from support.certificates import authority

from thinwire.testing import MockServer


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
        found = Chip(board, folder).call(SCRIPTS / "streaming.py", "watched", *arguments)
    return int(found["free"])

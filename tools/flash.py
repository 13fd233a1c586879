"""`make flash`: put a firmware onto a board that is plugged in.

    python tools/flash.py --port rp2 FIRMWARE.uf2       copied onto the drive of the bootloader
    python tools/flash.py --port esp32 FIRMWARE.bin     written by esptool

`--device` is what `mpremote connect` takes. What is on the board's file system is lost on ESP32
only with --erase, which a board that never had MicroPython needs.
"""

import argparse
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path

from micropython_probe import UnavailableError

_KINDS = {"rp2": ".uf2", "esp32": ".bin"}
_MARK = "INFO_UF2.TXT"  # of every bootloader that shows itself as a drive
_WAIT_S = 15.0
_MEDIA = ("/media", "/run/media", "/Volumes", "/mnt")

# Where ESP-IDF's bootloader begins (docs.micropython.org, each chip's page). esptool knows the
# chip only once it talks to it, so the user names the newer ones.
_OFFSETS = {"esp32": "0x1000", "esp32s2": "0x1000", "esp32s3": "0", "esp32c3": "0", "esp32c6": "0"}

_NO_DRIVE = """no board in its bootloader: unplug it, hold BOOTSEL, plug it in, let go; a drive
RPI-RP2 (or RP2350) appears. Where it is not mounted by itself, mount it and try again."""
_NO_ESPTOOL = """esptool is not installed: `.venv/bin/pip install esptool` puts it where this
looks, beside PATH. What it would run: {command}"""
_NO_FIRMWARE = """{file} is not there. Download one for your board from
https://micropython.org/download/ or build one: make firmware PORT={port} BOARD=... MPY_DIR=..."""


def drives(roots: Iterable[str] = _MEDIA) -> list[Path]:
    """Mounted drives of bootloaders."""
    patterns = (f"*/{_MARK}", f"*/*/{_MARK}")
    return [mark.parent for root in roots for one in patterns for mark in Path(root).glob(one)]


def copy(firmware: Path, roots: Iterable[str], wait_s: float) -> Path:
    """Copy a .uf2 onto the bootloader's drive as soon as it is there; it restarts by itself.

    Raises UnavailableError, with what to do, if there is none after `wait_s` seconds, or two.
    """
    roots = list(roots)
    end = time.monotonic() + wait_s
    while not (found := drives(roots)) and time.monotonic() < end:
        time.sleep(0.2)
    if not found:
        raise UnavailableError(_NO_DRIVE)
    if len(found) > 1:
        raise UnavailableError(f"more than one board waits: {', '.join(map(str, found))}")
    shutil.copyfile(firmware, found[0] / firmware.name)
    return found[0]


def into_bootloader(device: str) -> None:
    """Ask a board that runs MicroPython for its bootloader; one that does not is let be."""
    command = [sys.executable, "-m", "mpremote", "connect", device, "bootloader"]
    subprocess.run(command, capture_output=True, timeout=30, check=False)


def write(firmware: Path, device: str, chip: str, erase: bool) -> None:
    """Write a .bin with esptool.

    Raises UnavailableError if esptool is missing or fails; its own messages have been shown.
    """
    here = Path(sys.executable).with_name("esptool")
    esptool = str(here) if here.exists() else shutil.which("esptool") or shutil.which("esptool.py")
    port = [] if device in ("", "auto") else ["--port", device]
    command = [esptool or "esptool", "--chip", chip, *port]
    line = [*command, "write_flash", _OFFSETS[chip], str(firmware)]
    if esptool is None:
        raise UnavailableError(_NO_ESPTOOL.format(command=" ".join(line)))
    for step in [[*command, "erase_flash"]] * erase + [line]:
        if subprocess.run(step, check=False).returncode:
            raise UnavailableError(
                f"esptool failed: is it {device or 'this port'}, and does no other program have it"
                " open? Holding BOOT while it says Connecting... helps many boards."
            )


def flash(given: argparse.Namespace) -> str:
    """Do what the arguments say; what to tell the user. Raises UnavailableError."""
    if given.port not in _KINDS:
        raise UnavailableError(f"PORT={given.port}: choose {' or '.join(_KINDS)}")
    firmware = Path(given.firmware or "")
    if not firmware.is_file():
        missing = given.firmware or "FILE is not set: a firmware"
        raise UnavailableError(_NO_FIRMWARE.format(file=missing, port=given.port))
    if firmware.suffix != _KINDS[given.port]:
        raise UnavailableError(f"{firmware}: {given.port} takes a file *{_KINDS[given.port]}")
    if given.port == "rp2":
        if not drives(given.media):
            into_bootloader(given.device)
        return f"copied to {copy(firmware, given.media, given.wait_s)}"
    write(firmware, given.device, given.chip, given.erase)
    return "written"


def main(arguments: list[str] | None = None) -> int:
    """Flash, and say what came of it; 1 if it cannot be done."""
    parser = argparse.ArgumentParser(prog="flash", description=__doc__)
    parser.add_argument("--port", default="")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--chip", default="esp32", choices=_OFFSETS)
    parser.add_argument("--erase", action="store_true")
    parser.add_argument("--media", nargs="*", default=_MEDIA, help="folders that hold drives")
    parser.add_argument("--wait-s", type=float, default=_WAIT_S)
    parser.add_argument("firmware", nargs="?")
    try:
        print(flash(parser.parse_args(arguments)))
    except UnavailableError as problem:
        print(problem, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""`make flash`, `make device-shell`, `make mip`: the commands they run, and what they say."""

import os
import subprocess
import sys
from pathlib import Path

import flash
import pytest
from support.interpreters import ROOT

FAKE = '#!/bin/sh\nprintf "%s " "$0" "$@" >> "{log}"; echo >> "{log}"; exit {status}\n'


def fake(folder: Path, name: str, status: int = 0) -> Path:
    """A program that notes how it is called, in the file `log` beside it."""
    program = folder / name
    program.write_text(FAKE.format(log=folder / "log", status=status))
    program.chmod(0o755)
    return program


def noted(folder: Path) -> list[str]:
    return (folder / "log").read_text().replace(f"{folder}/", "").splitlines()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where fake programs are found, and none beside this Python."""
    (tmp_path / "bin").mkdir()
    monkeypatch.setattr(sys, "executable", str(fake(tmp_path, "python")))
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    return tmp_path


def drive(folder: Path, name: str = "RPI-RP2") -> Path:
    path = folder / "media/me" / name
    path.mkdir(parents=True)
    (path / "INFO_UF2.TXT").write_text("UF2 Bootloader v3.0\n")
    return path


def uf2(folder: Path) -> Path:
    file = folder / "firmware.uf2"
    file.write_bytes(b"UF2\n" * 128)
    return file


def run_rp2(folder: Path, *more: str) -> int:
    media = ["--media", str(folder / "media"), "--wait-s", "0"]
    return flash.main([str(uf2(folder)), "--port", "rp2", *media, *more])


def test_a_uf2_is_copied_onto_the_drive(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    there = drive(folder)
    assert run_rp2(folder) == 0
    assert (there / "firmware.uf2").read_bytes() == b"UF2\n" * 128
    assert capsys.readouterr().out == f"copied to {there}\n"
    assert not (folder / "log").exists()  # a board in its bootloader needs no mpremote


def test_a_board_that_runs_is_asked_for_its_bootloader(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_rp2(folder, "--device", "/dev/ttyACM7") == 1
    assert noted(folder) == ["python -m mpremote connect /dev/ttyACM7 bootloader "]
    assert "hold BOOTSEL" in capsys.readouterr().err


def test_two_boards_are_one_too_many(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    drive(folder), drive(folder, "RP2350")
    assert run_rp2(folder) == 1
    assert "more than one board waits" in capsys.readouterr().err


def esp32(folder: Path, *more: str) -> int:
    file = folder / "firmware.bin"
    file.write_bytes(b"x")
    return flash.main([str(file), "--port", "esp32", *more])


CHIPS = [
    ([], ["esptool --chip esp32 write_flash 0x1000 firmware.bin "]),
    (["--chip", "esp32s3"], ["esptool --chip esp32s3 write_flash 0 firmware.bin "]),
    (
        ["--device", "/dev/ttyUSB0", "--erase"],
        [
            "esptool --chip esp32 --port /dev/ttyUSB0 erase_flash ",
            "esptool --chip esp32 --port /dev/ttyUSB0 write_flash 0x1000 firmware.bin ",
        ],
    ),
]


@pytest.mark.parametrize(("more", "commands"), CHIPS)
@pytest.mark.parametrize("place", ["", "bin"])
def test_a_bin_is_written_by_esptool(
    folder: Path, more: list[str], commands: list[str], place: str
) -> None:
    fake(folder / place, "esptool")
    assert esp32(folder, *more) == 0
    log = (folder / place / "log").read_text()
    for part in ("bin/", ""):
        log = log.replace(f"{folder}/{part}", "")
    assert log.splitlines() == commands


def test_an_esptool_that_fails_is_told(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fake(folder, "esptool", status=2)
    assert esp32(folder, "--erase", "--device", "/dev/ttyUSB0") == 1
    assert len(noted(folder)) == 1  # nothing is written after a failed erase
    assert "is it /dev/ttyUSB0" in capsys.readouterr().err


def test_a_missing_esptool_is_told(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(folder / "bin"))
    assert esp32(folder) == 1
    said = capsys.readouterr().err
    assert "pip install esptool" in said
    assert "esptool --chip esp32 write_flash 0x1000 " in said


MISTAKES = [
    (["--port", "stm32"], "PORT=stm32: choose rp2 or esp32"),
    (["--port", "rp2"], "FILE is not set: a firmware is not there. Download one"),
    (["--port", "rp2", "none.uf2"], "none.uf2 is not there. Download one"),
    (["--port", "rp2", __file__], "rp2 takes a file *.uf2"),
    (["--port", "esp32", __file__], "esp32 takes a file *.bin"),
]


@pytest.mark.parametrize(("arguments", "want"), MISTAKES)
def test_a_mistake(
    folder: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], want: str
) -> None:
    assert flash.main(arguments) == 1
    assert want in capsys.readouterr().err


def make(*words: str, device: str = "") -> "subprocess.CompletedProcess[str]":
    env = {**os.environ, "DEVICE": device, "MAKEFLAGS": ""}
    command = ["make", "--no-print-directory", "--old-file=.venv/ready", *words]
    return subprocess.run(
        command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=60, check=False
    )


SHELL = "import sys; sys.path[:0] = ('src', 'port_micropython')"
TARGETS = [
    ("mip", "mip install dist/mip/package.json"),
    ("device-shell", f'mount . exec "{SHELL}" repl'),
]


@pytest.mark.parametrize(("target", "want"), TARGETS)
@pytest.mark.parametrize("device", ["", "/dev/ttyACM0"])
def test_what_make_asks_mpremote_for(tmp_path: Path, target: str, want: str, device: str) -> None:
    fake(tmp_path, "python")
    # The tools run with the Python of the tests, mpremote with a fake one.
    mpremote = make("-n", target, device=device).stdout.splitlines()[-1]
    assert mpremote == f'.venv/bin/python -m mpremote connect "{device or "auto"}" {want}'
    done = make(target, f"PY={sys.executable}", f"MPREMOTE={tmp_path}/python", device=device)
    assert done.returncode == 0, done.stderr
    assert noted(tmp_path) == ["python {} ".format(want.replace('"', ""))]
    assert (ROOT / "dist/mip/thinwire/__init__.mpy").exists() or target != "mip"


def test_make_flash_hands_everything_on() -> None:
    words = ["flash", "PORT=esp32", "FILE=a.bin", "CHIP=esp32s3", "ERASE=1"]
    said = " ".join(make("-n", *words, device="/dev/ttyUSB0").stdout.replace("\\\n", "").split())
    assert said == (
        '.venv/bin/python tools/flash.py --port "esp32" --device "/dev/ttyUSB0"'
        ' --chip "esp32s3" --erase a.bin'
    )

"""Everything that goes onto a device compiles there; the firmware manifest lists just that."""

import re
import subprocess
from pathlib import Path

import pytest
from size import ROOT, compile_for_device, device_files, every_file, main

FILES = device_files()
EVERY = every_file()
TESTS = ROOT / "tests/shared"
SHARED = [(path, path.relative_to(TESTS).as_posix()) for path in sorted(TESTS.rglob("*.py"))]
NAMES = {name for _, name in FILES}
EVERY_NAME = {name for _, name in EVERY}


@pytest.mark.parametrize(("source", "name"), EVERY + SHARED, ids=lambda value: str(value))
def test_it_compiles(source: Path, name: str, tmp_path: Path) -> None:
    assert compile_for_device(source, name, tmp_path) > 20


def test_what_micropython_lacks_does_not_compile(tmp_path: Path) -> None:
    file = tmp_path / "bad.py"
    file.write_text("match a:\n    case 1:\n        pass\n")
    with pytest.raises(subprocess.CalledProcessError) as failure:
        compile_for_device(file, "bad.py", tmp_path)
    assert "SyntaxError" in failure.value.stderr


def test_the_manifest_freezes_core_and_port() -> None:
    core = (ROOT / "src/thinwire/core").rglob("*.py")
    port = (ROOT / "port_micropython/thinwire_device").rglob("*.py")
    wanted = {path.relative_to(ROOT / "src").as_posix() for path in core}
    wanted |= {path.relative_to(ROOT / "port_micropython").as_posix() for path in port}
    doors = ("__init__", "parts", "sse", "transport")
    wanted |= {f"thinwire/{name}.py" for name in doors}
    assert wanted - {"thinwire/core/_cpython.py"} == NAMES
    assert "thinwire/core/_micropython.py" in NAMES


def test_a_board_may_leave_out_what_it_does_without() -> None:
    text = (ROOT / "manifest.py").read_text()
    for name, folder in re.findall(r'^([A-Z]+) = "([\w/]+/)"$', text, re.M):
        text = text.replace(f'{name} + "', f'"{folder}')
    optional = dict(re.findall(r'^    "(\w+)": \(([^)]*)\)', text, re.M))
    assert len(optional) > 5
    for option, listed in optional.items():
        names = set(re.findall(r'"([\w/.]+)"', listed))
        assert names, option
        others = {**dict.fromkeys(optional, True), option: False}
        assert EVERY_NAME - {name for _, name in device_files(**others)} == names


def test_what_few_programs_use_is_frozen_for_who_asks_for_it() -> None:
    face = (ROOT / "src/thinwire/compat/exoclaw").glob("*.py")
    wanted = {path.relative_to(ROOT / "src").as_posix() for path in face}
    assert wanted | {"thinwire/compat/__init__.py"} == EVERY_NAME - NAMES
    assert {name for _, name in device_files(exoclaw=True)} == EVERY_NAME


def test_an_option_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ValueError, match=r"no option rots=: .*files, hedge, .*, roots, sentences"):
        device_files(rots=False)


def test_the_size_table_adds_up(capsys: pytest.CaptureFixture[str]) -> None:
    assert main() == 0
    rows = [
        int(number.replace(",", ""))
        for number in re.findall(r"[\d,]+(?=  )", capsys.readouterr().out)
    ]
    assert len(rows) == len(FILES) + 1
    assert sum(rows[:-1]) == rows[-1]

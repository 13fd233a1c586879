"""The wheel, built and installed as a user would, without any of this folder in reach."""

import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from collections.abc import Iterator
from email.parser import HeaderParser
from pathlib import Path

import pytest
from support.interpreters import ROOT

# Bytes of what a program runs, of the faces for who comes from elsewhere, of which a program loads
# one, and of all that is installed: the test tools are a fifth of it. Two transports and three
# wires are among the first; a program loads one of each.
LIMIT = 1_520_000
LIMIT_OF_FACES = 450_000
LIMIT_WITH_TOOLS = 2_450_000
TOOLS = ("testing", "conformance")


def run(*command: object, cwd: Path) -> str:
    words = [str(word) for word in command]
    done = subprocess.run(words, cwd=cwd, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def build(kind: str, folder: Path) -> Path:
    # Not isolated: the dev group has the build backend, so nothing is fetched.
    run(
        sys.executable, "-m", "build", "--no-isolation", kind, "--outdir", folder, ROOT, cwd=folder
    )
    (result,) = folder.iterdir()
    return result


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build("--wheel", tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def archive(wheel: Path) -> Iterator[zipfile.ZipFile]:
    with zipfile.ZipFile(wheel) as opened:
        yield opened


@pytest.fixture(scope="module")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment that holds the wheel, and sees its dependencies only."""
    folder = tmp_path_factory.mktemp("environment")
    run(sys.executable, "-m", "venv", "--without-pip", folder, cwd=folder)
    python = folder / "bin/python"
    options = ["--quiet", "--no-deps", "--no-index"]
    run(sys.executable, "-m", "pip", "--python", python, "install", *options, wheel, cwd=folder)
    # The dependencies come from here. Path files found there are not read, so the editable
    # install of this folder stays out of sight.
    (site,) = folder.glob("lib/python*/site-packages")
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return folder


def metadata(archive: zipfile.ZipFile, file: str) -> str:
    (name,) = [name for name in archive.namelist() if name.endswith(".dist-info/" + file)]
    return archive.read(name).decode()


def test_the_wheel_holds_the_package_and_nothing_else(archive: zipfile.ZipFile) -> None:
    names = archive.namelist()
    tops = {name.partition("/")[0] for name in names if ".dist-info/" not in name}
    assert tops == {"thinwire"}
    assert "thinwire/py.typed" in names
    assert [name for name in names if "/test_" in name or "conftest" in name] == []


def test_the_wheel_needs_four_packages(archive: zipfile.ZipFile) -> None:
    headers = HeaderParser().parsestr(metadata(archive, "METADATA"))
    needed = [line for line in headers.get_all("Requires-Dist", []) if ";" not in line]
    names = [line.partition("<")[0].partition(">")[0].strip() for line in needed]
    assert sorted(names) == ["httpx", "json-repair", "sniffio", "structlog"]


def test_truststore_is_for_systems_that_verify_themselves(archive: zipfile.ZipFile) -> None:
    headers = HeaderParser().parsestr(metadata(archive, "METADATA"))
    lines = headers.get_all("Requires-Dist", [])
    where = [line for line in lines if ";" in line and "extra ==" not in line]
    assert [line.partition(">")[0] for line in where] == ["truststore"]
    assert "darwin" in where[0]
    assert "win32" in where[0]
    assert "linux" not in where[0]
    assert headers["License-Expression"] == "MIT"


def test_the_wheel_names_its_command_and_its_plugin(archive: zipfile.ZipFile) -> None:
    entries = metadata(archive, "entry_points.txt")
    assert "thinwire = thinwire.cli:main" in entries
    assert "thinwire = thinwire.testing.pytest_plugin" in entries


def test_the_installed_package_is_the_wheel(environment: Path) -> None:
    code = "import thinwire; thinwire.AsyncClient; print(thinwire.__file__)"
    # -I: neither the current folder nor PYTHONPATH may lend a hand.
    place = run(environment / "bin/python", "-I", "-c", code, cwd=environment).strip()
    assert Path(place).is_relative_to(environment)


def test_the_installed_command_runs(environment: Path) -> None:
    version = (ROOT / "src/thinwire/__init__.py").read_text().partition('__version__ = "')[2]
    said = run(environment / "bin/thinwire", "--version", cwd=environment)
    assert version.partition('"')[0] in said


def test_the_installed_mock_server_answers(environment: Path) -> None:
    command = [str(environment / "bin/thinwire"), "mock", "--quiet"]
    with subprocess.Popen(command, cwd=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = process.stdout.readline().split()[-1]
        chat = (environment / "bin/thinwire", "chat", "--base-url", url, "--model", "echo", "hi")
        said = run(*chat, cwd=environment)
        process.terminate()
    assert said == "hi\n"
    assert process.returncode == 0


def test_the_installed_package_is_small(environment: Path) -> None:
    (package,) = environment.glob("lib/python*/site-packages/thinwire")
    files = [path for path in package.rglob("*") if path.is_file() and path.suffix != ".pyc"]
    sizes = {path.relative_to(package): path.stat().st_size for path in files}
    others = (*TOOLS, "compat")
    run_by_programs = sum(size for path, size in sizes.items() if path.parts[0] not in others)
    faces = sum(size for path, size in sizes.items() if path.parts[0] == "compat")
    assert run_by_programs < LIMIT, f"{run_by_programs} bytes"
    assert faces < LIMIT_OF_FACES, f"{faces} bytes"
    assert sum(sizes.values()) < LIMIT_WITH_TOOLS, f"{sum(sizes.values())} bytes"


def test_the_source_distribution_holds_the_device_port(tmp_path: Path) -> None:
    with tarfile.open(build("--sdist", tmp_path)) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"manifest.py", "src/thinwire/py.typed", "LICENSE"} <= names
    assert any(name.startswith("port_micropython/thinwire_device/") for name in names)

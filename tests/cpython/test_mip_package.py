"""package.json lists what manifest.py freezes, and mip installs it on MicroPython."""

import contextlib
import functools
import json
import subprocess
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import mip_package
import pytest
from size import ROOT, every_file
from support.interpreters import Interpreter, run_micropython

import thinwire

FILES = every_file()
INSTALL = """
import sys, mip
mip.install(sys.argv[1], target="lib")
sys.path.insert(0, "lib")
import thinwire, thinwire_device
from thinwire import AsyncClient, Client, Deployment
AsyncClient("m", {"m": Deployment("http://localhost/v1")})
Client("m", {"m": Deployment("http://localhost/v1")})
print(thinwire.__file__, thinwire_device.__file__, thinwire.__version__)
"""


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        pass


@contextlib.contextmanager
def served(folder: Path) -> Iterator[str]:
    """The address of a server that serves a folder."""
    handler = functools.partial(_Quiet, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}/"
        server.shutdown()
        thread.join()


def test_manifest_package_and_files_are_the_same() -> None:
    # `python tools/mip_package.py` writes the file anew.
    written = json.loads((ROOT / "package.json").read_text())
    assert written == mip_package.sources()
    assert {target: ROOT / url for target, url in written["urls"]} == {
        name: path for path, name in FILES
    }
    assert all((ROOT / url).is_file() for _, url in written["urls"])
    assert written["version"] == thinwire.__version__


def test_the_compiled_package_has_the_same_files(tmp_path: Path) -> None:
    assert mip_package.main(["--build", str(tmp_path)]) == 0
    written = json.loads((tmp_path / "package.json").read_text())
    names = {name.removesuffix(".py") for _, name in FILES}
    assert {target.removesuffix(".mpy") for target, _ in written["urls"]} == names
    there = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.mpy")}
    assert there == {url for _, url in written["urls"]}


def test_writing_it_gives_what_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(mip_package, "PACKAGE", tmp_path / "package.json")
    assert mip_package.main([]) == 0
    assert (tmp_path / "package.json").read_bytes() == (ROOT / "package.json").read_bytes()
    assert capsys.readouterr().out == f"{tmp_path}/package.json\n"


def test_a_file_that_does_not_compile_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad = tmp_path / "bad.py"
    bad.write_text("match a:\n    case 1:\n        pass\n")
    monkeypatch.setattr(mip_package, "every_file", lambda: [(bad, "bad.py")])
    with pytest.raises(subprocess.CalledProcessError):
        mip_package.build(tmp_path / "out")


def install(micropython: Interpreter, folder: Path, address: str) -> str:
    """What mip installs from an address, and where it is then imported from."""
    flash = folder / "flash"
    flash.mkdir()
    script = folder / "install.py"
    script.write_text(f"import os\nos.chdir({str(flash)!r})\n{INSTALL}")
    done = run_micropython(micropython, script, address, env={"MICROPYPATH": ".frozen"})
    assert done.returncode == 0, done.stdout
    return done.stdout.splitlines()[-1]


def test_mip_installs_the_sources(micropython: Interpreter, tmp_path: Path) -> None:
    with served(ROOT) as address:
        # mip of 1.25 takes no addresses that are relative; that mpremote and 1.29 do is tested
        # in tests_device, where the package.json of this folder is installed as it is.
        files = ((name, address + path.relative_to(ROOT).as_posix()) for path, name in FILES)
        site = tmp_path / "site"
        site.mkdir()
        (site / "package.json").write_text(mip_package.text(mip_package.package(files)))
        with served(site) as package:
            found = install(micropython, tmp_path, package)
    lib = "lib/thinwire/__init__.py lib/thinwire_device/__init__.py"
    assert found == f"{lib} {thinwire.__version__}"


def test_mip_installs_the_compiled_files(micropython: Interpreter, tmp_path: Path) -> None:
    site = tmp_path / "site"
    with served(tmp_path) as address:
        assert mip_package.main(["--build", str(site), "--base", f"{address}site/"]) == 0
        found = install(micropython, tmp_path, f"{address}site/package.json")
    lib = "lib/thinwire/__init__.mpy lib/thinwire_device/__init__.mpy"
    assert found == f"{lib} {thinwire.__version__}"

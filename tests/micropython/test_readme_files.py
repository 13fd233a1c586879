"""The files that docs/devices.md has a maker copy are all that a board needs."""

import re
import shutil
from pathlib import Path

from support.interpreters import ROOT, Interpreter, run_micropython

COPY = re.compile(r"fs cp (?:-r )?((?:[^\s:+]+ )+):lib/(\S*)")
USE = """
import thinwire, thinwire_device, thinwire.sse
from thinwire import AsyncClient, Client, Deployment
AsyncClient("m", {"m": Deployment("http://localhost/v1")})
Client("m", {"m": Deployment("http://localhost/v1")})
print(thinwire.__file__, thinwire_device.__file__)
"""


def copied(folder: Path) -> list[str]:
    """What the page's commands copy to the board's /lib, copied into `folder`."""
    page = (ROOT / "docs/devices.md").read_text("utf-8")
    names = []
    for sources, target in COPY.findall(page):
        for name in sources.split():
            source, place = ROOT / name, folder / target / Path(name).name
            place.parent.mkdir(parents=True, exist_ok=True)
            (shutil.copytree if source.is_dir() else shutil.copy)(source, place)
            names.append(name)
    return names


def test_they_are_enough(micropython: Interpreter, tmp_path: Path) -> None:
    lib = tmp_path / "lib"
    assert len(copied(lib)) == 6  # the last is thinwire_board
    script = tmp_path / "use.py"
    script.write_text(USE)
    done = run_micropython(micropython, script, env={"MICROPYPATH": f"{lib}:.frozen"})
    assert done.returncode == 0, done.stdout
    assert all(place.startswith(str(lib)) for place in done.stdout.split())

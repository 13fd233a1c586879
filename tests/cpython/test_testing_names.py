"""thinwire.testing, thinwire.conformance and the command: no name twice, and no look into core."""

import ast
from collections import defaultdict
from pathlib import Path

import pytest

import thinwire
import thinwire.conformance
import thinwire.testing

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "src/thinwire"
HOUSES = [PACKAGE / name for name in ("testing", "conformance", "cli")]


def test_no_two_classes_share_a_name() -> None:
    homes = defaultdict(set)
    for folder in (ROOT / "src", ROOT / "port_micropython"):
        for path in folder.rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.ClassDef):
                    homes[node.name.strip("_")].add(path)
    shared = {
        name: sorted(str(path.relative_to(ROOT)) for path in paths)
        for name, paths in homes.items()
        if len(paths) > 1 and any(house in path.parents for house in HOUSES for path in paths)
    }
    assert shared == {}


def test_no_two_public_names_are_the_same() -> None:
    fronts = [thinwire, thinwire.testing, thinwire.conformance]
    names = [name for front in fronts for name in front.__all__]
    assert sorted(names) == sorted(set(names))
    # A module of thinwire must not be mistaken for a name of thinwire.testing either.
    modules = {path.stem for path in PACKAGE.glob("*")} - {"__init__", "__pycache__"}
    assert modules.isdisjoint(names)


@pytest.mark.parametrize("front", [thinwire.testing, thinwire.conformance])
def test_each_class_at_the_front_is_found_by_its_name(front: object) -> None:
    for name in front.__all__:  # type: ignore[attr-defined]
        found = getattr(front, name)
        if isinstance(found, type):
            assert found.__name__ == name


def test_little_looks_into_core() -> None:
    looking = set()
    for house in HOUSES:
        for path in house.rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                module = node.module if isinstance(node, ast.ImportFrom) else ""
                if (module or "").startswith("thinwire.core"):
                    looking.add(path.relative_to(PACKAGE).as_posix())
    # Its transport, the one redactor, and commands: what is in a table of core's, whose a host is.
    assert looking <= {
        "testing/scripted.py",
        "testing/recording/redaction.py",
        "cli/clients.py",
        "cli/config.py",
        "cli/providers.py",
    }

"""The rooms of core/: which may import which, what is loaded late, how many names a folder lists;
and docs/design.md, which draws all of it.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.device_syntax import is_type_checking

ROOT = Path(__file__).resolve().parents[2]
SRC = ROOT / "src"
CORE = SRC / "thinwire/core"
DESIGN = (ROOT / "docs/design.md").read_text("utf-8")

# The ladder, from the ground up: a module imports what stands on its own rung or below.
GROUND, WIRE, REQUEST, ANSWER, DIALECTS, ROUTING, PROVIDERS, PUMP, FACES, TALK = range(10)
ROOMS = {
    "wire": WIRE,
    "request": REQUEST,
    "answer": ANSWER,
    "dialects": DIALECTS,
    "routing": ROUTING,
    "providers": PROVIDERS,
    "services": FACES,
    "conversation": TALK,
}
BESIDE = {
    "_compat": GROUND,
    "_cpython": GROUND,
    "_micropython": GROUND,
    "errors": GROUND,
    "error_kinds": GROUND,
    "transport": GROUND,
    "exchange": PUMP,
    "hedge": PUMP,
    "observer": PUMP,
    "stream": PUMP,
    "adapters": FACES,
    "client": FACES,
    "sync": FACES,
}
# Imports inside functions: only what is optional, or what a call needs and a client that is only
# made does not (client.py), or what differs between the runtimes.
FREE_TO_BE_LATE = ("client.py", "adapters.py", "_cpython.py", "_micropython.py")
MOST_LATE = 40
MOST_NAMES = 21  # core/: its rooms and what drives them


def modules() -> list[Path]:
    return sorted(path for path in CORE.rglob("*.py") if path.name != "__init__.py")


def name_of(path: Path) -> str:
    return path.relative_to(CORE).with_suffix("").as_posix().replace("/", ".")


def rung(module: str) -> int:
    room, _, rest = module.partition(".")
    return ROOMS[room] if rest else BESIDE[room]


def may_import(module: str, other: str) -> bool:
    """Whether `module` may import `other` when it is loaded; names below thinwire.core."""
    here, there = rung(module), rung(other)
    if (here, there) in ((REQUEST, ANSWER), (ANSWER, REQUEST)):
        return False  # the way out and the way back know nothing of each other
    return there <= here


def loads(source: str) -> Iterator[str]:
    """The modules of core, below thinwire.core, that a file imports when it is loaded."""
    known = {name_of(path) for path in modules()}
    for node in _at_load_time(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("thinwire.core"):
            place = (node.module or "").removeprefix("thinwire.core").lstrip(".")
            for alias in node.names:
                deeper = f"{place}.{alias.name}".lstrip(".")
                yield deeper if deeper in known else place


def _at_load_time(node: ast.AST) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef)):
            continue
        if isinstance(child, ast.If) and is_type_checking(child.test):
            continue
        yield child
        yield from _at_load_time(child)


def late(path: Path) -> list[str]:
    """The imports inside the functions of a file, as "file function: module"."""
    found = []
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            for inner in ast.walk(node):
                if isinstance(inner, ast.ImportFrom):
                    names = ", ".join(alias.name for alias in inner.names)
                    found.append(f"{name_of(path)} {node.name}: {inner.module}.{names}")
    return found


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_imports_go_down_the_ladder(path: Path) -> None:
    wrong = [one for one in loads(path.read_text("utf-8")) if not may_import(name_of(path), one)]
    assert wrong == [], f"{name_of(path)} imports {wrong}"


def test_the_ladder_finds_what_it_should() -> None:
    assert list(loads("from thinwire.core import errors\n")) == ["errors"]
    assert list(loads("from thinwire.core.wire.sse import SSEParser\n")) == ["wire.sse"]
    assert list(loads("from thinwire.core.answer import chunk\n")) == ["answer.chunk"]
    assert list(loads("def f():\n    from thinwire.core import errors\n")) == []
    assert list(loads("if TYPE_CHECKING:\n    from thinwire.core import errors\n")) == []
    assert may_import("wire.sse", "errors")
    assert may_import("wire.sse", "wire.http_date")
    assert not may_import("errors", "wire.sse")
    assert not may_import("request.jsonl", "answer.chunk")
    assert not may_import("answer.chunk", "request.call")
    assert not may_import("routing.plan", "stream")
    assert not may_import("stream", "client")


def test_every_module_has_its_rung() -> None:
    assert {name for name in map(name_of, modules()) if "." not in name} == set(BESIDE)
    assert {name.partition(".")[0] for name in map(name_of, modules()) if "." in name} <= set(
        ROOMS
    )


def test_late_is_only_what_is_optional() -> None:
    places = [one for path in modules() if path.name not in FREE_TO_BE_LATE for one in late(path)]
    assert 0 < len(places) <= MOST_LATE, places
    for place in places:
        module = place.rpartition(": ")[2].split(".")
        assert any(f"`{name}`" in DESIGN for name in module), (
            f"docs/design.md does not list {place}"
        )


def folders() -> list[Path]:
    roots = (SRC / "thinwire", ROOT / "port_micropython")
    found = [folder for root in roots for folder in [root, *root.rglob("*")] if folder.is_dir()]
    return [folder for folder in found if folder.name != "__pycache__"]


@pytest.mark.parametrize("folder", folders(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_folder_can_be_seen_at_a_glance(folder: Path) -> None:
    names = [one for one in folder.iterdir() if one.name not in ("__pycache__", "__init__.py")]
    assert len(names) <= MOST_NAMES, sorted(one.name for one in names)


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_the_design_names_every_module(path: Path) -> None:
    assert path.stem in DESIGN, f"docs/design.md does not say what {name_of(path)} is"

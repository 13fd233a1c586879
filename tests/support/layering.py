"""Which modules a file imports, and what core may import: arrows point downwards only."""

import ast
from collections.abc import Iterator
from pathlib import PurePath

from support.device_syntax import is_type_checking

# The one file whose functions choose an adapter, and what they may name. Not its top level: a
# program that brings its own transport must not pay for ours.
FACTORY = "adapters.py"
_ADAPTERS = ("thinwire.cpython", "thinwire_device")

# Feature detection and its two answers: the only files that may touch a runtime's own modules.
RUNTIME_FILES = frozenset(["_compat.py", "_cpython.py", "_micropython.py"])


def forbidden_imports(source: str, path: str) -> list[str]:
    """Check the imports of one file of core.

    Args:
        source: its text.
        path: its path below src/, e.g. "thinwire/core/wire/sse.py"; relative imports need it.

    Returns:
        One line "LINE: module" per import of anything but core and json.
    """
    place = PurePath(path)
    if place.name in RUNTIME_FILES:
        return []
    imports = _imports(ast.parse(source), place, function="")
    return [
        f"{line}: {module}"
        for line, module, inside in imports
        if not _allowed(module, place.name, inside)
    ]


def _allowed(module: str, file: str, function: str) -> bool:
    if module == "json" or _within(module, "thinwire.core"):
        return True
    adapter = any(_within(module, one) for one in _ADAPTERS)
    return adapter and file == FACTORY and function != ""


def _within(module: str, package: str) -> bool:
    return module == package or module.startswith(package + ".")


def _imports(node: ast.AST, place: PurePath, function: str) -> Iterator[tuple[int, str, str]]:
    """Every import below `node` that can run: line, absolute module, enclosing function."""
    if isinstance(node, ast.Import):
        for alias in node.names:
            yield node.lineno, alias.name, function
    elif isinstance(node, ast.ImportFrom):
        yield node.lineno, _absolute(node, place), function
    for child in _children_that_run(node):
        inner = child.name if isinstance(child, ast.FunctionDef) else function
        yield from _imports(child, place, inner)


def _children_that_run(node: ast.AST) -> list[ast.AST]:
    if isinstance(node, ast.If) and is_type_checking(node.test):
        return list(node.orelse)
    return list(ast.iter_child_nodes(node))


def _absolute(node: ast.ImportFrom, place: PurePath) -> str:
    if node.level == 0:
        return node.module or ""
    package = place.parent.parts[: len(place.parent.parts) - node.level + 1]
    return ".".join([*package, *([node.module] if node.module else [])])

"""Which names a scope of Python's binds: those of the module around it are to be told apart."""

import ast
from collections.abc import Iterable, Iterator

_Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
_Comprehension = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp
SCOPES = (ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


def is_local(name: str, scopes: "tuple[set[str], ...]") -> bool:
    """Whether one of the scopes that a place lies in binds a name."""
    return any(name in scope for scope in scopes)


def evaluated(node: ast.AST) -> "Iterator[ast.AST]":
    """The children of a node, but for its annotations."""
    for field, value in ast.iter_fields(node):
        if field not in ("annotation", "returns"):
            for one in value if isinstance(value, list) else [value]:
                if isinstance(one, ast.AST):
                    yield one


def bound_in(scope: "_Function | _Comprehension | ast.ClassDef") -> "set[str]":
    """The names that a function, a comprehension or the body of a class binds."""
    found: set[str] = set()
    body: Iterable[ast.AST]
    if isinstance(scope, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
        given = scope.args
        listed = [*given.posonlyargs, *given.args, *given.kwonlyargs, given.vararg, given.kwarg]
        found.update(one.arg for one in listed if one is not None)
        body = [scope.body] if isinstance(scope, ast.Lambda) else scope.body
    elif isinstance(scope, ast.ClassDef):
        body = scope.body
    else:
        body = scope.generators
    shared: set[str] = set()
    for node in body:
        _bind(node, found, shared)
    return found - shared


def _bind(node: ast.AST, found: "set[str]", shared: "set[str]") -> None:
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        found.add(node.name)
        return
    if isinstance(node, SCOPES):
        return
    if isinstance(node, ast.Global):
        shared.update(node.names)
    elif isinstance(node, ast.Name) and isinstance(node.ctx, (ast.Store, ast.Del)):
        found.add(node.id)
    elif isinstance(node, (ast.Import, ast.ImportFrom)):
        found.update((one.asname or one.name).partition(".")[0] for one in node.names)
    elif isinstance(node, ast.ExceptHandler) and node.name:
        found.add(node.name)
    for child in ast.iter_child_nodes(node):
        _bind(child, found, shared)

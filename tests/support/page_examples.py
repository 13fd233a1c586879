"""Examples of a page that are pieces of a program: they wait outside of any function, and use what
stands before them.
"""

import ast
import inspect
from typing import Any

from support.examples import examples


def example(name: str) -> str:
    """The text of one example, e.g. "migrating_nexus3_1"."""
    return next(one.text for one in examples() if one.name == name)


async def run(name: str, names: dict[str, Any]) -> dict[str, Any]:
    """Runs an example.

    Args:
        name: see `example`.
        names: what it may use; what it defines is added.

    Returns:
        The same dict.
    """
    code = compile(example(name), name, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    result = eval(code, names)
    if inspect.isawaitable(result):
        await result
    return names

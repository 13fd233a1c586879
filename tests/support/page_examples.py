"""Examples of a page, run in the process of a test.

A block of ```python is a program; one of ```py is a piece of one: it waits outside of functions,
and uses what stands before it. The former run by themselves, too (tests/cpython/test_readme.py).
"""

import ast
import inspect
import re
from typing import Any

from support.interpreters import ROOT


def blocks(page: str) -> list[str]:
    """The examples of a page of docs/, e.g. "migrating/nexus3"."""
    text = (ROOT / f"docs/{page}.md").read_text("utf-8")
    return re.findall(r"^```py(?:thon)?\n(.*?)^```", text, re.M | re.S)


def run(page: str, number: int, addresses: dict[str, str]) -> None:
    """Runs an example that is a program.

    Args:
        page, number: which one, from 1 on.
        addresses: what takes the place of which.
    """
    text = blocks(page)[number - 1]
    for there, here in addresses.items():
        text = text.replace(there, here)
    exec(compile(text, f"{page} {number}", "exec"), {})


async def run_piece(page: str, number: int, names: dict[str, Any]) -> dict[str, Any]:
    """Runs an example that is a piece of a program.

    Args:
        page, number: which one, from 1 on.
        names: what it may use; what it defines is added.

    Returns:
        The same dict.
    """
    flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    code = compile(blocks(page)[number - 1], f"{page} {number}", "exec", flags=flags)
    result = eval(code, names)
    if inspect.isawaitable(result):
        await result
    return names

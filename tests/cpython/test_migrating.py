"""docs/migrating/: what each system promises, each with the test that holds it here, or the reason
why it is refused.
"""

import ast
import re
from functools import cache
from pathlib import Path

import pytest
from support.interpreters import ROOT

PAGES = sorted((ROOT / "docs/migrating").glob("*.md"))
HEAD = "| promise | here | checked by |"
VERDICTS = ("works", "refused: ", "with the gateway")


def promises(page: Path) -> list[list[str]]:
    """The rows of a page's tables of promises: promise, here, checked by."""
    found = []
    for table in page.read_text("utf-8").split(HEAD)[1:]:
        for line in table.splitlines()[2:]:  # the end of the head, and the rule below it
            if not line.startswith("|"):
                break
            found.append([cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]])
    return found


@cache
def functions_of(path: str) -> frozenset[str]:
    tree = ast.parse((ROOT / path).read_text("utf-8"))
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, kinds))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_each_promise_has_its_test_or_its_reason(page: Path) -> None:
    rows = promises(page)
    assert rows, f"{page.name} has no table that begins with {HEAD!r}"
    for row in rows:
        assert len(row) == 3, row
        promise, here, checked_by = row
        assert promise, row
        assert here.startswith(VERDICTS), row
        if not here.startswith("works"):
            assert checked_by == "-", row
            continue
        ids = re.findall(r"`([^`]+)`", checked_by)
        assert ids, row
        for one in ids:
            path, _, name = one.partition("::")
            assert (ROOT / path).is_file(), f"{one}: there is no such file"
            assert not name or name in functions_of(path), f"{one}: there is no such test"

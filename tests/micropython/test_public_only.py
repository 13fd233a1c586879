"""allow_private=False over the sockets of a board."""

from pathlib import Path
from typing import Any

import pytest
from support.device_calls import call
from support.interpreters import Interpreter

from thinwire.testing import MockServer

# What the calls come to, how often the resolver was asked, how many requests came.
CASES: dict[str, tuple[list[str], int, int]] = {
    "inside": (["address"], 1, 0),
    "kept": (["Hi", "address"], 1, 1),
    "pinned": (["Hi", "Hi"], 1, 2),
}


@pytest.mark.parametrize("case", CASES)
def test_names_that_lead_inside(micropython: Interpreter, tmp_path: Path, case: str) -> None:
    with MockServer() as server:
        found: Any = call(micropython, tmp_path, "public_only.py", case, server.base_url)
        want, asked, requests = CASES[case]
        assert found == [want, asked]
        assert len(server.requests) == requests

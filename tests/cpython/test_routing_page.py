"""docs/routing.md says what the code does."""

import re
import subprocess
import sys

from support.interpreters import ROOT

from thinwire import CooldownPolicy, RetryPolicy, Timeouts
from thinwire.core.error_kinds import FALLBACK_ON, FALLBACK_OPTIONAL

PAGE = (ROOT / "docs" / "routing.md").read_text("utf-8")


def test_the_table_is_that_of_the_code() -> None:
    command = [sys.executable, str(ROOT / "tools" / "routing_table.py")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_kind_has_a_row() -> None:
    rows = set(re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE))
    assert set(FALLBACK_ON + FALLBACK_OPTIONAL) <= rows


def test_the_defaults_are_those_of_the_code() -> None:
    retry, cooldown, limits = RetryPolicy(), CooldownPolicy(), Timeouts()
    shown = ", ".join(f"{name}={value!r}" for name, value in vars(retry).items())
    assert f"`RetryPolicy({shown.replace(chr(39), chr(34))})`" in PAGE
    assert f"failures={cooldown.failures}, seconds={cooldown.ms // 1000}" in PAGE
    assert f"max_seconds={cooldown.max_ms // 1000}" in PAGE
    for name in ("connect", "first_token", "progress", "liveness"):
        assert f"{name}={getattr(limits, name) // 1000}" in PAGE


def test_the_clocks_have_a_row_each() -> None:
    for name in vars(Timeouts()):
        assert f"\n| `{name}` |" in PAGE, name

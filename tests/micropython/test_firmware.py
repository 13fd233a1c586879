"""Firmware that thinwire cannot run on, or only in part, says so in a sentence."""

from pathlib import Path

import pytest
from support.interpreters import Interpreter, run_micropython

# What MicroPython is without a module, or under another name, until thinwire is imported.
OTHER = """
import sys
class Other:
    implementation = None
    def __getattr__(self, name):
        return getattr(sys, name)
class Named:
    name, version = %r, %r
Other.implementation = Named
sys.modules["sys"] = Other()
"""
WITHOUT = """
import builtins
real = builtins.__import__
def without(name, *given):
    if name == %r:
        raise ImportError("no module named '%%s'" %% name)
    return real(name, *given)
builtins.__import__ = without
"""
TRY = """
try:
    %s
except Exception as error:
    print(type(error).__name__, getattr(error, "kind", ""), error)
"""
CALL = "from thinwire import Client, Deployment; c = Client('m', {'m': Deployment(%r)})"
CHAT = CALL + "; c.chat([{'role': 'user', 'content': 'Hi'}])"
NEEDS = "ImportError  thinwire needs MicroPython 1.24 or newer, and this is"

CASES = {
    "another one": (
        OTHER % ("circuitpython", (9, 2, 1)),
        "import thinwire",
        f"{NEEDS} circuitpython 9.2.1",
    ),
    "an old one": (
        OTHER % ("micropython", (1, 20, 0)),
        "import thinwire",
        f"{NEEDS} micropython 1.20.0",
    ),
    "a new one": (
        OTHER % ("micropython", (1, 24, 0, "")),
        "import thinwire; print('good')",
        "good",
    ),
    "a newer one": (
        OTHER % ("micropython", (2, 0, 0, "")),
        "import thinwire; print('good')",
        "good",
    ),
    "no sockets": (
        WITHOUT % "socket",
        CALL % "http://127.0.0.1:9/v1",
        "ImportError  thinwire: this firmware has no network (no module named 'socket')",
    ),
    "no TLS": (
        WITHOUT % "tls",
        CHAT % "https://127.0.0.1:9/v1",
        "ConnectError certificate this firmware has no TLS (no module named 'tls'), which https"
        " needs: take another one, or a server in your own network by http (asked: POST"
        " https://127.0.0.1:9/v1/chat/completions)",
    ),
    "no TLS, and no https": (
        WITHOUT % "tls",
        CALL % "http://127.0.0.1:9/v1" + "; print('good')",
        "good",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_what_it_lacks_is_said(micropython: Interpreter, tmp_path: Path, name: str) -> None:
    before, does, want = CASES[name]
    script = tmp_path / "use.py"
    script.write_text(before + TRY % does)
    assert run_micropython(micropython, script).stdout.strip() == want


STAR = """
from thinwire import *
try:
    print(Client.__name__, Deployment.__name__, StatusError.__name__)
except NameError:
    print("no __all__")  # up to 1.27 a star import takes what is there already
"""


def test_a_star_import(micropython: Interpreter, tmp_path: Path) -> None:
    script = tmp_path / "star.py"
    script.write_text(STAR)
    found = run_micropython(micropython, script).stdout.strip()
    known = micropython.version >= "1.28"
    assert found == ("Client Deployment StatusError" if known else "no __all__")


def test_all_names_are_at_hand(micropython: Interpreter, tmp_path: Path) -> None:
    script = tmp_path / "all.py"
    script.write_text(
        "import thinwire\nnames = thinwire.__all__\nprint(len(names))\n"
        "print([name for name in names if not hasattr(thinwire, name)])\n"
    )
    import thinwire

    count, missing = run_micropython(micropython, script).stdout.split("\n")[:2]
    own = ["SQLiteHistory"]  # CPython's
    assert (int(count), missing) == (len(thinwire.__all__) - len(own), "[]")

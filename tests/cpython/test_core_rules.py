"""core/ imports only itself, and holds nothing MicroPython lacks; the checkers are checked too."""

from pathlib import Path

import pytest
from support.device_syntax import complaints
from support.layering import RUNTIME_FILES, forbidden_imports

ROOT = Path(__file__).resolve().parents[2]
SRC = ROOT / "src"
CORE = sorted(path for path in (SRC / "thinwire/core").rglob("*.py"))
FROZEN = [
    SRC / "thinwire/__init__.py",
    SRC / "thinwire/parts.py",
    SRC / "thinwire/sse.py",
    SRC / "thinwire/transport.py",
    *(path for path in CORE if path.name != "_cpython.py"),
    *sorted((SRC / "thinwire/compat/exoclaw").rglob("*.py")),
    *sorted((ROOT / "port_micropython").rglob("*.py")),
]
TESTS = ROOT / "tests/shared"
SHARED = sorted(TESTS.rglob("*.py"))


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", CORE, ids=relative)
def test_core_imports_only_core_and_json(path: Path) -> None:
    found = forbidden_imports(path.read_text("utf-8"), path.relative_to(SRC).as_posix())
    assert found == [], f"{relative(path)} imports {found}"


@pytest.mark.parametrize("path", FROZEN, ids=relative)
def test_frozen_code_is_what_micropython_takes(path: Path) -> None:
    assert complaints(path.read_text("utf-8"), asserts=False) == []


@pytest.mark.parametrize("path", SHARED, ids=relative)
def test_shared_tests_are_what_micropython_takes(path: Path) -> None:
    assert complaints(path.read_text("utf-8"), asserts=True) == []


# Modules of core without tests of their name in tests/shared, and why.
WITHOUT_TESTS = {
    "_cpython.py": "a twin of _micropython.py: test_compat.py holds both to the same",
    "_micropython.py": "a twin of _cpython.py: test_compat.py holds both to the same",
    "adapters.py": "names what only one runtime has: tests/core/test_adapters.py",
}
# Shared tests of what is not in core.
OUTSIDE = {
    "test_front_door.py": "__init__.py",
    "test_scripted.py": "testing/scripted.py",
    "test_sse_decoder.py": "sse.py",
}


def place_of_tests(module: Path) -> str:
    place = module.relative_to(SRC / "thinwire/core")
    return place.with_name(f"test_{place.stem.lstrip('_')}.py").as_posix()


def test_each_module_of_core_has_tests_of_its_name_in_its_room() -> None:
    modules = {path for path in CORE if path.name != "__init__.py"}
    without = {path.name for path in modules if not (TESTS / place_of_tests(path)).exists()}
    assert without == set(WITHOUT_TESTS)


def test_each_shared_test_is_named_after_what_it_tests() -> None:
    # A module with many tests has further files beside the first: test_stream_retry.py.
    starts = tuple(place_of_tests(path).removesuffix(".py") for path in CORE)
    files = {path.relative_to(TESTS).as_posix() for path in TESTS.rglob("test_*.py")}
    others = {file for file in files if file.removesuffix(".py") not in starts}
    unnamed = {file for file in others if not file.startswith(tuple(f"{one}_" for one in starts))}
    assert unnamed == set(OUTSIDE)
    assert all((SRC / "thinwire" / module).exists() for module in OUTSIDE.values())


def test_there_is_something_to_check() -> None:
    assert {path.name for path in CORE} > RUNTIME_FILES
    assert {path.parts[-2] for path in FROZEN} >= {"thinwire", "core", "thinwire_device"}
    assert SHARED


# What the syntax rules must catch: a word of the complaint, then a file that deserves it.
BAD = [
    ("not compile", "match a:\n    case 1:\n        pass\n"),
    ("not compile", "with (open('a') as a, open('b') as b):\n    pass\n"),
    ("not compile", "try:\n    f()\nexcept* OSError:\n    pass\n"),
    ("positional-only", "def f(a, /):\n    pass\n"),
    ("positional-only", "g = lambda a, /: a\n"),
    ("* in a display", "x = [*a, 1]\n"),
    ("* in a display", "x = (*a,)\n"),
    ("* in a display", "x = {*a}\n"),
    ("* in a display", "def f():\n    return *a, 1\n"),
    ("** in a display", "x = {**a, 'b': 1}\n"),
    ("comprehension", "async def f():\n    return [x async for x in y]\n"),
    ("comprehension", "async def f():\n    return [await x for x in y]\n"),
    ("comprehension", "async def f():\n    return {x: await x for x in y}\n"),
    ("comprehension", "async def f():\n    return g(x async for x in y)\n"),
    ("walrus", "x[(a := 1)]\n"),
    ("del b[:n]", "del b[:4]\n"),
    ("del b[:n]", "del a, b[1:]\n"),
    ("class keywords", "class A(B, metaclass=C):\n    pass\n"),
    ("no method removeprefix", "x = a.removeprefix('b')\n"),
    ("no method removesuffix", "x = a.removesuffix('b')\n"),
    ("no method zfill", "x = str(a).zfill(2)\n"),
    ("takes no flush=", "print(1, flush=True)\n"),
    ("takes no strict=", "zip(a, b, strict=True)\n"),
    ("takes no maxsplit=", "a.split(':', maxsplit=1)\n"),
    ("not a union", "isinstance(a, int | str)\n"),
    ("nested f-strings", "x = f\"{f'{a}'}\"\n"),
    ("nested f-strings", "x = f\"{g(f'{a}')!r}\"\n"),
    ("decorator", "@a[0]\ndef f():\n    pass\n"),
    ("decorator", "@(lambda f: f)\nclass A:\n    pass\n"),
    ("async generators", "async def f():\n    yield 1\n"),
    ("async generators", "async def f():\n    for a in b:\n        x = yield a\n"),
    ("no module typing", "import typing\n"),
    ("no module __future__", "from __future__ import annotations\n"),
    ("no module urllib", "import urllib.parse\n"),
    ("no module enum", "try:\n    import enum\nexcept ImportError:\n    pass\n"),
    ("assert vanishes", "assert a\n"),
]

# What they must leave alone, because MicroPython takes it.
GOOD = [
    "a, *b = c\n",
    "for a, *b in c:\n    pass\n",
    "f(*a, *b, **c, **d)\n",
    "def f(a, *, b=1, **c):\n    pass\n",
    "while a := f():\n    pass\n",
    "b[:4] = b''\n",
    "del b[4], c.d, e\n",
    "class A(B):\n    pass\n",
    "with open('a') as a, open('b') as b:\n    pass\n",
    "x = f'{a:>{width}}' f'{b!r}'\n",
    "@a.b(c)\n@property\ndef f():\n    yield 1\n",
    "async def f():\n    async with a as b:\n        async for c in d:\n            await c\n",
    "async def f():\n    def g():\n        yield 1\n    return g\n",
    "x = [y for y in z]\n",
    "if TYPE_CHECKING:\n    import typing\n    from dataclasses import field\n",
    "isinstance(a, (int, str))\n",
    "a.split(':', 1)\n",
]


@pytest.mark.parametrize(("word", "source"), BAD)
def test_the_syntax_rules_catch(word: str, source: str) -> None:
    found = complaints(source, asserts=False)
    assert len(found) == 1, found
    assert word in found[0]


@pytest.mark.parametrize("source", GOOD)
def test_the_syntax_rules_leave_alone(source: str) -> None:
    assert complaints(source, asserts=False) == []


def test_only_tests_may_assert() -> None:
    assert complaints("assert a\n", asserts=True) == []


def test_a_complaint_names_the_line() -> None:
    assert complaints("a = 1\ndel b[:2]\n", asserts=False)[0].startswith("2: ")


FACTORY = "def default_transport():\n    from thinwire{} import a\n"

# The imports of a file of core: the modules that are not allowed.
IMPORTS = [
    ("sse.py", "import json\n", []),
    ("sse.py", "from thinwire.core.errors import StreamError\n", []),
    ("sse.py", "from thinwire.core.wire import utf8\n", []),
    ("sse.py", "from . import utf8\nfrom .errors import StreamError\n", []),
    ("dialects/openai.py", "from ..errors import StatusError\n", []),
    ("sse.py", "if TYPE_CHECKING:\n    import typing\n", []),
    ("sse.py", "if TYPE_CHECKING:\n    import typing\nelse:\n    import enum\n", ["enum"]),
    ("sse.py", "import asyncio\n", ["asyncio"]),
    ("sse.py", "import jsonschema\n", ["jsonschema"]),
    ("sse.py", "import json, time\n", ["time"]),
    ("sse.py", "from thinwire.cpython import repair\n", ["thinwire.cpython"]),
    ("sse.py", "from thinwire.corex import a\n", ["thinwire.corex"]),
    ("sse.py", "from ..cpython import repair\n", ["thinwire.cpython"]),
    ("dialects/openai.py", "from ...testing import a\n", ["thinwire.testing"]),
    ("sse.py", "try:\n    import httpx\nexcept ImportError:\n    pass\n", ["httpx"]),
    ("sse.py", "class A:\n    def f(self):\n        import ssl\n", ["ssl"]),
    ("_compat.py", "import micropython\n", []),
    ("_cpython.py", "import binascii\n", []),
    ("adapters.py", FACTORY.format(".cpython.httpx.transport"), []),
    ("adapters.py", FACTORY.format("_device.socket_transport"), []),
    ("adapters.py", FACTORY.format(".testing"), ["thinwire.testing"]),
    ("adapters.py", FACTORY.format("_devices"), ["thinwire_devices"]),
    ("adapters.py", "from thinwire_device import a\n", ["thinwire_device"]),
    ("stream.py", FACTORY.format("_device"), ["thinwire_device"]),
]


@pytest.mark.parametrize(("file", "source", "modules"), IMPORTS)
def test_the_layering_rule(file: str, source: str, modules: list[str]) -> None:
    found = forbidden_imports(source, "thinwire/core/" + file)
    assert [line.partition(": ")[2] for line in found] == modules

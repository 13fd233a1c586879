"""What is public, and where: for readers, for a prompt, for type checkers and in tracebacks."""

import ast
import importlib
import inspect
import pickle
import pydoc
import re
import rlcompleter
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from support.interpreters import ROOT

import thinwire
from thinwire import transport
from thinwire.compat.exoclaw import types

PUBLIC = [
    "thinwire",
    "thinwire.compat.aikido",
    "thinwire.compat.exoclaw",
    "thinwire.compat.nexus3",
    "thinwire.compat.openai_compatible",
    "thinwire.compat.openvoiceui",
    "thinwire.conformance",
    "thinwire.otel",
    "thinwire.parts",
    "thinwire.sse",
    "thinwire.testing",
    "thinwire.transport",
]
# The face of the openai package has that package's names, which its own documents list.
OPENAI = "thinwire.compat.openai"
# The public name of a class that stands in two public modules.
FACE = "thinwire.compat.exoclaw."
FRONT = dict.fromkeys((FACE + "Deployment", FACE + "OpenAIStreamingProvider"), "thinwire")
for _event in ("ContentDelta", "ReasoningDelta", "ToolCallStarted"):
    FRONT["thinwire.compat.nexus3." + _event] = "thinwire"


def module_of(name: str) -> ModuleType:
    return importlib.import_module(name)


def names_of(name: str) -> list[str]:
    """Public names of a public module."""
    module = module_of(name)
    return sorted(getattr(module, "__all__", None) or ["SSEDecoder"])


def python(*arguments: str) -> str:
    command = [sys.executable, "-W", "error", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


# At a prompt.


@pytest.mark.parametrize("name", PUBLIC)
def test_dir_shows_the_names(name: str) -> None:
    assert set(names_of(name)) <= set(dir(module_of(name)))


def test_completion_shows_the_names() -> None:
    completer = rlcompleter.Completer({"thinwire": thinwire})
    completer.complete("thinwire.", 0)
    found = {match.rstrip("()") for match in completer.matches}  # type: ignore[attr-defined]
    assert found >= {f"thinwire.{name}" for name in thinwire.__all__}


@pytest.mark.parametrize("name", PUBLIC)
def test_help_shows_the_names(name: str) -> None:
    page = pydoc.plain(pydoc.render_doc(module_of(name)))
    assert [one for one in names_of(name) if not re.search(rf"\b{one}\b", page)] == []


@pytest.mark.parametrize("name", PUBLIC)
def test_a_star_imports_the_names(name: str) -> None:
    found: dict[str, object] = {}
    exec(f"from {name} import *", found)
    assert set(names_of(name)) <= set(found)


def test_a_submodule_that_was_imported_is_shown() -> None:
    assert {"testing", "transport", "__version__"} <= set(dir(thinwire))


def test_importing_it_loads_nothing() -> None:
    code = "import sys, thinwire; print([name for name in sys.modules if 'thinwire.' in name])"
    assert python("-c", code) == "[]"
    code = "import sys, thinwire.transport; print('httpx' in sys.modules)"
    assert python("-c", code) == "False"


def test_the_command_runs_as_a_module() -> None:
    assert python("-m", "thinwire", "--version") == f"thinwire {thinwire.__version__}"


# To type checkers, which see what stands under TYPE_CHECKING and not what __getattr__ returns.


def imports_for_checkers(name: str) -> Iterator[tuple[str, str]]:
    """Home and name of what a public module imports under TYPE_CHECKING."""
    tree = ast.parse(inspect.getsource(module_of(name)))
    for statement in tree.body:
        if isinstance(statement, ast.If) and ast.unparse(statement.test) == "TYPE_CHECKING":
            for line in statement.body:
                assert isinstance(line, ast.ImportFrom)
                for alias in line.names:
                    assert alias.asname in (None, alias.name)
                    yield str(line.module), alias.name


def test_checkers_and_the_table_agree() -> None:
    table = inspect.getsource(thinwire).partition('_HOMES = """\\\n')[2].partition('"""')[0]
    rows = [line.split() for line in table.splitlines()]
    homes = [(f"thinwire.{home}", name) for home, *names in rows for name in names]
    seen = list(imports_for_checkers("thinwire"))
    assert sorted(homes) == sorted(seen)
    assert len(set(homes)) == len(homes)


@pytest.mark.parametrize("name", PUBLIC)
def test_checkers_see_what_is_there(name: str) -> None:
    seen = {found for _, found in imports_for_checkers(name)}
    made_here = {found for found in names_of(name) if found in vars(module_of(name))}
    assert seen - made_here == set(names_of(name)) - made_here


# In tracebacks, reprs and pickles.


def public_things() -> Iterator[tuple[str, str, object]]:
    """Public home, name and value of each public class and function."""
    for home in PUBLIC:
        for name in names_of(home):
            value = getattr(module_of(home), name)
            if inspect.isclass(value) or inspect.isfunction(value):
                # Without exoclaw these would be ours; with it they are its own.
                if not str(value.__module__).startswith("exoclaw."):
                    yield FRONT.get(f"{home}.{name}", home), name, value


def test_everything_is_named_after_its_public_home() -> None:
    found = [(home, name, value.__module__) for home, name, value in public_things()]
    assert [one for one in found if one[0] != one[2]] == []


def test_everything_is_pickled_by_its_public_name() -> None:
    for _, name, value in public_things():
        assert pickle.loads(pickle.dumps(value)) is value, name


def test_the_types_for_exoclaw_are_named_after_their_home_too() -> None:
    for name in ("ContextWindowExceededError", "LLMResponse", "ToolCallRequest"):
        assert getattr(types, name).__module__ == "thinwire.compat.exoclaw"


def test_the_source_of_a_method_is_found_and_no_wrong_one_of_a_class() -> None:
    assert "def open(" in inspect.getsource(transport.HTTPXTransport.open)
    # Python looks in the file of __module__ alone: see thinwire/_public.py.
    with pytest.raises(OSError, match=r"class definition|not available"):
        inspect.getsource(transport.HTTPXTransport)


RAISED = """
from thinwire import Client, Deployment
with Client("m", {"m": Deployment("http://127.0.0.1:1/v1")}) as client:
    client.chat([{"role": "user", "content": "hi"}])
"""


def test_an_error_that_nobody_has_named_says_its_public_name() -> None:
    command = [sys.executable, "-c", RAISED]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    (last,) = re.findall(r"^thinwire\.\S+(?=: )", done.stderr, re.MULTILINE)[-1:]
    assert last in ("thinwire.AllAttemptsFailed", "thinwire.ConnectError")


# For readers.

PAGE = (ROOT / "docs/api.md").read_text("utf-8")


@pytest.mark.parametrize("name", PUBLIC)
def test_the_page_lists_the_names(name: str) -> None:
    section = PAGE.partition(f"\n## `{name}`\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (`.*?) \|", section, re.MULTILINE)
    listed = [found for row in rows for found in re.findall(r"`(\w+)`", row)]
    assert sorted(listed) == sorted(names_of(name))


def test_the_page_lists_the_modules() -> None:
    headings = re.findall(r"^## `(.*)`$", PAGE, re.MULTILINE)
    assert headings == re.findall(r"^\| \[`(.*?)`\]", PAGE, re.MULTILINE)
    assert sorted(headings) == PUBLIC


# What users read, or what stands for them, imports what is public only. The project's own tests,
# tools and adapters may go deeper.

SHOWN = sorted(
    path
    for pattern in ("*.md", "docs/*.md", "examples/*.py", "tests/typing/*.py", "bench/**/*.py")
    for path in ROOT.glob(pattern)
)


def internal_imports(text: str) -> list[str]:
    """What code or prose imports of thinwire, and is not public."""
    found = re.findall(r"\bimport\s+(thinwire(?:\.\w+)*)\b(?!\s+import)", text)
    imports = r"\bfrom\s+(thinwire(?:\.\w+)*)\s+import\s+(\([^)]*\)|\w+(?:, *\w+)*)"
    for module, names in re.findall(imports, text):
        if module == OPENAI:
            found += [f"{module}.{name}" for name in re.findall(r"\b_\w+", names)]
            continue
        known = names_of(module) if module in PUBLIC else []
        for name in re.findall(r"\w+", names):
            found.append(module if name in known else f"{module}.{name}")
    return [one for one in found if one not in PUBLIC]


@pytest.mark.parametrize("path", SHOWN, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_only_what_is_public_is_shown(path: Path) -> None:
    assert internal_imports(path.read_text("utf-8")) == []


IMPORTS = [
    ("from thinwire import AsyncClient", []),
    ("from thinwire import (\n    AsyncClient,\n    Client,\n)", []),
    ("import thinwire.testing\nimport thinwire_device", []),
    ("from thinwire_device import clock", []),
    ("from thinwire import transport", []),
    ("from thinwire.core.errors import StatusError", ["thinwire.core.errors.StatusError"]),
    ("import thinwire.core", ["thinwire.core"]),
    ("from thinwire import Client, core", ["thinwire.core"]),
    ("    from thinwire.cpython.httpx import transport", ["thinwire.cpython.httpx.transport"]),
    ("print('import thinwire.core.client')", ["thinwire.core.client"]),
    ("from thinwire.testing import (\n    replies,\n)", ["thinwire.testing.replies"]),
    ("from thinwire import Clint", ["thinwire.Clint"]),
    ("from thinwire.compat.openai import OpenAI, AsyncOpenAI", []),
    ("from thinwire.compat.openai import _client", ["thinwire.compat.openai._client"]),
    (
        "from thinwire.compat.openai._client import OpenAI",
        ["thinwire.compat.openai._client.OpenAI"],
    ),
]


@pytest.mark.parametrize(("text", "found"), IMPORTS)
def test_internal_imports_are_found(text: str, found: list[str]) -> None:
    assert internal_imports(text) == found


@pytest.mark.parametrize("client", [thinwire.AsyncClient, thinwire.Client])
@pytest.mark.parametrize("method", ["__init__", "stream", "chat"])
def test_help_explains_every_parameter(client: type, method: str) -> None:
    function = getattr(client, method)
    text = inspect.getdoc(function) or ""
    names = [name for name in inspect.signature(function).parameters if name != "self"]
    assert len(names) > 10
    for name in names:
        assert re.search(rf"^ +(\*\*)?{name}: ", text, re.M), f"{method} does not explain {name}"

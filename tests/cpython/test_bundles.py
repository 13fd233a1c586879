"""tools/bundles.py: many modules become one, and nobody can tell but by the RAM."""

import ast
from pathlib import Path

import bundles
import pytest
from size import ROOT, compile_for_device, device_files

BASES = {"thinwire": str(ROOT / "src"), "thinwire_device": str(ROOT / "port_micropython")}


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bundles")
    bundles.write(str(folder), BASES)
    return folder


def names_of(text: str) -> "set[str]":
    found: set[str] = set()
    for node in ast.parse(text).body:
        for inner in (
            [node] if isinstance(node, (ast.FunctionDef, ast.ClassDef)) else ast.walk(node)
        ):
            if isinstance(inner, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                found.add(inner.name)
            elif isinstance(inner, ast.Name):
                found.add(inner.id)
            elif isinstance(inner, ast.alias):
                found.add(inner.asname or inner.name)
    return found


def test_each_file_is_one_that_the_manifest_freezes_and_compiles(
    written: Path, tmp_path: Path
) -> None:
    frozen = {name for _, name in device_files()}
    for file in written.rglob("*.py"):
        name = file.relative_to(written).as_posix()
        assert name in frozen
    for names in bundles.BUNDLES:
        for name in names[:2]:  # the bundle, and a stub
            file = written / (name.replace(".", "/") + ".py")
            assert compile_for_device(file, name, tmp_path) > 20


def test_what_others_import_of_a_bundle_is_in_it(written: Path) -> None:
    inside = {name: names for names in bundles.BUNDLES for name in names}
    found = {
        names[0]: names_of((written / (names[0].replace(".", "/") + ".py")).read_text())
        for names in bundles.BUNDLES
    }
    for source, target in device_files(exoclaw=True):
        if target.removesuffix(".py").replace("/", ".") in inside:
            continue
        tree = ast.parse(source.read_text())
        for node in ast.walk(tree):
            # Names for type checkers alone are not there, nor need they be.
            if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
                node.body = [ast.Pass()]
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.module in inside:
                home = inside[node.module][0]
                assert {one.name for one in node.names} <= found[home], (target, node.module)


def test_a_bundle_needs_none_but_the_one_before_it(written: Path) -> None:
    before: set[str] = set()
    for names in bundles.BUNDLES:
        text = (written / (names[0].replace(".", "/") + ".py")).read_text()
        for node in ast.parse(text).body:
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("thinwire"):
                assert node.module in before
        before.add(names[0])


MODULES = {
    "thinwire.a": """
from micropython import const
from thinwire.b import SIZE, second
from thinwire import b
from thinwire.core._compat import public
TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from thinwire.b import Other
_WORDS = ("x", "y")
_MARK = const(7)

def _own(value: "Other"):
    return second(value) + b.third(_MARK)

@public
class A:
    \"\"\"Text.\"\"\"

    size = SIZE

    def other(self, third):
        return b.third(third), _own(_WORDS)
""",
    "thinwire.b": """
from micropython import const
import errno
SIZE = const(5)
ASKED = const(6)
_WORDS = ["z"]

def _own():
    return _WORDS

def second(value):
    _own = value
    return _own, errno.ENOENT, ASKED

def third(value):
    return _own()
""",
}


@pytest.fixture
def merged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> "dict[str, str]":
    names = ("thinwire.a", "thinwire.b")
    monkeypatch.setattr(bundles, "BUNDLES", (names,))
    monkeypatch.setattr(bundles, "_HOME", dict.fromkeys(names, "thinwire.a"))
    sources = {}
    for name, text in MODULES.items():
        sources[name] = tmp_path / name
        sources[name].write_text(text)
    for name in ("thinwire.core._compat", "thinwire.core._micropython", "thinwire"):
        sources[name] = tmp_path / name
        sources[name].write_text("")
    return bundles.texts(sources, {"second", "ASKED"})


def test_names_are_told_apart_and_what_is_constant_lies_in_flash(
    merged: "dict[str, str]",
) -> None:
    text = merged["thinwire.a"]
    assert text.index("def second") < text.index("class A")  # a imports b
    assert "TYPE_CHECKING:" not in text
    assert "@public" not in text
    assert "    size = 5\n" in text
    assert "_SIZE = const(5)\n" in text
    assert "ASKED = 6\n" in text
    assert '_WORDS_a = const(("x", "y"))' in text
    assert '_WORDS = ["z"]' in text
    assert "def _own_a(value" in text
    assert "return second(value) + third(_MARK)" in text
    assert "return _bundle.third(third), _own_a(_WORDS_a)" in text
    assert "    _own = value\n    return _own, errno.ENOENT, 6\n" in text
    assert "class A:\n    del __module__, __qualname__\n" in text
    assert merged["thinwire.b"] == "from thinwire.a import of_bundle as __getattr__\n"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("def second():\n    pass\n", "second is of thinwire.b and of thinwire.c"),
        ("x = f'{1}'\n", "f-string"),
        ("from thinwire.b import third\n", "imports itself"),
        ("from thinwire.far import away\n", "thinwire.far is loaded with a bundle, and in none"),
    ],
)
def test_what_cannot_be_one_is_said(
    text: str, why: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ("thinwire.b", "thinwire.c")
    monkeypatch.setattr(bundles, "BUNDLES", (names,))
    monkeypatch.setattr(bundles, "_HOME", dict.fromkeys(names, "thinwire.b"))
    other = "from thinwire.c import x\n" if "import third" in text else ""
    files = {"thinwire.b": other + MODULES["thinwire.b"], "thinwire.c": text}
    files.update(dict.fromkeys(("thinwire.core._compat", "thinwire.core._micropython"), ""))
    sources = {name: tmp_path / name for name in files}
    for name, content in files.items():
        sources[name].write_text(content)
    with pytest.raises(bundles.BundleError, match=why):
        bundles.texts(sources, {"second"})

"""What comments and pages cite exists: files of this repository, rows of docs/wire.md, links."""

import ast
import io
import json
import re
import tokenize
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
WIRE = "docs/wire.md"

# Folders that no clone has.
_MADE = {"build", "dist", "__pycache__", "node_modules"}
# Where comments stand, beside Python: how they begin there.
_MARKS = {
    ".c": r"//.*|/\*[\s\S]*?\*/",
    ".h": r"//.*|/\*[\s\S]*?\*/",
    ".cjs": r"//.*|/\*[\s\S]*?\*/",
    ".js": r"//.*|/\*[\s\S]*?\*/",
    ".cmake": r"#.*",
    ".mk": r"#.*",
    ".toml": r"#.*",
    "": r"#.*",
}
# Where a bare name in code is looked for.
_SEES = {"src": ("src",), "port_micropython": ("src", "port_micropython")}
_NAMED = re.compile(
    r"(?<![\w./-])(?:[\w-]+/)*[\w-]+\."
    r"(?:py|pyi|md|json|toml|txt|cfg|ini|yml|sh|mk|cmake|cjs|js|h|c|csv|log)\b(?!\()"
)
_ROW = re.compile(r"wire\.md\)? (C\d+(?:(?:-|, and |, | and )C\d+)*)")

# Names that mean no file of the repository, each with the reason. A new one belongs here only
# when it is the reader's own file or somebody else's.
ALLOWED = {
    "settings.json": "the reader's own, copied onto the board beside the program",
    "hardware.json": "written by a test, read by the stubs of a board",
    "hardware.log": "written by the stubs of a board, read by a test",
    "deployments.json": "the store in an example",
    "notes.txt": "a message in an example",
    "prompt.txt": "a prompt in an example",
    "sensor.log": "a message in an example",
    "my_adapter.py": "the reader's own adapter",
    "file.json": "a recording in an example",
    "path/to/file.py": "where the reader's adapter may be",
    "mbedtls_config.h": "MicroPython's own",
    "prompts/voice-system-prompt.md": "where OpenVoiceUI keeps its prompt",
    "plugins/openai-compat/gateway.py": "OpenVoiceUI's own gateway",
    "gateway.py": "OpenVoiceUI's own gateway",
    "services/gateways/base.py": "OpenVoiceUI's own",
    "plugin.json": "how OpenVoiceUI describes a plugin",
    "extmod/asyncio/stream.py": "MicroPython's own",
    "libavformat/wavdec.c": "FFmpeg's own",
    "bootrom.json": "fetched by the set-up, beside the emulator",
}


def files(root: Path) -> list[str]:
    """Every file of a clone, as paths below `root`; without hidden folders but .ci."""
    found = []
    for path in sorted(root.rglob("*")):
        parts = path.relative_to(root).parts
        hidden = any(part.startswith(".") and part != ".ci" for part in parts[:-1])
        if path.is_file() and not hidden and not _MADE & set(parts):
            found.append("/".join(parts))
    return found


def prose(path: str, text: str) -> Iterator[tuple[int, str]]:
    """What people read in a file: line and text of each comment, docstring, source or page."""
    suffix = Path(path).suffix
    if suffix == ".py":
        yield from _comments(text)
        yield from _docstrings(text)
    elif suffix == ".md":
        yield from enumerate(text.splitlines(), 1)
    elif suffix == ".json" and "/scenarios/" in path:
        for scenario in json.loads(text)["scenarios"]:
            yield 1, scenario.get("source", "")
    elif suffix in _MARKS and (suffix or path in ("Makefile", ".ci/run")):
        for found in re.finditer(_MARKS[suffix], text):
            yield text[: found.start()].count("\n") + 1, found.group()


def _comments(source: str) -> Iterator[tuple[int, str]]:
    # Comments on lines that follow one another are one text: a citation may be broken.
    first, last, words = 0, -1, ""
    if not any("#" in line and _NAMED.search(line) for line in source.splitlines()):
        return  # a row of docs/wire.md is cited with the page's name, too
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            line = token.start[0]
            if line != last + 1:
                yield first, words
                first, words = line, ""
            last, words = line, words + token.string.lstrip("#") + "\n"
    yield first, words


def _docstrings(source: str) -> Iterator[tuple[int, str]]:
    # Only statements are gone through: expressions are nine nodes in ten, and have no docstring.
    nodes: list[ast.AST] = [ast.parse(source)]
    for node in nodes:
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            words = ast.get_docstring(node, clean=False)
            if words is not None:
                yield node.body[0].lineno, words
        for block in ("body", "orelse", "finalbody", "handlers", "cases"):
            inside = getattr(node, block, None)
            if isinstance(inside, list):
                nodes += inside


def cited(text: str) -> list[str]:
    """Names of files in a text; addresses on the internet are not looked at."""
    return _NAMED.findall(re.sub(r"https?://\S+", "", text))


def exists(name: str, by: str, known: list[str]) -> bool:
    """Whether the file `by` cites a file that there is.

    Args:
        name: as cited: a path below any folder, or a bare name, which in code means code unless
            it is that of a test.
        by: path of the file that cites it.
        known: all files.
    """
    near = known
    folder = by.partition("/")[0]
    if folder in _SEES and "/" not in name and not name.startswith("test_"):
        near = [path for path in known if path.partition("/")[0] in (*_SEES[folder], path)]
    return any(path == name or path.endswith("/" + name) for path in near)


@cache
def everything(root: Path) -> list[tuple[str, int, str]]:
    """File, line and text of all prose below `root`."""
    return [
        (path, line, text)
        for path in files(root)
        for line, text in prose(path, _text(root / path))
    ]


def missing(root: Path) -> list[str]:
    """What is cited below `root` and does not exist, as "file:line: name"."""
    known = files(root)
    rows = numbers(root)
    found = []
    for path, line, text in everything(root):
        names = [name for name in cited(text) if not exists(name, path, known)]
        gone = [name for name in names if name not in ALLOWED]
        gone += [f"{WIRE} C{row}" for row in cited_rows(text) if row not in rows]
        found += [f"{path}:{line}: {name}" for name in gone]
    return found


def _text(path: Path) -> str:
    return path.read_bytes().decode("utf-8", "replace")


def cited_rows(text: str) -> list[int]:
    """Numbers of the rows of docs/wire.md in a text: of "docs/wire.md C1-C3 and C5" four."""
    found = []
    for group in _ROW.findall(" ".join(text.split())):
        for piece in re.split(r", and |, | and ", group):
            first, _, last = piece.replace("C", "").partition("-")
            found += range(int(first), int(last or first) + 1)
    return found


def numbers(root: Path) -> list[int]:
    """Numbers of the rows that docs/wire.md has, in its order."""
    page = root / WIRE
    text = _text(page) if page.exists() else ""
    return [int(found) for found in re.findall(r"^\| C(\d+) \|", text, re.MULTILINE)]


def broken_links(root: Path) -> list[str]:
    """Links of the pages below `root` to files or headings that do not exist."""
    found = []
    for path in [path for path in files(root) if path.endswith(".md")]:
        for target in re.findall(r"\]\(([^)\s]+)\)", _without_code(_text(root / path))):
            if re.match(r"https?:|mailto:", target):
                continue
            name, _, heading = target.partition("#")
            page = (root / path).parent / name if name else root / path
            if not page.exists() or (heading and heading not in _headings(page)):
                found.append(f"{path}: {target}")
    return found


def _without_code(text: str) -> str:
    return re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)


def _headings(page: Path) -> list[str]:
    # As GitHub makes anchors of them: lower case, no marks, hyphens for spaces.
    lines = re.findall(r"^#+ (.*)", _without_code(_text(page)), re.MULTILINE)
    return [re.sub(r"[^\w\- ]", "", line).lower().replace(" ", "-") for line in lines]


def test_what_is_cited_exists() -> None:
    assert missing(ROOT) == []


def test_links_lead_somewhere() -> None:
    assert broken_links(ROOT) == []


def test_every_exception_is_needed() -> None:
    known = files(ROOT)
    used = {name for _, _, text in everything(ROOT) for name in cited(text)}
    assert [name for name in ALLOWED if name not in used or exists(name, "", known)] == []


def rows() -> list[list[str]]:
    """The cells of each row of docs/wire.md: number, what, by whom, what thinwire does."""
    lines = re.findall(r"^\| C\d+ .*", _text(ROOT / WIRE), re.MULTILINE)
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


def test_rows_have_four_cells_and_a_number_of_their_own() -> None:
    assert [row for row in rows() if len(row) != 4] == []
    assert len(set(numbers(ROOT))) == len(rows()) > 90


_SOURCE = re.compile(
    r"[\w.-]+/[\w.-]+#\d+|https://\S+|RFC \d+|WHATWG|OpenAI API reference|measured|see C\d+"
    r"|Follows from C\d+|No report known|Servers without"
)


def test_each_row_says_where_it_was_read() -> None:
    assert [row[0] for row in rows() if not _SOURCE.search(row[2])] == []


def test_rows_name_rows_and_modules_that_exist() -> None:
    known = numbers(ROOT)
    gone = []
    for number, *said, does in rows():
        others = re.findall(r"\bC(\d+)\b", " ".join([*said, does]))
        gone += [f"{number}: C{other}" for other in others if int(other) not in known]
        # In brackets, or with its room.
        modules = re.findall(r"[(,] ?`([a-z_]+)`(?=[,)])", does) + re.findall(r"`(\w+/\w+)`", does)
        paths = [ROOT / "src/thinwire/core" / f"{module}.py" for module in modules]
        gone += [f"{number}: {path.name}" for path in paths if not path.exists()]
    assert gone == []


# A file, what it says, and what of it should be found missing.
SAMPLES = [
    ("src/a.py", "# see gone.py\nx = 1\n", ["src/a.py:1: gone.py"]),
    ("src/a.py", "# see b.py and c/d.py\nx = 1\n", []),
    ("src/a.py", "x = 'gone.py'\n", []),
    ("src/a.py", '"""See c/b.py."""\n', ["src/a.py:1: c/b.py"]),
    ("src/a.py", 'def f():\n    """See gone.md, §4."""\n', ["src/a.py:2: gone.md"]),
    ("src/a.py", 'class A:\n    """https://host/gone.md"""\n', []),
    ("src/a.py", "x = 1  # told in tests/t.py\n", []),
    ("src/a.py", "x = 1  # told in t.py\n", ["src/a.py:1: t.py"]),  # code, so code is meant
    ("src/a.py", "x = 1  # told in test_t.py\n", []),
    ("tests/a.py", "x = 1  # told in b.py\n", []),
    ("src/a.py", "# docs/wire.md C1\n", []),
    ("src/a.py", "# docs/wire.md C1-C3\n", ["src/a.py:1: docs/wire.md C3"]),
    ("src/a.py", "# (docs/wire.md C1, C2 and C9)\n", ["src/a.py:1: docs/wire.md C9"]),
    ("src/a.py", "x = 1\n# docs/wire.md\n# C7\n", ["src/a.py:2: docs/wire.md C7"]),
    ("src/a.py", "request.json()  # of data.json()\n", []),
    ("Makefile", "all: gone.c  # from gone.sh\n", ["Makefile:1: gone.sh"]),
    ("x.toml", "a = 1\n# gone.ini\n", ["x.toml:2: gone.ini"]),
    ("x.c", "int a; /* as in\n gone.h */ // gone.md\n", ["x.c:1: gone.h", "x.c:2: gone.md"]),
    ("x.cjs", "import './gone.js' // b.py\n", []),
    (
        "docs/x.md",
        "See `gone.py`, b.py\nand gone.md\n",
        ["docs/x.md:1: gone.py", "docs/x.md:2: gone.md"],
    ),
    ("docs/x.md", "[C4](wire.md) and wire.md C4\n", ["docs/x.md:1: docs/wire.md C4"]),
    (
        "src/scenarios/x.json",
        '{"scenarios": [{"source": "docs/wire.md C8; a/b#1"}, {"source": "docs/wire.md C2"}]}',
        ["src/scenarios/x.json:1: docs/wire.md C8"],
    ),
    ("build/x.py", "# gone.py\n", []),
    (".venv/x.py", "# gone.py\n", []),
    (".ci/run", "make  # gone.sh\n", [".ci/run:1: gone.sh"]),
]


@pytest.mark.parametrize(("path", "text", "want"), SAMPLES)
def test_a_citation_is_found(tmp_path: Path, path: str, text: str, want: list[str]) -> None:
    tree = {
        "docs/wire.md": "| C1 | a |\n| C2 | b |\n",
        "src/b.py": "",
        "src/c/d.py": "",
        "tests/t.py": "",
        "tests/test_t.py": "",
        path: text,
    }
    for name, content in tree.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(content, "utf-8")
    assert missing(tmp_path) == want


LINKS = [
    ("[a](b.md)", []),
    ("[a](gone.md)", ["docs/a.md: gone.md"]),
    ("[a](../docs/b.md#two-words-and-more)", []),
    ("[a](b.md#gone)", ["docs/a.md: b.md#gone"]),
    ("# One\n[a](#one) [b](#two)", ["docs/a.md: #two"]),
    ("[a](https://host/gone.md)", []),
    ("```\n[a](gone.md)\n```", []),
]


@pytest.mark.parametrize(("text", "want"), LINKS)
def test_a_broken_link_is_found(tmp_path: Path, text: str, want: list[str]) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs/b.md").write_text("## Two words, and `more`\n", "utf-8")
    (tmp_path / "docs/a.md").write_text(text, "utf-8")
    assert broken_links(tmp_path) == want

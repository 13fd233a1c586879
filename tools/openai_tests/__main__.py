"""See __init__.py."""

import os
import shutil
import subprocess
import sys
import tarfile
import xml.etree.ElementTree as ET
from collections import Counter
from pathlib import Path

from openai_tests.server import serve

ROOT = Path(__file__).parents[2]
HOME = ROOT / ".tools/openai_tests"
PYTHON = HOME / "venv/bin/python"
NAME = "openai-3.52.0"
HASH = "sha256:258a4fec3e40b412c58672526ed33f20738c2e4ea27601792e73843af62466af"
# Its tests', beside what thinwire needs; hatchling and its plugin, since pip asks them of what the
# sdist needs, without isolation.
NEEDED = (
    "hatchling>=1.27,<2 hatch-fancy-pypi-readme>=24,<26 pydantic>=2.12,<3 pytest>=9,<10"
    " pytest-asyncio>=1.4,<2 pytest-timeout>=2.4,<3 inline-snapshot>=0.28,<1 rich>=14,<16"
    " httpx2>=2.16,<3 jiter>=0.16,<1 anyio>=4.10,<5"
)
# File -> what those of its tests need that do not pass.
FILES = {
    "tests/lib/chat/test_completions.py": "the header `x-stainless-helper-method`, telemetry of"
    " openai's that thinwire does not send",
    "tests/lib/chat/test_completions_streaming.py": "recorded answers that are not in the sdist:"
    " they fail with the openai package as well",
    "tests/lib/chat/test_content_filter.py": "",
    "tests/lib/chat/test_create_validation.py": "",
    "tests/lib/chat/test_single_pass_tools.py": "",
    "tests/lib/chat/test_stream_moderation.py": "the chunk that has the tokens alone, unasked for:"
    " thinwire asks for it, and keeps it from who has not",
    "tests/lib/chat/test_tool_call_deltas.py": "",
    "tests/api_resources/chat/test_completions.py": "the header `X-Stainless-Lang`",
    "tests/api_resources/test_models.py": "the header `X-Stainless-Lang`",
    "tests/api_resources/test_embeddings.py": "the header `X-Stainless-Lang`",
    "tests/test_status_error_messages.py": "",
}
PAGE = ROOT / "docs/migrating/openai.md"
HEAD = "| below openai's `tests/` | run | pass | what the others need |\n|---|---|---|---|\n"


def fetch() -> Path:
    """The unpacked sdist, and the environment that its tests run in; made once."""
    source = HOME / NAME
    if not (HOME / "ready").exists():
        shutil.rmtree(HOME, ignore_errors=True)
        HOME.mkdir(parents=True)
        subprocess.run([sys.executable, "-m", "venv", str(HOME / "venv")], check=True)
        pip = [str(PYTHON), "-m", "pip", "-qq"]
        subprocess.run([*pip, "install", *NEEDED.split(), "--editable", str(ROOT)], check=True)
        wanted = HOME / "wanted.txt"
        wanted.write_text(f"{NAME.replace('-', '==')} --hash={HASH}\n")
        options = "--no-binary :all: --no-deps --no-build-isolation --require-hashes".split()
        command = [*pip, "download", *options, "-d", str(HOME), "-r", str(wanted)]
        subprocess.run(command, check=True)
        with tarfile.open(HOME / f"{NAME}.tar.gz") as archive:
            archive.extractall(HOME, filter="data")
        shutil.copytree(source / "src/openai", HOME / "there/openai_there")
        (HOME / "ready").touch()
    return source


def run(source: Path) -> Path:
    """Runs the tests; returns their report."""
    report = HOME / "report.xml"
    paths = [ROOT / "src", ROOT / "tools", HOME / "there", source]
    command = [str(PYTHON), "-m", "pytest", "-q", "--tb=line", "-p", "openai_tests.swap"]
    command += ["-o", "addopts=", "-o", "filterwarnings=default", "-p", "no:cacheprovider"]
    command += ["--timeout", "20", "--junitxml", str(report), *FILES]
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(map(str, paths)),
        "TEST_API_BASE_URL": serve(),
    }
    subprocess.run(command, cwd=source, env=environment, check=False)
    return report


def counted(report: Path) -> dict[str, Counter[str]]:
    """How many tests of each file ran, and how many passed."""
    found = {name: Counter[str]() for name in FILES}
    seen: dict[tuple[str, str, str], bool] = {}
    for case in ET.parse(report).iter("testcase"):
        module = str(case.get("classname")).split(".Test")[0]
        name = module.replace(".", "/") + ".py"
        key = (name, str(case.get("classname")), str(case.get("name")))
        bad = any(one.tag in ("failure", "error", "skipped") for one in case)
        seen[key] = seen.get(key, True) and not bad  # a test that fails may have two entries
    for (name, _, _), good in seen.items():
        found[name]["run"] += 1
        found[name]["pass"] += good
    return found


def table(found: dict[str, Counter[str]]) -> str:
    """The counts as the page shows them."""
    lines = [
        f"| `{name[6:-3]}` | {found[name]['run']} | {found[name]['pass']} | {needs or '-'} |\n"
        for name, needs in FILES.items()
    ]
    total = {one: sum(counts[one] for counts in found.values()) for one in ("run", "pass")}
    lines.append(f"| together | {total['run']} | {total['pass']} | |\n")
    return HEAD + "".join(lines)


def main() -> int:
    """Fails where fewer pass than the page says."""
    made = table(counted(run(fetch())))
    print(made)
    page = PAGE.read_text("utf-8")
    start = page.index(HEAD)
    end = page.index("\n\n", start) + 1
    if "--write" in sys.argv:
        PAGE.write_text(page[:start] + made + page[end:], "utf-8")
        return 0
    if page[start:end] != made:
        print("docs/migrating/openai.md says otherwise; `make test-openai WRITE=--write`?")
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

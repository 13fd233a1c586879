"""What the face for exoclaw needs of a chip's RAM, beside exoclaw-provider-openai: the table of
docs/migrating/exoclaw.md, printed.

    PYTHONPATH=tools:tests:. python -m bench.device.exoclaw_face

The same scripts run on both. thinwire is frozen in, as its firmware is; what is imported from .mpy
files or from source is exoclaw, and its provider.
"""

import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from firmware import chiplike
from size import compile_for_device
from support.exoclaw_files import OF_MICROPYTHON_LIB

from bench.device import KB, exoclaw
from bench.device.bisecting import smallest
from bench.device.machine import Machine
from bench.device.servers import servers
from thinwire.testing import MockReply, MockServer, RecordedRequest, text_reply, tool_reply

_AMPLE = 1024  # KB
_LOW, _HIGH = 16, 1024
_FACE = "from thinwire.compat.exoclaw import Deployment, OpenAIStreamingProvider\n"


def _compiled(source: Path, folder: Path) -> Path:
    for path in source.rglob("*.py"):
        name = path.relative_to(source).as_posix()
        target = folder / name.replace(".py", ".mpy")
        target.parent.mkdir(parents=True, exist_ok=True)
        compile_for_device(path, name, folder)
        shutil.move(folder / "out.mpy", target)
    return folder


def _machines(folder: Path) -> Iterator[tuple[str, Machine, Machine]]:
    # In words, thinwire's face, and exoclaw's own provider.
    built = chiplike.interpreter()
    lib = Path(exoclaw.staged(built).search_path.partition(":")[0])
    theirs, ours = folder / "theirs", folder / "ours"
    shutil.copytree(lib, theirs)
    for name, text in OF_MICROPYTHON_LIB.items():
        (theirs / name).write_text(text)
    shutil.copytree(theirs, ours, ignore=shutil.ignore_patterns("exoclaw_provider_openai"))
    (ours / "exoclaw_provider_openai.py").write_text(_FACE)
    for how, places in (
        ("from source", (ours, theirs)),
        (
            "from .mpy files",
            [_compiled(one, folder / f"{one.name}_mpy") for one in (ours, theirs)],
        ),
    ):
        mine, other = (Machine(built, f"{place}:.frozen") for place in places)
        yield how, mine, other


def _say_result(request: RecordedRequest) -> MockReply:
    last = request.json()["messages"][-1]
    if last["role"] == "tool":
        return text_reply("it is " + last["content"])(request)
    return tool_reply([("add", {"a": 2, "b": 40})])(request)


def _agent_ends(machine: Machine, kb: int, url: str) -> bool:
    done = machine.run(kb, "exoclaw_agent.py", url)
    return done.returncode == 0 and done.stdout.strip().endswith("end: it is 42")


def _shown(size: float | None) -> str:
    return f"fails on {_HIGH} KB" if size is None else f"{size:,.0f}"


def main() -> None:
    """Print a line for each figure: bytes here, bytes there."""
    with tempfile.TemporaryDirectory() as name, MockServer() as server:
        folder = Path(name)
        server.reply("agent", _say_result)
        with servers(folder) as running:
            for how, *both in _machines(folder):
                for what, figure in (
                    ("after the import", "import"),
                    ("with a provider", "client"),
                ):
                    found = [one.figures(_AMPLE, "exoclaw_ram.py")[figure] for one in both]
                    print(f"| RAM {what}, {how} |", " | ".join(map(_shown, found)), "|")
                for what, want, model in (
                    ("one token", "1 stop", "short"),
                    ("20 tokens", "20 stop", "tokens-20"),
                ):
                    heaps = [_chat(one, want, running.plain, model) for one in both]
                    print(f"| smallest heap: a chat of {what}, {how} |", " | ".join(heaps), "|")
                heaps = [_agent(one, server.base_url) for one in both]
                print(
                    f"| smallest heap: a turn of the agent loop, {how} |", " | ".join(heaps), "|"
                )
                sys.stdout.flush()


def _chat(machine: Machine, want: str, url: str, model: str) -> str:
    found = smallest(
        lambda kb: machine.prints(want, kb, "exoclaw_chat.py", url, model), _LOW, _HIGH, tries=2
    )
    return _shown(None if found is None else found * KB)


def _agent(machine: Machine, url: str) -> str:
    found = smallest(lambda kb: _agent_ends(machine, kb, url), _LOW, _HIGH, tries=2)
    return _shown(None if found is None else found * KB)


if __name__ == "__main__":
    main()

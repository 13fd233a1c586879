"""A firmware has few modules (tools/bundles.py): a program cannot tell."""

import json
import shutil
from pathlib import Path

import bundles
import pytest
from size import ROOT, device_files
from support.interpreters import Interpreter, run_micropython

from thinwire.testing import MockServer, status_reply, text_reply

BASES = {"thinwire": str(ROOT / "src"), "thinwire_device": str(ROOT / "port_micropython")}
CHAT = """
import asyncio, json, sys
%s
import thinwire
from thinwire import AsyncClient, Client, Deployment, StatusError

MESSAGES = [{"role": "user", "content": "Hi"}]

async def main(url):
    texts, events = [], []
    async with AsyncClient("m", {"m": Deployment(url)}, retry=1) as client:
        answer = await client.chat(MESSAGES, on_delta=texts.append)
        async with client.stream(MESSAGES) as stream:
            async for event in stream:
                events.append(type(event).__name__)
        try:
            await client.chat(MESSAGES, model="none")
        except ValueError as error:
            events.append(type(error).__name__)
    failed = ""
    client = AsyncClient("refused", {"refused": Deployment(url)}, retry=1)
    try:
        await client.chat(MESSAGES)
    except StatusError as error:
        failed = error.kind
    return [answer.text == "".join(texts), answer.end, events[0], events[-1], failed]

found = asyncio.run(main(sys.argv[1]))
with Client("m", {"m": Deployment(sys.argv[1])}) as client:
    found.append(client.chat(MESSAGES).end)
modules = {id(sys.modules[name]) for name in sys.modules if name in %r}
print(json.dumps(found + [len(modules)]))
"""


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("lib")
    for source, target in device_files():
        (folder / target).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, folder / target)
    bundles.write(str(folder), BASES)
    return folder


@pytest.mark.parametrize(
    "first",
    [
        "",
        "from thinwire.core.wire.sse import SSEParser",
        "import thinwire.core.routing.deployment as first; first.Deployment('http://127.0.0.1/v1')",
        "from thinwire.core import exchange; exchange.launch",
        "import thinwire.sse, thinwire.parts",
    ],
)
def test_calls_go_as_ever_whatever_is_imported_first(
    micropython: Interpreter, library: Path, tmp_path: Path, first: str
) -> None:
    script = tmp_path / "chat.py"
    names = [name for bundle in bundles.BUNDLES for name in bundle]
    script.write_text(CHAT % (first, names))
    with MockServer() as server:
        server.reply("m", text_reply("Hello there, you"))
        server.reply("refused", status_reply(401))
        env = {"MICROPYPATH": f"{library}:.frozen"}
        done = run_micropython(micropython, script, server.base_url, env=env)
    wanted = [True, "finish", "ContentDelta", "ValueError", "auth", "finish", len(bundles.BUNDLES)]
    assert json.loads(done.stdout) == wanted


def test_a_name_that_a_bundle_does_not_have_is_no_name(
    micropython: Interpreter, library: Path, tmp_path: Path
) -> None:
    script = tmp_path / "missing.py"
    script.write_text(
        "from thinwire.core import stream\n"
        "print(hasattr(stream, 'Nothing'), hasattr(stream, 'collect'))\n"
    )
    done = run_micropython(micropython, script, env={"MICROPYPATH": f"{library}:.frozen"})
    assert done.stdout.strip() == "False True"

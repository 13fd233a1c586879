"""The first call loads its code module by module (thinwire_device/loading.py)."""

import json
from pathlib import Path

from support.interpreters import Interpreter, run_micropython

from thinwire.testing import MockServer

SCRIPT = """
import asyncio, json, sys
from thinwire import AsyncClient, Deployment

def ours():
    return {name for name in sys.modules if name.startswith("thinwire")}

turns = 0
async def others():
    global turns
    while True:
        await asyncio.sleep_ms(0)
        turns += 1

async def main():
    client = AsyncClient("m", {"m": Deployment(sys.argv[1])})
    made = ours()
    asyncio.create_task(others())
    await client.load()
    loaded, let_run = ours(), turns
    answer = await client.chat([{"role": "user", "content": "Hi"}])
    await client.aclose()
    print(json.dumps([answer.end, sorted(ours() - loaded), len(loaded - made), let_run]))

asyncio.run(main())
"""


def test_nothing_is_left_for_the_call_itself(micropython: Interpreter, tmp_path: Path) -> None:
    script = tmp_path / "load.py"
    script.write_text(SCRIPT)
    with MockServer() as server:
        done = run_micropython(micropython, script, server.base_url)
    end, late, loaded, let_run = json.loads(done.stdout)
    assert (end, late) == ("finish", [])
    assert loaded > 15
    assert let_run >= 15

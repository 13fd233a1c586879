"""A program that uses what its board left out gets an ImportError that names the file."""

import shutil
from pathlib import Path

import pytest
from size import device_files, every_file
from support.interpreters import Interpreter, run_micropython

# What a user does without and then uses, by the option of manifest.py.
USES = {
    "anthropic": "chat('http://127.0.0.1:1/v1', dialect='anthropic')",
    "config": "thinwire.AsyncClient.from_config({})",
    "conversation": "from thinwire import Conversation",
    "deployment_options": "client('http://127.0.0.1:1/v1', max_concurrent=1)",
    "discovery": "from thinwire import ModelEntry",
    "divert": "from thinwire import Diverted",
    "endpoints": "asyncio.run(client('http://127.0.0.1:1/v1').get('/x'))",
    "exoclaw": "from thinwire import OpenAIStreamingProvider",
    "files": "from thinwire import TextFile",
    "hedge": "chat('http://127.0.0.1:1/v1', hedge_after=0)",
    "history": "from thinwire import JSONLMessages",
    "hygiene": "import thinwire.core.dialects.hygiene",  # a call is sent as it is
    "into": "chat('http://127.0.0.1:1/v1', into={})",
    "limits": "chat('http://127.0.0.1:1/v1', max_concurrent=1)",
    "log": "client('http://127.0.0.1:1/v1', log=True)",
    "on_chunk": "chat('http://127.0.0.1:1/v1', on_chunk=print)",
    "parameters": "client('http://127.0.0.1:1/v1').stream('Hi', reasoning_effort='low')",
    "parts": "import thinwire.parts",
    "presets": "thinwire.Deployment(provider='groq')",
    "public_only": "client('https://a.test/v1', allow_private=False)",
    "recorder": "client('http://a/v1', on_request=print)",
    "repair": "thinwire.ToolCall(0, 'id', 'name', '{').repair()",
    "resolve": "thinwire.AsyncClient('groq:llama', api_key='k')",
    "responses": "chat('http://127.0.0.1:1/v1', dialect='responses')",
    "roots": "chat('https://127.0.0.1:1/v1')",
    "sentences": "from thinwire import sentences",
    "sse": "import thinwire.sse",
    "store": "from thinwire import FileStore",
    "stream_events": "from thinwire import UsageReceived",
    "sync": "from thinwire import Client",
    "think_tags": "chat('http://127.0.0.1:1/v1', think_tags=True)",
    "to_dict": "from thinwire import to_dict",
    "tools": "client('http://127.0.0.1:1/v1').stream_tools('Hi', tools=[])",
    "voice": "from thinwire import Voice",
}
SCRIPT = """
import asyncio
import thinwire

OF_DEPLOYMENTS = "think_tags dialect max_concurrent allow_private".split()

def client(url, **options):
    own = {name: options.pop(name) for name in OF_DEPLOYMENTS if name in options}
    made = thinwire.Deployment(url, **own)
    deployments = {name: made for name in "mn"}
    return thinwire.AsyncClient("m", deployments, {"m": ["n"]}, **options)

def chat(url, **options):
    into = options.pop("into", None)
    asyncio.run(client(url, **options).chat([{"role": "user", "content": "Hi"}], into=into))

try:
    %s
except ImportError as error:
    print(error)
"""
EVERYTHING = {target for _, target in every_file()}


@pytest.mark.parametrize("option", USES)
def test_what_is_left_out_is_named(micropython: Interpreter, tmp_path: Path, option: str) -> None:
    left = device_files(**{**dict.fromkeys(USES, True), option: False})
    for source, target in left:
        (tmp_path / "lib" / target).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, tmp_path / "lib" / target)
    script = tmp_path / "use.py"
    script.write_text(SCRIPT % USES[option])
    done = run_micropython(micropython, script, env={"MICROPYPATH": f"{tmp_path}/lib:.frozen"})
    left_out = EVERYTHING - {target for _, target in left}
    files = [target.removesuffix(".py").removesuffix("/__init__") for target in left_out]
    names = {file.replace("/", ".") for file in files}
    assert done.stdout.strip() in {f"no module named '{name}'" for name in names}


def test_every_option_is_used() -> None:
    with pytest.raises(ValueError, match=f"no option nothing=: {', '.join(USES)}$"):
        device_files(nothing=False)

"""The examples of openai's README run, with the import changed and nothing else."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from thinwire.testing import MockServer, json_reply

TEXT = Path(__file__).with_name("openai_readme.md").read_text("utf-8")
BLOCKS = re.findall(r"^```python\n(.*?)^```", TEXT, re.M | re.S)
AZURE = "https://example-endpoint.openai.azure.com"
# What the examples that go on from others have from those.
BEFORE = "from thinwire.compat.openai import OpenAI\nclient = OpenAI()\n"
UNCLOSED = "ignore::ResourceWarning"  # the examples close nothing
MODEL = "gpt-5.5"
RESPONSE = {
    "id": "resp_1",
    "object": "response",
    "status": "completed",
    "output": [
        {
            "type": "message",
            "role": "assistant",
            "content": [{"type": "output_text", "text": "Ahoy", "annotations": []}],
        }
    ],
}


def swapped(block: str) -> str:
    """The example with the import changed."""
    return re.sub(r"^(from|import) openai\b", r"\1 thinwire.compat.openai", block, flags=re.M)


@pytest.mark.parametrize("number", range(len(BLOCKS)))
def test_an_example_of_the_readme(number: int) -> None:
    block = BLOCKS[number]
    with MockServer() as server:
        if "responses.create" in block and "stream=True" not in block:
            server.reply(MODEL, json_reply(RESPONSE))
        program = swapped(block).replace(AZURE, server.base_url.removesuffix("/v1"))
        if "client =" not in program and "as client" not in program:
            program = BEFORE + program
        asks_nowhere = '"/foo"' in program
        if asks_nowhere:  # which only its author's server has
            program = program.replace('"/foo"', '"/chat/completions"').replace(
                '{"my_param": True}', '{"model": "echo", "messages": [], "stream": False}'
            )
        environment = {
            "OPENAI_API_KEY": "k",
            "AZURE_OPENAI_API_KEY": "k",
            "OPENAI_BASE_URL": server.base_url,
        }
        done = subprocess.run(
            [sys.executable, "-W", "error", "-W", UNCLOSED, "-c", program],
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, "")
        assert server.errors == []
        if "print(" in block:
            assert done.stdout.strip()
        if "create(" in block:
            assert server.requests
        if "output_text" in block:
            assert done.stdout == "Ahoy\n"

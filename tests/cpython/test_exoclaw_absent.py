"""The exoclaw face where exoclaw is not installed, and what importing it costs."""

import subprocess
import sys

from thinwire.testing import MockServer, status_reply, tool_reply

# Run in a fresh interpreter: which types are used is decided once for each program.
HIDDEN = "import sys; sys.modules['exoclaw'] = None\n"

USE = """
import asyncio, json, sys
from thinwire import Deployment, OpenAIStreamingProvider
from thinwire.compat.exoclaw import ContextWindowExceededError, LLMResponse, ToolCallRequest

async def main(url):
    provider = OpenAIStreamingProvider("m", {"m": Deployment(url), "full": Deployment(url)})
    response = await provider.chat([{"role": "user", "content": "hi"}])
    assert type(response) is LLMResponse and response.has_tool_calls
    assert type(response.tool_calls[0]) is ToolCallRequest
    assert response.tool_calls[0].arguments == {"a": 1}
    assert response.thinking_blocks is None and response.cost is None
    assert LLMResponse("x") == LLMResponse("x", [], "stop", {})
    assert not LLMResponse(None).has_tool_calls
    try:
        await provider.chat([{"role": "user", "content": "hi"}], model="full")
    except ContextWindowExceededError as error:
        print(type(error).__module__, error)
    await provider.close()

asyncio.run(main(sys.argv[1]))
"""

IMPORT = """
import sys
import thinwire.compat.exoclaw
thinwire.compat.exoclaw.OpenAIStreamingProvider
heavy = ("exoclaw", "httpx", "structlog", "json_repair", "asyncio", "ssl")
print([name for name in heavy if name in sys.modules])
"""

BROKEN = """
import sys
class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == "exoclaw":
            raise ModuleNotFoundError("No module named 'dependency'", name="dependency")
sys.meta_path.insert(0, Finder())
try:
    from thinwire.compat.exoclaw import LLMResponse
except ModuleNotFoundError as error:
    print(error)
"""


def python(code: str, *arguments: str) -> str:
    command = [sys.executable, "-W", "error", "-c", code, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.strip()


def test_the_types_of_ours_have_the_same_shape(mock_llm: MockServer) -> None:
    mock_llm.reply("m", tool_reply([("look", "{'a': 1}")]))
    mock_llm.reply("full", status_reply(400, "context_length_exceeded"))
    said = python(HIDDEN + USE, mock_llm.base_url)
    assert said == "thinwire.compat.exoclaw status 400: context_length_exceeded"


def test_importing_it_loads_nothing_heavy() -> None:
    assert python(IMPORT) == "[]"


def test_a_broken_exoclaw_is_not_taken_for_none() -> None:
    assert python(BROKEN) == "No module named 'dependency'"

"""docs/tools.md does what it says: its examples with a model that asks for their tools, and its
recipe with the real package of MCP. (test_readme.py runs each as it stands.)
"""

import contextlib
import io
import json
import sys
from typing import Any

import pytest
from mcp import StdioServerParameters
from support.examples import examples

from thinwire.testing import MockServer, text_reply, tool_reply

EXAMPLES = [example.text for example in examples() if example.name.startswith("tools_")]
SERVERS = ("https://openrouter.ai/api/v1", "http://localhost:8000/v1")


def block(word: str) -> str:
    (found,) = [text for text in EXAMPLES if word in text]
    return found


def ran(word: str, server: MockServer) -> str:
    """What an example prints, asking the server."""
    text = block(word)
    for address in SERVERS:
        text = text.replace(address, server.base_url)
    with contextlib.redirect_stdout(io.StringIO()) as said:
        exec(compile(text, "tools.md", "exec"), {"__name__": "__main__"})
    return said.getvalue()


def results(server: MockServer) -> list[Any]:
    return [
        message["content"]
        for message in server.requests[-1].json()["messages"]
        if message["role"] == "tool"
    ]


@pytest.fixture
def server() -> Any:
    with MockServer(strict=True) as running:
        yield running


def test_a_function(server: MockServer) -> None:
    asked = tool_reply([("weather", {"city": "Zürich, CH"})])
    server.reply("openai/gpt-5-mini", asked, text_reply("No."))
    assert ran("def weather", server).startswith("No.\n")
    assert json.loads(results(server)[0])["city"] == "Zürich, CH"
    (tool,) = server.requests[0].json()["tools"]
    city = tool["function"]["parameters"]["properties"]["city"]
    assert city == {"type": "string", "description": 'with its country, e.g. "Zürich, CH".'}


def test_a_definition(server: MockServer) -> None:
    server.reply("m", tool_reply([("set_switch", {"on": True})]), text_reply("Done."))
    assert ran("SET_SWITCH", server) == "pin True\nDone.\n"
    assert results(server) == ['{"on":true}']


def test_leave(server: MockServer) -> None:
    server.reply("m", tool_reply([("delete", {"path": "x"})]), text_reply("Not done."))
    assert ran("def allow", server) == "Not done.\n"
    assert results(server) == ['{"error":"Ask the user first."}']


def test_events(server: MockServer) -> None:
    server.reply("m", tool_reply([("clock", {}), ("none", {})]), text_reply("Noon."))
    said = ran("def clock", server)
    assert said.startswith("[clock]\n[none]\n[none failed: there is no tool 'none', but: clock]\n")
    assert said.partition("Noon.")[2].startswith("2 {")
    assert said.endswith("} 4\n")


def test_the_end(server: MockServer) -> None:
    server.reply("m", *[tool_reply([("look", {"page": 1})])] * 3, text_reply("Enough."))
    assert ran("def look", server) == "Enough.\n"
    assert len(server.requests) == 4
    assert "tools" not in server.requests[-1].json()


@pytest.mark.parametrize("dialect", ["openai", "anthropic", "responses"])
def test_the_tools_of_an_mcp_session(dialect: str, server: MockServer) -> None:
    asked: list[tuple[str, object]] = [
        ("forecast", {"city": "Bern", "days": 2}),
        ("fail", {}),
        ("forecast", {"town": "Bern"}),
    ]
    if dialect != "openai":  # which takes no pictures there
        asked.append(("picture", {}))
    server.reply("m", tool_reply(asked), text_reply("Sun."))
    text = block("MCPServer").replace(SERVERS[1], server.base_url)
    text = text.replace('model="m")', f'model="m", dialect="{dialect}")')
    text = text.replace("async def main", MORE + "\n\nasync def main")
    with contextlib.redirect_stdout(io.StringIO()) as said:
        exec(compile(text, "tools.md", "exec"), {"__name__": "__main__"})
    assert said.getvalue() == "Sun.\n"
    sent = json.dumps(server.requests[-1].json(), ensure_ascii=False)
    assert "Bern: sun for 2 days" in sent
    assert "RuntimeError: " in sent
    assert "nothing works" in sent
    assert "the arguments do not fit: city: it is missing" in sent
    assert "iVBORw0KGgo=" in sent or dialect == "openai"
    (first, *_) = [one for one in server.requests[0].json()["tools"] if "forecast" in str(one)]
    assert "The forecast for a city." in str(first)


MORE = '''
from mcp.server.mcpserver import Image


@server.tool()
def fail() -> str:
    """Fails."""
    from mcp.server.mcpserver.exceptions import ToolError

    raise ToolError("nothing works")


@server.tool()
def picture():
    """A picture."""
    return Image(data=b"\\x89PNG\\r\\n\\x1a\\n", format="png")
'''


def test_a_session_over_pipes(server: MockServer, tmp_path: Any) -> None:
    # A server of its own, as most are: a process that is spoken to over stdio.
    script = tmp_path / "weather.py"
    text = block("MCPServer").replace(SERVERS[1], server.base_url)
    begin, end = text.index("server = MCPServer"), text.index("async def main")
    script.write_text(
        "from mcp.server import MCPServer\n" + text[begin:end] + "server.run('stdio')\n"
    )
    text = text[:begin] + text[end:]
    text = text.replace("mcp.Client(server)", "mcp.Client(PARAMETERS)")
    server.reply("m", tool_reply([("forecast", {"city": "Bern"})]), text_reply("Sun."))
    parameters = StdioServerParameters(command=sys.executable, args=[str(script)])
    with contextlib.redirect_stdout(io.StringIO()) as said:
        exec(compile(text, "tools.md", "exec"), {"PARAMETERS": parameters})
    assert said.getvalue() == "Sun.\n"
    assert results(server) == ["Bern: sun for 1 days"]

"""Rounds of tools over sockets, in each dialect, against a server that refuses what the real ones
refuse; the same functions on CPython.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.device_calls import call
from support.interpreters import Interpreter
from support.order import held
from wire import tool_rounds

from thinwire.testing import MockCompletion, MockServer, text_reply, tool_reply

LONG = "Grüße, 世界.\n" * 4000
ASKED: list[tuple[str, object]] = [
    ("weather", {"city": "Zürich"}),
    ("manual", {}),
    ("opened", {}),
    ("parts", {}),
    ("broken", {}),
    ("none", {}),
    ("weather", '{"city'),
]
Call = Callable[..., Any]


def check(dialect: str, blocking: bool, folder: Path, ask: Call) -> None:
    path = folder / "manual.txt"
    path.write_text(LONG, "utf-8")
    with MockServer(strict=True) as server:
        again = [tool_reply(ASKED), tool_reply(ASKED[:1]), text_reply("Done.")]
        server.reply("m", *again, *again)
        found = ask("rounds", server.base_url, dialect, blocking, str(path))
        assert server.errors == []
        sent = [request.json() for request in server.requests]
    roles = ["assistant", *["tool"] * 7, "assistant", "tool", "assistant"]
    assert found == {
        "text": "Done.",
        "roles": roles,
        "again": roles,
        "said": "Done.",
        "results": sorted([name for name, _ in [*ASKED, ASKED[0]]]),
        "last": "StreamComplete",
        "tokens": True,
    }
    assert len(sent) == 6
    # What a file says goes along in each round that follows.
    for number in (1, 2, 4, 5):
        assert count(sent[number], LONG) == 2
        assert count(sent[number], "ValueError: nothing works") == 1


def count(value: Any, text: str) -> int:
    """How many strings of a document hold a text."""
    if isinstance(value, str):
        return text in value
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return sum(count(one, text) for one in inner)


@pytest.mark.parametrize("blocking", [False, True], ids=["asyncio", "blocking"])
@pytest.mark.parametrize("dialect", ["openai", "anthropic", "responses"])
def test_rounds(micropython: Interpreter, tmp_path: Path, dialect: str, blocking: bool) -> None:
    def ask(function: str, *arguments: Any) -> Any:
        return call(micropython, tmp_path, "tool_rounds.py", function, *arguments)

    check(dialect, blocking, tmp_path, ask)


@pytest.mark.parametrize("blocking", [False, True], ids=["asyncio", "blocking"])
@pytest.mark.parametrize("dialect", ["openai", "anthropic", "responses"])
def test_rounds_on_cpython(tmp_path: Path, dialect: str, blocking: bool) -> None:
    def ask(function: str, *arguments: Any) -> Any:
        return getattr(tool_rounds, function)(*arguments)

    check(dialect, blocking, tmp_path, ask)


def closed(ask: Call) -> None:
    def fragment(index: int) -> dict[str, object]:
        function = {"name": "wait", "arguments": '{"a": 1}'}
        return {"tool_calls": [{"index": index, "id": str(index), "function": function}]}

    with MockServer() as server:
        # The second call begins, so that the first is whole; then nothing comes.
        stalled = MockCompletion([fragment(0), fragment(1)], ending=held(lambda: False))
        server.reply("m", stalled, stalled, text_reply("Still here"))
        found = ask("closing", server.base_url)
    assert found == ["call", "closed", "call", "cancelled", "Still here"]


def test_closing(micropython: Interpreter, tmp_path: Path) -> None:
    closed(lambda *given: call(micropython, tmp_path, "tool_rounds.py", *given))


def test_closing_on_cpython() -> None:
    closed(lambda function, *arguments: getattr(tool_rounds, function)(*arguments))

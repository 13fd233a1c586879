"""Conversations over real sockets, on every runtime: many at once, interrupted, failing."""

import asyncio
import json
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from support.device_calls import call
from support.interpreters import ROOT, Interpreter, run_micropython
from support.order import soon

from thinwire import (
    Client,
    ContentDelta,
    Deployment,
    JSONLHistory,
    MemoryHistory,
    SQLiteHistory,
    StatusError,
    SyncConversation,
    SyncTurn,
)
from thinwire.testing import (
    MockReply,
    MockServer,
    RecordedRequest,
    cut_reply,
    stall_reply,
    status_reply,
    text_reply,
    tool_reply,
)

sys.path.append(str(ROOT / "tests/wire"))
import talking

PIECES = 8


def said_by(request: RecordedRequest) -> str:
    found: str = [one for one in request.json()["messages"] if one["role"] == "user"][-1][
        "content"
    ]
    return found


def answer_to(text: str) -> list[str]:
    return [f"{text.split()[0]}.{number} " for number in range(PIECES)]


def replying(request: RecordedRequest) -> MockReply:
    """Does what the last message says, in words of its session."""
    text = said_by(request)
    how = text.split()[1]
    if how == "refuse":
        return status_reply(400, "no")
    if how == "cut":
        return cut_reply("mid_stream", text=text)(request)
    if how == "tool" and request.json()["messages"][-1]["role"] == "user":
        return tool_reply([("who", {})], text=text.split()[0])(request)
    tokens = answer_to(text)
    delay = 2 if how == "slow" else 0
    return text_reply("".join(tokens), tokens=tokens, delay_ms=delay)(request)


@pytest.fixture
def server(request: pytest.FixtureRequest) -> Iterator[MockServer]:
    # What the real services refuse is refused: an orphan, a call without its result, a mark.
    with MockServer(strict=True) as server:
        server.reply("m", getattr(request, "param", replying))
        yield server
        assert server.errors == []


def run(interpreter: Interpreter | None, folder: Path, function: str, *given: Any) -> Any:
    """The result of a function of tests/wire/talking.py."""
    if interpreter is not None:
        return call(interpreter, folder, "talking.py", function, *given, heapsize="64M")
    result = getattr(talking, function)(*given)
    return asyncio.run(result) if asyncio.iscoroutine(result) else result


def what_is_wrong(request: RecordedRequest) -> str:
    """With what a server was sent, "" for nothing."""
    system, *messages = request.json()["messages"]
    name = said_by(request).split(".")[0]
    current = next(
        place for place in range(len(messages), 0, -1) if messages[place - 1]["role"] == "user"
    )
    if system != {"role": "system", "content": "system"} or current > talking.MOST:
        return f"{len(messages)} messages after {system}"
    if any(key.startswith("_") for message in messages for key in message):
        return "a mark of ours"
    if messages[0]["role"] != "user":
        return f"it begins with {messages[0]}"
    found: str = talking.illegal(messages[: current - 1], name)
    return found


@pytest.mark.newest
@pytest.mark.parametrize("kept", ["in memory", "in files"])
def test_a_hundred_sessions_at_once(
    interpreter: Interpreter | None, server: MockServer, tmp_path: Path, kept: str
) -> None:
    folder = str(tmp_path / "chats") if kept == "in files" else ""
    wrong, count, left = run(interpreter, tmp_path, "at_once", server.base_url, 100, 7, 1, folder)
    assert wrong == []
    assert left == 0
    assert count > 500
    problems = [what_is_wrong(request) for request in server.requests]
    assert [one for one in problems if one] == []
    if folder:
        assert len(list(Path(folder).glob("*.jsonl"))) == 100


STALLS = stall_reply("mid_stream", text="Hello there")


@pytest.mark.parametrize("server", [STALLS], indirect=True, ids=["stalls"])
def test_an_answer_that_stalls_is_interrupted(
    interpreter: Interpreter | None, server: MockServer, tmp_path: Path
) -> None:
    whole, three = run(interpreter, tmp_path, "interrupted_while_it_waits", server.base_url)
    assert whole[0] == {"role": "user", "content": "hi"}
    assert "Hello there".startswith(whole[1]["content"])
    assert whole[1]["content"]
    assert three[1] == {"role": "assistant", "content": "Hel", "_interrupted": True}


def test_turns_without_a_loop(
    interpreter: Interpreter | None, server: MockServer, tmp_path: Path
) -> None:
    kept = run(interpreter, tmp_path, "without_a_loop", server.base_url)
    first, last = ("".join(answer_to(f"s000.{number} ok")) for number in (1, 4))
    assert kept == ["s000.1 ok", first, "s000.2 ok", "s0", "s000.4 ok", last]


def said_in(turn: SyncTurn) -> str:
    return "" if turn.completion is None else turn.completion.content or ""


@pytest.mark.usefixtures("on_transport")
def test_threads_share_a_conversation(server: MockServer, tmp_path: Path) -> None:
    def turns(number: int) -> None:
        name = f"s{number:03}"
        talk.send(f"{name}.0 ok", session=name)
        with talk.stream(f"{name}.1 ok", session=name) as turn:
            for _ in turn:
                turn.interrupt(4)
        with pytest.raises(StatusError):
            talk.send(f"{name}.2 refuse", session=name)
        talk.send(f"all.{number} ok", session="all")

    history = JSONLHistory(tmp_path / "chats")
    with Client("m", {"m": Deployment(server.base_url)}) as client:
        talk = SyncConversation(client, history=history)
        with ThreadPoolExecutor(16) as pool:
            list(pool.map(turns, range(48)))
        for number in range(48):
            name = f"s{number:03}"
            contents = [one["content"] for one in talk.messages(name)]
            assert contents == [
                f"{name}.0 ok",
                "".join(answer_to(f"{name}.0 ok")),
                f"{name}.1 ok",
                name,
            ]
        # Their turns of one session came one after the other, each with all before it.
        shared = talk.messages("all")
    assert talking.illegal(shared, "all") == ""
    assert len(shared) == 96
    lengths = [
        len(request.json()["messages"])
        for request in server.requests
        if said_by(request)[:3] == "all"
    ]
    assert lengths == list(range(1, 97, 2))


@pytest.mark.usefixtures("on_transport")
@pytest.mark.parametrize("server", [STALLS], indirect=True, ids=["stalls"])
def test_another_thread_interrupts_an_answer_that_stalls(server: MockServer) -> None:
    told: list[str] = []

    def read(turn: SyncTurn) -> None:
        with turn:
            told.extend(event.text for event in turn if isinstance(event, ContentDelta))

    with Client("m", {"m": Deployment(server.base_url)}) as client:
        talk = SyncConversation(client)
        for heard_chars, want in ((None, "Hello there"), (3, "Hel")):
            turn = talk.stream("hi", session=want)
            thread = threading.Thread(target=read, args=(turn,))
            thread.start()
            assert soon(lambda: said_in(turn) == "Hello there")  # noqa: B023
            turn.interrupt(heard_chars)
            thread.join(60)
            assert not thread.is_alive()
            assert [one["content"] for one in talk.messages(want)] == ["hi", want]


@pytest.mark.usefixtures("on_transport")
@pytest.mark.parametrize("server", [STALLS], indirect=True, ids=["stalls"])
def test_closing_a_conversation_wakes_who_reads_and_who_waits(server: MockServer) -> None:
    ended: list[object] = []

    def read(turn: SyncTurn) -> None:
        try:
            with turn:
                ended.append(len(list(turn)))
        except RuntimeError as error:
            ended.append(str(error))

    with Client("m", {"m": Deployment(server.base_url)}) as client:
        talk = SyncConversation(client)
        first, second = talk.stream("hi"), talk.stream("ho")
        threads = [threading.Thread(target=read, args=(turn,)) for turn in (first, second)]
        threads[0].start()
        assert soon(lambda: said_in(first) != "")
        threads[1].start()
        talk.close()
        for thread in threads:
            thread.join(60)
            assert not thread.is_alive()
    assert sorted(map(str, ended)) in (["2", "the conversation is closed"], ["0", "2"])


WIRES = [
    ("openai", "m"),
    ("responses", "gpt-5"),
    ("anthropic", "claude-sonnet-4-5"),
]


@pytest.mark.parametrize(("dialect", "model"), WIRES)
@pytest.mark.parametrize("kept", ["in memory", "in files", "in a database"])
def test_a_conversation_on_each_wire(dialect: Any, model: str, kept: str, tmp_path: Path) -> None:
    histories: dict[str, Any] = {
        "in memory": MemoryHistory,
        "in files": lambda: JSONLHistory(tmp_path / "chats"),
        "in a database": lambda: SQLiteHistory(tmp_path / "chats.db"),
    }

    def look(place: str) -> str:
        """Looks at a place."""
        return f"fog at the {place}"

    # A server that reasons in a field of its own gets it back, and a strict one takes none.
    reasoning = None if dialect == "openai" else "Hm."
    with MockServer(strict=True) as server:
        server.reply(
            model,
            text_reply("Hello.", reasoning=reasoning),
            tool_reply(
                [("look", {"place": "hill"}), ("look", {"place": "lake"})], text="Let me see."
            ),
            text_reply("Fog. Everywhere.", reasoning=reasoning),
            tool_reply([("look", {"place": "sea"})]),
            text_reply("Fog there, too."),
            text_reply("Bye.", reasoning=reasoning),
        )
        deployment = Deployment(server.base_url, model=model, dialect=dialect)
        with Client("m", {"m": deployment}, retry=1) as client:
            history = histories[kept]()
            talk = SyncConversation(
                client, system="Be brief.", history=history, tools=[look], reasoning_effort="low"
            )
            assert talk.send("Hi").content == "Hello."
            with talk.stream("How is it outside?") as turn:
                texts = [event.text for event in turn if isinstance(event, ContentDelta)]
                assert "".join(texts) == "Let me see.Fog. Everywhere."
                turn.interrupt(heard_chars=len("Let me see.Fog. "))
            with talk.stream("And at the sea?") as turn:
                for event in turn:
                    if isinstance(event, ContentDelta):
                        break
            assert talk.send("Bye").content == "Bye."
            found = talk.messages()
        assert server.errors == []
        assert {request.wait() for request in server.requests} <= {"complete", "client_gone"}
    assert [one["role"] for one in found] == [
        *("user", "assistant"),
        *("user", "assistant", "tool", "tool", "assistant"),
        *("user", "assistant", "tool", "assistant"),
        *("user", "assistant"),
    ]
    assert found[6]["content"] == "Fog. "
    assert found[10]["content"] == "Fog"
    assert [one.get("_interrupted", False) for one in found].count(True) == 2


# As the issue that asked for it wrote it.
EXAMPLE = """
async with Conversation(client, system="You are brief.", history=JSONLHistory("chats"),
    max_messages=20) as talk:
    answer = await talk.send("What is on today?", session="kitchen")
    async with talk.stream("And tomorrow?", session="kitchen") as turn:
        said = 0
        async for sentence in sentences(turn):
            await say(sentence)
            said += len(sentence)
            if button.pressed():
                await turn.interrupt(heard_chars=said)
"""
AROUND = """
import asyncio, json, sys
from thinwire import AsyncClient, Conversation, Deployment, JSONLHistory, sentences

spoken = []

async def say(sentence):
    spoken.append(sentence)

class Button:
    def pressed(self):
        return len(spoken) == 2

async def main(button):
    client = AsyncClient("m", Deployment("%s"))
%s
    print(json.dumps([spoken, list(JSONLHistory("chats").read("kitchen"))]))
    await client.aclose()

asyncio.run(main(Button()))
"""


@pytest.mark.parametrize(
    "server", [text_reply("First. Second one. The third of them. A fourth.")], indirect=True
)
def test_the_example_of_the_issue(
    interpreter: Interpreter | None,
    server: MockServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    script = tmp_path / "example.py"
    script.write_text(AROUND % (server.base_url, textwrap.indent(EXAMPLE, "    ")))
    if interpreter is None:
        command = [sys.executable, "-W", "error", str(script)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    else:
        done = run_micropython(interpreter, script)
    assert done.returncode == 0, done.stdout + (done.stderr or "")
    spoken, kept = json.loads(done.stdout)
    assert len(spoken) == 2
    assert "First. Second one. The third of them.".startswith("".join(spoken).strip())
    last = {"role": "assistant", "content": "".join(spoken), "_interrupted": True}
    assert kept[-2:] == [{"role": "user", "content": "And tomorrow?"}, last]
    assert [len(request.json()["messages"]) for request in server.requests] == [2, 4]

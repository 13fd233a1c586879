"""A hundred sessions at once, interrupted and failing at random, in a process that is killed again
and again: nothing that a conversation came back from is lost, and nothing else is there.
"""

import json
import os
import random
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from support.conversation_kills import SESSIONS, is_short, name_of

from thinwire import JSONLHistory, SQLiteHistory
from thinwire.testing import (
    MockReply,
    MockServer,
    RecordedRequest,
    cut_reply,
    status_reply,
    text_reply,
)

SCRIPT = Path(__file__).parents[1] / "support/conversation_kills.py"
KILLS = 20 if os.environ.get("THINWIRE_FULL") else 2
PIECES = 8
WATCHED_S = 120  # after which a child that says nothing any more is killed, too

Turn = list[dict[str, Any]]


def replying(request: RecordedRequest) -> MockReply:
    """Does what the question says, in words of its session."""
    name, _, how = request.json()["messages"][-1]["content"].partition(" ")
    if how == "refuse":
        return status_reply(400, "no")
    if how == "cut":
        return cut_reply("mid_stream", text=f"{name} and then")(request)
    tokens = [f"{name}:{number} " for number in range(PIECES)]
    text = "".join(tokens)
    return text_reply(text, tokens=tokens, delay_ms=3 if how == "slow" else 0)(request)


def turn_of(question: str, answer: str, interrupted: bool) -> Turn:
    last: dict[str, Any] = {"role": "assistant", "content": answer}
    if interrupted:
        last["_interrupted"] = True
    return [{"role": "user", "content": question}, last]


def plain(messages: "list[dict[str, Any]]") -> "list[dict[str, Any]]":
    """Without what says whose an answer is."""
    names = ("role", "content", "_interrupted")
    return [{name: one[name] for name in names if name in one} for one in messages]


def run_until_killed(command: list[str], chance: random.Random) -> list[list[Any]]:
    """What a child tells until it is killed at a random moment."""
    lines: list[bytes] = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as child:
        assert child.stdout is not None
        assert child.stderr is not None
        guard = threading.Timer(WATCHED_S, child.kill)
        guard.start()
        try:
            for _ in range(chance.randrange(120, 300)):
                line = child.stdout.readline()
                if not line:
                    break
                lines.append(line)
        finally:
            guard.cancel()
            child.kill()
        lines += child.stdout.read().splitlines(keepends=True)
        assert child.stderr.read() == b""
    return [json.loads(line) for line in lines if line.endswith(b"\n")]


def check_session(name: str, kept: list[Turn], found: "list[dict[str, Any]]") -> None:
    """That what is found is what was kept, or that and one step more, which is added to it."""
    whole = [message for turn in kept for message in turn]
    states = [whole]
    if len(found) > 1:
        last = found[-2:]
        question, answer = last[0]["content"], last[1]["content"]
        if not kept or question != kept[-1][0]["content"]:
            # It was stored, and could not be told any more.
            assert [one["role"] for one in last] == ["user", "assistant"]
            assert question.startswith(f"{name}.")
            assert answer.startswith(f"{name}.")
            states.append(whole + last)
        elif last[1].get("_interrupted") and kept[-1][1]["content"].startswith(answer):
            states.append(whole[:-1] + last[1:])
    if is_short(name):
        assert len(found) <= 6
        assert not found or found[0]["role"] == "user"
        assert bool(found) >= bool(whole)
        states = [state[len(state) - len(found) :] for state in states]
    assert found in states, (name, whole[-4:], found[-4:])
    if found != states[0]:
        kept[-1 if found[-2] == (kept or [[None]])[-1][0] else len(kept) :] = [found[-2:]]


@pytest.mark.parametrize("kind", ["jsonl", "sqlite"])
def test_a_hundred_sessions_outlive_their_process(kind: str, tmp_path: Path) -> None:
    chance = random.Random(15)
    path = tmp_path / "chats"
    kept: dict[str, list[Turn]] = {name_of(number): [] for number in range(SESSIONS)}
    told = 0
    with MockServer() as server:
        server.reply("m", replying)
        for number in range(KILLS):
            command = [sys.executable, "-W", "ignore", str(SCRIPT), kind, str(path)]
            for name, question, answer, interrupted in run_until_killed(
                [*command, server.base_url, str(number)], chance
            ):
                told += 1
                if question is None:
                    kept[name][-1] = turn_of(kept[name][-1][0]["content"], answer, True)
                else:
                    kept[name].append(turn_of(question, answer, interrupted))
            history: Any = JSONLHistory(path) if kind == "jsonl" else SQLiteHistory(path)
            for name, turns in kept.items():
                check_session(name, turns, plain(list(history.read(name))))
            if kind == "sqlite":
                history.close()
        for request in server.requests:
            messages = request.json()["messages"]
            name = messages[-1]["content"].partition(".")[0]
            assert messages[0]["role"] == "user"
            texts = [one["content"][: len(name)] for one in messages]
            assert all(name.startswith(text) for text in texts), (name, texts)
    assert told > KILLS * 100
    for question, answer in (turn for turns in kept.values() for turn in turns):
        assert not question["content"].endswith("refuse")
        assert not question["content"].endswith("cut") or "_interrupted" in answer

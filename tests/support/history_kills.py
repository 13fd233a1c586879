"""Kills a process that writes a history, again and again: history_kills.py KIND PATH SEED KILLS.

Each child goes on from what is stored: it appends turns and replaces conversations by a sequence
that the seed decides, and acknowledges each step on a pipe. It is killed at a random moment. What
is stored then has to be what the acknowledged steps made of it, or these and the next one: nothing
acknowledged is lost, nothing is torn, no answer is without its question.

Prints the number of kills, of steps that were acknowledged, and of steps that were stored and
could not be acknowledged any more.
"""

import os
import random
import select
import signal
import sys
import time
from collections.abc import Callable
from typing import Any

from thinwire import JSONLHistory, SQLiteHistory

KINDS: dict[str, Callable[[str], JSONLHistory | SQLiteHistory]] = {
    "jsonl": JSONLHistory,
    "sqlite": SQLiteHistory,
}
SESSIONS = ("", "kitchen", "A/b")
MOST_STEPS = 400
SIZES = (0, 10, 300, 5000, 70_000, 200_000)  # characters; some need several writes
State = dict[str, list[dict[str, Any]]]


def turn_of(chance: random.Random, number: int) -> list[dict[str, Any]]:
    roles = ["user", *chance.choice([[], ["tool"], ["tool", "tool"]]), "assistant"]
    return [
        {"role": role, "n": number, "content": chance.choice("aé你") * chance.choice(SIZES)}
        for role in roles
    ]


def shortened(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Without its first turns, so that three are left."""
    starts = [place for place, one in enumerate(messages) if one["role"] == "user"]
    return messages[starts[-3] :] if len(starts) > 3 else messages


def step(chance: random.Random, number: int, state: State, history: Any = None) -> None:
    """The next step, on the state and, where it is given, on the history."""
    session = chance.choice(SESSIONS)
    what = chance.random()
    turn = turn_of(chance, number)
    if what < 0.7:
        state[session] = state[session] + turn
        if history is not None:
            history.append(session, turn)
    elif what < 0.97:
        before = len(state[session])
        state[session] = shortened(state[session])
        if history is not None:
            cut = before - len(state[session])
            kept = (one for place, one in enumerate(history.read(session)) if place >= cut)
            history.replace(session, kept)
    else:
        state[session] = []
        if history is not None:
            history.delete(session)


def stored(history: Any) -> State:
    return {session: list(history.read(session)) for session in SESSIONS}


def check_interleaved(messages: list[dict[str, Any]], names: set[str], count: int) -> None:
    """Each turn is whole, and each writer's stand in its order."""
    assert [one["role"] for one in messages] == ["user", "assistant"] * (len(names) * count)
    assert messages[::2] == [dict(one, role="user") for one in messages[1::2]]
    for name in names:
        assert [one["n"][1] for one in messages[::2] if one["n"][0] == name] == list(range(count))


def run_child(kind: str, path: str, seed: int, acknowledged: int) -> None:
    history = KINDS[kind](path)
    state, chance = stored(history), random.Random(seed)
    for number in range(MOST_STEPS):
        step(chance, number, state, history)
        os.write(acknowledged, b"+")


def kill_once(kind: str, path: str, seed: int, chance: random.Random) -> tuple[int, int]:
    """Kills a child; how many steps it acknowledged, and whether one more was stored."""
    history = KINDS[kind](path)
    before = stored(history)
    if isinstance(history, SQLiteHistory):
        history.close()
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        status = 1
        try:
            run_child(kind, path, seed, writing)
            status = 0
        finally:
            os._exit(status)
    os.close(writing)
    count, wanted = 0, chance.randrange(20)
    while count < wanted and select.select([reading], [], [], 30)[0]:
        piece = os.read(reading, 1)
        if not piece:
            break
        count += 1
    time.sleep(chance.random() * 0.004)
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    if os.WIFEXITED(status) and os.WEXITSTATUS(status):
        raise SystemExit("the child failed by itself")
    piece = os.read(reading, MOST_STEPS)
    while piece:
        count += len(piece)
        piece = os.read(reading, MOST_STEPS)
    os.close(reading)

    steps = random.Random(seed)
    for number in range(count):
        step(steps, number, before)
    history = KINDS[kind](path)
    found = stored(history)
    if isinstance(history, SQLiteHistory):
        history.close()
    for messages in found.values():
        assert not messages or messages[0]["role"] == "user", "an orphan in front"
        assert not messages or messages[-1]["role"] == "assistant", "a turn without its end"
    if found == before:
        return count, 0
    step(steps, count, before)
    assert found == before, f"seed {seed}: what was acknowledged is lost after {count} steps"
    return count, 1


def main(kind: str, path: str, seed: int, kills: int) -> None:
    chance = random.Random(seed)
    counts = [kill_once(kind, path, chance.randrange(1 << 30), chance) for _ in range(kills)]
    print(kills, sum(count for count, _ in counts), sum(more for _, more in counts))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))

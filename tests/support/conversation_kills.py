"""A hundred conversations at once, until somebody kills the process:
conversation_kills.py KIND PATH URL SEED.

Turns are sent, streamed, interrupted, left and refused at random. What has become of each is
written to standard output as soon as the conversation has come back from it: a line of JSON,
[session, question, answer, interrupted], or [session, null, answer, true] where the last answer
was cut short afterwards.
"""

import asyncio
import json
import os
import random
import sys
from typing import Any

from thinwire import (
    AsyncClient,
    ContentDelta,
    Conversation,
    Deployment,
    JSONLHistory,
    RetryPolicy,
    SQLiteHistory,
    ThinwireError,
)

SESSIONS = 100
TURNS = 50  # bounds a program that nobody kills
HOW = ("ok", "ok", "slow", "slow", "refuse", "cut")


def name_of(number: int) -> str:
    return f"s{number:03}"


def is_short(name: str) -> bool:
    """Whether a session forgets its oldest turns."""
    return int(name[1:]) % 4 == 0


def told(*what: object) -> None:
    os.write(1, json.dumps(what).encode() + b"\n")


async def turn(talk: Conversation, name: str, question: str, chance: random.Random) -> None:
    if chance.random() < 0.4:
        try:
            completion = await talk.send(question, session=name)
            told(name, question, completion.content, False)
        except ThinwireError:
            pass
        return
    stop, heard = chance.randrange(12), chance.choice([None, chance.randrange(30)])
    text, seen, cut = "", 0, False
    try:
        async with talk.stream(question, session=name) as one:
            async for event in one:
                if isinstance(event, ContentDelta):
                    text += event.text
                    seen += 1
                    if seen == stop:
                        cut = True
                        await one.interrupt(heard_chars=heard)
    except ThinwireError:
        return
    kept = text if heard is None or not cut else text[:heard]
    if kept:
        told(name, question, kept, cut)
    if kept and not cut and chance.random() < 0.3:
        await one.interrupt(heard_chars=5)
        told(name, None, kept[:5], True)


async def session(talks: list[Conversation], name: str, seed: int) -> None:
    chance = random.Random(f"{seed} {name}")
    for number in range(TURNS):
        question = f"{name}.{seed}.{number} {chance.choice(HOW)}"
        await turn(talks[is_short(name)], name, question, chance)


async def main(kind: str, path: str, url: str, seed: int) -> None:
    history: Any = {"jsonl": JSONLHistory, "sqlite": SQLiteHistory}[kind](path)
    place = Deployment(url, "key", retry=RetryPolicy(1))
    async with AsyncClient("m", place) as client:
        talks = [
            Conversation(client, history=history),
            Conversation(client, history=history, max_messages=6, summarize=lambda messages: ""),
        ]
        names = [name_of(number) for number in range(SESSIONS)]
        await asyncio.gather(*[session(talks, name, seed) for name in names])


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])))

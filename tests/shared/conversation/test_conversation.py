import asyncio
import json

from helpers import error_of
from streams import ANSWER, ONCE, STOP, deployments, json_reply, sse, text

from thinwire.core.client import AsyncClient
from thinwire.core.conversation.conversation import Conversation, said
from thinwire.core.conversation.history import MemoryHistory
from thinwire.core.errors import EncodeError, StatusError
from thinwire.core.request.sources import TextFile
from thinwire.core.sync import Client
from thinwire.testing.scripted import ScriptedReply, ScriptedTransport

DONE = b"data: [DONE]\n\n"


class Concurrent(ScriptedTransport):
    # One that runs tasks: a turn can wait for another.
    concurrent = True

    def signal(self):
        return asyncio.Event()


def answer(words):
    return ScriptedReply([sse(text(words), STOP) + DONE])


def talk_of(*replies, **options):
    transport = Concurrent([answer(one) if isinstance(one, str) else one for one in replies])
    client = AsyncClient("a", deployments("a"), transport=transport, retry=ONCE)
    return Conversation(client, **options), transport


def sent(transport, place=-1):
    return json.loads(transport.sent[place])["messages"]


def contents(messages):
    return [one["content"] for one in messages]


async def test_each_turn_goes_with_those_before():
    talk, transport = talk_of("one", "two", "three", system="Be brief.")
    for number in range(3):
        await talk.send("%d" % number)
    said = ["Be brief.", "0", "one", "1", "two", "2"]
    assert contents(sent(transport)) == said
    roles = "system user assistant user assistant user".split()
    assert [one["role"] for one in sent(transport)] == roles
    assert contents(await talk.messages()) == said[1:] + ["three"]


async def test_sessions_know_nothing_of_each_other():
    talk, transport = talk_of("one", "two", "three")
    await talk.send("a", session="x")
    await talk.send("b", session="y")
    await talk.send("c", session="x")
    assert contents(sent(transport, 1)) == ["b"]
    assert contents(sent(transport, 2)) == ["a", "one", "c"]

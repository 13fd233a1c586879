# What the tests of conversations share: a conversation over scripted answers, on a transport that
# says it runs tasks, so that a turn may wait for another.

import asyncio
import json

from streams import ONCE, STOP, deployments, sse, text

from thinwire.core.client import AsyncClient
from thinwire.core.conversation.conversation import Conversation
from thinwire.core.conversation.sync_conversation import SyncConversation
from thinwire.core.sync import Client
from thinwire.testing.scripted import ScriptedReply, ScriptedTransport

DONE = b"data: [DONE]\n\n"


class Tasks(ScriptedTransport):
    concurrent = True

    def signal(self):
        return asyncio.Event()


def answer(*pieces):
    # An answer whose pieces come one by one.
    replies = [sse(text(piece)) for piece in pieces]
    return ScriptedReply(replies + [sse(STOP) + DONE])


def replies_of(replies):
    return [answer(one) if isinstance(one, str) else one for one in replies]


def talk_of(*replies, **options):
    # A conversation, and the transport that says what was sent.
    transport = Tasks(replies_of(replies))
    client = AsyncClient("a", deployments("a"), transport=transport, retry=ONCE)
    return Conversation(client, **options), transport


def sync_client(*replies):
    transport = ScriptedTransport(replies_of(replies))
    return Client("a", deployments("a"), transport=transport, retry=ONCE)


def sync_talk_of(*replies, **options):
    client = sync_client(*replies)
    return SyncConversation(client, **options), client.transport


def sent(transport, place=-1):
    return json.loads(transport.sent[place])["messages"]


def contents(messages):
    return [one["content"] for one in messages]


async def error_in(kind, coroutine):
    # The error of class `kind` that a coroutine raises.
    try:
        await coroutine
    except kind as error:
        return error
    assert False, "nothing was raised"


async def rest(turn):
    events = []
    async for event in turn:
        events.append(event)
    return events


async def turns_of_the_loop(count=5):
    for _ in range(count):
        await asyncio.sleep(0)

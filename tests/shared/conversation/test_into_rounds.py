"""`into=` of conversations and of loops of tools: the last answer becomes what was asked for."""

import asyncio
import json

from helpers import error_of
from streams import DONE, HELLO, STOP, call, deployments, sent_document, sse, text

from thinwire.core.client import AsyncClient
from thinwire.core.conversation.conversation import Conversation
from thinwire.core.conversation.into import ParsedCompletion, ParseError
from thinwire.core.conversation.sync_conversation import SyncConversation
from thinwire.core.sync import Client
from thinwire.testing.scripted import ScriptedReply, ScriptedTransport

CITY = {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}
LOOK = {"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}
CALLS = sse(call(0, "1", "look", "{}", "tool_calls")) + DONE
ROME = sse(text('{"name": "Rome"}'), STOP) + DONE
WORDS = sse(text("Rome"), STOP) + DONE


def transport_of(*answers):
    return ScriptedTransport([ScriptedReply([one]) for one in answers])


def test_the_last_answer_of_a_loop_is_read():
    transport = transport_of(CALLS, ROME)
    with Client("a", deployments("a"), transport=transport) as client:
        completion = client.run_tools(HELLO, tools=[(LOOK, lambda: "a city")], into=CITY)
    assert isinstance(completion, ParsedCompletion)
    assert completion.parsed == {"name": "Rome"}
    assert [one["role"] for one in completion.messages] == ["assistant", "tool", "assistant"]
    for attempt in (0, 1):
        assert sent_document(transport, attempt)["response_format"]["type"] == "json_schema"


def test_a_loop_that_ends_in_words_has_what_was_added():
    transport = transport_of(CALLS, WORDS)
    with Client("a", deployments("a"), transport=transport) as client:
        tools = [(LOOK, lambda: "a city")]
        error = error_of(ParseError, client.run_tools, HELLO, tools=tools, into=CITY)
    assert (error.reason, error.text) == ("invalid", "Rome")
    assert [one["role"] for one in error.messages] == ["assistant", "tool"]
    assert transport.open_responses == 0


def test_a_turn_is_kept_if_its_answer_is_what_was_asked_for():
    transport = transport_of(ROME, WORDS, ROME)
    client = Client("a", deployments("a"), transport=transport)
    with SyncConversation(client) as talk:
        completion = talk.send("Which?", into=CITY)
        assert completion.parsed == {"name": "Rome"}
        error_of(ParseError, talk.send, "And now?", into=CITY)
        assert [one["role"] for one in talk.messages()] == ["user", "assistant"]
        with talk.stream("Once more?", into=CITY) as turn:
            for _ in turn:
                pass
        assert turn.completion.parsed == {"name": "Rome"}
        assert json.loads(talk.messages()[-1]["content"]) == {"name": "Rome"}
    client.close()


def test_a_turn_with_tools():
    async def run():
        transport = transport_of(CALLS, ROME)
        async with AsyncClient("a", deployments("a"), transport=transport) as client:
            async with Conversation(client, tools=[(LOOK, lambda: "a city")]) as talk:
                return (await talk.send("Which?", into=CITY)).parsed

    assert asyncio.run(run()) == {"name": "Rome"}

import asyncio

from helpers import error_of
from streams import call, json_reply, sse, text
from talks import answer, contents, error_in, rest, sent, sync_talk_of, talk_of

from thinwire.core.conversation.tool_run import ToolResult
from thinwire.core.errors import StatusError
from thinwire.testing.scripted import ScriptedReply, ScriptedTransport

DONE = b"data: [DONE]\n\n"


def calling(*ids, said=""):
    fragments = [call(place, id, "look", "{}") for place, id in enumerate(ids)]
    if said:
        fragments.insert(0, text(said))
    fragments.append({"choices": [{"index": 0, "delta": {}, "finish_reason": "tool_calls"}]})
    return ScriptedReply([sse(*fragments) + DONE])


SCHEMA = {"name": "look", "description": "Looks.", "parameters": {"type": "object"}}


def tools(function):
    return [({"type": "function", "function": SCHEMA}, function)]


def roles(messages):
    return [one["role"] for one in messages]


async def test_a_turn_with_tools_is_kept_with_calls_and_results():
    transport = None
    replies = (calling("1", "2"), "It is green.", "Yes.")
    talk, transport = spawning(*replies, tools=tools(lambda: "green"))
    completion = await talk.send("Look!")
    assert completion.content == "It is green."
    want = ["user", "assistant", "tool", "tool", "assistant"]
    assert roles(await talk.messages()) == want
    await talk.send("Sure?")
    assert roles(sent(transport)) == want + ["user"]
    assert sent(transport)[2] == {"role": "tool", "tool_call_id": "1", "content": "green"}


def spawning(*replies, **options):
    talk, transport = talk_of(*replies, **options)
    transport.spawn = asyncio.create_task
    return talk, transport


async def test_a_stream_with_tools():
    talk, _ = spawning(calling("1", said="Let me see."), "Green.", tools=tools(lambda: "green"))
    async with talk.stream("Look!") as turn:
        events = await rest(turn)
    assert len([event for event in events if isinstance(event, ToolResult)]) == 1
    assert contents(await talk.messages()) == ["Look!", "Let me see.", "green", "Green."]


async def test_tools_of_one_turn():
    talk, transport = spawning(calling("1"), "Green.", "fine")
    await talk.send("Look!", tools=tools(lambda: "green"), max_rounds=2)
    await talk.send("Sure?")
    assert b'"tools"' in transport.sent[0]
    assert b'"tools"' not in transport.sent[2]


async def test_rounds_that_were_made_stay_though_nothing_more_was_heard():
    talk, transport = spawning(
        calling("1", said="Let me see."), answer("Green", " as grass."), "ok", tools=tools(str)
    )
    async with talk.stream("Look!") as turn:
        async for event in turn:
            if getattr(event, "text", "") == "Green":
                await turn.interrupt(heard_chars=3)
    messages = await talk.messages()
    assert contents(messages) == ["Look!", "Let", "", "(interrupted)"]
    assert "tool_calls" in messages[1]
    await turn.interrupt(heard_chars=13)
    messages = await talk.messages()
    assert contents(messages) == ["Look!", "Let me see.", "", "Gr"]
    await talk.send("Go on", tools=[])
    assert contents(sent(transport)) == ["Look!", "Let me see.", "", "Gr", "Go on"]


async def test_a_call_at_work_leaves_no_call_behind():
    begun = asyncio.Event()

    async def look():
        begun.set()
        await asyncio.Event().wait()

    talk, transport = spawning(calling("1", said="Let me see."), tools=tools(look))
    turn = talk.stream("Look!")

    async def read():
        async with turn:
            await rest(turn)

    task = asyncio.create_task(read())
    await begun.wait()
    await turn.interrupt()
    await task
    assert turn.end == "interrupted"
    heard = {"role": "assistant", "content": "Let me see.", "_interrupted": True}
    assert (await talk.messages())[1:] == [heard]
    assert transport.open_responses == 0


async def test_a_round_that_fails_leaves_the_history_as_it_was():
    refused = json_reply({"error": {"message": "no"}}, 400)
    talk, _ = spawning(calling("1"), refused, calling("1"), refused, tools=tools(str))
    await error_in(StatusError, talk.send("Look!"))
    await error_in(StatusError, rest(talk.stream("Look!")))
    assert await talk.messages() == []
    assert len(talk.sessions) == 0


def test_without_a_loop():
    replies = (calling("1"), "Green.", calling("1", said="See"), answer("Re", "d."), "Blue.")
    talk, transport = sync_talk_of(*replies, tools=tools(lambda: "it"))
    assert isinstance(transport, ScriptedTransport)
    assert talk.send("1").content == "Green."
    with talk.stream("2") as turn:
        for event in turn:
            if getattr(event, "text", "") == "Re":
                turn.interrupt()
    assert contents(talk.messages()) == ["1", "", "it", "Green.", "2", "See", "it", "Re"]
    error_of(ValueError, talk.send, "3", max_rounds=0)
    assert talk.send("4", tools=[]).content == "Blue."

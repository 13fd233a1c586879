import asyncio

from helpers import error_of
from streams import json_reply
from talks import (
    answer,
    contents,
    error_in,
    rest,
    sent,
    sync_client,
    talk_of,
    turns_of_the_loop,
)

from thinwire.core.conversation.conversation import Conversation
from thinwire.core.conversation.history import MemoryHistory
from thinwire.core.conversation.sync_conversation import SyncConversation
from thinwire.core.errors import StatusError

REFUSED = {"error": {"message": "no"}}


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


async def test_a_turn_that_fails_leaves_the_history_as_it_was():
    talk, _ = talk_of("one", json_reply(REFUSED, 400), "two")
    await talk.send("1")
    await error_in(StatusError, talk.send("2"))
    assert contents(await talk.messages()) == ["1", "one"]
    await talk.send("3")
    assert contents(await talk.messages()) == ["1", "one", "3", "two"]


async def test_text_is_told_as_it_arrives():
    talk, _ = talk_of(answer("Hel", "lo"))
    told = []
    completion = await talk.send("hi", on_delta=told.append)
    assert told == ["Hel", "lo"]
    assert completion.content == "Hello"


async def test_what_the_user_says_may_have_parts():
    talk, transport = talk_of("one", "two")
    parts = [{"type": "text", "text": "hi"}]
    await talk.send(parts)
    parts.append("not part of it any more")
    await talk.send({"role": "user", "name": "ann", "content": "ho"})
    assert sent(transport)[0]["content"] == [{"type": "text", "text": "hi"}]
    assert sent(transport)[2] == {"role": "user", "name": "ann", "content": "ho"}


async def test_what_is_none_of_the_users_is_refused():
    talk, transport = talk_of()
    await error_in(TypeError, talk.send(3))
    await error_in(ValueError, talk.send({"role": "assistant", "content": "ho"}))
    await error_in(TypeError, talk.send("hi", keep="none"))
    assert transport.sent == []


async def test_parameters_of_all_calls_and_of_one():
    talk, transport = talk_of("one", "two", temperature=0.5, max_tokens=9)
    await talk.send("1")
    await talk.send("2", temperature=1)
    assert b'"temperature":0.5' in transport.sent[0]
    assert b'"temperature":1' in transport.sent[1]
    assert b'"max_tokens":9' in transport.sent[1]


async def test_a_profile_of_one_turn():
    talk, transport = talk_of("one", "two", system="Be brief.", profile="Be kind.")
    await talk.send("1")
    await talk.send("2", profile={"system_prompt": "Be stern."})
    assert sent(transport, 0)[0] == {"role": "system", "content": "Be brief.\n\nBe kind."}
    assert sent(transport, 1)[0]["content"] == "Be brief.\n\nBe stern."


async def test_turns_of_a_session_wait_for_one_another_in_order():
    talk, transport = talk_of("one", "two", "three", "other")
    first = talk.stream("1")
    await first.__aenter__()
    await first.__anext__()
    tasks = [asyncio.create_task(talk.send(text)) for text in ("2", "3")]
    await turns_of_the_loop()
    assert len(transport.sent) == 1
    # Another session need not wait.
    assert (await talk.send("x", session="y")).content == "two"
    await rest(first)
    await first.__aexit__(None, None, None)
    assert (await tasks[0]).content == "three"
    await tasks[1]
    assert contents(await talk.messages()) == ["1", "one", "2", "three", "3", "other"]


async def test_a_turn_inside_of_a_turn_of_its_session_is_refused():
    talk, _ = talk_of("one", "two")
    async with talk.stream("1") as turn:
        await turn.__anext__()
        await error_in(RuntimeError, talk.send("2"))
        await talk.send("2", session="other")
        await rest(turn)
    assert contents(await talk.messages()) == ["1", "one"]


async def test_who_is_cancelled_while_waiting_leaves_the_queue():
    talk, _ = talk_of("one", "three")
    first = talk.stream("1")
    await first.__anext__()
    second = asyncio.create_task(talk.send("2"))
    third = asyncio.create_task(talk.send("3"))
    await turns_of_the_loop()
    second.cancel()
    await error_in(asyncio.CancelledError, second)
    await rest(first)
    await third
    assert contents(await talk.messages()) == ["1", "one", "3", "three"]
    assert len(talk.sessions) == 0


async def test_reset_forgets_a_session():
    talk, transport = talk_of("one", "two", "three")
    async with talk.stream("1", session="x") as turn:
        await rest(turn)
    await talk.send("2")
    await talk.reset("x")
    await turn.interrupt(1)
    assert await talk.messages("x") == []
    assert contents(await talk.messages()) == ["2", "two"]
    await talk.send("3", session="x")
    assert contents(sent(transport)) == ["3"]


async def test_closing_ends_the_turns_that_are_open():
    talk, transport = talk_of(answer("Hel", "lo"))
    turn = talk.stream("hi")
    waiting = talk.stream("ho")
    async with talk:
        await turn.__anext__()
        task = asyncio.create_task(rest(waiting))
        await turns_of_the_loop()
    assert contents(await talk.messages()) == ["hi", "Hel"]
    assert await rest(turn) == []
    await error_in(RuntimeError, task)
    await error_in(RuntimeError, talk.send("hi"))
    assert transport.open_responses == 0
    assert not transport.closed
    await talk.aclose()


async def test_what_was_trimmed_stays_in_the_history():
    talk, transport = talk_of("one", "two", "three", max_messages=4)
    for number in range(3):
        await talk.send("%d" % number)
    assert contents(sent(transport)) == ["1", "two", "2"]
    assert contents(await talk.messages()) == ["0", "one", "1", "two", "2", "three"]


def test_a_client_that_blocks_has_another():
    error_of(TypeError, Conversation, sync_client())
    error_of(TypeError, SyncConversation, talk_of()[0].client)


class Own:
    # A history whose methods are coroutines.
    def __init__(self):
        self._inner = MemoryHistory()

    def __getattr__(self, name):
        async def call(*given):
            await asyncio.sleep(0)
            return getattr(self._inner, name)(*given)

        return call


async def test_an_own_history_may_be_async():
    talk, _ = talk_of("one", "two", history=Own())
    await talk.send("1")
    async with talk.stream("2") as turn:
        await rest(turn)
    await turn.interrupt(1)
    assert contents(await talk.messages()) == ["1", "one", "2", "t"]
    await talk.reset()
    assert await talk.messages() == []

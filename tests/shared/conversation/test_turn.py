import asyncio

from helpers import error_of
from streams import json_reply
from talks import answer, contents, error_in, rest, sent, talk_of, turns_of_the_loop

from thinwire.core._compat import MICROPYTHON
from thinwire.core.answer.events import ContentDelta, StreamComplete
from thinwire.core.conversation.history import MemoryHistory
from thinwire.core.conversation.turn import heard
from thinwire.core.error_kinds import OutOfMemory
from thinwire.core.errors import StatusError, StreamInterrupted
from thinwire.testing.scripted import ScriptedReply

REFUSED = {"error": {"message": "no"}}


async def first_of(turn):
    async for event in turn:
        return event


async def test_a_turn_is_a_stream_that_is_kept_when_it_is_left():
    talk, transport = talk_of(answer("Hel", "lo"))
    async with talk.stream("hi") as turn:
        events = await rest(turn)
        assert await talk.messages() == []
    assert [event.text for event in events[:-1]] == ["Hel", "lo"]
    assert isinstance(events[-1], StreamComplete)
    assert turn.completion.content == "Hello"
    assert turn.end == "finish"
    assert await talk.messages() == [
        {"role": "user", "content": "hi"},
        {"role": "assistant", "content": "Hello"},
    ]
    assert transport.open_responses == 0


async def test_a_turn_that_is_only_iterated_is_kept_at_its_end():
    talk, _ = talk_of("one", "two")
    async for event in talk.stream("1"):
        assert isinstance(event, (ContentDelta, StreamComplete))
    await talk.send("2")
    assert contents(await talk.messages()) == ["1", "one", "2", "two"]


async def test_a_turn_that_is_left_early_is_kept_as_far_as_it_was_handed_out():
    talk, transport = talk_of(answer("Hel", "lo"), "ok")
    async with talk.stream("hi") as turn:
        await first_of(turn)
    assert turn.end == "interrupted"
    assert transport.open_responses == 0
    answered = {"role": "assistant", "content": "Hel", "_interrupted": True}
    assert (await talk.messages())[1] == answered
    await talk.send("go on")
    assert sent(transport)[1] == {"role": "assistant", "content": "Hel"}


async def test_a_turn_that_nobody_heard_is_not_kept():
    talk, transport = talk_of("one")
    async with talk.stream("hi"):
        pass
    async with talk.stream("hi") as turn:
        await turn.interrupt()
        assert await rest(turn) == []
    assert await talk.messages() == []
    assert transport.sent == []
    assert turn.completion is None
    assert turn.end == "closed"


async def test_an_interruption_keeps_what_was_heard():
    for heard_chars, want in (
        (0, []),
        (2, ["hi", "He"]),
        (99, ["hi", "Hel"]),
        (None, ["hi", "Hel"]),
    ):
        talk, transport = talk_of(answer("Hel", "lo"))
        async with talk.stream("hi") as turn:
            async for _ in turn:
                await turn.interrupt(heard_chars=heard_chars)
        assert contents(await talk.messages()) == want, heard_chars
        assert transport.open_responses == 0


async def test_an_answer_that_came_to_its_end_can_be_interrupted_while_it_is_spoken():
    for heard_chars, want in ((0, []), (2, ["hi", "He"]), (5, ["hi", "Hello"])):
        talk, _ = talk_of(answer("Hel", "lo"))
        async with talk.stream("hi") as turn:
            await rest(turn)
            await turn.interrupt(heard_chars=heard_chars)
        messages = await talk.messages()
        assert contents(messages) == want, heard_chars
        assert ("_interrupted" in messages[-1]) == (heard_chars == 2) if messages else True


async def test_the_last_turn_can_be_interrupted_after_it_was_left():
    talk, _ = talk_of("Before", answer("Hel", "lo"))
    await talk.send("first")
    async with talk.stream("hi") as turn:
        await rest(turn)
    await turn.interrupt(heard_chars=4)
    assert contents(await talk.messages()) == ["first", "Before", "hi", "Hell"]
    await turn.interrupt(heard_chars=1)
    assert contents(await talk.messages()) == ["first", "Before", "hi", "H"]
    await turn.interrupt()
    assert contents(await talk.messages()) == ["first", "Before", "hi", "Hello"]
    await turn.interrupt(heard_chars=0)
    assert contents(await talk.messages()) == ["first", "Before"]
    assert turn.end == "finish"
    await turn.interrupt(heard_chars=3)
    assert contents(await talk.messages()) == ["first", "Before", "hi", "Hel"]
    assert turn.end == "interrupted"


async def test_a_turn_that_others_followed_is_not_changed_any_more():
    talk, _ = talk_of("one", "two")
    async with talk.stream("hi") as turn:
        await rest(turn)
    await talk.send("next")
    await turn.interrupt(heard_chars=1)
    assert contents(await talk.messages()) == ["hi", "one", "next", "two"]


async def test_what_was_heard_is_a_number():
    talk, _ = talk_of()
    turn = talk.stream("hi")
    await error_in(ValueError, turn.interrupt(-1))
    await error_in(TypeError, turn.interrupt(1.5))
    await turn.aclose()


async def test_another_task_interrupts():
    # The answer waits for its next piece: whoever reads is woken.
    gate = asyncio.Event()

    talk, transport = talk_of(answer("Hel", "lo"))
    turn = talk.stream("hi")
    told = []

    async def read():
        async with turn:
            async for event in turn:
                told.append(event)
                await gate.wait()

    task = asyncio.create_task(read())
    await turns_of_the_loop()
    await turn.interrupt(heard_chars=1)
    assert contents(await talk.messages()) == ["hi", "H"]
    gate.set()
    await task
    assert len(told) == 1
    assert transport.open_responses == 0


async def test_a_turn_that_fails_leaves_the_history_as_it_was():
    broken = ScriptedReply([b'data: {"choices": [{"delta": {"content": "Hel"}}]}\n\n'])
    talk, _ = talk_of("one", json_reply(REFUSED, 400), broken, "two")
    await talk.send("1")

    async def read(turn):
        async with turn:
            await rest(turn)

    refused = talk.stream("2")
    await error_in(StatusError, read(refused))
    await refused.interrupt()
    await error_in(StreamInterrupted, read(talk.stream("3")))
    assert contents(await talk.messages()) == ["1", "one"]
    await talk.send("4")
    assert contents(await talk.messages()) == ["1", "one", "4", "two"]


async def test_an_error_of_the_callers_own_is_a_turn_that_fails():
    talk, transport = talk_of(answer("Hel", "lo"))

    async def read():
        async with talk.stream("hi") as turn:
            async for _ in turn:
                raise KeyError("k")

    await error_in(KeyError, read())
    assert await talk.messages() == []
    assert transport.open_responses == 0


async def cancelled_after(count):
    # The history after a turn whose task is cancelled after so many events.
    talk, transport = talk_of(answer("Hel", "lo"))

    async def read():
        async with talk.stream("hi") as turn:
            if count:
                await first_of(turn)
            await asyncio.Event().wait()

    task = asyncio.create_task(read())
    await turns_of_the_loop()
    task.cancel()
    await error_in(asyncio.CancelledError, task)
    assert transport.open_responses == 0
    assert len(talk.sessions) == 0
    return contents(await talk.messages())


async def test_a_task_that_is_cancelled_keeps_what_it_was_told():
    assert await cancelled_after(0) == []
    assert await cancelled_after(1) == ["hi", "Hel"]


def calls(*ids):
    return [{"id": id, "type": "function", "function": {"name": "f"}} for id in ids]


USER = {"role": "user", "content": "hi"}
CALLING = {"role": "assistant", "content": "Let me see.", "tool_calls": calls("1"), "x": 1}
RESULT = {"role": "tool", "tool_call_id": "1", "content": "42"}
LAST = {"role": "assistant", "content": "It is 42.", "x": 1}


def test_what_was_heard_of_a_turn_with_tools():
    whole = [USER, CALLING, RESULT, LAST]
    assert heard(whole, True, None) == whole
    assert heard(whole, True, 20) == whole
    # The calls were made, whatever was heard: they stay, with their results.
    short = {"role": "assistant", "content": "It is", "_interrupted": True}
    assert heard(whole, True, 16) == [USER, CALLING, RESULT, short]
    silent = {"role": "assistant", "content": "(interrupted)", "_interrupted": True}
    assert heard(whole, True, 11) == [USER, CALLING, RESULT, silent]
    cut = {"role": "assistant", "content": "Let", "tool_calls": calls("1")}
    assert heard(whole, True, 3) == [USER, cut, RESULT, silent]
    assert heard(whole[:3], False, None) == [USER, CALLING, RESULT, silent]
    for nothing in ("", "\n\n "):
        assert heard([USER, {"role": "assistant", "content": nothing}], False, None) == []


class Pause:
    def __await__(self):
        yield

    __iter__ = __await__


class Slow(MemoryHistory):
    # A history that takes a moment to read.
    def __init__(self, wait):
        super().__init__()
        self._wait = wait

    async def read(self, session):
        await self._wait()
        return super().read(session)


async def test_a_turn_that_waits_for_another_can_be_ended():
    talk, transport = talk_of("one", "two")
    first, second = talk.stream("1"), talk.stream("2")
    await first.__anext__()
    task = asyncio.create_task(rest(second))
    await turns_of_the_loop()
    await second.interrupt()
    assert await task == []
    await rest(first)
    assert len(transport.sent) == 1
    assert contents(await talk.messages()) == ["1", "one"]


async def test_a_turn_that_reads_its_history_can_be_ended():
    read = asyncio.Event()
    talk, transport = talk_of("one", history=Slow(read.wait))
    turn = talk.stream("1")
    task = asyncio.create_task(rest(turn))
    await turns_of_the_loop()
    await error_in(RuntimeError, turn.__anext__())
    await turn.aclose()
    read.set()
    assert await task == []
    assert transport.sent == []
    assert await talk.messages() == []
    await turn.interrupt()


async def test_a_turn_that_is_torn_lets_the_next_one_in():
    talk, _ = talk_of("one", history=Slow(Pause))
    turn = talk.stream("1")
    step = turn.__anext__()
    step.send(None)
    assert len(talk.sessions) == 1
    step.close()
    assert len(talk.sessions) == 0


async def test_a_turn_that_is_dropped_lets_the_next_one_in():
    # Where classes have __del__, which is not on a chip.
    if MICROPYTHON:
        return
    talk, _ = talk_of(answer("Hel", "lo"), "two")
    turn = talk.stream("1")
    await turn.__anext__()
    turn = None
    assert (await talk.send("2")).content == "two"
    assert contents(await talk.messages()) == ["2", "two"]
    await talk.aclose()


class Full:
    # Stands for a heap that is full: nothing can be made.
    def __call__(self, *given):
        raise MemoryError


async def test_a_heap_that_is_full_keeps_no_session():
    talk, _ = talk_of(answer("Hel", "lo"), "two")
    turn = talk.stream("1")
    turn._next = Full()  # noqa: SLF001
    error_of(OutOfMemory, turn.__anext__)
    del turn._next  # noqa: SLF001
    await turn.__anext__()
    turn._next = turn._settle = Full()  # noqa: SLF001
    error_of(OutOfMemory, turn.__anext__)
    error_of(OutOfMemory, turn.__aexit__)
    assert (await talk.send("2")).content == "two"


class NoRoom(MemoryHistory):
    # A history for which there is no memory: to read, or to append.
    reads = False

    def read(self, session):
        if not self.reads:
            raise MemoryError
        return super().read(session)

    def append(self, session, messages):
        raise MemoryError


async def test_a_history_without_memory_is_told():
    history = NoRoom()
    talk, _ = talk_of("one", "two", "three", history=history)
    await error_in(OutOfMemory, talk.send("1"))
    await error_in(OutOfMemory, rest(talk.stream("1")))
    history.reads = True
    await error_in(OutOfMemory, talk.send("1"))
    await error_in(OutOfMemory, rest(talk.stream("1")))

    def mine(text):
        raise MemoryError("of the caller's own")

    error = await error_in(MemoryError, talk.send("1", on_delta=mine))
    assert not isinstance(error, OutOfMemory)
    assert len(talk.sessions) == 0

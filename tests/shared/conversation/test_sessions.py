import asyncio

from helpers import error_of
from talks import Tasks, error_in, turns_of_the_loop

from thinwire.core._compat import threads
from thinwire.core.conversation import sessions as module
from thinwire.core.conversation.sessions import Gate, Place, Sessions, Unshared
from thinwire.core.sync import run
from thinwire.testing.scripted import ScriptedTransport


async def enter(sessions, place, order):
    if await sessions.enter(place):
        order.append(place)


async def test_one_at_a_time_in_order():
    sessions, order = Sessions(Tasks([])), []
    places = [Place("a") for _ in range(4)]
    tasks = [asyncio.create_task(enter(sessions, place, order)) for place in places]
    other = Place("b")
    assert await sessions.enter(other)
    await turns_of_the_loop()
    assert order == places[:1]
    for number, place in enumerate(places):
        sessions.leave(place)
        sessions.leave(place)
        await turns_of_the_loop()
        assert order == places[: number + 2]
    assert len(sessions) == 1
    sessions.leave(other)
    assert len(sessions) == 0
    for task in tasks:
        await task


async def test_who_waits_may_be_called_off():
    sessions, order = Sessions(Tasks([])), []
    places = [Place("a") for _ in range(3)]
    tasks = [asyncio.create_task(enter(sessions, place, order)) for place in places]
    await turns_of_the_loop()
    places[1].call_off()
    await tasks[1]
    sessions.leave(places[1])
    sessions.leave(places[0])
    await tasks[2]
    assert order == [places[0], places[2]]
    sessions.leave(places[2])
    assert len(sessions) == 0


async def test_who_was_called_off_before_does_not_wait():
    sessions, place = Sessions(Tasks([])), Place("a")
    place.call_off()
    assert not await sessions.enter(place)
    sessions.leave(place)
    assert len(sessions) == 0


async def test_who_is_cancelled_just_as_it_is_called_calls_the_next():
    sessions, order = Sessions(Tasks([])), []
    places = [Place("a") for _ in range(3)]

    async def enter_and_leave(place):
        try:
            await enter(sessions, place, order)
        finally:
            sessions.leave(place)

    first = places[0]
    assert await sessions.enter(first)

    async def others():
        tasks = [asyncio.create_task(enter_and_leave(place)) for place in places[1:]]
        await turns_of_the_loop()
        sessions.leave(first)
        tasks[0].cancel()
        await error_in(asyncio.CancelledError, tasks[0])
        await tasks[1]

    await others()
    assert order == [places[2]]
    assert len(sessions) == 0


async def test_who_is_at_work_does_not_wait_for_itself():
    sessions = Sessions(Tasks([]))
    assert await sessions.enter(Place("a"))
    await error_in(RuntimeError, sessions.enter(Place("a")))
    await asyncio.create_task(sessions.enter(Place("b")))


def test_nor_without_a_loop():
    sessions, place = Sessions(ScriptedTransport([])), Place("a")
    assert run(sessions.enter(place))
    error_of(RuntimeError, run, sessions.enter(Place("a")))
    sessions.leave(place)
    assert run(sessions.enter(Place("a")))


def test_another_loop_than_asyncios_has_no_tasks():
    # There is no task of asyncio's here: who is at work is not known, and is waited for.
    sessions = Sessions(Tasks([]))
    assert run(sessions.enter(Place("a")))


def test_threads_wait_without_a_loop():
    if threads is None:
        return
    gate = Gate()
    gate.set()
    gate.set()
    gate.wait()
    sessions, first, second = Sessions(ScriptedTransport([])), Place("a"), Place("a")
    assert run(sessions.enter(first))
    first.who = "another thread"

    def leave():
        sessions.leave(first)

    threads.start_new_thread(leave, ())
    assert run(sessions.enter(second))
    sessions.leave(second)
    assert len(sessions) == 0


def test_where_there_are_no_threads_nothing_is_locked():
    with Unshared():
        pass


def test_who_was_the_last_is_known_of_as_many_sessions_as_are_asked_for():
    sessions = Sessions(ScriptedTransport([]), 3)
    places = [Place("s%d" % (number % 5)) for number in range(9)]
    for place in places:
        sessions.remember(place)
    assert len([place for place in places if sessions.is_latest(place)]) == 3
    assert sessions.is_latest(places[8])
    assert not sessions.is_latest(places[3])
    again = Place("s3")
    sessions.remember(again)
    assert sessions.is_latest(again)
    assert not sessions.is_latest(places[8])
    sessions.forget("s3")
    sessions.forget("s3")
    assert not sessions.is_latest(again)


def test_a_thread_that_was_called_looks_whether_it_is_the_next():
    sessions, first, second = Sessions(ScriptedTransport([])), Place("a"), Place("a")

    class Called:
        # A Gate behind which the one before leaves.
        def set(self):
            pass

        def wait(self):
            sessions.leave(first)

    assert run(sessions.enter(first))
    first.who = -1  # another thread's
    kept, module.Gate = module.Gate, Called
    try:
        assert run(sessions.enter(second))
    finally:
        module.Gate = kept
    sessions.leave(second)
    assert len(sessions) == 0

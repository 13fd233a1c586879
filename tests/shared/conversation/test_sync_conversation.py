from helpers import error_of
from streams import json_reply
from talks import answer, contents, sent, sync_talk_of

from thinwire.core.answer.events import StreamComplete
from thinwire.core.error_kinds import OutOfMemory
from thinwire.core.errors import StatusError


def test_turns_without_a_loop():
    talk, transport = sync_talk_of("one", answer("t", "wo"), system="Be brief.")
    told = []
    assert talk.send("1", on_delta=told.append).content == "one"
    with talk.stream("2") as turn:
        events = list(turn)
    assert isinstance(events[-1], StreamComplete)
    assert turn.completion.content == "two"
    assert turn.end == "finish"
    assert contents(sent(transport)) == ["Be brief.", "1", "one", "2"]
    assert contents(talk.messages()) == ["1", "one", "2", "two"]
    talk.reset()
    assert talk.messages() == []
    assert told == ["one"]


def test_an_interruption_keeps_what_was_heard():
    talk, transport = sync_talk_of(answer("Hel", "lo"), answer("Hel", "lo"))
    with talk.stream("1") as turn:
        for _ in turn:
            turn.interrupt(heard_chars=1)
    for _ in talk.stream("2"):
        pass
    turn = talk.stream("3")
    turn.close()
    assert list(turn) == []
    assert contents(talk.messages()) == ["1", "H", "2", "Hello"]
    assert transport.open_responses == 0


def test_a_turn_that_fails_leaves_the_history_as_it_was():
    talk, _ = sync_talk_of(json_reply({"error": {"message": "no"}}, 400), answer("Hel", "lo"))
    error_of(StatusError, talk.send, "1")

    def read():
        with talk.stream("2") as turn:
            for _ in turn:
                raise KeyError("k")

    error_of(KeyError, read)
    assert talk.messages() == []


def test_a_turn_inside_of_a_turn_is_refused():
    talk, _ = sync_talk_of("one", "two")
    with talk.stream("1") as turn:
        next(turn)
        error_of(RuntimeError, talk.send, "2")
        talk.send("2", session="other")
    assert contents(talk.messages()) == ["1", "one"]


def test_closing_ends_what_is_open():
    with sync_talk_of(answer("Hel", "lo"))[0] as talk:
        turn = talk.stream("1")
        next(turn)
    assert contents(talk.messages()) == ["1", "Hel"]
    error_of(RuntimeError, talk.send, "2")


async def nothing_made():
    return None


def test_a_heap_that_is_full_is_told():
    # MicroPython gives None where there is no memory to hand a result over.
    talk, _ = sync_talk_of(answer("Hel", "lo"))
    with talk.stream("1") as turn:
        next(turn)
        turn._turn._next = nothing_made  # noqa: SLF001
        error_of(OutOfMemory, next, turn)

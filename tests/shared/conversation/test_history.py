"""What holds for each history, and the one in memory."""

from helpers import error_of
from histories import NEXT, TURN, check_history

from thinwire import MemoryHistory


def test_in_memory():
    check_history(MemoryHistory())


def test_a_replacement_that_fails_changes_nothing():
    history = MemoryHistory()
    history.append("a", TURN)
    error_of(ZeroDivisionError, history.replace, "a", (1 // zero for zero in (1, 0)))
    assert list(history.read("a")) == TURN


def test_what_was_read_stays_as_it_was():
    history = MemoryHistory()
    history.append("a", TURN)
    before = history.read("a")
    history.append("a", NEXT)
    assert list(before) == TURN


def test_the_oldest_turns_are_forgotten_as_wholes():
    history = MemoryHistory(max_messages=4)
    for number in range(9):
        roles = ["user", "assistant"] if number % 3 else ["user", "assistant", "tool", "assistant"]
        history.append("a", [{"role": role, "n": number} for role in roles])
        kept = list(history.read("a"))
        assert kept[0]["role"] == "user"
        assert kept[-1] == {"role": "assistant", "n": number}
        assert len(kept) in ((4,) if number % 3 != 1 else (2,))
    history.append("a", [{"role": "assistant"}] * 5)  # without an end of turns
    assert list(history.read("a")) == []


def test_sessions_are_forgotten_that_nobody_uses():
    history = MemoryHistory(max_sessions=3)
    for name in "abcde":
        history.append(name, TURN)
        assert list(history.read(name)) == TURN or not hasattr({}, "__reversed__")
    assert sum([bool(history.read(name)) for name in "abcde"]) == 3

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

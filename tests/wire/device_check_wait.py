"""Run by tests/micropython/test_device_units.py on MicroPython: a clock that is asked rarely."""

import time as real

from thinwire_device import wait
from thinwire_device.socket_transport import SocketTransport
from thinwire_device.wait import Waiter

PERIOD = 1 << 30  # of a chip's ticks
DAY = 86400 * 1000
SET = 1790000000  # a time.time() of 2026


class Chip:
    """A chip's `time`: ticks of 30 bits, and a clock that may not be set."""

    def __init__(self, clock=SET):
        self.ms = PERIOD - 5000
        self.clock = clock

    def ticks_ms(self):
        return self.ms % PERIOD

    def ticks_diff(self, a, b):
        return (a - b + PERIOD // 2) % PERIOD - PERIOD // 2

    def unix_time(self):
        return self.clock and self.clock + self.ms // 1000


class On:
    """Inside `with`, thinwire's time is that of a chip."""

    def __init__(self, chip):
        self.chip = chip

    def __enter__(self):
        self.kept = {name: getattr(wait, name) for name in ("time", "unix_time", "_PERIOD_MS")}
        self.set({"time": self.chip, "unix_time": self.chip.unix_time, "_PERIOD_MS": PERIOD})
        return self.chip

    def __exit__(self, *details):
        self.set(self.kept)

    def set(self, values):
        for name in values:
            setattr(wait, name, values[name])


# How long nobody asks, and whether the clock is set.
IDLE = (
    (0, True),
    (7 * DAY, True),
    (7 * DAY, False),
    (12 * DAY, True),
    (12 * DAY, False),
    (PERIOD, True),
    (PERIOD - 20, True),
    (PERIOD + 30000, True),
    (3 * PERIOD + 7 * DAY, True),
    (365 * DAY, True),
)


def test_however_long_nobody_asks_the_time_is_right():
    for idle, is_set in IDLE:
        with On(Chip(SET if is_set else 0)) as chip:
            waiter = Waiter(True)
            start = waiter.idle_ms()
            chip.ms += idle
            # To the second: a whole period less some milliseconds looks like a race of threads.
            assert 0 <= waiter.idle_ms() - start - idle < 1000, (idle, is_set)
            chip.ms += 8000
            assert 0 <= waiter.now_ms() - start - idle - 8000 < 1000, (idle, is_set)


def test_it_never_runs_backwards():
    with On(Chip(0)) as chip:
        waiter = Waiter(True)
        last = waiter.now_ms()
        for step in (0, 1, 1000, PERIOD // 2 - 1, PERIOD // 2, PERIOD - 1500, 5, -3, 0):
            chip.ms += step
            now = waiter.now_ms()
            assert now >= last, step
            last = now


def test_a_clock_that_is_set_or_corrected_is_no_time_that_has_passed():
    for before, after in (
        (0, SET),
        (SET, 0),
        (SET, SET + 3600),
        (SET, SET - 3600),
        (SET, SET - 10**8),
    ):
        with On(Chip(before)) as chip:
            waiter = Waiter(True)
            start = waiter.idle_ms()
            chip.clock = after
            chip.ms += 1000
            assert waiter.idle_ms() - start == 1000, (before, after)
            chip.ms += 30 * DAY
            assert waiter.idle_ms() - start >= 5 * DAY, (before, after)


def test_a_full_heap_does_not_keep_the_time_from_being_told():
    def full():
        raise MemoryError

    with On(Chip()) as chip:
        waiter = Waiter(True)
        start = waiter.idle_ms()
        wait.unix_time = full
        chip.ms += 10
        assert waiter.idle_ms() - start == 10


def test_a_transport_looks_at_the_clock_unless_it_reads():
    with On(Chip()) as chip:
        transport = SocketTransport().open(True)
        start = transport.now_ms()
        chip.ms += PERIOD
        assert transport.now_ms() - start == PERIOD
        transport._waiter.reading = 1  # noqa: SLF001
        chip.ms += PERIOD
        assert transport.now_ms() - start == PERIOD
    assert real is wait.time

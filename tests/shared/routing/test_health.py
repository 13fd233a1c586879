"""Which deployments are left alone, and for how long; plain calls, the time is an argument."""

from helpers import Scratch, error_of

from thinwire.core.errors import (
    ConnectError,
    EncodeError,
    ReadError,
    StatusError,
    StreamError,
    TransportTimeout,
    WriteError,
)
from thinwire.core.routing import store as shelf
from thinwire.core.routing.health import CooldownPolicy, DeploymentState, Health
from thinwire.core.routing.store import FileStore, Store

CUT = ReadError("cut")
T0 = 5000  # any time


def make(store=None, **policy):
    return Health(CooldownPolicy(**policy), store)


def busy(wait_ms=None, status=429):
    return StatusError(status, "no", "", wait_ms)


def broken(health, times, now=T0, error=CUT, name="a"):
    for _ in range(times):
        health.failed(name, error, now)


def shown(state):
    return state.healthy, state.cooldown_ms, state.failures, state.reason


def test_the_defaults():
    policy = CooldownPolicy()
    assert (policy.failures, policy.ms, policy.max_ms) == (3, 30000, 600000)


def test_impossible_values_are_refused():
    for arguments in (
        {"failures": 0},
        {"seconds": -1},
        {"max_seconds": -1},
        {"failures": float("nan")},
        {"max_seconds": float("nan")},
    ):
        error_of(ValueError, CooldownPolicy, **arguments)
    CooldownPolicy(failures=1, seconds=0, max_seconds=0)


def test_a_deployment_nobody_asked_yet_is_healthy():
    assert shown(make().state("a", T0)) == (True, 0, 0, "")
    assert make().wait_ms("a", T0) == 0


def test_a_state_prints_what_it_says():
    assert repr(DeploymentState()) == "DeploymentState(healthy, failures=0, '')"
    want = "DeploymentState(cools down for 5 ms, failures=1, 'rate_limit')"
    assert repr(DeploymentState(5, 1, "rate_limit")) == want
    assert DeploymentState(-3).cooldown_ms == 0


def test_a_server_that_says_when_to_come_back_is_left_alone_until_then():
    health = make()
    health.failed("a", busy(20000), T0)
    for later, want in [(0, 20000), (1, 19999), (19999, 1), (20000, 0), (10**9, 0)]:
        assert health.wait_ms("a", T0 + later) == want, later
    assert shown(health.state("a", T0)) == (False, 20000, 1, "rate_limit")
    assert shown(health.state("a", T0 + 20000)) == (True, 0, 1, "rate_limit")
    assert health.wait_ms("b", T0) == 0


def test_repeated_failures_cool_down_for_a_fixed_time():
    health = make(failures=3, seconds=30)
    broken(health, 2)
    assert shown(health.state("a", T0)) == (True, 0, 2, "read")
    broken(health, 1, T0 + 100)
    assert shown(health.state("a", T0 + 100)) == (False, 30000, 3, "read")


def test_after_the_cooldown_one_failure_is_enough():
    health = make(failures=3, seconds=30)
    broken(health, 3)
    later = T0 + 30000
    assert health.state("a", later).healthy
    health.failed("a", CUT, later)
    assert health.wait_ms("a", later) == 30000


def test_an_answer_makes_up_for_what_was_before():
    health = make(failures=3)
    broken(health, 3)
    health.answered("a", T0 + 30000)
    assert shown(health.state("a", T0 + 30000)) == (True, 0, 0, "")
    broken(health, 2, T0 + 30000)
    assert health.state("a", T0 + 30000).healthy
    health.answered("b", T0)  # nothing is known of it


def test_no_server_can_ask_for_more_than_the_limit():
    health = make(max_seconds=60)
    health.failed("a", busy(10**9), T0)
    assert health.wait_ms("a", T0) == 60000


def test_a_shorter_cooldown_takes_nothing_off_a_longer_one():
    health = make(failures=1, seconds=30)
    health.failed("a", busy(50000), T0)
    health.failed("a", busy(1000), T0)
    health.failed("a", CUT, T0)
    assert health.wait_ms("a", T0) == 50000


# Errors, and whether one of them counts as a failure of the deployment.
COUNTS = [
    (ConnectError("x"), True),
    (WriteError("x"), True),
    (ReadError("x"), True),
    (StreamError("x"), True),
    (TransportTimeout("x", "first_token"), True),
    (busy(), True),
    (busy(0), True),
    (busy(None, 500), True),
    (busy(None, 503), True),
    (busy(None, 529), True),
    (busy(5000, 400), True),  # whatever it is: it asks to be left alone
    (busy(None, 400), False),
    (busy(0, 400), False),
    (busy(None, 401), False),
    (busy(None, 402), False),
    (busy(None, 404), False),
    (busy(None, 409), False),
    (busy(None, 413), False),
    (busy(None, 425), False),
    (StatusError(400, "no", "context_length_exceeded"), False),
    (EncodeError("x", ""), False),
]


def test_what_counts_as_a_failure_of_the_deployment():
    for error, counts in COUNTS:
        health = make(failures=1)
        health.failed("a", error, T0)
        state = health.state("a", T0)
        assert state.failures == int(counts), error
        assert state.healthy is not counts, error
        assert state.reason == (error.kind if counts else ""), error


def test_those_that_cool_down_come_last_the_one_that_is_ready_first_before():
    health = make()
    for name, wait in [("a", 30000), ("c", 10000)]:
        health.failed(name, busy(wait), T0)
    for later, want in [
        (0, ["b", "d", "c", "a"]),
        (10000, ["b", "c", "d", "a"]),
        (30000, ["a", "b", "c", "d"]),
    ]:
        got = health.in_order(["a", "b", "c", "d"], T0 + later)
        assert got == want, (later, got)
    assert health.in_order(["a", "c"], T0) == ["c", "a"]
    assert health.in_order([], T0) == []


class Memory(Store):
    # Keeps the state; counts how often it is asked. `broken` raises.
    def __init__(self, state=None):
        self.state = state
        self.loads = 0
        self.saves = 0
        self.broken = None

    def load(self):
        self.loads += 1
        return self.state

    def save(self, state):
        self.saves += 1
        if self.broken:
            raise self.broken
        self.state = state


class Wall:
    # A wall clock that shows `now` inside `with`; 0 for one that was never set.
    def __init__(self, now):
        self.now = now

    def __enter__(self):
        self.before = shelf.unix_time
        shelf.unix_time = lambda: self.now
        return self

    def __exit__(self, *details):
        shelf.unix_time = self.before


UNIX = 1800000000


def test_what_is_saved():
    for now, until in [(UNIX, UNIX + 21), (0, 0)]:
        store = Memory()
        with Wall(now):
            make(store).failed("a", busy(20001), T0)
        want = {"left_ms": 20001, "until": until, "failures": 1, "reason": "rate_limit"}
        assert store.state == {"a": want}, store.state


# Clock when it was saved, clock after the reboot, then how long it is left alone from there.
REBOOTS = [
    (UNIX, UNIX, 20000),
    (UNIX, UNIX + 5, 15000),
    (UNIX, UNIX + 20, 0),
    (UNIX, UNIX + 10**6, 0),
    (UNIX, UNIX - 10**6, 20000),  # set back: never longer than it was
    (UNIX, 0, 20000),
    (0, UNIX, 20000),
    (0, 0, 20000),
]


def test_a_cooldown_outlives_a_reboot():
    for before, after, want in REBOOTS:
        store = Memory()
        with Wall(before):
            make(store).failed("a", busy(20000), 10**6)
        with Wall(after):
            state = make(store).state("a", 7)  # the other clock starts anew
        assert shown(state) == (want == 0, want, 1, "rate_limit"), (before, after, state)


def test_a_reboot_takes_no_failure_away():
    store = Memory()
    broken(make(store), 2)
    health = make(store)
    health.failed("a", CUT, 0)
    assert not health.state("a", 0).healthy


def test_a_cooldown_ends_though_the_clock_was_never_set():
    # What is read again must not begin anew: calls every second would never get through.
    for now in (0, UNIX):
        with Wall(now) as wall:
            health = make(Memory())
            health.failed("a", busy(20000), T0)
            for second in range(1, 21):
                wall.now = now and now + second
                assert health.in_order(["a", "b"], T0 + second * 1000)
                left = health.wait_ms("a", T0 + second * 1000)
                assert left == 20000 - second * 1000, (now, second, left)


# What a store may hold that is not ours, and the state it stands for.
HEALTHY = (True, 0, 0, "")

HOSTILE = [
    (None, HEALTHY),
    ({}, HEALTHY),
    ({"b": {"left_ms": 1000}}, HEALTHY),
    ({"a": None}, HEALTHY),
    ({"a": 5000}, HEALTHY),
    ({"a": "5000"}, HEALTHY),
    ({"a": [5000, 1]}, HEALTHY),
    ({"a": {}}, HEALTHY),
    ({"a": {"left_ms": "5000", "failures": "1"}}, HEALTHY),
    ({"a": {"left_ms": 5000.5, "failures": 1.5}}, HEALTHY),
    ({"a": {"left_ms": -5000, "until": -1, "failures": -1}}, HEALTHY),
    ({"a": {"left_ms": None, "until": None, "failures": None}}, HEALTHY),
    ({"a": {"left_ms": [], "until": {}, "failures": [1], "more": 1}}, HEALTHY),
    ({"a": {"left_ms": 5000, "until": "soon"}}, (False, 5000, 0, "")),
    ({"a": {"left_ms": 10**30, "failures": 3}}, (False, 600000, 3, "")),
    ({"a": {"left_ms": 10**30, "until": 10**30}}, (False, 600000, 0, "")),
    ({"a": {"left_ms": 5000, "until": 1}}, HEALTHY),
    ({"a": {"until": UNIX + 5}}, HEALTHY),
    ({"a": {"reason": 7}}, (True, 0, 0, "7")),
    ({"a": {"reason": None}}, (True, 0, 0, "None")),
]


def test_what_is_stored_may_be_anybodys():
    for stored, want in HOSTILE:
        with Wall(UNIX):
            health = make(Memory(stored))
            assert shown(health.state("a", T0)) == want, (stored, health.state("a", T0))
            broken(health, 3)
            assert not health.state("a", T0).healthy, stored


def test_a_store_that_cannot_save_is_a_problem_and_no_error():
    store = Memory()
    store.broken = OSError(28, "no space")
    told = []
    health = Health(CooldownPolicy(), store, told.append)
    health.failed("a", busy(20000), T0)
    assert len(told) == 1, told
    assert "state of deployments is not stored" in told[0], told
    assert "28" in told[0] or "space" in told[0], told
    # What could not be saved is known here all the same.
    assert health.in_order(["a", "b"], T0 + 5000) == ["b", "a"]
    assert health.wait_ms("a", T0 + 5000) == 15000


def test_the_problem_is_over_once_something_was_saved():
    store = Memory()
    store.broken = OSError(28)
    health = make(store)  # whom nobody listens to
    health.failed("a", busy(20000), T0)
    store.broken = None
    health.failed("b", busy(20000), T0)
    assert sorted(store.state) == ["a", "b"]


def test_a_store_is_read_at_most_once_a_second():
    store = Memory()
    health = make(store)
    for later in range(0, 3000, 100):
        health.in_order(["a"], T0 + later)
        health.state("a", T0 + later)
    assert store.loads == 3, store.loads


def test_nothing_is_saved_without_news():
    store = Memory()
    health = make(store)
    health.answered("a", T0)
    health.failed("a", busy(None, 400), T0)
    health.in_order(["a"], T0)
    assert store.saves == 0
    health.failed("a", CUT, T0)
    health.answered("a", T0)
    health.answered("a", T0)
    assert (store.saves, store.state) == (2, {})


# (what the server says each time, how much later, at which failures the state is saved)
NIGHTS = [
    (CUT, 20, [1, 2, 3, 6, 12, 24, 48]),  # at once
    (CUT, 60000, [1, 2, 3, 6, 12, 24, 48]),  # a sensor that asks once a minute
    (busy(60000), 60000, [1, 2, 4, 8, 16, 32]),
    (busy(None, 400), 60000, []),
]


def test_the_same_failure_again_and_again_is_not_saved_each_time():
    for error, later, want in NIGHTS:
        store = Memory()
        health, saved = make(store), []
        for number in range(1, 51):
            before = store.saves
            health.failed("a", error, T0 + number * later)
            if store.saves > before:
                saved.append(number)
        assert saved == want, (error, later, saved)
        health.answered("a", T0 + 51 * later)
        assert store.state == ({} if want else None)


def test_what_is_new_is_saved():
    store = Memory()
    health = make(store)
    broken(health, 4)  # 30 s from the third on
    health.failed("a", busy(40000), T0)
    assert store.saves == 3
    health.failed("a", busy(500000), T0)  # much longer than what is stored
    assert store.saves == 4
    health.failed("b", CUT, T0)
    assert store.saves == 5
    assert store.state["a"]["left_ms"] == 500000
    assert store.state["a"]["failures"] == 6  # saved along with what is new


def test_what_a_store_holds_that_is_not_ours_is_replaced():
    store = Memory({"a": 7})
    health = make(store)
    health.failed("a", CUT, T0)
    assert store.state["a"]["failures"] == 1


def test_two_share_a_file():
    with Scratch(b"") as path:
        one, other = make(FileStore(path)), make(FileStore(path))
        assert other.in_order(["a", "b"], T0) == ["a", "b"]
        one.failed("a", busy(60000), T0)
        # Each reads the file at most once a second.
        assert other.in_order(["a", "b"], T0 + 999) == ["a", "b"]
        assert other.in_order(["a", "b"], T0 + 1000) == ["b", "a"]
        other.answered("a", T0 + 1000)
        assert one.in_order(["a", "b"], T0 + 2000) == ["a", "b"]


def test_two_that_share_a_file_count_failures_together():
    with Scratch(b"") as path:
        one, other = make(FileStore(path)), make(FileStore(path))
        broken(one, 2)
        broken(other, 1)
        assert one.in_order(["a", "b"], T0 + 1000) == ["b", "a"]


def test_an_answer_takes_nothing_away_that_another_has_stored():
    with Scratch(b"") as path:
        one, other = make(FileStore(path)), make(FileStore(path))
        broken(one, 1)
        other.failed("b", busy(60000), T0 + 100)
        one.answered("a", T0 + 30000)
        assert make(FileStore(path)).state("b", 0).failures == 1


def test_a_folder_that_is_missing_is_a_problem():
    with Scratch(b"") as path:
        told = []
        health = Health(CooldownPolicy(), FileStore(path + "-missing/x"), told.append)
        health.failed("a", CUT, T0)
        assert len(told) == 1, told
        assert "not stored" in told[0], told


class RedisError(Exception):
    # Databases have errors of their own.
    pass


class Troubled(Memory):
    # A database that is down for a while, or a store that is none.
    def __init__(self, trouble):
        super().__init__()
        self.trouble = trouble

    def load(self):
        self.loads += 1
        return self._act(None)

    def save(self, state):
        return self._act(super().save(state))

    def _act(self, result):
        if isinstance(self.trouble, Exception):
            raise self.trouble
        return self.trouble or result


class Coroutine:
    # What an async method gives that nobody awaits.
    def __await__(self):
        return iter(())

    def send(self, value):
        pass


TROUBLES = [
    (OSError(113), "OSError"),
    (RedisError("down"), "RedisError: down"),
    (ValueError("down"), "ValueError: down"),
    (MemoryError(), "MemoryError"),
    (StatusError(503, "of another call"), "StatusError: status 503"),
    ([1], "load() gave list, not a dict"),
    (Coroutine(), "load() gave Coroutine, not a dict"),
]


def test_a_store_that_cannot_be_loaded_is_a_problem_and_no_more():
    for trouble, words in TROUBLES:
        told = []
        store = Troubled(trouble)
        health = Health(CooldownPolicy(), store, told.append)
        for later in range(0, 30000, 500):
            assert health.in_order(["a", "b"], T0 + later) == ["a", "b"]
        assert (len(told), store.loads) == (1, 1), told
        assert "cannot be loaded" in told[0], told
        assert words in told[0], told
        # It is asked again, whether or not anything was to be saved meanwhile.
        store.trouble = {"a": {"left_ms": 5000}}
        assert health.in_order(["a", "b"], T0 + 30000) == ["b", "a"], words


def test_a_store_that_cannot_save_is_a_problem_and_no_more():
    for trouble, words in TROUBLES:
        told = []
        health = Health(CooldownPolicy(), Troubled(trouble), told.append)
        health.failed("a", busy(20000), T0)
        if isinstance(trouble, Exception):
            assert words in told[-1], told
        elif not isinstance(trouble, list):
            assert "save() is async" in told[-1], told
        assert health.in_order(["a", "b"], T0 + 5000) == ["b", "a"]


def test_a_cooldown_policy_prints_as_it_is_written():
    want = "CooldownPolicy(failures=2, seconds=1.5, max_seconds=600)"
    assert repr(CooldownPolicy(2, 1.5)) == want, repr(CooldownPolicy(2, 1.5))


def test_a_deployment_that_answers_may_want_a_rest():
    health = make(max_seconds=60)
    broken(health, 2)
    health.rest("a", 20000, T0)
    assert shown(health.state("a", T0)) == (False, 20000, 0, "rate_limit")
    health.answered("a", T0 + 5000)  # the same answer, at its end
    assert health.wait_ms("a", T0 + 5000) == 15000
    assert health.in_order(["a", "b"], T0 + 5000) == ["b", "a"]
    health.rest("a", 10**9, T0)
    assert health.wait_ms("a", T0) == 60000
    health.answered("a", T0 + 60000)
    assert shown(health.state("a", T0 + 60000)) == (True, 0, 0, "")


def test_a_rest_is_kept_where_states_are():
    with Scratch(b"") as path:
        make(FileStore(path)).rest("a", 20000, T0)
        assert 19000 <= make(FileStore(path)).state("a", T0).cooldown_ms <= 20000

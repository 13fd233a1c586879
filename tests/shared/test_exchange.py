from thinwire.core.exchange import Clocks
from thinwire.core.request.http_request import Request
from thinwire.core.routing.policy import Timeouts

NAMES = ("connect", "first_token", "progress", "liveness", "total", "upload")


def timeouts(**seconds):
    # Only the clocks that are named; the others never run out.
    values = dict.fromkeys(NAMES)
    values.update(seconds)
    return Timeouts(**values)


# Limits in seconds; what happens at which time (the call starts at 1000); the deadline and the
# clock it belongs to.
TABLE = [
    ({}, "", None, ""),
    ({"connect": 1}, "", None, ""),
    ({"first_token": 5}, "", 6000, "first_token"),
    ({"first_token": 5}, "receive 4000", 6000, "first_token"),
    ({"first_token": 5}, "delta 4000", None, ""),
    ({"first_token": 5}, "attempt 9000", 14000, "first_token"),
    ({"first_token": 5}, "delta 4000 attempt 9000", 14000, "first_token"),
    ({"progress": 3}, "", None, ""),
    ({"progress": 3}, "delta 2000", 5000, "progress"),
    ({"progress": 3}, "delta 2000 receive 4000", 5000, "progress"),
    ({"progress": 3}, "delta 2000 delta 4000", 7000, "progress"),
    ({"progress": 3}, "delta 2000 attempt 3000", None, ""),
    ({"liveness": 2}, "", 3000, "liveness"),
    ({"liveness": 2}, "receive 2500", 4500, "liveness"),
    ({"liveness": 2}, "receive 2500 attempt 9000", 11000, "liveness"),
    ({"total": 9}, "receive 2000 delta 3000 attempt 4000", 10000, "total"),
    ({"first_token": 5, "liveness": 5}, "", 6000, "first_token"),
    ({"first_token": 5, "liveness": 4}, "", 5000, "liveness"),
    ({"first_token": 5, "total": 4}, "", 5000, "total"),
    ({"first_token": 5, "total": 9}, "attempt 8000", 10000, "total"),
    ({"progress": 3, "liveness": 2}, "delta 2000 receive 3500", 5000, "progress"),
]


def clocks_after(seconds, steps):
    # A call that starts at 1000; "attempt" is another attempt of it.
    clocks = Clocks(timeouts(**seconds), 1000, 1000)
    words = steps.split()
    for i in range(0, len(words), 2):
        now = int(words[i + 1])
        if words[i] == "attempt":
            clocks = Clocks(timeouts(**seconds), 1000, now)
        else:
            setattr(clocks, {"receive": "bytes_ms", "delta": "delta_ms"}[words[i]], now)
    return clocks


def test_deadlines():
    for seconds, steps, deadline, name in TABLE:
        clocks = clocks_after(seconds, steps)
        assert clocks.deadline() == deadline, (seconds, steps, clocks.deadline())
        assert clocks.expired(10**12) == name, (seconds, steps, clocks.expired(10**12))


def test_a_clock_has_run_out_at_its_deadline():
    for seconds, steps, deadline, _ in TABLE:
        clocks = clocks_after(seconds, steps)
        if deadline is None:
            assert not clocks.expired(10**12)
        else:
            assert not clocks.expired(deadline - 1)
            assert clocks.expired(deadline)


# Limits; what happens to the request at which time; when the wait that follows must be over.
REQUESTS = [
    ({}, "", None),
    ({"progress": 1, "connect": 1}, "sent 3000", None),
    ({"upload": 2}, "", 3000),
    ({"upload": 2}, "handed 2500", 4500),
    ({"upload": 2}, "handed None", None),
    ({"upload": 2, "total": 9}, "handed None", 10000),
    ({"upload": 2}, "handed None handed 90000", 92000),
    ({"upload": 2}, "handed 2500 sent 2600", None),
    ({"first_token": 5}, "handed 90000", None),
    ({"first_token": 5}, "handed 90000 sent 90001", 95001),
    ({"first_token": 5, "liveness": 1}, "sent 90000", 91000),
    ({"first_token": 1, "liveness": 5}, "sent 90000", 91000),
    ({"liveness": 5}, "sent 90000", 95000),
    ({"upload": 2, "first_token": 5, "total": 4}, "handed 4500", 5000),
    ({"upload": 2, "first_token": 5, "total": 4}, "sent 4500", 5000),
]


def test_the_deadline_of_a_request_moves_with_what_is_handed_over():
    for seconds, steps, want in REQUESTS:
        request = Request("POST", "http", "a.test", 80, "/", "a.test", [], None)
        Clocks(timeouts(**seconds), 1000, 1000).bound(request)
        words = steps.split()
        for i in range(0, len(words), 2):
            now = None if words[i + 1] == "None" else int(words[i + 1])
            (request.sent if words[i] == "sent" else request.handed_over)(now)
        assert request.deadline() == want, (seconds, steps, request.deadline())


def test_the_connection_has_its_own_clock_for_each_attempt():
    assert clocks_after({"connect": 2}, "").connect_deadline() == 3000
    assert clocks_after({"connect": 2}, "receive 2000 attempt 5000").connect_deadline() == 7000
    assert clocks_after({}, "").connect_deadline() is None


def test_limits_as_words():
    clocks = Clocks(timeouts(first_token=15, total=0.5, liveness=1.25), 0, 0)
    for name, want in [
        ("first_token", "15 s"),
        ("total", "0.5 s"),
        ("liveness", "1.25 s"),
    ]:
        assert clocks.limit(name) == want


def test_a_call_may_start_at_zero():
    clocks = Clocks(timeouts(progress=3), 0, 0)
    clocks.delta_ms = 0
    assert clocks.deadline() == 3000

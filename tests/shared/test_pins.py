# Which provider a session's prompt is cached at.

from thinwire.core.routing.affinity import Pins


def test_nothing_is_pinned_at_first():
    assert Pins().get("s", "a") == ""


def test_a_session_keeps_its_latest_provider():
    pins = Pins()
    pins.keep("s", "a", "one")
    pins.keep("s", "a", "two")
    assert pins.get("s", "a") == "two"


def test_sessions_and_deployments_are_told_apart():
    pins = Pins()
    pins.keep("s", "a", "one")
    pins.keep("s", "b", "two")
    pins.keep("t", "a", "three")
    got = [pins.get(*key) for key in (("s", "a"), ("s", "b"), ("t", "a"), ("t", "b"))]
    assert got == ["one", "two", "three", ""], got


def test_an_empty_name_forgets_this_pin_only():
    pins = Pins()
    pins.keep("s", "a", "one")
    pins.keep("t", "a", "two")
    pins.keep("s", "a", "")
    pins.keep("u", "a", "")
    assert [pins.get(name, "a") for name in ("s", "t", "u")] == ["", "two", ""]


def test_the_64_latest_sessions_are_kept():
    pins = Pins()
    for number in range(64):
        pins.keep("s%d" % number, "a", "p")
    pins.keep("s0", "a", "p")  # used again: not the oldest any more
    pins.keep("new", "a", "p")
    assert pins.get("s1", "a") == ""
    for name in ("s0", "s2", "s63", "new"):
        assert pins.get(name, "a") == "p", name

# Which provider a session's prompt is cached at.

from thinwire.core.routing.affinity import SessionAffinity


def test_nothing_is_known_at_first():
    assert SessionAffinity().get("s", "a") == ""


def test_a_session_keeps_its_latest_provider():
    kept = SessionAffinity()
    kept.keep("s", "a", "one")
    kept.keep("s", "a", "two")
    assert kept.get("s", "a") == "two"


def test_sessions_and_deployments_are_told_apart():
    kept = SessionAffinity()
    kept.keep("s", "a", "one")
    kept.keep("s", "b", "two")
    kept.keep("t", "a", "three")
    got = [kept.get(*key) for key in (("s", "a"), ("s", "b"), ("t", "a"), ("t", "b"))]
    assert got == ["one", "two", "three", ""], got


def test_an_empty_name_forgets_this_pin_only():
    kept = SessionAffinity()
    kept.keep("s", "a", "one")
    kept.keep("t", "a", "two")
    kept.keep("s", "a", "")
    kept.keep("u", "a", "")
    assert [kept.get(name, "a") for name in ("s", "t", "u")] == ["", "two", ""]


def test_the_64_latest_sessions_are_kept():
    kept = SessionAffinity()
    for number in range(64):
        kept.keep("s%d" % number, "a", "p")
    kept.keep("s0", "a", "p")  # used again: not the oldest any more
    kept.keep("new", "a", "p")
    assert kept.get("s1", "a") == ""
    for name in ("s0", "s2", "s63", "new"):
        assert kept.get(name, "a") == "p", name

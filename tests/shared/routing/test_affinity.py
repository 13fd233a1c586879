"""Which provider a session's prompt is cached at, and what is asked of a gateway."""

from streams import DONE, HELLO, STOP, play, sent_document, sse, text

from thinwire.core.errors import ReadError, StatusError
from thinwire.core.routing.affinity import SessionAffinity
from thinwire.core.routing.deployment import Deployment
from thinwire.core.routing.policy import RetryPolicy
from thinwire.core.sync import Client
from thinwire.testing.scripted import ScriptedReply, ScriptedTransport


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


# The `provider` field of OpenRouter: a fixed order, and the pin that keeps a prompt cached.


AT_ONCE = RetryPolicy(base=0)


def answer_of(provider):
    named = dict(text("hi"), provider=provider)
    return ScriptedReply([sse(named, STOP) + DONE])


def gateway(**options):
    return Deployment("https://gateway.test/v1", "sk-x", "vendor/m", **options)


class Session:
    # A client with one deployment that pins, and what its requests said about providers.
    def __init__(self, replies, **options):
        self.transport = ScriptedTransport(replies)
        options.setdefault("session_affinity", True)
        names = {"a": gateway(**options), "b": gateway(**options)}
        self.client = Client("a", names, transport=self.transport, retry=AT_ONCE)

    def asked(self, session="s", **arguments):
        self.client.chat(HELLO, session=session, **arguments)
        return self.providers()[-1]

    def providers(self):
        sent = range(len(self.transport.sent))
        return [sent_document(self.transport, number).get("provider") for number in sent]


def test_the_order_of_a_deployment_is_sent():
    for options, want in [
        ({}, None),
        ({"provider_order": ["x"]}, {"order": ["x"], "allow_fallbacks": False}),
        ({"provider_order": ["x", "y"]}, {"order": ["x", "y"], "allow_fallbacks": True}),
        ({"allow_fallbacks": False}, {"allow_fallbacks": False}),
    ]:
        session = Session([answer_of("x")], session_affinity=False, **options)
        assert session.asked() == want, options


def test_the_completion_names_the_provider():
    got = play([answer_of("Some Host")])
    assert got.completion.upstream_provider == "Some Host"
    got = play([ScriptedReply([sse(text("hi"), STOP) + DONE])])
    assert got.completion.upstream_provider == ""


def pinned(*names):
    return {"order": list(names), "allow_fallbacks": True}


def test_a_session_stays_where_its_prompt_is_cached():
    session = Session([answer_of(name) for name in ("one", "two", "two", "one")])
    assert session.asked() is None
    assert session.asked() == pinned("one")
    assert session.asked() == pinned("two")  # the gateway had its reasons
    assert session.asked("other") is None


def test_calls_without_a_session_have_no_pin():
    session = Session([answer_of("one")] * 2)
    assert session.asked("") is None
    assert session.asked("") is None


def test_each_deployment_has_a_pin_of_its_own():
    session = Session([answer_of("one")] * 3)
    session.asked()
    assert session.asked(model="b") is None
    assert session.asked(model="b") == pinned("one")


def test_nothing_is_pinned_unless_the_deployment_says_so():
    session = Session([answer_of("one")] * 2, session_affinity=False)
    assert [session.asked(), session.asked()] == [None, None]


def test_an_answer_without_a_provider_forgets_the_pin():
    session = Session([answer_of(name) for name in ("one", None, "one")])
    assert [session.asked() for _ in range(3)] == [None, pinned("one"), None]


def test_the_session_is_never_sent():
    session = Session([answer_of("one")])
    session.asked("private-name")
    request = session.transport.requests[0]
    assert b"private-name" not in session.transport.sent[0]
    assert "private-name" not in repr(request.headers)


# What fails in the second call, and what the third attempt asks for.
FAILURES = [
    (ReadError("cut"), None),
    (ScriptedReply([sse({"error": {"message": "no", "code": 502}})]), None),
    (ScriptedReply([b"{}"], 503), None),
    (ScriptedReply([b"{}"], 429), None),
]


def test_a_failure_that_may_be_the_providers_drops_the_pin():
    for failure, want in FAILURES:
        session = Session([answer_of("one"), failure, answer_of("two"), answer_of("two")])
        session.asked()
        assert session.asked() == want, failure
        assert session.providers() == [None, pinned("one"), want]
        assert session.asked() == pinned("two")


def test_a_refusal_of_the_request_keeps_the_pin():
    session = Session([answer_of("one"), ScriptedReply([b"{}"], 400), answer_of("one")])
    session.asked()
    try:
        session.asked()
        assert False, "nothing was raised"
    except StatusError as error:
        assert error.status == 400
    assert session.asked() == pinned("one")


def test_a_pin_goes_before_the_order_of_the_deployment():
    session = Session([answer_of("y")] * 2, provider_order=["x", "y"])
    assert session.asked() == pinned("x", "y")
    assert session.asked() == pinned("y", "x")


def test_one_name_locks_whoever_answered():
    session = Session([answer_of("X Inc.")] * 2, provider_order=["x"])
    session.asked()
    assert session.asked()["allow_fallbacks"] is False


def test_fields_of_the_callers_own_win():
    own = {"order": ["mine"]}
    session = Session([answer_of("one")] * 2)
    session.asked()
    assert session.asked(extra_body={"provider": own}) == own
    session = Session([answer_of("one")], extra_body={"provider": own}, provider_order=["x"])
    assert session.asked() == own

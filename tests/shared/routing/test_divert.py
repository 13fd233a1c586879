"""Answers that came to an end that nobody wants."""

from helpers import error_of
from streams import ANSWER, DONE, HELLO, ONCE, call, chunk, sse, text

from thinwire.core.answer.events import StreamRestarted
from thinwire.core.routing.all_failed import AllAttemptsFailed
from thinwire.core.routing.deployment import Deployment
from thinwire.core.routing.divert import Diverted
from thinwire.core.sync import Client
from thinwire.testing.scripted import ScriptedReply, ScriptedTransport


def ended(reason, *before):
    return sse(*before) + sse(chunk({}, reason)) + DONE


FILTERED = ended("content_filter", text("Hm"))


def client(replies, divert_on=("content_filter", "length"), chain="b", **options):
    transport = ScriptedTransport([ScriptedReply([one]) for one in replies])
    names = {
        name: Deployment("https://%s.test" % name, divert_on=list(divert_on)) for name in "abc"
    }
    return Client("a", names, {"a": list(chain)}, transport=transport, **options)


def test_an_answer_that_was_filtered_leads_to_the_fallback():
    for reason, kind in [
        ("content_filter", "content_filter"),
        ("SAFETY", "content_filter"),
        ("length", "length"),
        ("max_tokens", "length"),
    ]:
        for before in ((), (text("Hm"),), (call(0, "c", "f", '{"a'),)):
            done = client([ended(reason, *before), ANSWER]).chat(HELLO)
            assert (done.content, done.deployment) == ("Hello", "b"), (reason, before)
            first = done.attempts[0]
            assert (first.outcome, first.error.kind) == (
                "interrupted" if before else "failed",
                kind,
            )
            assert not first.error.retryable


def test_only_what_the_deployment_names_is_an_error():
    for reasons in ((), ("length",)):
        done = client([FILTERED], reasons).chat(HELLO)
        assert (done.content, done.finish_reason) == ("Hm", "content_filter")
    assert client([ended("stop", text("a"))]).chat(HELLO).content == "a"


def test_without_a_fallback_it_is_the_error_and_has_the_answer():
    error = error_of(Diverted, client([FILTERED], chain="").chat, HELLO)
    assert (error.kind, error.deployment, error.model) == ("content_filter", "a", "a")
    assert "finish_reason 'content_filter', which divert_on names" in str(error)
    kept = error.completion
    assert (kept.content, kept.complete, kept.end, kept.attempts) == ("Hm", False, "error", [])
    assert (kept.finish_reason, kept.deployment) == ("content_filter", "a")


def test_it_is_not_asked_for_again_at_the_same_deployment():
    replies = [FILTERED, FILTERED]
    error = error_of(AllAttemptsFailed, client(replies, retry=3).chat, HELLO)
    assert [one.deployment for one in error.attempts] == ["a", "b"]
    assert error.kind == "content_filter"


def test_a_filter_has_its_own_chain():
    made = client([FILTERED, ANSWER], content_filter_fallbacks={"a": ["c"]})
    assert made.chat(HELLO).deployment == "c"


def test_kinds_of_the_client_do_not_matter():
    assert client([FILTERED, ANSWER], fallback_on=("connect",)).chat(HELLO).deployment == "b"


def test_what_was_seen_is_not_taken_back():
    got = []
    error = error_of(Diverted, client([FILTERED, ANSWER]).chat, HELLO, on_delta=got.append)
    assert (got, error.completion.content) == (["Hm"], "Hm")


def test_what_was_seen_is_taken_back_where_somebody_is_told():
    got = []
    done = client([FILTERED, ANSWER], retry=ONCE).chat(
        HELLO, on_delta=got.append, on_restart=got.append
    )
    assert (done.content, got[0], got[2:]) == ("Hello", "Hm", ["Hel", "lo"])
    assert isinstance(got[1], StreamRestarted)
    assert (got[1].reason, got[1].void_chars) == ("content_filter", 2)


def test_one_of_several_choices_is_enough():
    both = sse(text("a"), chunk({"content": "b"}, index=1))
    both += sse(chunk({}, "stop"), chunk({}, "length", index=1)) + DONE
    error = error_of(Diverted, client([both], chain="").chat, HELLO, n=2)
    assert error.kind == "length"


def test_the_deployment_is_not_blamed():
    made = client([FILTERED] * 4, chain="")
    for _ in range(4):
        error_of(Diverted, made.chat, HELLO)
    assert made.deployments_state()["a"].healthy

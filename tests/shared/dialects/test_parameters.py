import json

from helpers import error_of, read_all
from racing import AFTER_A_FAILURE, Reply, Setting, run
from streams import ANSWER, HELLO, KEY, play, sent_document

from thinwire.core.dialects import openai, parameters
from thinwire.core.errors import ThinwireError
from thinwire.core.request.call import Call
from thinwire.core.routing.deployment import Deployment
from thinwire.core.sync import Client
from thinwire.testing.scripted import ScriptedReply, ScriptedTransport

URL = "https://h.test/v1"


def sent(call, **options):
    got = json.loads(read_all(openai.request(Deployment(URL, KEY, **options), "m", call).body))
    for name in ("model", "messages", "stream", "stream_options"):
        got.pop(name, None)
    return got


def listening(**arguments):
    call = Call([], **arguments)
    call.told = []
    call.tell = lambda event, fields: call.told.append((event, fields["name"], fields["why"]))
    return call


# Options of a deployment, a call's params and extra_body, then what is sent.
SHAPES = [
    ({"params": {"top_p": 0.9}}, {}, {}, {"top_p": 0.9}),
    ({"params": {"top_p": 0.9}}, {"top_p": 0.1}, {}, {"top_p": 0.1}),
    ({"params": {"a": None}}, {}, {}, {"a": None}),
    ({"params": {"a": 1}, "extra_body": {"b": 2}}, {}, {}, {"a": 1, "b": 2}),
    ({"params": {"a": 1}, "extra_body": {"a": 1}}, {}, {}, {"a": 1}),
    ({"rename": {"max_tokens": "x"}}, {"max_tokens": 5}, {}, {"x": 5}),
    ({"rename": {"max_tokens": "x"}}, {}, {"max_tokens": 6}, {"x": 6}),
    ({"rename": {"max_tokens": "x"}}, {"max_tokens": 5}, {"x": 7}, {"x": 7}),
    ({"rename": {"max_tokens": "x"}}, {}, {}, {}),
    ({"rename": {"a": "b"}, "params": {"a": 1}}, {}, {}, {"b": 1}),
    ({"drop": ("temperature",)}, {"temperature": 1, "seed": 2}, {}, {"seed": 2}),
    ({"drop": ["temperature"]}, {}, {"temperature": 1}, {}),
    ({"force": {"store": False}}, {"store": True}, {"store": None}, {"store": False}),
    ({"force": {"store": False}, "drop": ("store",)}, {"store": True}, {}, {"store": False}),
    ({"rename": {"a": "b"}, "drop": ("b",), "force": {"c": 1}}, {"a": 1}, {}, {"c": 1}),
    ({"models": ["x", "y"]}, {}, {}, {"models": ["x", "y"]}),
    ({"models": ["x", "y"]}, {}, {"models": ["z"]}, {"models": ["z"]}),
]


def test_a_request_is_made_the_deployments():
    for options, params, extra, want in SHAPES:
        got = sent(Call([], None, params, extra), **options)
        assert got == want, (options, params, extra, got)


def test_nothing_of_the_callers_is_changed():
    rename, force, params = {"a": "b"}, {"c": 1}, {"d": 1}
    given, extra = {"a": 1}, {"a": 2}
    sent(Call([], None, given, extra), rename=rename, force=force, params=params)
    assert (rename, force, params) == ({"a": "b"}, {"c": 1}, {"d": 1})
    assert (given, extra) == ({"a": 1}, {"a": 2})


def test_reasoning_models_take_other_fields():
    asked = {"max_tokens": 5, "temperature": 1, "top_p": 1, "frequency_penalty": 1}
    patterns = ["!gpt-5-chat*", "gpt-5*", "o3"]
    for model, other in [
        ("gpt-5-mini", True),
        ("openai/GPT-5", True),
        ("o3", True),
        ("o3-mini", False),
        ("gpt-5-chat-latest", False),
        ("gpt-4o", False),
    ]:
        call = listening(params=asked)
        got = sent(call, reasoning_models=patterns, model=model)
        assert got == ({"max_completion_tokens": 5} if other else asked), (model, got)
        names = [told[1] for told in call.told]
        assert names == (["temperature", "top_p", "frequency_penalty"] if other else []), names
    given = Call([], None, {}, {"temperature": 1, "max_tokens": 3})
    got = sent(given, reasoning_models=patterns, model="o3")
    assert got == {"temperature": 1, "max_tokens": 3}


def test_the_session_is_sent_where_a_deployment_says_so():
    for field in ("user", "prompt_cache_key"):
        call = Call([], session="s-1")
        assert sent(call) == {}
        assert sent(call, session_field=field) == {field: "s-1"}
        assert sent(Call([]), session_field=field) == {}
        own = Call([], None, {field: "mine"}, session="s-1")
        assert sent(own, session_field=field) == {field: "mine"}


def test_what_is_dropped_is_told():
    call = listening(params={"temperature": 1})
    sent(call, drop=("temperature", "seed"))
    assert call.told == [("parameter_dropped", "temperature", "the deployment drops it")]


def test_what_is_asked_for_in_openais_words():
    deployment = Deployment(URL, params={"a": 1, "n": 2}, drop=("b",), rename={"c": "d"})
    call = Call([], None, {"b": 1, "c": 2, "n": 3, "reasoning_effort": "low"}, {"raw": 1})
    assert parameters.asked(deployment, call) == {"a": 1, "n": 3, "d": 2}
    budget = Deployment(URL, params={"reasoning_budget": 9})
    assert parameters.asked(budget, Call([])) == {"reasoning_effort": 9}
    plain = Deployment(URL, extra_body={"a": 1})
    assert parameters.asked(plain, call) == {"a": 1, "b": 1, "c": 2, "n": 3}
    call = Call([], session="s")
    deployment = Deployment(URL, session_field="user")
    assert parameters.asked(deployment, call) == {"user": "s"}


def test_reasoning_for_another_wire():
    for params, asked, drop, wanted in (
        ({}, {}, (), None),
        ({}, {"reasoning_effort": "low"}, (), "low"),
        ({"reasoning_effort": "high"}, {}, (), "high"),
        ({"reasoning_budget": 9}, {}, (), 9),
        ({"reasoning_effort": "none"}, {}, (), False),
        ({"reasoning_effort": False}, {}, (), False),
        ({"reasoning_effort": "high"}, {"reasoning_effort": False}, (), False),
        ({"reasoning_effort": "high"}, {"reasoning_budget": 5}, (), 5),
        ({}, {"reasoning_budget": 5}, ("reasoning_effort",), None),
        ({"reasoning_effort": "high"}, {}, ("reasoning_effort",), None),
        ({}, {}, ("reasoning_effort",), None),
    ):
        deployment = Deployment(URL, params=params, drop=drop)
        call = listening(params=asked)
        fields = parameters.asked(deployment, call)
        got = parameters.reasoning(fields, deployment, call)
        assert (type(got), got) == (type(wanted), wanted), (params, asked, drop)
        assert fields == {}
        names = [told[1] for told in call.told]
        assert names == (["reasoning_effort"] if drop and (asked or params) else []), call.told


def test_hints_that_a_wire_lacks_are_left_out_and_told():
    call = listening()
    fields = {"seed": 1, "user": None, "top_p": 1, "n": 1, "logprobs": False, "stop": []}
    fields["modalities"] = ["text"]
    got = parameters.fitting(fields, Deployment(URL), call)
    assert got == {"top_p": 1}, got
    assert [told[:2] for told in call.told] == [("parameter_dropped", "seed")]
    assert parameters.fitting({"seed": 1}, Deployment(URL), call, (), ()) == {"seed": 1}


def test_what_would_change_the_answer_is_refused():
    for name, value in [
        ("n", 2),
        ("logprobs", True),
        ("top_logprobs", 3),
        ("stop", "x"),
        ("modalities", ["text", "audio"]),
        ("audio", {"voice": "x"}),
    ]:
        deployment = Deployment(URL, KEY)
        error = error_of(ThinwireError, parameters.fitting, {name: value}, deployment, Call([]))
        assert error.kind == "unsupported"
        for words in (name + " is not", "h.test", "'openai'", "drop=(%r,)" % name):
            assert words in str(error), error
        assert KEY not in str(error)
    error = parameters.unsupported("stop", deployment, "o3 has none")
    assert "dialect 'openai'), o3 has none:" in str(error), error


def test_the_last_word_is_the_deployments():
    document = {"a": 1, "b": 2}
    parameters.force(document, Deployment(URL), Call([]))
    assert document == {"a": 1, "b": 2}
    parameters.force(document, Deployment(URL, drop=("a", "z"), force={"b": 3}), Call([]))
    assert document == {"b": 3}


def test_who_asks_is_sent_to_openrouter():
    for given, want in [
        ({}, [("HTTP-Referer", "https://me.test"), ("X-Title", "Mine")]),
        ({"x-title": "Other"}, [("x-title", "Other"), ("HTTP-Referer", "https://me.test")]),
    ]:
        deployment = Deployment(
            URL, KEY, referer="https://me.test", title="Mine", extra_headers=given
        )
        headers = openai.request(deployment, "m", Call([]), KEY).headers
        named = [pair for pair in headers if pair[0].lower() in ("http-referer", "x-title")]
        assert sorted(named) == sorted(want), named
        assert ("Authorization", "Bearer " + KEY) in headers


class Refusing:
    # Stands for the dialect of one host, which cannot do what is asked.
    def __init__(self, host="a.test"):
        self.host = host

    def __enter__(self):
        self.kept = kept = openai.request

        def request(deployment, *arguments):
            if deployment.url.host == self.host:
                raise parameters.unsupported("n", deployment)
            return kept(deployment, *arguments)

        openai.request = request

    def __exit__(self, *details):
        openai.request = self.kept


def test_what_a_deployment_cannot_do_leads_to_the_fallback_unsent():
    with Refusing():
        got = play([ScriptedReply([ANSWER])] * 2)
        assert got.completion.content == "Hello"
        assert got.completion.deployment == "b"
        assert len(got.transport.requests) == 1
        first = got.completion.attempts[0]
        assert (first.outcome, first.error.kind, first.sent_bytes) == ("failed", "unsupported", 0)
        assert first.error.deployment == "a"
        got = play([ScriptedReply([ANSWER])])
        assert got.error.kind == "unsupported"
        assert not got.transport.requests


def test_a_hedge_that_cannot_be_sent_says_why():
    with Refusing("b.test"):
        made = Setting({"a": [Reply(ANSWER, head=[AFTER_A_FAILURE])]}, fallbacks="b")
        done = run(made.client.chat(HELLO))
        assert done.content == "Hello"
        assert [one.outcome for one in done.attempts] == ["answered", "failed"]
        assert done.attempts[1].error.kind == "unsupported"


def test_hooks_are_told_of_each_attempt_what_is_dropped():
    told = []

    def hook(event, fields):
        if event == "parameter_dropped":
            told.append((fields["deployment"], fields["attempt"], fields["name"]))

    names = {name: Deployment("https://%s.test" % name, drop=("seed",)) for name in "ab"}
    replies = [ScriptedReply([], 500), ScriptedReply([ANSWER])]
    transport = ScriptedTransport(replies)
    client = Client("a", names, {"a": ["b"]}, retry=1, transport=transport, on_event=hook)
    client.chat(HELLO, seed=1)
    assert told == [("a", 1, "seed"), ("b", 2, "seed")], told
    assert "seed" not in sent_document(transport)


def test_nothing_is_asked_of_options_that_shape_nothing():
    asked, kept = [], parameters.shape
    parameters.shape = lambda *given: asked.append(given)
    try:
        sent(Call([]), reasoning="openrouter", max_concurrent=1, divert_on=["length"])
        assert asked == []
        for options in (
            {"drop": ["a"]},
            {"rename": {"a": "b"}},
            {"force": {"a": 1}},
            {"models": ["a"]},
            {"reasoning_models": ["a"]},
            {"prompt_caching": True},
            {"session_field": "user"},
        ):
            sent(Call([]), **options)
            assert len(asked) == 1, options
            asked.clear()
        sent(Call([], params={"reasoning_effort": "low"}))
        assert len(asked) == 1
    finally:
        parameters.shape = kept


def test_a_known_server_is_told_in_its_own_words():
    def spelled(url, asked):
        deployment = Deployment(url, KEY, "m")
        call = Call([], params={"reasoning_effort": asked})
        return deployment, json.loads(read_all(openai.request(deployment, "m", call).body))

    for url, asked, field, value in (
        ("https://openrouter.ai/api/v1", "low", "reasoning", {"effort": "low"}),
        ("https://api.z.ai/api/paas/v4", False, "thinking", {"type": "disabled"}),
        ("https://api.groq.com/openai/v1", "low", "reasoning_effort", "low"),
        (URL, "low", "reasoning_effort", "low"),
    ):
        deployment, document = spelled(url, asked)
        assert deployment.options is None, url
        assert document[field] == value, document
    # A preset is looked up for that: there may be none in a firmware.
    kept = parameters.import_module

    def without(name):
        if name.endswith(".presets"):
            raise ImportError(name)
        return kept(name)

    parameters.import_module = without
    try:
        assert spelled("https://openrouter.ai/api/v1", "low")[1]["reasoning_effort"] == "low"
    finally:
        parameters.import_module = kept

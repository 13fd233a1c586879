import json

from helpers import read_all

from thinwire.core.dialects import openai
from thinwire.core.request.call import Call
from thinwire.core.routing.deployment import Deployment

URL = "https://api.test/v1"
ASKED = {"stream": True, "stream_options": {"include_usage": True}}


def document(deployment, call):
    return json.loads(read_all(openai.request(deployment, "public", call).body))


def test_only_what_was_asked_for_is_sent():
    got = document(Deployment(URL, "sk-key"), Call([]))
    want = {"model": "public", "messages": []}
    want.update(ASKED)
    assert got == want, got


def test_the_upstream_model_is_sent():
    got = document(Deployment(URL, model="vendor/m-1"), Call([]))
    assert got["model"] == "vendor/m-1"


def test_stream_options_can_be_left_out():
    got = document(Deployment(URL, stream_usage=False), Call([]))
    assert got == {"model": "public", "messages": [], "stream": True}, got


# Tools, params, the deployment's and the caller's extra_body, then what is sent beyond ASKED.
FIELDS = [
    (None, {}, {}, {}, {}),
    ([], {}, {}, {}, {}),
    ([{"type": "function"}], {}, {}, {}, {"tools": [{"type": "function"}]}),
    (None, {"a": 1, "b": None}, {}, {}, {"a": 1}),
    (None, {"a": 1}, {"a": 2, "b": 3}, {}, {"a": 1, "b": 3}),
    (None, {"a": 1}, {"b": 3}, {"a": 4, "b": 5, "c": None}, {"a": 4, "b": 5, "c": None}),
    (None, {}, {"model": "other", "messages": 0, "stream": False}, {}, {}),
    (None, {}, {}, {"stream": False}, {"stream": False}),
    (None, {}, {}, {"model": "m"}, {"model": "m"}),
    (None, {}, {}, {"messages": [1]}, {"messages": [1]}),
    (None, {"stream_options": {}}, {}, {}, {"stream_options": {}}),
    (None, {}, {"stream_options": {"x": 1}}, {}, {"stream_options": {"x": 1}}),
    (None, {}, {}, {"stream_options": None}, {"stream_options": None}),
]


def test_whose_field_wins():
    for tools, params, deployed, extra, more in FIELDS:
        want = {"model": "public", "messages": []}
        want.update(ASKED)
        want.update(more)
        got = document(Deployment(URL, extra_body=deployed), Call([], tools, params, extra))
        assert got == want, (params, deployed, extra, got)


def test_making_a_body_changes_nothing_of_the_callers():
    params, deployed, extra = {"a": 1}, {"b": 2}, {"c": 3}
    document(Deployment(URL, extra_body=deployed), Call([], None, params, extra))
    assert (params, deployed, extra) == ({"a": 1}, {"b": 2}, {"c": 3})


def request(deployment, headers=None):
    call = Call([], extra_headers=headers)
    return openai.request(deployment, "public", call, deployment.api_key)


def test_where_a_request_goes():
    for url, want in [
        (URL, ("https", "api.test", 443, "/v1/chat/completions", "api.test")),
        ("http://[::1]:8080", ("http", "::1", 8080, "/chat/completions", "[::1]:8080")),
        (
            "https://x.test/a?v=1",
            ("https", "x.test", 443, "/a/chat/completions?v=1", "x.test"),
        ),
    ]:
        got = request(Deployment(url))
        place = (got.scheme, got.host, got.port, got.target, got.authority)
        assert place == want, place
        assert got.method == "POST"


def test_the_headers_of_a_request():
    got = sorted(request(Deployment(URL, "sk-key")).headers)
    want = [
        ("Accept", "text/event-stream, application/json"),
        ("Accept-Encoding", "identity"),
        ("Authorization", "Bearer sk-key"),
        ("Content-Type", "application/json"),
        ("User-Agent", "thinwire"),
    ]
    assert got == want, got


def test_a_server_without_key_gets_no_authorization():
    for key in (None, ""):
        names = [name for name, _ in request(Deployment(URL, key)).headers]
        assert "Authorization" not in names, names


# The deployment's headers and the caller's, then the values of one header.
HEADERS = [
    ({"user-agent": "mine"}, {}, "User-Agent", ["mine"]),
    ({"USER-AGENT": "mine"}, {"User-agent": "yours"}, "User-Agent", ["yours"]),
    ({}, {"accept": "x"}, "Accept", ["x"]),
    ({"authorization": "Basic x"}, {}, "Authorization", ["Basic x"]),
    ({}, {"AUTHORIZATION": "Basic y"}, "Authorization", ["Basic y"]),
    ({"api-key": "k"}, {}, "Api-Key", ["k"]),
]


def test_headers_are_merged_without_case_and_never_doubled():
    for deployed, callers, name, want in HEADERS:
        headers = request(Deployment(URL, "sk-key", extra_headers=deployed), callers).headers
        got = [value for key, value in headers if key.lower() == name.lower()]
        assert got == want, (deployed, callers, got)


# Order, allow_fallbacks and who is to be asked first, then the field that is sent.
PROVIDERS = [
    ([], None, "", {}),
    ([], True, "", {"allow_fallbacks": True}),
    ([], False, "", {"allow_fallbacks": False}),
    (["x"], None, "", {"order": ["x"], "allow_fallbacks": False}),
    (["x"], True, "", {"order": ["x"], "allow_fallbacks": True}),
    (["x", "y"], None, "", {"order": ["x", "y"], "allow_fallbacks": True}),
    (["x", "y"], False, "", {"order": ["x", "y"], "allow_fallbacks": False}),
    ([], None, "p", {"order": ["p"], "allow_fallbacks": True}),
    ([], False, "p", {"order": ["p"], "allow_fallbacks": False}),
    (["x"], None, "p", {"order": ["p", "x"], "allow_fallbacks": False}),
    (["x"], None, "x", {"order": ["x"], "allow_fallbacks": False}),
    (["x", "y"], None, "y", {"order": ["y", "x"], "allow_fallbacks": True}),
]


def test_the_provider_field():
    for order, allow, first, want in PROVIDERS:
        deployment = Deployment(URL, provider_order=order, allow_fallbacks=allow)
        body = openai.request(deployment, "public", Call([]), None, first).body
        got = json.loads(read_all(body)).get("provider", {})
        assert got == want, (order, allow, first, got)

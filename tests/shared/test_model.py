from helpers import error_of

from thinwire.core.routing.deployment import Deployment
from thinwire.core.routing.policy import RetryPolicy, Timeouts

BASE = "https://h.example/v1"
KEY = "sk-secret"


def make(**options):
    return Deployment(BASE, KEY, "m", **options)


def test_fields_and_their_defaults():
    deployment = Deployment(BASE)
    assert deployment.base_url == BASE
    assert deployment.url.host == "h.example"
    assert (deployment.api_key, deployment.model) == (None, None)
    assert (deployment.extra_headers, deployment.extra_body) == ({}, {})
    assert deployment.stream_usage
    assert deployment.framing == "chunked"
    assert (deployment.timeouts, deployment.retry) == (None, None)
    assert (deployment.provider_order, deployment.allow_fallbacks) == ((), None)
    assert deployment.session_affinity is False


def test_the_key_becomes_a_header():
    assert make().headers() == [("Authorization", "Bearer sk-secret")]
    for key in (None, ""):
        assert Deployment(BASE, key).headers() == []


def test_extra_headers_come_with_the_key():
    headers = make(extra_headers={"X-Title": "t"}).headers()
    assert sorted(headers) == [("Authorization", "Bearer sk-secret"), ("X-Title", "t")]


def test_an_own_authorization_wins_in_any_case():
    for name in ("Authorization", "authorization", "AUTHORIZATION"):
        assert make(extra_headers={name: "mine"}).headers() == [(name, "mine")]


def test_mappings_are_copied():
    headers, body = {"A": "b"}, {"c": 1}
    deployment = make(extra_headers=headers, extra_body=body)
    headers["A"] = "changed"
    body["c"] = 2
    assert deployment.extra_headers == {"A": "b"}
    assert deployment.extra_body == {"c": 1}


def test_fields_cannot_be_set_or_deleted():
    deployment = make()
    names = "base_url api_key model extra_headers extra_body timeouts retry provider_order new"
    for name in names.split():
        error_of(AttributeError, setattr, deployment, name, "x")
        error_of(AttributeError, delattr, deployment, name)
    assert deployment.api_key == KEY


def test_a_refusal_to_set_names_no_value():
    assert "sk-" not in str(error_of(AttributeError, setattr, make(), "api_key", "sk-new"))


def test_repr_and_str_hide_the_key_and_all_header_values():
    deployment = make(extra_headers={"X-Key": "also-secret"}, extra_body={"k": "body-secret"})
    for text in (repr(deployment), str(deployment)):
        assert "secret" not in text
        assert text == "Deployment('https://h.example/v1', api_key='***', model='m')"


def test_repr_hides_a_query_which_may_be_a_key():
    deployment = Deployment(BASE + "?key=secret")
    assert repr(deployment) == "Deployment('https://h.example/v1?***', api_key=None, model=None)"


def test_keys_no_header_can_carry_are_refused_and_not_repeated():
    for key in ("sk-secret\n", "sk-\r\nX: secret", "secret\x00", "sécret"):
        error = error_of(ValueError, Deployment, BASE, key)
        assert "Authorization" in str(error)
        assert "cret" not in str(error)


def test_headers_that_would_smuggle_another_are_refused():
    for name, value in [("A", "b\r\nC: d"), ("A\r\nB", "c"), ("A: b\r\nC", "d"), ("", "x")]:
        error_of(ValueError, make, extra_headers={name: value})


def test_bad_urls_are_refused_when_made():
    for url in ("", "h", "https://user:secret@h", "https://h/\r\n"):
        error = error_of(ValueError, Deployment, url, KEY)
        assert "secret" not in str(error)


def test_own_limits_and_retries():
    limits, retry = Timeouts(), RetryPolicy()
    deployment = make(timeouts=limits, retry=retry)
    assert deployment.timeouts is limits
    assert deployment.retry is retry


def test_the_framing_is_one_of_two():
    assert make(framing="length").framing == "length"
    for framing in ("", "Chunked", None, "identity"):
        error = error_of(ValueError, make, framing=framing)
        assert "'chunked' or 'length'" in str(error), error


def test_a_provider_order_is_a_list_and_is_copied():
    error = error_of(TypeError, make, provider_order="azure")
    assert "must be a list of names" in str(error), error
    names = ["x"]
    deployment = make(provider_order=names)
    names.append("y")
    assert deployment.provider_order == ("x",)

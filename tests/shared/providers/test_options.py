from helpers import error_of

from thinwire.core.routing.deployment import Deployment

BASE = "https://h.example/v1"


def test_a_plain_deployment_has_none():
    deployment = Deployment(BASE, "sk")
    assert deployment.options is None
    assert deployment.provider == ""


def test_a_provider_is_named():
    deployment = Deployment(BASE, "sk", provider="hill")
    assert deployment.provider == deployment.options.provider == "hill"


def test_an_option_that_there_is_not_is_refused():
    for name in ("nothing", "_x", "__init__"):
        error = error_of(TypeError, Deployment, BASE, **{name: 1})
        assert str(error) == "Deployment has no option %s=" % name


def test_a_base_url_is_needed():
    error = error_of(TypeError, Deployment)
    assert "base_url" in str(error)


# Options of another kind than they take, and what the error says.
WRONG = [
    ({"params": [1]}, TypeError, "params takes a dict of fields"),
    ({"force": {1: 2}}, TypeError, "force takes a dict of fields"),
    ({"rename": {"a": 1}}, TypeError, "rename takes a dict of names"),
    ({"rename": "a"}, TypeError, "rename takes a dict of names"),
    ({"rename": {"messages": "a"}}, ValueError, "rename cannot change 'messages'"),
    ({"drop": "temperature"}, TypeError, "drop takes a list of names, not 'temperature'"),
    ({"drop": [1]}, TypeError, "drop takes a list of names"),
    ({"drop": ("messages",)}, ValueError, "drop cannot change 'messages'"),
    ({"force": {"messages": []}}, ValueError, "force cannot change 'messages'"),
    ({"models": 1}, TypeError, "models takes a list of names"),
    ({"reasoning_models": "o1"}, TypeError, "reasoning_models takes a list of names"),
    ({"reasoning": "loud"}, ValueError, "reasoning takes 'effort', 'openrouter'"),
    ({"reasoning": {}}, ValueError, "reasoning takes 'effort'"),
    ({"session_field": "session"}, ValueError, "takes 'user', 'prompt_cache_key', not 'session'"),
    ({"divert_on": "length"}, TypeError, "divert_on takes a list of names"),
    ({"divert_on": ["stop"]}, ValueError, "takes 'content_filter', 'length', not 'stop'"),
    ({"referer": 1}, TypeError, "referer takes a string"),
    ({"prompt_caching": 1}, TypeError, "prompt_caching takes True or False"),
    ({"max_concurrent": 0}, TypeError, "max_concurrent takes a whole number of 1 or more"),
    ({"max_concurrent": True}, TypeError, "max_concurrent takes a whole number"),
    ({"requests_per_minute": 1.5}, TypeError, "requests_per_minute takes a whole number"),
]


def test_what_an_option_takes_is_said():
    for options, kind, words in WRONG:
        error = error_of(kind, Deployment, BASE, **options)
        assert words in str(error), (options, error)


def test_none_says_the_same_as_nothing():
    options = Deployment(BASE, max_concurrent=None, session_field=None, params=None).options
    assert (options.max_concurrent, options.session_field, options.params) == (None, "", {})


def test_what_is_given_is_copied():
    params, drop = {"a": 1}, ["b"]
    deployment = Deployment(BASE, params=params, drop=drop)
    params["a"] = 2
    drop.append("c")
    assert deployment.options.drop == ("b",)
    assert deployment.extra_body == deployment.options.params == {"a": 1}


def test_a_field_has_one_value():
    error = error_of(ValueError, Deployment, BASE, params={"a": 1}, extra_body={"a": 2})
    assert "both say 'a'" in str(error)


def test_methods_are_no_options():
    error = error_of(TypeError, Deployment, BASE, merged=1)
    assert str(error) == "Deployment has no option merged="

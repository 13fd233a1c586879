# What few deployments need, and what a preset adds to what was said.

import sys

from helpers import error_of

from thinwire.core.providers import options
from thinwire.core.providers.options import Options
from thinwire.core.routing.deployment import Deployment
from thinwire.core.routing.policy import Policy, Timeouts

BASE = "https://h.example/v1"


def test_a_plain_deployment_has_none():
    for base in (BASE, "http://127.0.0.1:8000/v1"):
        deployment = Deployment(base, "sk")
        assert deployment.options is None
        assert deployment.provider == ""


def test_a_provider_is_named():
    deployment = Deployment(BASE, "sk", provider="hill")
    assert deployment.provider == deployment.options.provider == "hill"


def test_an_option_that_there_is_not_is_refused():
    for name in ("nothing", "_x", "__init__", "variables", "needs_key"):
        error = error_of(TypeError, Deployment, BASE, **{name: 1})
        assert str(error) == "Deployment has no option %s=" % name


def test_an_option_of_another_kind_is_refused():
    for name in ("provider", "auth", "api_key_env", "api_version", "model_env", "models_path"):
        error = error_of((TypeError, ValueError), Deployment, BASE, **{name: 5})
        assert str(error).startswith("Deployment %s takes " % name), error


def test_none_is_as_good_as_nothing():
    given = {"provider": None, "auth": None, "api_key_env": None, "api_version": None}
    deployment = Deployment(BASE, "sk", **given)
    assert deployment.options is None


def test_a_base_url_is_needed():
    error = error_of(TypeError, Deployment)
    assert "base_url" in str(error)


def test_a_preset_brings_its_address():
    for name, wanted in (
        ("openai", "https://api.openai.com/v1"),
        ("groq", "https://api.groq.com/openai/v1"),
        ("ollama", "http://127.0.0.1:11434/v1"),
    ):
        deployment = Deployment(provider=name, api_key="k", model="m")
        assert deployment.base_url == str(deployment.url) == wanted
        assert deployment.provider == name


def test_a_base_url_wins_over_the_presets():
    deployment = Deployment(BASE, "k", provider="groq")
    assert (deployment.base_url, deployment.provider) == (BASE, "groq")


def test_a_name_of_ones_own_keeps_what_the_host_tells():
    deployment = Deployment("https://api.mistral.ai/v1", "k", provider="our-mistral")
    assert deployment.provider == "our-mistral"
    assert deployment.stream_usage is False


def test_what_a_preset_says_is_overridden_field_by_field():
    usual = Deployment(provider="mistral", api_key="k")
    assert (usual.stream_usage, usual.framing, usual.think_tags) == (False, "auto", False)
    assert Deployment(provider="mistral", api_key="k", stream_usage=True).stream_usage is True
    assert Deployment(provider="mistral", api_key="k", framing="length").framing == "length"
    usual = Deployment(provider="minimax", api_key="k")
    assert usual.think_tags is True
    assert Deployment(provider="minimax", api_key="k", think_tags=False).think_tags is False
    usual = Deployment(provider="mlx")
    assert usual.framing == "length"
    assert Deployment(provider="mlx", framing="chunked").framing == "chunked"
    assert Deployment(provider="anthropic", api_key="k").dialect == "anthropic"
    assert Deployment(provider="anthropic", api_key="k", dialect="openai").dialect == "openai"
    usual = Deployment(provider="azure", base_url="https://h.example", api_key="k")
    assert usual.options.auth == "api-key"
    assert usual.options.needs_key is False


def test_only_a_model_that_has_nothing_else_speaks_responses():
    for model, wanted in (
        ("gpt-5-codex", "responses"),
        ("gpt-5.1-codex-max", "responses"),
        ("o1-pro", "responses"),
        ("o1-pro-2025-03-19", "responses"),
        ("gpt-5-mini", "openai"),
        ("gpt-4o", "openai"),
        (None, "openai"),
    ):
        assert Deployment(provider="openai", api_key="k", model=model).dialect == wanted, model
        base = "https://api.openai.com/v1"
        assert Deployment(base, "k", model).dialect == wanted, model
    made = Deployment(provider="openai", api_key="k", model="o1-pro", dialect="openai")
    assert made.dialect == "openai"
    made = Deployment(provider="openrouter", api_key="k", model="openai/o1-pro")
    assert made.dialect == "openai"


def test_a_server_at_home_has_time_to_load_its_model():
    at_home = Deployment(provider="ollama", model="llama3.2:latest")
    abroad = Deployment(provider="groq", api_key="k")
    mine = Deployment(provider="ollama", timeouts=7)
    assert Policy().timeouts_at(at_home).first_token == 120000
    assert Policy().timeouts_at(abroad).first_token == 15000
    assert Policy(Timeouts(first_token=3)).timeouts_at(at_home).first_token == 3000
    assert Policy().for_call(timeouts=5).timeouts_at(at_home).total == 5000
    assert Policy().timeouts_at(mine).total == 7000
    # What else a call says does not set a limit.
    assert Policy().for_call(retry=3).timeouts_at(at_home).first_token == 120000


def test_where_a_key_may_be():
    for given, wanted, needed in (
        ({"provider": "groq"}, ("GROQ_API_KEY",), True),
        ({"provider": "gemini"}, ("GEMINI_API_KEY", "GOOGLE_API_KEY"), True),
        ({"provider": "ollama"}, ("OLLAMA_API_KEY",), False),
        ({"provider": "mlx"}, (), False),
        ({"base_url": "https://api.groq.com/openai/v1"}, ("GROQ_API_KEY",), False),
        ({"base_url": "https://api.groq.com", "provider": "groq"}, ("GROQ_API_KEY",), True),
        ({"base_url": "https://eu.api.groq.com/v1"}, ("GROQ_API_KEY",), False),
        ({"base_url": BASE, "provider": "groq"}, (), False),
        (
            {
                "base_url": "http://api.groq.com/v1",
                "provider": "groq",
                "allow_insecure_http": True,
            },
            (),
            False,
        ),
        ({"base_url": "https://notapi.groq.com/v1", "provider": "groq"}, (), False),
        ({"base_url": BASE, "provider": "vllm"}, ("VLLM_API_KEY",), False),
        ({"base_url": "http://localhost:1/v1", "provider": "vllm"}, ("VLLM_API_KEY",), False),
        ({"base_url": "http://127.0.0.1/v1", "provider": "vllm"}, ("VLLM_API_KEY",), False),
        ({"base_url": "http://[::1]:1/v1", "provider": "vllm"}, ("VLLM_API_KEY",), False),
        ({"base_url": "http://10.0.0.5/v1", "provider": "vllm"}, (), False),
        (
            {
                "base_url": "http://127.0.0.evil/v1",
                "provider": "vllm",
                "allow_insecure_http": True,
            },
            (),
            False,
        ),
        (
            {"base_url": "http://gpu.lan/v1", "api_key_env": "K", "allow_insecure_http": True},
            ("K",),
            True,
        ),
        ({"provider": "groq", "api_key_env": "MINE"}, ("MINE",), True),
        ({"base_url": BASE, "api_key_env": "MINE"}, ("MINE",), True),
        ({"provider": "groq", "auth": "none"}, (), False),
        ({"provider": "groq", "api_key": "k"}, (), False),
        ({"provider": "groq", "api_key": ""}, (), False),
        ({"provider": "groq", "api_key": lambda: "k"}, (), False),
    ):
        options = Deployment(**given).options or Options({})
        assert (options.variables, options.needs_key) == (wanted, needed), given


def test_two_keys_are_one_too_many():
    for key in ("k", "", lambda: "k"):
        error = error_of(ValueError, Deployment, BASE, key, api_key_env="MINE")
        assert str(error) == "api_key and api_key_env are both given: one of them is the key"


def test_a_known_host_without_news_takes_nothing():
    assert Deployment("https://api.openai.com/v1", "k", "gpt-4o").options is None
    assert Deployment("https://api.openai.com/v1", "", "gpt-4o").options is None


def test_a_host_alone_is_enough():
    for base, wanted in (
        ("https://api.openai.com", "/v1"),
        ("https://api.openai.com/", "/v1"),
        ("https://api.openai.com/v2", "/v2"),
        ("https://api.groq.com", "/openai/v1"),
        ("https://api.perplexity.ai", ""),
        ("https://api.anthropic.com", "/v1"),
        ("https://api.openai.com/?a=b", ""),
        ("https://h.example", ""),
    ):
        assert Deployment(base, "k", "gpt-4o").url.path == wanted, base
    assert Deployment("https://h.example", "k", provider="openai").url.path == ""
    for base, wanted in (("http://127.0.0.1:1", "/v1"), ("http://127.0.0.1:1/x", "/x")):
        assert Deployment(base, "k", dialect="anthropic").url.path == wanted


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
    for given, kind, words in WRONG:
        error = error_of(kind, Deployment, BASE, **given)
        assert words in str(error), (given, error)


def test_none_says_the_same_as_nothing():
    options = Deployment(BASE, title="t", max_concurrent=None, session_field=None).options
    assert (options.max_concurrent, options.session_field, options.params) == (None, "", {})
    assert Deployment(BASE, max_concurrent=None, params=None).options is None


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


class Instead:
    """What stands in the place of the presets, inside `with`; False: nothing does."""

    def __init__(self, presets):
        self.presets = presets

    def __enter__(self):
        self.kept, options.import_module = options.import_module, self
        return self

    def __exit__(self, *error):
        options.import_module = self.kept

    def __call__(self, name):
        if not name.endswith("presets"):
            return self.kept(name)
        if not self.presets:
            raise ImportError(name)
        return self.presets

    def make(self, *arguments, **given):
        sys.modules["thinwire.core.providers.options"] = options  # a chip forgets it
        return Deployment(*arguments, **given)


def test_a_firmware_without_presets_has_what_urls_say():
    with Instead(False) as instead:
        for given in (
            {"base_url": "https://api.groq.com/openai/v1"},
            {"base_url": BASE, "provider": "groq"},
        ):
            deployment = instead.make(api_key="k", **given)
            assert deployment.base_url == given["base_url"]
            assert deployment.provider == given.get("provider", "")
        error_of(ImportError, instead.make, provider="groq")


def test_what_is_of_some_models_is_for_these():
    class Presets:
        reasoning_models = ["!gpt-5-chat*", "gpt-5*"]

        @classmethod
        def look_up(cls, name, host):
            return {
                "hosts": ["h.example"],
                "auth": "api-key",
                "reasoning_models": cls.reasoning_models,
                "responses": ["gpt-5-pro"],
            }

    missing = not hasattr(Options, "reasoning_models")
    if missing:
        Options.reasoning_models = ()
    try:
        with Instead(Presets) as instead:
            for model, wanted in (
                ("gpt-5-mini", Presets.reasoning_models),
                ("gpt-4o", ()),
                ("gpt-5-chat-latest", ()),
                (None, Presets.reasoning_models),
            ):
                made = instead.make(BASE, "k", model)
                assert made.options.reasoning_models == wanted, model
                assert made.dialect == "openai"
            assert instead.make(BASE, "k", "gpt-5-pro").dialect == "responses"
            own = instead.make(BASE, "k", "gpt-5", reasoning_models=("mine",))
            assert own.options.reasoning_models == ("mine",)
    finally:
        if missing:
            del Options.reasoning_models

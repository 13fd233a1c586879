# ruff: noqa: SLF001
# A configuration as it is read, checked and made into arguments of a client. Nothing is sent.

import json

from helpers import Scratch, error_of

from thinwire import ConfigError
from thinwire.core.providers import config
from thinwire.core.providers.config import Config
from thinwire.core.providers.resolve import resolve
from thinwire.core.sync import Client
from thinwire.testing.scripted import ScriptedTransport

ENV = {
    "GROQ_API_KEY": "sk-groq",
    "OPENROUTER_API_KEY": "sk-or",
    "OPENAI_API_KEY": "sk-openai",
    "OWN": "sk-own",
    "HOME": "/home/me",
}
HILL = {"base_url": "https://hill.example/v1", "api_key_env": "OWN"}


def problems(document, environ=ENV):
    return error_of(ConfigError, Config, document, environ).problems


class Warned:
    """What `warn` is told inside of `with`."""

    def __enter__(self):
        self.before = config.warn
        told = []
        config.warn = told.append
        return told

    def __exit__(self, *details):
        config.warn = self.before


def hill(**more):
    more.update(HILL)
    return {"providers": {"hill": more}}


def test_a_provider_and_its_models():
    made = Config(
        hill(models={"fast": "f-1", "big": {"id": "b-1", "extra_body": {"top_p": 1}}}), ENV
    )
    assert sorted(made.deployments) == ["big", "fast"]
    fast = made.deployments["fast"]
    assert (fast.base_url, fast.api_key, fast.model) == (HILL["base_url"], "sk-own", "f-1")
    assert fast.provider == "hill"
    assert made.deployments["big"].model == "b-1"
    assert made.default_model is None
    assert made.default_provider == "hill"
    assert made.is_provider("hill")
    assert not made.is_provider("groq")


def test_the_only_model_is_the_default():
    assert Config(hill(models={"fast": "f-1"}), ENV).default_model == "fast"


def test_a_preset_needs_its_name_alone():
    made = Config({"providers": {"groq": {"models": {"fast": "llama"}}}}, ENV)
    fast = made.deployments["fast"]
    assert fast.base_url == "https://api.groq.com/openai/v1"
    assert (fast.api_key, fast.provider) == ("sk-groq", "groq")


def test_an_address_may_be_in_a_variable():
    variables = {
        "AZURE_OPENAI_API_KEY": "k",
        "AZURE_OPENAI_ENDPOINT": "https://a.openai.azure.com",
    }
    made = Config({"providers": {"azure": {"models": {"a": "gpt"}}}}, variables)
    assert made.deployments["a"].url.host == "a.openai.azure.com"


def test_a_type_is_the_name_of_a_preset():
    made = Config({"providers": {"mine": {"type": "groq", "models": {"fast": "llama"}}}}, ENV)
    assert made.deployments["fast"].provider == "groq"
    assert made.deployments["fast"].api_key == "sk-groq"


def test_models_are_written_as_provider_and_model():
    document = {
        "providers": {"hill": HILL},
        "models": {
            "a": "hill:a-1",
            "b": "hill/b/1",
            "c": "openrouter:deepseek/deepseek-r1:free",
            "d": {"provider": "groq", "model": "llama"},
            "e": {"base_url": "http://localhost:8000/v1"},
            "f": {"provider": "hill", "api_key": "sk-f"},
        },
    }
    made = Config(document, ENV).deployments
    assert [made[name].model for name in "abcdef"] == [
        "a-1",
        "b/1",
        "deepseek/deepseek-r1:free",
        "llama",
        "e",
        "f",
    ]
    keys = ["sk-own", "sk-own", "sk-or", "sk-groq", "", "sk-f"]
    assert [made[name].api_key for name in "abcdef"] == keys


def test_a_model_without_a_provider_is_the_default_providers():
    document = {
        "default_provider": "groq",
        "models": {"a": "llama:70b", "b": {"extra_body": {}}},
    }
    made = Config(document, ENV).deployments
    assert [made[name].model for name in "ab"] == ["llama:70b", "b"]
    assert [made[name].provider for name in "ab"] == ["groq", "groq"]


def test_the_star_is_for_ids_that_nobody_declared():
    document = {"default_model": "any/thing", "models": {"*": {"provider": "openrouter"}}}
    found = Config(document, ENV).arguments()
    assert found["default_model"] == "any/thing"
    assert found["deployments"]["*"].model is None
    document["models"]["*"]["model"] = "x"
    assert problems(document) == [
        ("models.*", "stands for all other ids, and has none of its own")
    ]


def test_models_have_what_their_provider_has_and_win():
    section = {
        "extra_body": {"top_p": 1, "seed": 1},
        "extra_headers": {"a": "b"},
        "timeouts": {"connect": 5},
        "models": {
            "m": {"extra_body": {"seed": 2}, "timeouts": {"total": 60}, "framing": "length"}
        },
        "framing": "chunked",
    }
    document = hill(**section)
    document["timeouts"] = {"progress": 7}
    made = Config(document, ENV).deployments["m"]
    assert made.extra_body == {"top_p": 1, "seed": 2}
    assert made.extra_headers == {"a": "b"}
    assert made.framing == "length"
    limits = made.timeouts
    assert (limits.connect, limits.total, limits.progress) == (5000, 60000, 7000)


def test_a_models_key_takes_the_place_of_its_providers():
    document = hill(models={"m": {"api_key": "sk-m"}})
    assert Config(document, ENV).deployments["m"].api_key == "sk-m"
    section = {
        "base_url": HILL["base_url"],
        "api_key": "sk",
        "models": {"m": {"api_key_env": "OWN"}},
    }
    made = Config({"providers": {"hill": section}}, ENV)
    assert made.deployments["m"].api_key == "sk-own"


def test_references_are_names_or_provider_and_model():
    document = hill(models={"a": "a-1", "b": "b-1"})
    document["default_model"] = "hill/a"
    document["fallbacks"] = ["b", "groq:llama"]
    document["context_fallbacks"] = {"b": ["a"]}
    found = Config(document, ENV).arguments()
    assert found["default_model"] == "a"
    assert found["fallbacks"] == {"a": ["b", "groq:llama"]}
    assert found["context_fallbacks"] == {"b": ["a"]}
    assert found["deployments"]["groq:llama"].api_key == "sk-groq"
    document["default_model"] = "openai:gpt-5"
    found = Config(document, ENV).arguments()
    assert found["fallbacks"] == {"openai:gpt-5": ["b", "groq:llama"]}


def test_policies():
    document = {
        "models": {"a": "groq:x"},
        "timeouts": 30,
        "retry": {"attempts": 4, "jitter": "none"},
        "cooldown": {"failures": 1},
        "hedge_after": 2,
        "on_interrupt": "restart",
        "fallback_on": ["server"],
        "log": False,
        "keep_headers": ["x-a"],
        "store": "state.json",
    }
    found = Config(document, ENV).arguments()
    assert found["timeouts"].total == 30000
    assert (found["retry"].attempts, found["retry"].jitter) == (4, "none")
    assert found["cooldown"].failures == 1
    assert [found[name] for name in ("hedge_after", "on_interrupt", "log")] == [
        2,
        "restart",
        False,
    ]
    assert found["fallback_on"] == ["server"]
    assert found["keep_headers"] == ["x-a"]
    assert type(found["store"]).__name__ == "FileStore"


def test_what_is_not_said_is_left_to_the_client():
    found = Config({"models": {"a": "groq:x"}}, ENV).arguments()
    assert sorted(found) == ["default_model", "deployments"]


def test_no_limit_is_null():
    document = {"models": {"a": "groq:x"}, "timeouts": {"first_token": None}}
    assert Config(document, ENV).arguments()["timeouts"].first_token is None


def test_everything_that_is_wrong_is_told_at_once():
    document = {
        "default_modl": "x",
        "default_model": "fsat",
        "providers": {
            "hill": {"base_ulr": "x", "models": {"fast": {"modle": "y"}}},
            "a:b": {},
            "far": {"type": "gorq"},
            "bad": {"base_url": "ftp://x", "models": {"z": "z"}},
        },
        "models": {"a": "opnai:gpt-5", "b": 5, "c": {}, "d": "gpt-5"},
        "fallbacks": {"fast": ["nobody"]},
        "timeouts": {"total": -1},
    }
    error = error_of(ConfigError, Config, document, ENV)
    assert isinstance(error, ValueError)
    known = "'PROVIDER:MODEL'"
    expected = [
        ("default_modl", "there is no such setting (did you mean 'default_model'?)"),
        ("fallbacks.fast[0]", "'nobody' is no model of this configuration: known are none"),
        ("models.a", "'opnai' is no provider (did you mean 'openai'?)"),
        ("models.b", "takes an object or a text, not 5"),
        ("models.c", "needs a provider, or a base_url"),
        ("models.d", "'gpt-5' names no provider: write 'PROVIDER:gpt-5'"),
        ("providers.a:b", "the name of a provider has no ':' and no '/' in it"),
        ("providers.bad", "base_url 'ftp://x' does not start with http:// or https://"),
        ("providers.far.type", "'gorq' is no preset (did you mean 'groq'?)"),
        ("providers.hill.base_ulr", "there is no such setting (did you mean 'base_url'?)"),
        ("providers.hill.models.fast.modle", "there is no such setting (did you mean 'model'?)"),
        ("timeouts.total", "takes seconds above 0 or null, not -1"),
    ]
    found = dict(error.problems)
    for path, words in expected:
        assert found[path].startswith(words), (path, found.get(path))
    assert known in found["fallbacks.fast[0]"]
    assert "'fsat' is no model of this configuration" in found["default_model"]
    assert len(error.problems) == len(expected) + 1
    lines = str(error).split("\n")
    assert lines[0] == "the configuration has 13 problems:"
    assert lines[1:] == ["  %s: %s" % problem for problem in error.problems]


def test_one_problem_is_one_line():
    error = error_of(ConfigError, Config, {"fallbacks": ["a"]}, ENV)
    said = "a list is that of the default model, and there is none"
    assert str(error) == "the configuration: fallbacks: " + said


def test_a_model_whose_place_is_broken_is_not_told_twice():
    document = {"models": {"a": {"provider": 5}, "b": {"provider": "x"}}}
    document["providers"] = {"x": {"base_url": 5}, "y": HILL}
    document["fallbacks"] = {"x:1": ["b"]}
    found = [path for path, _ in problems(document)]
    assert found == ["models.a.provider", "providers.x.base_url"]


def test_more_that_cannot_be():
    for document, path, words in (
        ({"providers": {"x": {}}}, "providers.x", "needs a base_url, or a type"),
        ({"default_provider": "opnai"}, "default_provider", "'opnai' is no provider"),
        ({"models": {"a": {"provider": "no"}}}, "models.a.provider", "'no' is no provider"),
        (hill(api_key="k"), "providers.hill", "has api_key and api_key_env: keep one"),
        (
            hill(auth="none", auth_method="none"),
            "providers.hill.auth_method",
            "says the same as auth: keep one",
        ),
        (
            hill(models={"m": {"provider": "groq"}}),
            "providers.hill.models.m",
            "has a provider of its own",
        ),
        (hill(timeouts={"total": 0}), "providers.hill.timeouts.total", "takes seconds above 0"),
        (hill(retry={"multiplier": 0}), "providers.hill.retry", "RetryPolicy waits"),
        ({"retry": {"multiplier": 0}}, "retry", "RetryPolicy waits"),
        (hill(extra_headers={"a b": "c"}), "providers.hill", "header"),
    ):
        found = problems(document)
        assert [found[0][0], found[0][1][: len(words)]] == [path, words], found
        assert len(found) == 1, found


def test_what_a_client_would_refuse():
    def refused(**more):
        document = {"models": {"a": "groq:x", "b": "groq:y"}, "default_model": "a"}
        document.update(more)
        (problem,) = problems(document)
        return problem

    assert refused(fallbacks=["a"]) == (
        "",
        "fallbacks of 'a' go in a circle: 'a' would be tried twice",
    )
    assert refused(fallback_on=["weather"])[1].startswith("fallback_on 'weather' is no kind")
    more = {"a": "groq:x", "*": {"provider": "groq"}}
    assert "'*'" in refused(models=more, default_model="*")[1]


def test_a_model_is_declared_once():
    document = hill(models={"m": "a"})
    document["models"] = {"m": "groq:x"}
    assert problems(document) == [("models.m", "is declared in providers.hill.models.m, too")]
    document = hill(models={"m": "a"})
    document["providers"]["groq"] = {"models": {"m": "b"}}
    assert problems(document) == [
        ("providers.hill.models.m", "is declared in providers.groq.models.m, too")
    ]


def test_what_was_to_be_a_model_is_not_told_twice():
    document = hill(models={"m": {"nonsense": 1}})
    document["default_model"] = "m"
    document["fallbacks"] = {"m": ["n"]}
    document["models"] = {"n": {"nonsense": 1}}
    assert [path for path, _ in problems(document)] == [
        "models.n.nonsense",
        "providers.hill.models.m.nonsense",
    ]


def test_a_key_is_missing_where_it_will_be_needed():
    document = hill(models={"a": "a"})
    document["fallbacks"] = ["groq:x"]
    assert problems(document, {"OWN": "sk"}) == [
        ("fallbacks.a[0]", "the variable GROQ_API_KEY is not set")
    ]
    assert problems(document, {"GROQ_API_KEY": "sk"}) == [
        ("providers.hill.models.a", "the variable OWN is not set")
    ]
    document = {"default_model": "x", "models": {"*": {"provider": "groq"}}}
    assert problems(document, {}) == [("models.*", "the variable GROQ_API_KEY is not set")]
    document = {"models": {"a": {"provider": "groq", "api_key": "${MY_KEY}"}}}
    assert problems(document, {}) == [("models.a.api_key", "the variable MY_KEY is not set")]


def test_a_model_that_is_not_needed_says_so_when_it_is_asked():
    document = hill(models={"a": "a", "b": {"api_key": "${B}"}})
    document["models"] = {"c": "groq:x"}
    document["default_model"] = "a"
    made = Config(document, {"OWN": "sk"}).arguments()
    with Client(**made) as client:
        for name, words in (
            ("b", "providers.hill.models.b.api_key: the variable B is not set"),
            ("c", "models.c: the variable GROQ_API_KEY is not set"),
        ):
            messages = [{"role": "user", "content": "x"}]
            assert str(error_of(ValueError, client.chat, messages, model=name)) == words


def test_a_key_is_for_nobody_elses_server():
    section = {"type": "openai", "base_url": "https://evil.example/v1", "models": {"m": "x"}}
    assert Config({"providers": {"p": section}}, ENV).deployments["m"].api_key == ""


def test_nor_is_that_of_a_company_whose_provider_a_model_belongs_to():
    said = "is another server than that of 'openai', whose key would go there: give its own"
    for key in ({"api_key": "sk-openai"}, {"api_key_env": "OWN"}):
        for url in ("https://evil.example/v1", "http://api.openai.com/v1"):
            model = {"base_url": url, "allow_insecure_http": True}
            document = {"providers": {"openai": dict(key, models={"m": model})}}
            error = error_of(ConfigError, Config, document, ENV)
            assert error.problems == [("providers.openai.models.m.base_url", said)], url
            model["api_key"] = ""
            assert Config(document, ENV).deployments["m"].api_key == ""
        model = {"base_url": "https://eu.api.openai.com/v1"}
        made = Config({"providers": {"openai": dict(key, models={"m": model})}}, ENV)
        assert made.deployments["m"].api_key in ("sk-openai", "sk-own")
        # Of a company that is not known, and of a server of one's own, who can tell?
        for own in ({"base_url": "https://a.example/v1"}, {"type": "vllm"}):
            section = dict(own, models={"m": {"base_url": "https://b.example/v1"}})
            section.update(key)
            made = Config({"providers": {"p": section}}, ENV)
            assert made.deployments["m"].api_key in ("sk-openai", "sk-own")


def test_no_key_is_shown():
    document = hill(models={"m": {"api_key": "sk-secret\n"}, "n": {"api_key": 5}})
    error = error_of(ConfigError, Config, document, ENV)
    assert "sk-secret" not in str(error)
    assert "sk-secret" not in repr(error)
    assert "sk-own" not in repr(Config(hill(models={"m": "x"}), ENV).arguments())


def test_any_model_of_a_provider():
    made = Config(hill(timeouts=9), ENV)
    deployment = made.deployment("hill", "other:free")
    assert (deployment.model, deployment.api_key) == ("other:free", "sk-own")
    assert deployment.timeouts.total == 9000
    assert made.deployment("groq", "x").api_key == "sk-groq"
    error = error_of(ConfigError, made.deployment, "gorq", "x")
    assert "'gorq' is no provider (did you mean 'groq'?)" in str(error)
    assert made.deployment("groq", "x").model == "x"


def test_paths_are_relative_to_the_file():
    document = {"models": {"a": "groq:x"}, "verify": "ca.pem"}
    for verify, found in (
        ("ca.pem", "/tmp/ca.pem"),
        ("~/ca.pem", "/home/me/ca.pem"),
        ("/etc/ca.pem", "/etc/ca.pem"),
        ("C:/ca.pem", "C:/ca.pem"),
    ):
        document["verify"] = verify
        with Scratch(json.dumps(document).encode()) as path:
            folder = path[: -len(path.rpartition("/")[2])]
            wanted = found.replace("/tmp/", folder)
            assert Config(path, ENV).arguments()["verify"] == wanted
    assert Config({"models": {"a": "groq:x"}, "verify": "ca"}, ENV).arguments()["verify"] == "ca"


def test_the_environment_of_the_process_is_asked_where_none_is_given():
    document = {"models": {"a": "http"}, "default_provider": "ollama"}
    assert Config(document).deployments["a"].model == "http"


def test_a_client_is_made_of_it():
    document = hill(models={"a": "a-1", "b": "b-1"})
    document["default_model"] = "a"
    document["timeouts"] = 5
    with Client.from_config(document, environ=ENV, default_model="b") as client:
        assert client._router.default_model == "b"
        assert client.resolve("hill:c:free").model == "c:free"
        assert client.resolve("any/id").provider == "hill"
        assert "total=5" in repr(client)


def test_an_own_transport_brings_its_own_trust():
    document = hill(models={"a": "a-1"})
    document["verify"] = False
    assert Config(document, ENV).arguments()["verify"] is False
    transport = ScriptedTransport([])
    with config.client(Client, document, ENV, {"transport": transport}) as client:
        assert client.transport is transport


def test_certificates_are_read_where_all_have_the_same():
    with Scratch(b"CA") as path:
        document = hill(models={"a": "a-1"}, add_ca=path)
        assert Config(document, ENV).arguments()["add_ca"] == [b"CA"]
        document = hill(models={"a": "a-1"})
        document["add_ca"] = [path, path]
        assert Config(document, ENV).arguments()["add_ca"] == [b"CA", b"CA"]


def test_a_name_is_resolved_by_a_configuration():
    document = hill(models={"a": "a-1"})
    assert resolve("a", Config(document, ENV)).model == "a-1"
    made = resolve("hill:other:free", Config(document, ENV))
    assert (made.model, made.api_key) == ("other:free", "sk-own")
    made = resolve("any/id", Config(document, ENV))
    assert (made.model, made.provider) == ("any/id", "hill")


def test_a_file_of_certificates_that_is_missing():
    document = hill(models={"a": "a-1"}, add_ca="/no/such.pem")
    error = error_of(ConfigError, Config(document, ENV).arguments)
    assert str(error).startswith("the configuration: add_ca: /no/such.pem cannot be read: ")


def test_of_two_providers_at_one_server_the_stricter_counts():
    document = hill(models={"a": "a-1"}, verify=False)
    document["providers"]["other"] = {"base_url": HILL["base_url"], "api_key": "k"}
    document["models"] = {"b": "groq:x"}
    document["default_model"] = "b"
    with Warned() as told:
        assert "verify" not in Config(document, ENV).arguments()
    assert "https://hill.example differ in whom to trust" in told[0]

# ruff: noqa: SLF001
# What the environment says becomes arguments of a client; each test has its own environment.

from helpers import Scratch, error_of

from thinwire import AsyncClient, ConfigError, Deployment
from thinwire.core.providers import environment
from thinwire.core.sync import Client

MESSAGES = [{"role": "user", "content": "x"}]


def deployment(variables):
    return environment.arguments(variables)["deployments"]["*"]


def shown(variables):
    return str(error_of(ConfigError, environment.arguments, variables))


def test_each_family_has_its_key_address_and_model():
    for prefix, url, model in (
        ("OPENAI_COMPATIBLE", "https://openrouter.ai/api/v1", "OPENAI_COMPATIBLE_DEFAULT_MODEL"),
        ("OPENAI_COMPAT", "https://api.openai.com/v1", "OPENAI_COMPAT_MODEL"),
        ("OPENAI", "https://api.openai.com/v1", "OPENAI_MODEL"),
        ("OPENROUTER", "https://openrouter.ai/api/v1", "OPENROUTER_MODEL"),
        ("OPENROUTER", "https://openrouter.ai/api/v1", "DEFAULT_MODEL"),
    ):
        variables = {prefix + "_API_KEY": " sk-1\n", model: "m-1"}
        found = environment.arguments(variables)
        assert found["default_model"] == "m-1", prefix
        assert sorted(found["deployments"]) == ["*", "m-1"]
        for name, own in (("m-1", "m-1"), ("*", None)):
            made = found["deployments"][name]
            assert (made.base_url, made.api_key, made.model) == (url, "sk-1", own)
        variables[prefix + "_BASE_URL"] = "https://h.example/v1"
        assert deployment(variables).base_url == "https://h.example/v1"


def test_the_first_family_with_a_key_decides():
    order = [
        ("OPENAI_COMPATIBLE_API_KEY", "sk-1"),
        ("OPENAI_COMPAT_API_KEY", "sk-2"),
        ("OPENAI_API_KEY", "sk-3"),
        ("OPENROUTER_API_KEY", "sk-4"),
        ("GROQ_API_KEY", "sk-5"),
    ]
    while order:
        variables = dict(order)
        variables["OPENAI_BASE_URL"] = "https://h.example/v1"  # an address alone decides nothing
        variables["PREFERRED_PROVIDER"] = "groq"  # of no weight but for the presets
        assert deployment(variables).api_key == order[0][1]
        order = order[1:]


def test_one_family_can_be_switched_off():
    for value, key in (("false", "sk-2"), ("0", "sk-2"), ("No", "sk-2"), ("true", "sk-1")):
        variables = {
            "OPENAI_COMPATIBLE_ENABLED": value,
            "OPENAI_COMPATIBLE_API_KEY": "sk-1",
            "OPENAI_API_KEY": "sk-2",
        }
        assert deployment(variables).api_key == key, value
    variables["OPENAI_COMPATIBLE_ENABLED"] = "perhaps"
    assert shown(variables) == "the environment: OPENAI_COMPATIBLE_ENABLED: takes true or false"


def test_all_eight_are_obeyed():
    variables = {
        "OPENAI_COMPATIBLE_ENABLED": "true",
        "OPENAI_COMPATIBLE_API_KEY": "sk-1",
        "OPENAI_COMPATIBLE_BASE_URL": "https://h.example/v1",
        "OPENAI_COMPATIBLE_DEFAULT_MODEL": "m-1",
        "OPENAI_COMPATIBLE_PROVIDER_NAME": "Hill",
        "OPENAI_COMPATIBLE_CUSTOM_HEADERS": '{"X-Team": "a"}',
        "OPENAI_COMPATIBLE_TIMEOUT": "30",
        "OPENAI_COMPATIBLE_MAX_RETRIES": "3",
    }
    found = environment.arguments(variables)
    made = found["deployments"]["m-1"]
    assert made.provider == "Hill"
    assert made.extra_headers == {"X-Team": "a"}
    limits = found["timeouts"]
    assert (limits.connect, limits.progress, limits.total) == (30000, 30000, None)
    assert found["retry"].attempts == 4
    variables["OPENAI_COMPATIBLE_MAX_RETRIES"] = "0"
    assert environment.arguments(variables)["retry"].attempts == 1


def test_what_cannot_be_is_told_at_once():
    variables = {
        "OPENAI_COMPATIBLE_API_KEY": "sk-secret",
        "OPENAI_COMPATIBLE_BASE_URL": "h.example",
        "OPENAI_COMPATIBLE_CUSTOM_HEADERS": "X-Team: a",
        "OPENAI_COMPATIBLE_TIMEOUT": "soon",
        "OPENAI_COMPATIBLE_MAX_RETRIES": "-1",
    }
    error = error_of(ConfigError, environment.arguments, variables)
    assert [path[len("OPENAI_COMPATIBLE_") :] for path, _ in error.problems] == [
        "BASE_URL",
        "CUSTOM_HEADERS",
        "MAX_RETRIES",
        "TIMEOUT",
    ]
    assert "sk-secret" not in str(error)
    assert "X-Team" not in str(error)


def test_openais_own_variables():
    variables = {"OPENAI_API_KEY": "sk", "OPENAI_ORG_ID": "org", "OPENAI_PROJECT_ID": "proj"}
    found = deployment(variables).extra_headers
    assert found == {"OpenAI-Organization": "org", "OpenAI-Project": "proj"}
    del variables["OPENAI_ORG_ID"], variables["OPENAI_PROJECT_ID"]
    assert deployment(variables).extra_headers == {}


def test_a_presets_key_alone_is_enough():
    found = environment.arguments({"GROQ_API_KEY": "sk", "GROQ_MODEL": "llama"})
    made = found["deployments"]["llama"]
    assert (made.provider, made.api_key, found["default_model"]) == ("groq", "sk", "llama")
    made = deployment({"GOOGLE_API_KEY": "sk", "GEMINI_BASE_URL": "https://h.example/v1"})
    assert (made.provider, made.api_key, made.base_url) == ("gemini", "sk", "https://h.example/v1")


def test_a_limit_of_the_answer():
    variables = {"OPENAI_COMPAT_API_KEY": "sk", "OPENAI_COMPAT_MAX_TOKENS": "many"}
    error = error_of(ConfigError, environment.arguments, variables)
    assert [path for path, _ in error.problems] == ["OPENAI_COMPAT_MAX_TOKENS"]
    variables["OPENAI_COMPAT_MAX_TOKENS"] = "1024"
    assert deployment(variables).extra_body == {"max_tokens": 1024}


def test_azure():
    variables = {
        "AZURE_OPENAI_API_KEY": "sk",
        "AZURE_OPENAI_ENDPOINT": "https://me.openai.azure.com",
        "OPENAI_API_VERSION": "2024-10-21",
        "AZURE_MODEL": "gpt",
    }
    made = environment.arguments(variables)["deployments"]["gpt"]
    assert made.url.path == "/openai/deployments/gpt"
    del variables["AZURE_MODEL"]
    said = (
        "the environment: AZURE_MODEL: has to name the deployment that OPENAI_API_VERSION is for"
    )
    assert shown(variables) == said
    del variables["OPENAI_API_VERSION"]
    assert deployment(variables).url.path == "/openai/v1"


def test_of_several_presets_one_is_preferred():
    variables = {"GROQ_API_KEY": "sk-1", "XAI_API_KEY": "sk-2", "PREFERRED_PROVIDER": "XAI"}
    assert deployment(variables).provider == "xai"
    for name in ("", "openai", "nobody"):
        variables["PREFERRED_PROVIDER"] = name
        assert shown(variables) == (
            "the environment: several providers have a key; say which one is meant:\n"
            "  PREFERRED_PROVIDER=groq  (GROQ_API_KEY is set)\n"
            "  PREFERRED_PROVIDER=xai  (XAI_API_KEY is set)"
        )


def test_a_server_of_this_machine_needs_no_key():
    variables = {"PREFERRED_PROVIDER": "ollama"}
    for paid in (
        "NOBODY",
        "GROQ_API_KEY",
        "XAI_API_KEY",
    ):  # keys say nothing here
        variables[paid] = "sk"
        made = deployment(variables)
        assert (made.provider, made.api_key) == ("ollama", "")
        assert ":11434/" in made.base_url
    made = deployment({"OPENAI_BASE_URL": "http://localhost:8000/v1"})
    assert (made.base_url, made.api_key) == ("http://localhost:8000/v1", "")


def test_a_star_is_no_model():
    said = "the environment: GROQ_MODEL: has to be the id of a model"
    assert shown({"GROQ_API_KEY": "sk", "GROQ_MODEL": "*"}) == said


def test_nothing_is_an_error_that_says_what_to_set():
    for variables in ({}, {"OPENAI_API_KEY": " "}, {"PREFERRED_PROVIDER": "groq"}):
        said = shown(variables)
        assert said.startswith("the environment: no variable has a key: set e.g. OPENAI_API_KEY")


def test_no_model_is_chosen_and_the_error_names_the_variable():
    for variables, name in (
        ({"OPENAI_API_KEY": "sk"}, "OPENAI_MODEL"),
        ({"OPENAI_COMPATIBLE_API_KEY": "sk"}, "OPENAI_COMPATIBLE_DEFAULT_MODEL"),
        ({"GROQ_API_KEY": "sk"}, "GROQ_MODEL"),
    ):
        found = environment.arguments(variables)
        assert found["default_model"] is None
        with Client(**found) as client:
            assert name in str(error_of(ValueError, client.chat, MESSAGES))


def test_a_file_comes_first():
    with Scratch(b'{"models": {"a": "groq:x"}}') as path:
        variables = {"THINWIRE_CONFIG": path, "OPENAI_API_KEY": "sk-1", "GROQ_API_KEY": "sk-2"}
        with environment.client(Client, variables, {"timeouts": 5}) as client:
            assert client.resolve("a").api_key == "sk-2"
            assert client._config.default_model == "a"
            assert "total=5" in repr(client)


def test_a_client_is_made_of_it():
    variables = {"GROQ_API_KEY": "sk", "GROQ_MODEL": "llama"}
    with environment.client(Client, variables, {"retry": 1}) as client:
        assert client._router.default_model == "llama"
        assert "attempts=1" in repr(client)


def test_no_key_is_shown():
    assert "sk-secret" not in repr(environment.arguments({"GROQ_API_KEY": "sk-secret"}))


def test_a_class_makes_a_client_of_it():
    variables = {"GROQ_API_KEY": "sk", "GROQ_MODEL": "llama"}
    for kind in (Client, AsyncClient):
        client = kind.from_env(environ=variables, retry=1)
        assert type(client) is kind
        assert client._router.default_model == "llama"
        assert "attempts=1" in repr(client)


def test_a_client_without_arguments_is_the_environments():
    asked = []

    def arguments(environ):
        asked.append(environ)
        return {"default_model": "a", "deployments": {"a": Deployment("https://h.example/v1")}}

    before = environment.arguments
    environment.arguments = arguments
    try:
        with Client(retry=3, verify=True) as client:
            assert client._router.default_model == "a"
            assert "attempts=3" in repr(client)
    finally:
        environment.arguments = before
    assert asked == [None]

# What a name stands for, and what a client makes of few words.
# ruff: noqa: SLF001 - a client shows nobody its router

import asyncio
import json

from helpers import Scratch, error_of
from streams import ANSWER, HELLO

from thinwire.core._compat import MICROPYTHON
from thinwire.core.client import AsyncClient
from thinwire.core.providers import keys
from thinwire.core.providers import resolve as module
from thinwire.core.providers.resolve import of_client, resolve, written
from thinwire.core.routing.deployment import Deployment
from thinwire.core.sync import Client
from thinwire.testing.scripted import ScriptedReply, ScriptedTransport

KEY = "sk-mine-123456789"
HOME = "http://127.0.0.1:8000/v1"


class Environment:
    """The variables there are, inside `with`."""

    def __init__(self, **variables):
        self.variables = variables

    def __enter__(self):
        self.kept, keys.getenv = keys.getenv, self.variables.get

    def __exit__(self, *error):
        keys.getenv = self.kept


def replies(count=1):
    return ScriptedTransport([ScriptedReply([ANSWER]) for _ in range(count)])


def made(*arguments, kind=Client, count=1, **options):
    transport = replies(count)
    return kind(*arguments, transport=transport, **options), transport


def sent(transport):
    found = []
    for request, body in zip(transport.requests, transport.sent):
        headers = dict(request.headers)
        found.append((request.host, headers.get("Authorization"), body.decode()))
    return found


def finish(done):
    return asyncio.run(done) if hasattr(done, "send") else done


def test_a_text_is_split_at_its_first_colon():
    for text, provider, model in (
        ("openai:gpt-5-mini", "openai", "gpt-5-mini"),
        ("openrouter:z-ai/glm-4.7", "openrouter", "z-ai/glm-4.7"),
        ("openrouter:deepseek/deepseek-r1:free", "openrouter", "deepseek/deepseek-r1:free"),
        ("ollama:llama3.2:latest", "ollama", "llama3.2:latest"),
        ("anthropic:claude-opus-4", "anthropic", "claude-opus-4"),
    ):
        deployment = written(text, api_key="k")
        assert (deployment.provider, deployment.model) == (provider, model), text


def test_another_text_is_an_error_that_shows_the_two_forms():
    for text in ("gpt-4o", "openai", "openai:", ":gpt", "", "z-ai/glm-4.7", "deepseek-r1:free"):
        for error in (error_of(ValueError, written, text), error_of(ValueError, Client, text)):
            for word in (repr(text), '"openai:gpt-5-mini"', "Deployment(base_url"):
                assert word in str(error), error
    error = error_of(ValueError, written, "grok:4")
    assert "'grok' is none of openai, openrouter, groq," in str(error), error


def test_the_shortest_program():
    for kind in (Client, AsyncClient):
        with Environment(OPENROUTER_API_KEY=KEY):
            client, transport = made("openrouter:z-ai/glm-4.7", kind=kind)
        assert finish(client.chat("Hello")).content == "Hello"
        host, auth, body = sent(transport)[0]
        assert (host, auth) == ("openrouter.ai", "Bearer " + KEY)
        assert '"z-ai/glm-4.7"' in body
        assert '{"role":"user","content":"Hello"}' in body or '"content":"Hello"' in body
        assert client._router.models() == ["openrouter:z-ai/glm-4.7"]


def test_a_missing_key_is_an_error_that_names_its_variable():
    for text, words in (
        ("openrouter:x", "OPENROUTER_API_KEY"),
        ("gemini:x", "GEMINI_API_KEY or GOOGLE_API_KEY"),
    ):
        for variables in ({}, {"OPENROUTER_API_KEY": "  ", "OPENAI_API_KEY": "k"}):
            with Environment(**variables):
                for name in (text, {"a": text}):
                    arguments = (name,) if name == text else ("a", name)
                    error = error_of(ValueError, Client, *arguments)
                    assert words in str(error), error
    with Environment():
        error = error_of(ValueError, Client, "m", Deployment(provider="groq", model="x"))
        assert "GROQ_API_KEY" in str(error), error
        error = error_of(ValueError, Client, "m", Deployment(HOME, api_key_env="MINE"))
        assert "MINE" in str(error), error


def test_who_needs_no_key_gets_none():
    with Environment():
        for deployment in (
            "ollama:llama3.2:latest",
            Deployment("https://api.openai.com/v1", model="m"),
            Deployment(provider="openai", api_key="", model="m"),
            Deployment(provider="openai", extra_headers={"authorization": "mine"}, model="m"),
            Deployment(provider="openai", auth="none", model="m"),
        ):
            client, transport = made("m", deployment)
            assert client.chat(HELLO).content == "Hello"
            assert sent(transport)[0][1] is None


def test_a_key_is_read_where_its_deployment_has_none():
    with Environment(OPENAI_API_KEY=" k1\n", MINE="k2", OLLAMA_API_KEY="k3", GOOGLE_API_KEY="k4"):
        for deployment, wanted in (
            (Deployment("https://api.openai.com/v1", model="m"), "k1"),
            (Deployment("https://api.openai.com/v1", "own", "m"), "own"),
            (Deployment("https://h.example/v1", api_key_env="MINE"), "k2"),
            (Deployment(provider="openai", api_key_env="MINE", model="m"), "k2"),
            ("ollama:x", "k3"),
            ("gemini:x", "k4"),
        ):
            client, transport = made("m", deployment)
            client.chat(HELLO)
            assert sent(transport)[0][1] == "Bearer " + wanted, deployment


def test_a_variable_is_read_when_the_client_is_made():
    deployment = Deployment(provider="openai", model="m")
    with Environment(OPENAI_API_KEY="later"):
        client, transport = made("m", deployment)
    client.chat(HELLO)
    assert sent(transport)[0][1] == "Bearer later"
    assert deployment.api_key is None


class FromFile:
    """What reads a configuration."""

    @staticmethod
    def Config(source):
        assert source == "models.json"
        return Configuration()


def test_a_configuration_may_be_a_file():
    kept, module.import_module = module.import_module, lambda name: FromFile
    try:
        assert resolve("fast", "models.json") is Configuration.deployments["fast"]
    finally:
        module.import_module = kept


def test_a_clients_key_belongs_to_the_model_named_first():
    with Environment(OPENAI_API_KEY="theirs", MINE=KEY):
        for more in ({"api_key": KEY}, {"api_key_env": "MINE"}):
            client, _ = made("openrouter:a", fallbacks=["openai:b", "openrouter:c"], **more)
            found = client._router.deployments
            keys_of = {name: one.api_key for name, one in found.items()}
            wanted = {"openrouter:a": KEY, "openai:b": "theirs", "openrouter:c": KEY}
            assert keys_of == wanted, keys_of
            client, _ = made("m", Deployment(HOME, model="x"), **more)
            assert client._router.deployments["m"].api_key == KEY
            client, _ = made("m", {"m": "groq:x", "b": "openai:y"}, **more)
            keys_of = {name: one.api_key for name, one in client._router.deployments.items()}
            assert keys_of == {"m": KEY, "b": "theirs"}, keys_of


def test_a_clients_key_is_sent_to_nobody_else():
    with Environment():
        error = error_of(ValueError, Client, "openrouter:a", fallbacks=["openai:b"], api_key=KEY)
        assert "OPENAI_API_KEY" in str(error), error
        assert "'openai:b'" in str(error), error
        assert KEY not in str(error), error
        names = {"m": Deployment(HOME), "b": "openai:y"}
        error = error_of(ValueError, Client, "m", names, api_key=KEY)
        assert "OPENAI_API_KEY" in str(error), error


def test_a_model_that_nobody_declared_has_the_clients_key_where_it_is_asked():
    with Environment(GROQ_API_KEY="of-the-environment"):
        client, transport = made("x", {"*": Deployment(provider="groq")}, api_key=KEY)
        finish(client.chat(HELLO))
        assert sent(transport)[0][1] == "Bearer " + KEY
        names = {"x": Deployment(HOME), "*": Deployment(provider="groq")}
        client, transport = made("x", names, api_key=KEY)
        finish(client.chat(HELLO, model="other"))
        assert sent(transport)[0][1] == "Bearer of-the-environment"


def test_two_keys_are_one_too_many():
    error = error_of(ValueError, Client, "openai:m", api_key=KEY, api_key_env="MINE")
    assert "both" in str(error), error
    for own in (Deployment(HOME, "k"), Deployment(HOME, ""), Deployment(HOME, api_key_env="E")):
        error = error_of(ValueError, Client, "m", own, api_key=KEY)
        assert "'m' has a key of its own" in str(error), error
    star = {"*": Deployment(HOME)}
    error = error_of(TypeError, Client, None, star, api_key=KEY)
    assert "api_key belongs to the model that is named first" in str(error), error


def test_what_cannot_be_a_key_is_refused_at_construction():
    for key, kind in ((5, TypeError), (b"k", TypeError), ("k\n", ValueError)):
        error = error_of(kind, Client, "openai:m", api_key=key)
        assert "api_key" in str(error), error


async def later():
    return KEY


def test_a_key_may_be_asked_for():
    for kind, api_key in ((Client, lambda: KEY), (AsyncClient, lambda: KEY), (AsyncClient, later)):
        client, transport = made("openai:m", kind=kind, api_key=api_key)
        finish(client.chat(HELLO))
        assert sent(transport)[0][1] == "Bearer " + KEY
    error = error_of(TypeError, Client, "openai:m", api_key=later)
    assert "async" in str(error), error


def test_a_client_of_one_model_has_a_list_of_fallbacks():
    b = "groq:b"
    with Environment(GROQ_API_KEY="k", OPENAI_API_KEY="k"):
        for arguments in (
            ("openai:a", None),
            ("openai:a", Deployment(HOME)),
            ("openai:a", "openai:c"),
        ):
            for option in ("fallbacks", "context_fallbacks", "content_filter_fallbacks"):
                client, _ = made(*arguments, **{option: [b]})
                kind = {"context_fallbacks": "context_length"}.get(option, option[:14])
                kind = "" if option == "fallbacks" else kind
                assert client._router.fallbacks("openai:a", kind) == [b], option
                error = error_of(TypeError, made, *arguments, **{option: {"openai:a": [b]}})
                assert "takes a list: ['groq:b']" in str(error), error
                error = error_of(TypeError, made, *arguments, **{option: b})
                assert "%s takes [...]" % option in str(error), error


def test_a_client_of_several_has_lists_by_name():
    names = {"a": Deployment(HOME), "b": Deployment(HOME)}
    error = error_of(TypeError, Client, "a", names, ["b"])
    assert "{'a': ['b']}" in str(error), error
    error = error_of(TypeError, Client, "a", names, "b")
    assert "{'a': [...]}" in str(error), error
    for empty in ([], (), {}, None):
        assert made("a", names, empty)[0]._router.fallbacks("a") == []


def test_a_fallback_may_be_written_as_text():
    with Environment(GROQ_API_KEY="k"):
        names = {"a": Deployment(HOME), "groq:x": Deployment(HOME, "own")}
        client, _ = made("a", names, {"a": ["groq:x", "groq:y", "ollama:z"]})
        found = client._router.deployments
        assert sorted(found) == ["a", "groq:x", "groq:y", "ollama:z"]
        assert found["groq:x"].api_key == "own"  # declared: never parsed
        assert (found["groq:y"].api_key, found["groq:y"].model) == ("k", "y")
    for wrong in ("z", "grok:z"):
        error = error_of(ValueError, Client, "a", names, {"a": [wrong]})
        assert repr(wrong) in str(error), error


def test_the_fallbacks_are_asked():
    with Environment(GROQ_API_KEY="g", OPENAI_API_KEY="o"):
        transport = ScriptedTransport(
            [ScriptedReply([b"oh"], status=500), ScriptedReply([ANSWER])]
        )
        client = Client("openai:a", fallbacks=["groq:b"], transport=transport, retry=1)
        done = client.chat("Hi")
        assert (done.content, done.deployment) == ("Hello", "groq:b")
        hosts = [host for host, _, _ in sent(transport)]
        assert hosts == ["api.openai.com", "api.groq.com"]


def test_ids_that_nobody_declared():
    names = {"a": Deployment(HOME, model="x"), "*": Deployment(HOME)}
    client, transport = made("a", names, {"a": ["y/z"], "*": ["a"]}, count=3)
    for model, wanted in ((None, '"model":"x"'), ("b/c:free", '"b/c:free"'), ("a", '"x"')):
        done = client.chat(HELLO, model=model)
        assert done.deployment == (model or "a")
        body = transport.sent.pop().decode().replace(": ", ":")
        assert wanted in body, body
    assert client._router.models() == ["a"]
    assert client._router.fallbacks("b/c") == ["a"]
    assert client._router.fallbacks("a") == ["y/z"]
    error = error_of(ValueError, client.chat, HELLO, model="*")
    assert "known are 'a'" in str(error), error
    error = error_of(
        ValueError, Client, "a", {"a": Deployment(HOME), "*": Deployment(HOME, "", "m")}
    )
    assert "leave out model=" in str(error), error


def test_an_id_that_only_speaks_responses():
    names = {"*": Deployment(provider="openai", api_key="k")}
    router = made(None, names)[0]._router
    for model, wanted in (("gpt-4o", "openai"), ("o1-pro", "responses"), ("gpt-4o", "openai")):
        assert router.deployment(model).dialect == wanted
    assert router.deployment("o1-pro") is router.deployment("gpt-5-codex")
    router = made(None, {"*": Deployment(HOME)})[0]._router
    assert router.deployment("o1-pro").dialect == "openai"
    router = made(None, {"*": Deployment(provider="openrouter", api_key="k")})[0]._router
    assert router.deployment("o1-pro").dialect == "openai"


def test_no_default_needs_a_name_in_each_call():
    star = Deployment(HOME, model_env="HOME_MODEL")
    for names, words in (
        ({"*": star}, ("chat(model=...)", "HOME_MODEL")),
        ({"*": Deployment(HOME)}, ("chat(model=...)",)),
        ({"a": Deployment(HOME)}, ("chat(model=...), one of 'a'",)),
    ):
        client, _ = made(None, names)
        error = error_of(ValueError, client.chat, HELLO)
        for word in words:
            assert word in str(error), error
        assert client.chat(HELLO, model="a").content == "Hello"


class Configuration:
    """What a configuration knows; the real one is made of files."""

    deployments = {"fast": Deployment(HOME, model="f")}
    default_provider = ""

    def is_provider(self, name):
        return name in ("mine", "openai")

    def deployment(self, provider, model):
        return Deployment(HOME, "of-" + provider, model)


def test_names_are_looked_for_in_order():
    config = Configuration()
    assert resolve("fast", config) is config.deployments["fast"]
    for name, key, model in (
        ("mine:m:1", "of-mine", "m:1"),
        ("openai:gpt", "of-openai", "gpt"),  # configured wins over the preset
        ("mine/a/b", "of-mine", "a/b"),
        ("openai/gpt", "of-openai", "gpt"),
    ):
        found = resolve(name, config)
        assert (found.api_key, found.model) == (key, model), name
    assert resolve("groq:x", config).provider == "groq"
    for name in ("deepseek-r1:free", "anthropic/claude", "gpt-4o", "mine:", "mine/"):
        error_of(ValueError, resolve, name, config)
        error_of(ValueError, resolve, name)
    config.default_provider = "mine"
    for name in ("deepseek-r1:free", "anthropic/claude", "gpt-4o"):
        found = resolve(name, config)
        assert (found.api_key, found.model) == ("of-mine", name)
    assert resolve("groq:x").provider == "groq"


def test_a_client_resolves_its_own_names_first():
    with Environment(GROQ_API_KEY="g"):
        names = {"a": "groq:x", "*": Deployment(provider="openrouter", api_key="o")}
        client, _ = made("a", names)
    assert of_client(client, "a").model == "x"
    found = of_client(client, "groq:y")
    assert (found.provider, found.model, found.api_key) == ("groq", "y", "g")
    for name in ("anthropic/claude", "deepseek-r1:free", "*"):
        found = of_client(client, name)
        assert (found.provider, found.model, found.api_key) == ("openrouter", name, "o")
    client._config = Configuration()
    assert of_client(client, "mine/m").api_key == "of-mine"
    assert of_client(client, "fast").model == "f"


def test_a_client_of_one_model_has_its_provider_for_others():
    client, _ = made("openrouter:a", api_key=KEY)
    for name, model in (("openrouter:b", "b"), ("anthropic/claude", "anthropic/claude")):
        found = of_client(client, name)
        assert (found.provider, found.model, found.api_key) == ("openrouter", model, KEY)
    assert of_client(client, "openai:x").api_key is None
    client, _ = made("openai:a", api_key=KEY)
    assert of_client(client, "o1-pro").dialect == "responses"
    client, _ = made("a", {"a": Deployment(HOME)})
    error_of(ValueError, of_client, client, "b")


def test_it_is_a_method_of_both_clients():
    for kind in (Client, AsyncClient):
        client, _ = made("openrouter:a", kind=kind, api_key=KEY)
        found = client.resolve("anthropic/claude")
        assert (found.provider, found.model, found.api_key) == (
            "openrouter",
            "anthropic/claude",
            KEY,
        )
        error_of(ValueError, made("a", {"a": Deployment(HOME)}, kind=kind)[0].resolve, "b")


def test_a_configuration_of_ones_own():
    mine = {"type": "openai", "base_url": HOME, "api_key": "k"}
    models = {"fast": {"provider": "mine", "model": "m1"}}
    config = {"default_model": "fast", "providers": {"mine": mine}, "models": models}
    for name, model in (("fast", "m1"), ("mine:x:1", "x:1"), ("mine/a/b", "a/b"), ("z", "z")):
        found = resolve(name, config)
        assert (found.base_url, found.model, found.api_key) == (HOME, model, "k"), name
    assert resolve("groq:z", config).provider == "groq"


def test_a_text_may_name_a_provider_of_the_environments_configuration():
    mine = {"type": "openai", "base_url": HOME, "api_key": "of-the-file"}
    with Scratch(json.dumps({"providers": {"mine": mine}}).encode()) as path:
        with Environment(THINWIRE_CONFIG=path, GROQ_API_KEY="g"):
            found = made("mine:x:1", fallbacks=["mine:y", "groq:z"])[0]._router.deployments
            shown = [(one.base_url, one.model, one.api_key) for _, one in sorted(found.items())]
            groq = ("https://api.groq.com/openai/v1", "z", "g")
            assert shown == [groq, (HOME, "x:1", "of-the-file"), (HOME, "y", "of-the-file")]
            error = error_of(ValueError, Client, "mine:x", api_key=KEY)
            assert "has a key of its own" in str(error), error
            error_of(ValueError, Client, "other:x")
    with Environment(THINWIRE_CONFIG=" "):
        error_of(ValueError, Client, "mine:x")


def test_a_key_for_another_address_is_not_lent():
    client, _ = made("a", {"a": Deployment(HOME, KEY, provider="groq")})
    assert of_client(client, "groq:x").api_key is None


if not MICROPYTHON:
    # A method's being async shows there alone.
    class Keys:
        async def __call__(self):
            return KEY

    def test_a_blocking_client_refuses_an_async_key():
        error = error_of(TypeError, Client, "openai:m", api_key=Keys())
        assert "async" in str(error), error

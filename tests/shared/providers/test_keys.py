# Where keys are, and what follows when one is refused.

import asyncio

from helpers import error_of
from streams import ANSWER, HELLO, ONCE, json_reply

from thinwire.core import exchange
from thinwire.core._compat import MICROPYTHON, getenv
from thinwire.core.client import AsyncClient
from thinwire.core.errors import OutOfMemory, StatusError
from thinwire.core.providers import keys
from thinwire.core.routing.deployment import Deployment
from thinwire.core.sync import Client
from thinwire.testing.scripted import ScriptedReply, ScriptedTransport

HOME = "http://127.0.0.1:8000/v1"
BASE = "https://a.test/v1"
AGAIN = {"error": {"message": "the token has expired"}}


def test_the_first_variable_that_is_set_counts():
    for environ, wanted in (
        ({}, ""),
        ({"A": ""}, ""),
        ({"A": " \n"}, ""),
        ({"A": " a\r\n"}, "a"),
        ({"B": "b"}, "b"),
        ({"A": "a", "B": "b"}, "a"),
        ({"A": "", "B": "b"}, "b"),
        ({"C": "c"}, ""),
    ):
        assert keys.read(("A", "B"), environ) == wanted, environ


def test_the_environment_of_the_process_is_read():
    assert getenv("THINWIRE_NO_SUCH_VARIABLE") is None
    assert keys.read(("THINWIRE_NO_SUCH_VARIABLE", "PATH")) == (getenv("PATH") or "")


def test_another_environment_may_be_given():
    deployment = Deployment(provider="groq", model="m")
    assert keys.keyed(deployment, "m", environ={"GROQ_API_KEY": "k"}).api_key == "k"
    error = error_of(ValueError, keys.keyed, deployment, "m", environ={})
    assert str(error).startswith("no key for 'm': set the variable GROQ_API_KEY, or "), error


def test_who_has_what_is_needed_stays_as_it_is():
    for deployment in (
        Deployment(HOME),
        Deployment(HOME, "k"),
        Deployment(BASE, "k", provider="groq"),
        Deployment(provider="ollama"),
        Deployment(provider="groq", api_key=lambda: "k"),
        Deployment(provider="groq", extra_headers={"X-API-Key": "k"}),
    ):
        assert keys.keyed(deployment, "m", environ={}) is deployment


def test_a_copy_differs_in_its_key_alone():
    deployment = Deployment(provider="mistral", model="m", timeouts=7, extra_headers={"X-A": "1"})
    copy = keys.keyed(deployment, "m", environ={"MISTRAL_API_KEY": "k"})
    assert copy.api_key == "k"
    assert deployment.api_key is None
    for name in ("base_url", "model", "stream_usage", "timeouts", "extra_headers", "provider"):
        assert getattr(copy, name) == getattr(deployment, name), name
    error = error_of(AttributeError, setattr, copy, "model", "x")
    assert "immutable" in str(error), error
    assert "'***'" in repr(copy)


def test_a_key_that_cannot_be_sent_is_refused_and_not_shown():
    deployment = Deployment(provider="mistral", model="m")
    error = error_of(
        ValueError, keys.keyed, deployment, "m", environ={"MISTRAL_API_KEY": "sé cret"}
    )
    assert "cret" not in str(error), error


def test_a_key_of_the_clients_goes_over_no_network_in_plain_text():
    for deployment in (Deployment("http://10.0.0.5/v1"), Deployment("http://gpu.lan/v1")):
        for more in ({"api_key": "k-123456789"}, {"api_key": lambda: "k-123456789"}):
            error = error_of(ValueError, Client, "m", deployment, **more)
            assert "plain text" in str(error), error
            assert "k-123456789" not in str(error), error
    meant = Deployment("http://gpu.lan/v1", allow_insecure_http=True)
    assert keys.keyed(meant, "m", "k").api_key == "k"
    assert keys.keyed(Deployment(HOME), "m", "k").api_key == "k"


class Tokens:
    """Gives one after the other, the last one again and again; counts."""

    def __init__(self, *given):
        self.given = list(given)
        self.times = 0

    def __call__(self):
        self.times += 1
        found = self.given.pop(0) if len(self.given) > 1 else self.given[0]
        if isinstance(found, Exception):
            raise found
        return found

    async def later(self):
        await asyncio.sleep(0)
        return self()


def ways(*given):
    for kind in (Client, AsyncClient):
        tokens = Tokens(*given)
        yield kind, tokens, tokens
    tokens = Tokens(*given)
    yield AsyncClient, tokens, tokens.later


def ask(kind, api_key, *replies, **options):
    transport = ScriptedTransport(list(replies))
    names = {"m": Deployment(BASE, api_key), "b": Deployment("https://b.test/v1", "other")}
    client = kind("m", names, transport=transport, retry=ONCE, **options)
    try:
        done = client.chat(HELLO)
        done = asyncio.run(done) if kind is AsyncClient else done
    except Exception as error:
        done = error
    return transport, done, client


def sent(transport):
    return [dict(request.headers).get("Authorization") for request in transport.requests]


def test_after_a_401_another_key_is_sent_at_no_cost():
    for kind, tokens, api_key in ways("old", "new", "never"):
        replies = json_reply(AGAIN, 401), ScriptedReply([ANSWER])
        transport, done, client = ask(kind, api_key, *replies)
        assert done.content == "Hello", done
        assert sent(transport) == ["Bearer old", "Bearer new"]
        assert tokens.times == 2
        assert [attempt.free for attempt in done.attempts] == [True, False]
        assert client.deployments_state()["m"].failures == 0
        assert transport.open_responses == 0


def test_the_same_key_is_not_sent_again():
    for nothing in ("old", None, ""):
        for kind, tokens, api_key in ways("old", nothing):
            transport, error, _ = ask(kind, api_key, json_reply(AGAIN, 401))
            assert isinstance(error, StatusError), error
            assert (error.status, error.kind) == (401, "auth")
            assert sent(transport) == ["Bearer old"]
            assert tokens.times == 2


def test_it_is_asked_for_once_more_and_not_twice():
    for kind, tokens, api_key in ways("1", "2", "3"):
        transport, error, _ = ask(kind, api_key, json_reply(AGAIN, 401), json_reply(AGAIN, 401))
        assert isinstance(error, StatusError), error
        assert error.status == 401
        assert sent(transport) == ["Bearer 1", "Bearer 2"]
        assert tokens.times == 2


def test_other_errors_ask_for_no_key():
    for status in (400, 403, 404):
        for kind, tokens, api_key in ways("1", "2"):
            _, error, _ = ask(kind, api_key, json_reply(AGAIN, status))
            assert error.status == status
            assert tokens.times == 1


def test_a_key_that_is_a_text_is_not_sent_again():
    for kind in (Client, AsyncClient):
        transport, error, _ = ask(kind, "text", json_reply(AGAIN, 401))
        assert error.status == 401
        assert sent(transport) == ["Bearer text"]


def test_a_refused_key_may_lead_to_the_fallback():
    options = {"fallbacks": {"m": ["b"]}, "fallback_on": ("auth",)}
    for kind, tokens, api_key in ways("1", "1"):
        replies = json_reply(AGAIN, 401), ScriptedReply([ANSWER])
        transport, done, _ = ask(kind, api_key, *replies, **options)
        assert done.deployment == "b", done
        assert sent(transport) == ["Bearer 1", "Bearer other"]
        assert tokens.times == 2


def test_what_the_callable_raises_then_reaches_the_caller():
    for raised in (OSError(5), StatusError(500, "of another call"), MemoryError()):
        for kind, _, api_key in ways("1", raised):
            transport, error, _ = ask(kind, api_key, json_reply(AGAIN, 401))
            assert error is raised, error
            assert transport.open_responses == 0


def test_no_room_for_a_key_that_is_asked_for():
    def full(name):
        if name.endswith(".keys"):
            raise MemoryError
        return kept(name)

    kept, exchange.import_module = exchange.import_module, full
    try:
        for kind, tokens, api_key in ways("1", "2"):
            transport, error, _ = ask(kind, api_key, json_reply(AGAIN, 401))
            assert isinstance(error, OutOfMemory), error
            assert not sent(transport)
            assert tokens.times == 0
    finally:
        exchange.import_module = kept


def test_the_new_key_is_shown_nowhere():
    for kind, _, api_key in ways("old-token-1", "new-token-2"):
        said = {"error": {"message": "neither old-token-1 nor new-token-2"}}
        seen = []
        options = {"on_event": lambda name, fields, seen=seen: seen.append(repr((name, fields)))}
        _, error, _ = ask(kind, api_key, json_reply(said, 401), json_reply(said, 401), **options)
        assert "new-token" not in str(error), error
        assert seen
        for event in seen[3:]:
            assert "new-token" not in event, event


def test_messages_that_can_be_read_once_are_not_sent_again():
    tokens = Tokens("1", "2")
    transport = ScriptedTransport([json_reply(AGAIN, 401)])
    client = Client("m", Deployment(BASE, tokens), transport=transport, retry=ONCE)
    error = error_of(StatusError, client.chat, iter(HELLO))
    assert error.status == 401
    assert len(transport.requests) == 1


def test_a_key_in_the_place_of_its_variable_is_not_shown():
    for make in (
        lambda: Deployment(BASE, api_key_env="sk-a-secret"),
        lambda: Client("openai:m", api_key_env="sk-a-secret"),
    ):
        error = error_of(ValueError, make)
        assert "api_key_env takes the name of a variable" in str(error)
        assert "secret" not in str(error)


def test_who_only_gives_a_url_to_a_server_for_strangers_gets_no_key_of_its_own():
    for url in ("https://evil.openai.azure.com", "https://api.openai.com/v1"):
        assert Deployment(url).options.variables != ()
        assert Deployment(url, allow_private=False).options.variables == ()
    named = Deployment(provider="openai", allow_private=False)
    assert named.options.variables == ("OPENAI_API_KEY",)
    named = Deployment("https://x.example", api_key_env="OWN", allow_private=False)
    assert named.options.variables == ("OWN",)


if not MICROPYTHON:

    def test_the_variable_is_one_of_the_process() -> None:
        import os

        os.environ["THINWIRE_TEST_KEY"] = "k-of-the-process"
        try:
            client = Client("m", Deployment(BASE, api_key_env="THINWIRE_TEST_KEY"))
            assert client._router.deployment("m").api_key == "k-of-the-process"  # noqa: SLF001
        finally:
            del os.environ["THINWIRE_TEST_KEY"]

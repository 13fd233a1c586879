"""What users of openai and litellm type first."""

from helpers import error_of
from streams import ANSWER, HELLO, deployments, play, sent_document

from thinwire.core.client import AsyncClient
from thinwire.core.request import keywords
from thinwire.core.request.call import Call
from thinwire.core.sync import Client
from thinwire.testing.scripted import ScriptedReply, ScriptedTransport

# Option, a value, a word of what it is here.
OPTIONS = [
    ("timeout", 3, "timeouts=Timeouts"),
    ("request_timeout", 3, "timeouts=Timeouts"),
    ("max_retries", 4, "retry=RetryPolicy"),
    ("num_retries", 4, "retry=RetryPolicy"),
    ("api_key", "sk-private", "Deployment("),
    ("base_url", "https://private.test", "Deployment("),
    ("api_base", "https://private.test", "Deployment("),
    ("api_version", "2024", "?api-version="),
    ("organization", "org-private", "OpenAI-Organization"),
    ("extra_query", {"a": "private"}, "?name=value"),
    ("stream", True, "stream(...)"),
    ("stream", False, "chat(...)"),
    ("default_headers", {"a": "private"}, "extra_headers="),
    ("fallbacks", ["b"], "fallbacks={"),
    ("mock_response", "private", "MockServer"),
    ("drop_params", True, "Deployment(drop="),
    ("custom_llm_provider", "private", "Deployment("),
    ("caching", True, "Transport"),
    ("timeout", None, "timeouts=Timeouts"),
]


def clients():
    transport = ScriptedTransport([])
    return transport, [kind("a", deployments("a"), transport=transport) for kind in KINDS]


KINDS = (AsyncClient, Client)


def test_an_option_of_others_says_what_it_is_here():
    transport, both = clients()
    for name, value, word in OPTIONS:
        for client in both:
            error = str(error_of(TypeError, client.stream, HELLO, **{name: value}))
            assert error.startswith(name + "= is an option"), error
            assert word in error, error
            assert "private" not in error, error
    assert transport.requests == []


def test_each_has_its_words():
    assert {name for name, _, _ in OPTIONS} == set(keywords.OURS)


def test_chat_refuses_them_as_well():
    transport = ScriptedTransport([])
    with Client("a", deployments("a"), transport=transport) as client:
        error_of(TypeError, client.chat, HELLO, timeout=3)
    assert transport.requests == []


def test_any_other_keyword_goes_to_the_server():
    more = {"temprature": 1, "time": 2, "out": 3, "api": 4, "": 5}
    got = play([ScriptedReply([ANSWER])], **more)
    document = sent_document(got.transport)
    assert {name: document.get(name) for name in more} == more, document


def test_a_server_can_have_a_field_of_that_name():
    got = play([ScriptedReply([ANSWER])], extra_body={"timeout": 3, "caching": True})
    document = sent_document(got.transport)
    assert (document["timeout"], document["caching"]) == (3, True), document


class Plain:
    pass


class Model:
    @classmethod
    def model_json_schema(cls):
        return {}


def test_a_class_as_response_format_says_what_to_write():
    for model, word in [
        (Plain, '"schema": ...'),
        (Model, '"schema": Model.model_json_schema()'),
        (Model(), "model_json_schema()"),
    ]:
        error = str(error_of(TypeError, Call, HELLO, None, {"response_format": model}))
        assert error.startswith("response_format="), error
        assert word in error, error
    shape = {"type": "json_object"}
    assert Call(HELLO, None, {"response_format": shape}).params == {"response_format": shape}


def weather(city):
    raise AssertionError("a tool was called")


def test_a_function_among_the_tools_says_what_to_write():
    described = {"type": "function", "function": {"name": "weather"}}
    for tools in ([described, weather], (described, weather), [described, Plain]):
        error = str(error_of(TypeError, Call, HELLO, tools))
        assert error.startswith("tools[1] is the function "), error
        assert "client.run_tools(...) takes functions" in error
        assert '"name": "' + tools[1].__name__ in error, error
    assert Call(HELLO, [described]).tools == [described]
    assert Call(HELLO, iter([described])).counts() == (1, -1)

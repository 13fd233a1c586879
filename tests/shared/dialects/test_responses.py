import json

from helpers import error_of, read_all
from streams import HELLO, KEY

from thinwire.core.dialects import responses
from thinwire.core.error_kinds import ThinwireError
from thinwire.core.request.call import Call
from thinwire.core.routing.deployment import Deployment

URL = "https://api.test/v1"
ASKED = {
    "model": "gpt-5",
    "input": [{"type": "message", "role": "user", "content": "a private question"}],
    "store": False,
    "include": ["reasoning.encrypted_content"],
    "stream": True,
}


def made(url=URL, model="gpt-5", **options):
    return Deployment(url, KEY, model, dialect="responses", **options)


def document(deployment=None, tools=None, params=None, extra=None, session="", tell=None):
    call = Call(HELLO, tools, params, extra, session=session)
    call.tell = tell
    request = responses.request(deployment or made(), "public", call)
    return json.loads(read_all(request.body))


def more(params, deployment=None, **given):
    """What is sent beyond ASKED."""
    got = document(deployment, None, params, **given)
    return {name: value for name, value in got.items() if ASKED.get(name) != value}


def test_only_what_was_asked_for_is_sent():
    assert document() == ASKED
    assert document(Deployment(URL, dialect="responses"))["model"] == "public"


def test_where_a_request_goes():
    for url, target in (
        (URL, "/v1/responses"),
        (URL + "?api-version=preview", "/v1/responses?api-version=preview"),
        ("https://res.openai.azure.com/openai/v1", "/openai/v1/responses"),
    ):
        request = responses.request(made(url), "m", Call(HELLO), KEY)
        assert (request.method, request.target) == ("POST", target)
        assert request.headers[-1][1].endswith(KEY), url


def test_headers_are_those_of_openai():
    deployment = made(extra_headers={"X-Team": "red"})
    call = Call(HELLO, extra_headers={"user-agent": "mine"})
    headers = responses.request(deployment, "m", call, KEY).headers
    assert ("X-Team", "red") in headers
    assert ("Authorization", "Bearer " + KEY) in headers
    names = [name.lower() for name, _ in headers]
    assert names.count("user-agent") == 1, headers
    assert ("user-agent", "mine") in headers


FIELDS = [
    ({"max_tokens": 100}, {"max_output_tokens": 100}),
    ({"max_completion_tokens": 100}, {"max_output_tokens": 100}),
    ({"max_output_tokens": 100}, {"max_output_tokens": 100}),
    ({"max_tokens": 1}, {"max_output_tokens": 16}),
    ({"temperature": 0.5, "top_p": 0.9}, {"temperature": 0.5, "top_p": 0.9}),
    ({"user": "u", "metadata": {"a": "b"}}, {"user": "u", "metadata": {"a": "b"}}),
    ({"parallel_tool_calls": False}, {"parallel_tool_calls": False}),
    ({"prompt_cache_key": "k"}, {"prompt_cache_key": "k"}),
    ({"verbosity": "low"}, {"text": {"verbosity": "low"}}),
    ({"response_format": {"type": "json_object"}}, {"text": {"format": {"type": "json_object"}}}),
    ({"response_format": "json"}, {"text": {"format": "json"}}),
    ({"reasoning_effort": "high"}, {"reasoning": {"effort": "high"}}),
    ({"reasoning_effort": False}, {"reasoning": {"effort": "minimal"}}),
    ({"reasoning_budget": 500}, {"reasoning": {"effort": "low"}}),
    ({"reasoning": {"summary": "auto"}}, {"reasoning": {"summary": "auto"}}),
    (
        {"reasoning_effort": "low", "reasoning": {"summary": "auto"}},
        {"reasoning": {"effort": "low", "summary": "auto"}},
    ),
    ({"verbosity": "low", "text": {"a": 1}}, {"text": {"verbosity": "low", "a": 1}}),
    ({"stream_options": {"include_usage": True}}, {}),
    (
        {"stream_options": {"include_usage": True, "include_obfuscation": False}},
        {"stream_options": {"include_obfuscation": False}},
    ),
    ({"stream_options": "odd"}, {"stream_options": "odd"}),
    ({"reasoning": "odd", "text": ["odd"]}, {"reasoning": "odd", "text": ["odd"]}),
    ({"store": True}, {"store": True}),
    ({"truncation": "auto"}, {"truncation": "auto"}),
    ({"instructions": "Be brief."}, {"instructions": "Be brief."}),
    ({"tool_choice": "required"}, {"tool_choice": "required"}),
    (
        {"tool_choice": {"type": "function", "function": {"name": "look"}}},
        {"tool_choice": {"type": "function", "name": "look"}},
    ),
    (
        {"tool_choice": {"type": "custom", "custom": {"name": "sql"}}},
        {"tool_choice": {"type": "custom", "name": "sql"}},
    ),
    ({"tool_choice": {"type": "web_search"}}, {"tool_choice": {"type": "web_search"}}),
    (
        {
            "tool_choice": {
                "type": "allowed_tools",
                "allowed_tools": {
                    "mode": "auto",
                    "tools": [{"type": "function", "function": {"name": "look"}}],
                },
            }
        },
        {
            "tool_choice": {
                "type": "allowed_tools",
                "mode": "auto",
                "tools": [{"type": "function", "name": "look"}],
            }
        },
    ),
    # What asks for nothing, and hints.
    ({"n": 1, "stop": [], "modalities": ["text"], "logprobs": False}, {}),
    ({"seed": 1, "frequency_penalty": 1, "presence_penalty": 1, "logit_bias": {"1": 1}}, {}),
]


def test_fields_have_other_names():
    for params, wanted in FIELDS:
        got = more(params)
        got.pop("include", None)
        assert got == wanted, (params, got)


def test_a_schema_is_not_nested():
    schema = {"type": "object", "properties": {}}
    shape = {"name": "fog", "schema": schema, "strict": True, "description": "d"}
    wanted = dict(shape)
    wanted["type"] = "json_schema"
    got = more({"response_format": {"type": "json_schema", "json_schema": shape}})
    assert got == {"text": {"format": wanted}}, got


def included(params=None, deployment=None, **given):
    return document(deployment, None, params, **given).get("include")


def test_what_is_included():
    encrypted, logprobs = ASKED["include"][0], "message.output_text.logprobs"
    assert included() == [encrypted]
    assert included({"logprobs": True}) == [encrypted, logprobs]
    assert included({"top_logprobs": 3}) == [encrypted, logprobs]
    assert included({"include": ["a"]}) == ["a", encrypted]
    assert included({"include": "a"}) == ["a", encrypted]
    assert included({"include": [encrypted]}) == [encrypted]
    assert included({"store": True}) is None
    assert included(extra={"include": ["a"]}) == ["a"]
    assert document(None, None, {"top_logprobs": 3})["top_logprobs"] == 3


def test_models_that_do_not_reason_are_not_asked_for_it():
    for model in (
        "gpt-4o",
        "openai/gpt-4.1-mini",
        "gpt-5-chat-latest",
        "chatgpt-4o-latest",
        "ft:gpt-4o-mini:org::id",
    ):
        assert included(None, made(model=model)) is None, model
    for model in ("gpt-5", "openai/o4-mini", "gpt-oss-120b", "gpt-5.3-codex"):
        assert included(None, made(model=model)) is not None, model


SCHEMA = {"type": "object", "properties": {"a": {"type": "string"}}}
FUNCTION = {"name": "look", "description": "d", "parameters": SCHEMA}
TOOLS = [
    (
        {"type": "function", "function": FUNCTION},
        {
            "type": "function",
            "name": "look",
            "description": "d",
            "parameters": SCHEMA,
            "strict": False,
        },
    ),
    (
        {"type": "function", "function": {"name": "go", "strict": True, "parameters": SCHEMA}},
        {"type": "function", "name": "go", "strict": True, "parameters": SCHEMA},
    ),
    (
        {"type": "function", "function": {"name": "go"}},
        {
            "type": "function",
            "name": "go",
            "strict": False,
            "parameters": {"type": "object", "properties": {}},
        },
    ),
    (
        {"type": "function", "name": "go", "parameters": SCHEMA},
        {"type": "function", "name": "go", "strict": False, "parameters": SCHEMA},
    ),
    (
        {"type": "custom", "custom": {"name": "sql", "description": "d"}},
        {"type": "custom", "name": "sql", "description": "d"},
    ),
    (
        {
            "type": "custom",
            "custom": {
                "name": "sql",
                "format": {"type": "grammar", "grammar": {"syntax": "lark", "definition": "x"}},
            },
        },
        {
            "type": "custom",
            "name": "sql",
            "format": {"type": "grammar", "syntax": "lark", "definition": "x"},
        },
    ),
    ({"type": "web_search"}, {"type": "web_search"}),
    ({"type": "mcp", "server_url": "https://a"}, {"type": "mcp", "server_url": "https://a"}),
]


def test_tools_are_not_nested_and_not_strict():
    for tool, wanted in TOOLS:
        kept = json.dumps(tool)
        for deployment in (None, made(hygiene=False)):
            got = document(deployment, tools=[tool])["tools"]
            assert got == [wanted], (tool, got)
            assert json.dumps(tool) == kept, "the caller's own was changed"
    assert "tools" not in document(tools=[])


def test_tools_that_are_no_objects_are_the_encoders_matter():
    for tools, wanted in ((["x"], ["x"]), ({"a": 1}, {"a": 1})):
        assert document(tools=tools)["tools"] == wanted


REFUSED = [
    {"n": 2},
    {"stop": "END"},
    {"stop": ["END"]},
    {"modalities": ["text", "audio"]},
    {"audio": {"voice": "alloy"}},
    {"functions": [FUNCTION]},
    {"function_call": "auto"},
    {"web_search_options": {"search_context_size": "low"}},
    {"previous_response_id": "resp_1"},
    {"conversation": "conv_1"},
    {"background": True},
]


def test_what_this_api_does_not_have_is_refused_before_anything_is_sent():
    for params in REFUSED:
        error = error_of(ThinwireError, document, None, None, params)
        assert error.kind == "unsupported", (params, error)
        assert next(iter(params)) in str(error), error


def test_hints_are_left_out_with_an_event():
    told = []
    document(params={"seed": 1}, tell=lambda event, fields: told.append((event, fields["name"])))
    assert told == [("parameter_dropped", "seed")]


def test_whose_field_wins():
    deployment = made(extra_body={"top_p": 0.5, "max_tokens": 50, "reasoning_effort": "low"})
    got = more({"top_p": 0.7}, deployment)
    wanted = {"top_p": 0.7, "max_output_tokens": 50, "reasoning": {"effort": "low"}}
    assert got == wanted, got
    extra = {"top_p": None, "x": 1}
    got = document(deployment, None, {"reasoning_effort": "high"}, extra)
    assert got["reasoning"] == {"effort": "high"}
    assert (got["top_p"], got["x"]) == (None, 1)


def test_a_deployment_has_the_last_word():
    deployment = made(
        rename={"max_tokens": "max_completion_tokens"}, drop=("top_p",), force={"store": True}
    )
    got = more({"max_tokens": 50, "top_p": 0.1}, deployment)
    assert got == {"max_output_tokens": 50, "store": True}, got


def test_models_that_reason_are_not_told_how_to_sample():
    deployment = made(reasoning_models=("gpt-5*",))
    assert more({"temperature": 0.1, "top_p": 0.5, "max_tokens": 20}, deployment) == {
        "max_output_tokens": 20
    }
    deployment = made(model="gpt-4.1", reasoning_models=("gpt-5*",))
    assert document(deployment, None, {"temperature": 0.1})["temperature"] == 0.1


def test_how_a_gateway_spells_reasoning():
    deployment = made(reasoning="openrouter")
    assert more({"reasoning_budget": 2000}, deployment) == {"reasoning": {"max_tokens": 2000}}
    assert more({"reasoning_effort": "low"}, deployment) == {"reasoning": {"effort": "low"}}


def test_reasoning_that_a_deployment_asks_for():
    for said, wanted in (
        ({"reasoning_effort": False}, {"reasoning": {"effort": "minimal"}}),
        ({"reasoning_effort": "none"}, {"reasoning": {"effort": "minimal"}}),
        ({"reasoning_budget": 500}, {"reasoning": {"effort": "low"}}),
    ):
        assert more({}, made(params=said)) == wanted, said
    deployment = made(params={"reasoning_effort": "low"}, reasoning="openrouter")
    assert more({"reasoning_budget": 5000}, deployment) == {"reasoning": {"max_tokens": 5000}}
    assert more({"reasoning_effort": "high"}, made(drop=("reasoning_effort",))) == {}
    deployment = made(params={"reasoning": {"effort": "low", "summary": "auto"}})
    for params, wanted in (
        ({}, {"effort": "low", "summary": "auto"}),
        ({"reasoning_effort": "high"}, {"effort": "high", "summary": "auto"}),
        ({"reasoning_effort": "high", "reasoning": {"effort": "max"}}, {"effort": "max"}),
    ):
        assert more(params, deployment) == {"reasoning": wanted}, params


def test_the_provider_behind_a_gateway():
    got = more(None, made(provider_order=["azure"]))
    assert got == {"provider": {"order": ["azure"], "allow_fallbacks": False}}, got


def test_messages_in_extra_body_take_the_place_of_all():
    got = document(extra={"messages": [{"role": "user", "content": "x"}]})
    assert got["input"] == [{"type": "message", "role": "user", "content": "x"}]
    assert "messages" not in got
    got = document(extra={"input": "x"})
    assert got["input"] == "x"


def test_making_a_request_changes_nothing_of_the_callers():
    params = {
        "reasoning": {"summary": "auto"},
        "text": {"a": 1},
        "include": ["a"],
        "verbosity": "low",
    }
    kept = json.dumps(params)
    document(None, None, params)
    assert json.dumps(params) == kept


def test_a_body_of_the_callers_own_goes_as_it_is():
    call = Call(HELLO)
    call.body = object()
    request = responses.request(made(), "m", call, KEY)
    assert request.body is call.body
    assert request.target == "/v1/responses"


CALL = {"id": "call_1", "type": "function", "function": {"name": "look", "arguments": "{}"}}


def input_of(messages, deployment=None, tell=None):
    call = Call(messages)
    call.tell = tell
    request = responses.request(deployment or made(), "m", call)
    return json.loads(read_all(request.body))["input"]


def kinds(items):
    return [item.get("call_id", item["type"]) for item in items]


def test_conversations_are_repaired_on_their_way():
    told = []
    messages = [
        {"role": "user", "content": "What is there?"},
        {"role": "tool", "tool_call_id": "gone", "content": "x"},
        {"role": "assistant", "content": "", "tool_calls": [CALL]},
        {"role": "user", "content": "Well?"},
    ]
    for given in (messages, tuple(messages), iter(messages), Again(messages)):
        told.clear()
        got = input_of(given, tell=lambda event, fields: told.append((event, fields["what"])))
        assert kinds(got) == ["message", "call_1", "call_1", "message"], got
        assert got[2]["type"] == "function_call_output"
        assert told == [("repaired", "orphan_removed"), ("repaired", "result_added")], told
    assert len(input_of(messages, made(hygiene=False))) == 4


class Again:
    """What can be iterated as often as it is asked for, and is no list."""

    def __init__(self, items):
        self._items = items

    def __iter__(self):
        return iter(self._items)


def test_schemas_are_made_legal():
    tool = {"type": "function", "function": {"name": "go", "parameters": {}}}
    got = document(tools=[tool])["tools"][0]
    assert got["parameters"] == {"type": "object", "properties": {}}, got
    got = document(made(hygiene=False), tools=[tool])["tools"][0]
    assert got["parameters"] == {}, got

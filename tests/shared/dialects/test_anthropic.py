import asyncio
import json

from helpers import error_of, read_all
from streams import DONE, HELLO, KEY, ONCE, STOP, sse, text

from thinwire.core.client import AsyncClient
from thinwire.core.dialects import anthropic
from thinwire.core.error_kinds import ThinwireError
from thinwire.core.request.call import Call
from thinwire.core.routing.deployment import Deployment
from thinwire.core.sync import Client
from thinwire.testing.scripted import ScriptedReply, ScriptedTransport

URL = "https://api.test/v1"
ASKED = {
    "model": "claude-sonnet-4-5",
    "max_tokens": 32000,
    "messages": [{"role": "user", "content": [{"type": "text", "text": "a private question"}]}],
    "stream": True,
}
SCHEMA = {"type": "object", "properties": {"at": {"type": "string"}}}


class Again:
    """Messages that can be walked as often as they can."""

    def __init__(self, messages):
        self.messages = messages

    def __iter__(self):
        return iter(self.messages)


TOOL = {"type": "function", "function": {"name": "look", "parameters": SCHEMA}}
SENT_TOOL = {"name": "look", "input_schema": SCHEMA}


def made(model="claude-sonnet-4-5", url=URL, **options):
    return Deployment(url, KEY, model, dialect="anthropic", **options)


def document(deployment=None, tools=None, params=None, extra=None, messages=HELLO, tell=None):
    call = Call(messages, tools, params, extra)
    call.tell = tell
    request = anthropic.request(deployment or made(), "public", call)
    return json.loads(read_all(request.body))


def more(params, model="claude-sonnet-4-5", tools=None, **given):
    """What is sent beyond ASKED, and the names of what was dropped."""
    told = []

    def tell(name, fields):
        assert name == "parameter_dropped"
        assert len(fields["why"]) > 10
        told.append(fields["name"])

    got = document(made(model), tools, params, tell=tell, **given)
    for name in ("model", "tools"):
        got.pop(name, None)
    return {name: value for name, value in got.items() if ASKED.get(name) != value}, told


def kept(params, model="claude-sonnet-4-5", tools=None):
    """What is sent beyond ASKED where nothing is dropped."""
    got, told = more(params, model, tools)
    assert told == []
    return got


def test_only_what_was_asked_for_is_sent():
    assert document() == ASKED
    got = document(Deployment(URL, dialect="anthropic"))
    assert (got["model"], got["max_tokens"]) == ("public", 8192)


def test_where_a_request_goes_and_with_which_headers():
    for url, target in (
        (URL, "/v1/messages"),
        ("https://api.test/anthropic?a=b", "/anthropic/messages?a=b"),
    ):
        request = anthropic.request(made(url=url), "m", Call(HELLO), KEY)
        assert (request.method, request.host, request.target) == ("POST", "api.test", target)
        assert ("x-api-key", KEY) in request.headers
        assert ("anthropic-version", "2023-06-01") in request.headers
        names = [name.lower() for name, _ in request.headers]
        assert "authorization" not in names
        assert len(names) == len(set(names))


def test_headers_of_the_caller_win():
    deployment = made(extra_headers={"X-API-Key": "other", "Anthropic-Beta": "files"})
    call = Call(HELLO, extra_headers={"Anthropic-Version": "2099", "user-agent": "mine"})
    headers = anthropic.request(deployment, "m", call, KEY).headers
    for pair in (
        ("X-API-Key", "other"),
        ("Anthropic-Beta", "files"),
        ("Anthropic-Version", "2099"),
        ("user-agent", "mine"),
    ):
        assert pair in headers
    names = [name.lower() for name, _ in headers]
    assert len(names) == len(set(names))
    assert KEY not in [value for _, value in headers]
    assert "x-api-key" not in [name for name, _ in anthropic.request(made(), "m", call).headers]


def test_where_the_key_goes_is_for_the_deployment_to_say():
    for auth, wanted in (
        ("bearer", ("Authorization", "Bearer " + KEY)),
        ("api-key", ("api-key", KEY)),
        ("x-api-key", ("x-api-key", KEY)),
    ):
        headers = anthropic.request(made(auth=auth), "m", Call(HELLO), KEY).headers
        assert [pair for pair in headers if KEY in pair[1]] == [wanted]
    headers = anthropic.request(made(auth="none"), "m", Call(HELLO), KEY).headers
    assert KEY not in str(headers)


def test_a_body_of_the_callers_goes_as_it_is():
    call = Call(HELLO)
    call.body = object()
    assert anthropic.request(made(), "m", call, KEY).body is call.body


def test_max_tokens():
    for params in ({"max_tokens": 9}, {"max_completion_tokens": 9, "max_tokens": 10}):
        assert kept(params) == {"max_tokens": 9}
    for model, size in (
        ("claude-3-haiku-20240307", 4096),
        ("claude-3-5-sonnet-latest", 8192),
        ("claude-2.1", 4096),
        ("anthropic/claude-3.7-sonnet", 32000),
        ("claude-opus-5", 32000),
        ("MiniMax-M2", 8192),
    ):
        assert document(made(model))["max_tokens"] == size, model


def test_fields_are_renamed():
    for params, wanted in (
        ({"stop": "END"}, {"stop_sequences": ["END"]}),
        ({"stop": ["a", "b"]}, {"stop_sequences": ["a", "b"]}),
        ({"stop": 7}, {"stop_sequences": [7]}),
        ({"user": "u1"}, {"metadata": {"user_id": "u1"}}),
        ({"safety_identifier": "u1"}, {"metadata": {"user_id": "u1"}}),
        ({"metadata": {"user_id": "u2"}}, {"metadata": {"user_id": "u2"}}),
        ({"service_tier": "default"}, {"service_tier": "standard_only"}),
        ({"service_tier": "auto"}, {"service_tier": "auto"}),
        ({"temperature": 0.5}, {"temperature": 0.5}),
        ({"top_k": 3}, {"top_k": 3}),
        ({"stream_options": {"include_usage": True}}, {}),
        ({"n": 1, "logprobs": False, "modalities": ["text"]}, {}),
        ({"response_format": {"type": "text"}}, {}),
        ({"tool_choice": "auto"}, {}),
        ({"context_management": {"edits": []}}, {"context_management": {"edits": []}}),
    ):
        assert kept(params) == wanted, params


def test_hints_are_dropped_with_an_event():
    for params, wanted, names in (
        ({"seed": 1, "logit_bias": {"1": 2}}, {}, ["logit_bias", "seed"]),
        ({"presence_penalty": 1.0, "verbosity": "low"}, {}, ["presence_penalty", "verbosity"]),
        ({"metadata": {"a": "b"}}, {}, ["metadata"]),
        ({"service_tier": "flex"}, {}, ["service_tier"]),
        ({"stop": ["\n", "END"]}, {"stop_sequences": ["END"]}, ["stop"]),
        ({"stop": " "}, {}, ["stop"]),
        ({"temperature": 1.5}, {"temperature": 1}, ["temperature"]),
        ({"temperature": 1, "top_p": 0.5}, {"temperature": 1}, ["top_p"]),
    ):
        got, told = more(params)
        assert (got, sorted(told)) == (wanted, names), params
    params = {"temperature": 1, "top_p": 0.5}
    assert more(params, "claude-3-haiku")[0]["top_p"] == 0.5
    assert more(params, "glm-5")[0]["top_p"] == 0.5


def test_what_changes_the_answer_fails_before_anything_is_sent():
    for params in (
        {"n": 2},
        {"logprobs": True},
        {"modalities": ["text", "audio"]},
        {"response_format": {"type": "json_object"}},
        {"functions": [{}]},
        {"tool_choice": {"type": "allowed_tools", "allowed_tools": {}}},
        {"web_search_options": {"a": 1}},
    ):
        error = error_of(ThinwireError, document, None, [TOOL], params)
        assert error.kind == "unsupported"
        assert next(iter(params)) in str(error)
    tool = {"type": "custom", "custom": {"name": "write"}}
    assert "tools" in str(error_of(ThinwireError, document, None, [tool]))


def test_unsupported_leads_to_the_fallback():
    answer = sse(text("Hi"), STOP) + DONE
    for kind in (Client, AsyncClient):
        transport = ScriptedTransport([ScriptedReply([answer])])
        chain = {"a": made(), "b": Deployment("https://b.test/v1", KEY)}
        client = kind("a", chain, {"a": ["b"]}, transport=transport, retry=ONCE)
        done = client.chat(HELLO, n=2)
        done = asyncio.run(done) if kind is AsyncClient else done
        assert (done.content, done.deployment) == ("Hi", "b")
        assert [request.host for request in transport.requests] == ["b.test"]


def test_tools():
    described = {"name": "rest", "description": "Rests.", "strict": True}
    searching = {"type": "web_search_20250305", "name": "web_search"}
    tools = [
        TOOL,
        {"type": "function", "function": described, "cache_control": {"type": "ephemeral"}},
        searching,
    ]
    rest = {"name": "rest", "description": "Rests.", "strict": True}
    rest["input_schema"] = {"type": "object", "properties": {}}
    rest["cache_control"] = {"type": "ephemeral"}
    assert document(None, tools)["tools"] == [SENT_TOOL, rest, searching]
    assert "tools" not in document(None, [])


def test_tool_choice():
    named = {"type": "function", "function": {"name": "look"}}
    for choice, parallel, wanted in (
        (None, None, None),
        (None, True, None),
        ("auto", None, {"type": "auto"}),
        ("required", None, {"type": "any"}),
        ("none", None, {"type": "none"}),
        ("none", False, {"type": "none"}),
        (named, None, {"type": "tool", "name": "look"}),
        ({"type": "any"}, None, {"type": "any"}),
        (None, False, {"type": "auto", "disable_parallel_tool_use": True}),
        ("required", False, {"type": "any", "disable_parallel_tool_use": True}),
    ):
        params = {"tool_choice": choice, "parallel_tool_calls": parallel}
        got = kept(params, tools=[TOOL])
        assert got.get("tool_choice") == wanted, (choice, parallel)


def test_a_schema_for_the_answer():
    schema = {"type": "json_schema", "json_schema": {"name": "x", "schema": SCHEMA}}
    wanted = {"format": {"type": "json_schema", "schema": SCHEMA}}
    assert kept({"response_format": schema}) == {"output_config": wanted}
    got = kept({"output_config": {"effort": "low"}, "response_format": schema})
    wanted["effort"] = "low"
    assert got == {"output_config": wanted}


def test_extra_body_wins():
    extra = {"max_tokens": 5, "messages": [{"role": "user", "content": "Go"}], "system": "S"}
    got = document(None, None, {"max_tokens": 9}, extra)
    assert (got["max_tokens"], got["system"]) == (5, "S")
    assert got["messages"][0]["content"][0]["text"] == "Go"


def test_what_a_deployment_says():
    deployment = made(
        params={"top_k": 3, "max_tokens": 7}, drop=("top_p",), force={"stream": False}
    )
    got = document(deployment, None, {"top_p": 0.5, "top_k": 4})
    assert (got["top_k"], got["max_tokens"], got["stream"]) == (4, 7, False)
    assert "top_p" not in got
    for field, value in (("reasoning_effort", "low"), ("reasoning_budget", 2000)):
        got = document(made(extra_body={field: value}))
        assert got["thinking"]["type"] == "enabled"
        assert field not in got
        got = document(made(extra_body={field: value}), None, {"reasoning_effort": False})
        assert "thinking" not in got
    got = document(
        made(drop=("reasoning_effort",)), None, {"reasoning_effort": "high", "temperature": 0.5}
    )
    assert ("thinking" in got, got["temperature"]) == (False, 0.5)
    thinking = {"type": "enabled", "budget_tokens": 2000}
    config = {"effort": "max", "more": 1}
    deployment = made(params={"thinking": thinking, "output_config": config})
    assert document(deployment)["thinking"] == thinking
    for params, wanted in (
        ({"reasoning_effort": False}, (None, {"more": 1})),
        ({"reasoning_budget": 3000}, (3000, {"more": 1})),
        ({"reasoning_budget": 3000, "output_config": {}}, (3000, {})),
        ({"reasoning_budget": 3000, "thinking": thinking}, (2000, {"more": 1})),
    ):
        got = document(deployment, None, params)
        budget = got.get("thinking", {}).get("budget_tokens")
        assert (budget, got["output_config"]) == wanted, params
    got = document(
        made("claude-opus-4-7", params={"output_config": config}),
        None,
        {"reasoning_effort": "low"},
    )
    assert got["output_config"] == {"effort": "low", "more": 1}
    for off in ("none", False, 0):
        got = document(made("glm-5", extra_body={"reasoning_effort": off}))
        assert got["thinking"] == {"type": "disabled"}, off


def test_what_a_server_would_refuse_is_repaired():
    lost = {"role": "tool", "tool_call_id": "c9", "content": "x"}
    tool = {"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}
    messages = [HELLO[0], ASSISTANT, HELLO[0], lost]
    told = []
    for given in (messages, iter(messages)):
        told.clear()
        got = document(None, [tool], None, None, given, lambda name, what: told.append(what))
        blocks = got["messages"][2]["content"]
        assert [block["type"] for block in blocks] == ["tool_result", "text"]
        assert got["tools"][0]["input_schema"]["properties"] == {}
        assert sorted([one["what"] for one in told]) == [
            "orphan_removed",
            "result_added",
            "schema",
        ]
    got = document(made(hygiene=False), [tool], messages=messages)
    assert len(got["messages"]) == 3
    assert got["tools"][0]["input_schema"] == {"type": "object"}


def test_breakpoints_of_the_prompt_cache():
    mark = {"type": "ephemeral"}
    messages = [{"role": "system", "content": "S"}, HELLO[0]]
    for given in (messages, Again(messages), iter(messages)):
        got = document(made(prompt_caching=True), messages=given)
        assert got["system"][0]["cache_control"] == mark
        assert got["messages"][0]["content"][0]["cache_control"] == mark
    assert "cache_control" not in str(document(messages=messages))


def test_providers_behind_a_gateway():
    call = Call(HELLO)
    request = anthropic.request(made(provider_order=["a"]), "m", call, KEY, "b")
    assert json.loads(read_all(request.body))["provider"]["order"] == ["b", "a"]


def test_what_reads_the_answer_keeps_as_much_as_the_call_says():
    for keep in ("text", "none"):
        call = Call(HELLO, keep=keep)
        found = anthropic.answer(made(), call, None, None)
        found.take({"type": "message", "content": [{"type": "text", "text": "Hi"}]}, "message")
        assert found.assembler.completion(True).content == ("Hi" if keep == "text" else None)
        found.free()


ASSISTANT = {
    "role": "assistant",
    "content": "",
    "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "look"}}],
}
RESULT = {"role": "tool", "tool_call_id": "c1", "content": "x"}
SIGNED = {"_origin": "https://api.test", "reasoning_content": "hm"}
SIGNED["_anthropic"] = [{"type": "thinking", "chars": 2, "signature": "s"}]
SIGNED.update(ASSISTANT)


def test_a_budget_is_left_out_where_the_last_calls_have_no_thoughts():
    for messages, thinks in (
        ([HELLO[0], ASSISTANT, RESULT], False),
        ([HELLO[0], SIGNED, RESULT], True),
        ([HELLO[0], SIGNED, RESULT, ASSISTANT, RESULT], False),
        ([HELLO[0], ASSISTANT, RESULT, HELLO[0]], True),
    ):
        got, told = more({"reasoning_effort": "low"}, messages=messages)
        assert ("thinking" in got) == thinks, messages
        assert told == ([] if thinks else ["reasoning_effort"])
        got, told = more({"reasoning_effort": "low"}, "claude-opus-4-6", messages=messages)
        assert got["thinking"]["type"] == "adaptive"
        assert told == []
        got = document(None, None, {"reasoning_effort": "low"}, messages=messages)
        assert ("thinking" in got) == thinks, "whether somebody listens or not"

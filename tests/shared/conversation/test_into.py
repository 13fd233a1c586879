"""Answers of a type, with a dict for a schema: what is asked for, what the answer becomes."""

import asyncio
import json

from helpers import error_of
from streams import (
    DONE,
    HELLO,
    STOP,
    call,
    chunk,
    deployments,
    event,
    json_reply,
    play_chunks,
    sent_document,
    sse,
    text,
)

from thinwire.core._compat import MICROPYTHON
from thinwire.core.answer.completion import Completion
from thinwire.core.client import AsyncClient
from thinwire.core.conversation import into
from thinwire.core.conversation.into import ParsedCompletion, ParsedStream, ParseError, value_of
from thinwire.core.error_kinds import OutOfMemory
from thinwire.core.errors import ReadError
from thinwire.core.routing.deployment import Deployment
from thinwire.core.sync import Client
from thinwire.testing.scripted import ScriptedReply, ScriptedTransport

CITY = {
    "title": "A city!",
    "type": "object",
    "properties": {"name": {"type": "string"}, "people": {"type": "integer", "minimum": 0}},
    "required": ["name"],
}
ROME = {"name": "Rome", "people": 3}
LIST = {"type": "array", "items": {"$ref": "#/$defs/city"}, "$defs": {"city": CITY}}


def answer(value, finish_reason="stop"):
    words = value if isinstance(value, str) else json.dumps(value)
    half = len(words) // 2
    return sse(text(words[:half]), text(words[half:]), chunk({}, finish_reason)) + DONE


def asked(value, shape, options=None, finish_reason="stop", **more):
    # The completion of a Client's chat, and what was sent.
    transport = ScriptedTransport([ScriptedReply([answer(value, finish_reason)])])
    with Client("a", deployments("a"), transport=transport, **(options or {})) as client:
        completion = client.chat(HELLO, into=shape, **more)
    assert transport.open_responses == 0
    return completion, sent_document(transport)


def test_the_answer_is_what_was_asked_for():
    completion, sent = asked(ROME, CITY)
    assert isinstance(completion, ParsedCompletion)
    assert isinstance(completion, Completion)
    assert completion.parsed == ROME
    assert completion.all_parsed == [ROME]
    assert json.loads(completion.content) == ROME
    assert completion.complete
    assert completion.deployment == "a"
    shape = sent["response_format"]
    assert shape["type"] == "json_schema"
    assert shape["json_schema"]["name"] == "A_city_"
    assert shape["json_schema"]["strict"] is True
    assert shape["json_schema"]["schema"]["required"] == ["name", "people"]
    assert "into" not in sent


def test_all_calls_agree():
    got = play_chunks(text(json.dumps(ROME)), STOP, into=CITY)
    assert got.error is None, got.error
    assert got.last.completion.parsed == got.completion.parsed == ROME
    got = play_chunks(text('{"name": 1}'), STOP, into=CITY)
    assert isinstance(got.error, ParseError)
    assert got.last is None


def test_without_it_there_is_none():
    transport = ScriptedTransport([ScriptedReply([answer(ROME)])] * 2)
    with Client("a", deployments("a"), transport=transport) as client:
        for options in ({}, {"into": None}):
            completion = client.chat(HELLO, **options)
            assert type(completion) is Completion
            assert not hasattr(completion, "parsed")
            assert "response_format" not in sent_document(transport)


def test_a_root_that_is_no_object_is_wrapped():
    for schema, value in (
        (LIST, [ROME, {"name": "Ulm"}]),
        ({"type": "integer"}, 3),
        ({"enum": ["a", "b"]}, "b"),
        ({"anyOf": [CITY, {"type": "null"}]}, None),
    ):
        completion, sent = asked({"value": value}, schema)
        assert completion.parsed == value
        sent = sent["response_format"]["json_schema"]
        assert sent["strict"] is True
        assert sent["name"] == "answer"
        assert list(sent["schema"]["properties"]) == ["value"]
    for words in ('[{"name": "Ulm"}]', '```json\n[{"name": "Ulm"}]\n```'):
        assert asked(words, LIST)[0].parsed == [{"name": "Ulm"}]  # by a server that knows nothing
    error = error_of(ParseError, asked, {"value": [ROME, {"name": 3}]}, LIST)
    assert error.path == "[1].name"
    error = error_of(
        ParseError, asked, {"value": {"name": 3}}, {"anyOf": [CITY, {"type": "null"}]}
    )
    assert error.path == "name"
    assert error_of(ParseError, asked, {"value": "a"}, {"type": "integer"}).path == ""


def test_a_schema_without_a_strict_form_goes_out_as_it_is():
    schema = {"type": "object", "additionalProperties": {"type": "integer"}}
    completion, sent = asked({"a": 1}, schema)
    assert completion.parsed == {"a": 1}
    assert sent["response_format"]["json_schema"] == {
        "name": "answer",
        "schema": schema,
        "strict": False,
    }
    assert asked({"x": None}, {"type": "object"})[0].parsed == {"x": None}
    assert error_of(ParseError, asked, {"a": "b"}, schema).path == "a"


def test_a_null_that_strictness_asks_for_is_no_key():
    assert asked({"name": "Rome", "people": None}, CITY)[0].parsed == {"name": "Rome"}


# An answer, its finish_reason; the reason of the error, its path, and its text.
FAILURES = [
    ('{"name": "Ro', "length", "length", "", '{"name": "Ro'),
    ('{"name": "Ro', "content_filter", "content_filter", "", '{"name": "Ro'),
    ('{"name": "Ro', "stop", "invalid", "", '{"name": "Ro'),
    ("Rome, I think.", "stop", "invalid", "", "Rome, I think."),
    ("[1]", "stop", "invalid", "", "[1]"),
    ("3", "stop", "invalid", "", "3"),
    ('{"people": 3}', "stop", "invalid", "name", '{"people": 3}'),
    ('{"name": "R", "people": -1}', "stop", "invalid", "people", '{"name": "R", "people": -1}'),
    ('{"name": null}', "stop", "invalid", "name", '{"name": null}'),
]


def test_what_is_not_asked_for_is_an_error_with_the_text():
    for words, why, reason, path, said in FAILURES:
        error = error_of(ParseError, asked, words, CITY, finish_reason=why)
        assert (error.kind, error.reason, error.path) == ("parse", reason, path), error
        assert error.text == said
        assert error.completion.content == said
        assert error.completion.complete
        assert (error.model, error.deployment) == ("a", "a")
        assert not error.retryable
        assert path in str(error)
        assert "Rome" not in str(error)


def test_an_empty_answer():
    transport = ScriptedTransport([ScriptedReply([sse(STOP) + DONE])])
    with Client("a", deployments("a"), transport=transport) as client:
        error = error_of(ParseError, client.chat, HELLO, into=CITY)
    assert (error.reason, error.text, error.message) == ("invalid", "", "the answer is empty")


def test_a_refusal():
    reply = ScriptedReply([sse(chunk({"refusal": "I will not."}), STOP) + DONE])
    with Client("a", deployments("a"), transport=ScriptedTransport([reply])) as client:
        error = error_of(ParseError, client.chat, HELLO, into=CITY)
    assert (error.reason, error.text) == ("refusal", "I will not.")
    assert error.completion.refusal == "I will not."


def test_an_answer_that_is_nested_too_deeply():
    schema = {"type": "object", "properties": {"a": {"$ref": "#"}}}
    for depth in (600, 3000):
        words = '{"a":' * depth + "{}" + "}" * depth
        error = error_of(ParseError, asked, words, schema)
        assert error.reason == "invalid"
        assert "nested too deeply" in str(error) or "no JSON" in str(error), error


def test_what_the_checks_own_code_raises_comes_out_as_it_is():
    def broken(*_):
        raise RuntimeError("mine")

    usual, into.check = into.check, broken
    try:
        assert str(error_of(RuntimeError, asked, ROME, CITY)) == "mine"
    finally:
        into.check = usual


def test_it_is_asked_once_and_the_connection_is_kept():
    replies = [ScriptedReply([answer("no")]), ScriptedReply([answer(ROME)])]
    transport = ScriptedTransport(replies)
    names = deployments("a", "b")
    with Client("a", names, {"a": ["b"]}, transport=transport) as client:
        error_of(ParseError, client.chat, HELLO, into=CITY)
        assert len(transport.sent) == 1
        assert client.deployments_state()["a"].healthy
        with client.stream(HELLO, into=CITY) as stream:
            list(stream)
    assert len(transport.sent) == 2
    assert stream.parsed == ROME


def test_an_answer_that_calls_tools_is_none_yet():
    reply = ScriptedReply([sse(call(0, "1", "f", "{}", "tool_calls")) + DONE])
    tools = [{"type": "function", "function": {"name": "f", "parameters": {}}}]
    with Client("a", deployments("a"), transport=ScriptedTransport([reply])) as client:
        completion = client.chat(HELLO, tools=tools, into=CITY)
    assert completion.parsed is None
    assert completion.tool_calls[0].name == "f"


def test_several_choices():
    def of(index, words):
        return chunk({"content": words}, "stop", index=index)

    reply = [sse(of(0, '{"name": "a"}'), of(1, '{"name": "b"}')) + DONE]
    with Client("a", deployments("a"), transport=ScriptedTransport([ScriptedReply(reply)])) as one:
        completion = one.chat(HELLO, into=CITY, n=2)
    assert completion.all_parsed == [{"name": "a"}, {"name": "b"}]
    assert completion.parsed == {"name": "a"}
    reply = [sse(of(0, '{"name": "a"}'), of(1, "{}")) + DONE]
    with Client("a", deployments("a"), transport=ScriptedTransport([ScriptedReply(reply)])) as one:
        error = error_of(ParseError, one.chat, HELLO, into=CITY, n=2)
    assert (error.text, error.path) == ("{}", "name")


def test_what_cannot_be_asked_for():
    transport = ScriptedTransport([])
    whole = {"type": "json_schema", "json_schema": {"name": "n", "schema": CITY}}
    with Client("a", deployments("a"), transport=transport) as client:
        for kind, options, words in (
            (TypeError, {"into": whole}, "the JSON schema alone"),
            (TypeError, {"into": 3}, "a dict here" if MICROPYTHON else "no JSON schema"),
            (ValueError, {"into": CITY, "response_format": {"type": "text"}}, "response_format"),
            (ValueError, {"into": CITY, "keep": "none"}, "keep"),
            (ValueError, {"into": {"$ref": "#/$defs/a"}}, "has no #/$defs/a"),
        ):
            for ask in (client.chat, client.stream):
                assert words in str(error_of(kind, ask, HELLO, **options)), options
    assert transport.sent == []


def test_json_in_a_fence_or_between_words():
    for words in (
        '{"a": 1}',
        ' \n{"a": 1}\n',
        '```json\n{"a": 1}\n```',
        'Here it is:\n```\n{"a": 1}\n```\nEnjoy {it}!',
        'Sure! {"a": 1} is it.',
        '```{"a": 1}```',
        '```json\n{"a": 1}',
    ):
        assert value_of(words) == {"a": 1}, words
    for words, want in (
        ("[1]", [1]),
        ("They are [{}, 2].", [{}, 2]),
        ("```\n[1]\n```", [1]),
        ("3", 3),
        ('"a"', "a"),
    ):
        assert value_of(words) == want, words
    for words in ("", "no", "{", "}", "} {", "] [", "{a}", "``````"):
        error_of(ValueError, value_of, words)
    assert value_of('```json\n{"a": "```"}\n```') == {"a": "```"}


def test_what_is_closed_begins_anew_with_the_answer():
    replies = [
        ScriptedReply([sse(text('{"name": "wrong", "x": ')), ReadError("cut")]),
        ScriptedReply([sse(text('{"name": "Rome", "'), text('people": 3}'), STOP) + DONE]),
    ]
    options = {"on_interrupt": "restart", "transport": ScriptedTransport(replies)}
    with Client("a", deployments("a", "b"), {"a": ["b"]}, retry=1, **options) as client:
        with client.stream(HELLO, into=CITY) as stream:
            got = []
            for _ in stream:
                got.append(stream.partial())
    wrong = {"name": "wrong"}
    assert got == [wrong, None, {"name": "Rome"}, ROME, ROME]
    assert stream.parsed == ROME


def test_an_async_stream_that_is_not_what_was_asked_for():
    async def run():
        transport = ScriptedTransport([ScriptedReply([answer("no")])])
        client = AsyncClient("a", deployments("a"), transport=transport)
        async with client.stream(HELLO, into=CITY) as stream:
            assert isinstance(stream, ParsedStream)
            try:
                async for _ in stream:
                    pass
            except ParseError as error:
                assert error.text == "no"
            else:
                assert False, "nothing was raised"
            assert transport.open_responses == 0
            assert stream.end == "finish"
        async with client:
            pass

    asyncio.run(run())


def test_the_other_wires():
    body = {"type": "message", "role": "assistant", "content": [{"type": "text", "text": "{}"}]}
    body["stop_reason"] = "end_turn"
    for dialect, reply, find in (
        ("anthropic", json_reply(body), lambda sent: sent["output_config"]["format"]["schema"]),
        (
            "responses",
            ScriptedReply(
                [
                    event(
                        {"type": "response.output_text.delta", "delta": "{}", "output_index": 0}
                    ),
                    event({"type": "response.completed", "response": {"status": "completed"}}),
                ]
            ),
            lambda sent: sent["text"]["format"]["schema"],
        ),
    ):
        transport = ScriptedTransport([reply])
        place = Deployment("https://a.test/v1", "key", "model", dialect=dialect)
        with Client("a", {"a": place}, transport=transport) as client:
            error = error_of(ParseError, client.chat, HELLO, into=CITY)
        assert error.path == "name"
        schema = find(sent_document(transport))
        assert schema["additionalProperties"] is False
        assert schema["properties"]["people"]["anyOf"][1] == {"type": "null"}


def test_memory_that_is_short_is_said():
    def full(*_):
        raise MemoryError

    usual, into.check = into.check, full
    transport = ScriptedTransport([ScriptedReply([answer(ROME)]), ScriptedReply([answer(ROME)])])
    try:
        with Client("a", deployments("a"), transport=transport) as client:
            error_of(OutOfMemory, client.chat, HELLO, into=CITY)
            error_of(OutOfMemory, list, client.stream(HELLO, into=CITY))
    finally:
        into.check = usual
    assert transport.open_responses == 0

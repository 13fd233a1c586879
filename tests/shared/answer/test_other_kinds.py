"""Payload in another JSON kind than the API says is read for what it means, or refused."""

import json

from helpers import error_of
from streams import DONE, STOP, chunk, event, json_reply, play, play_pieces, sse

from thinwire.core.answer import other_kinds
from thinwire.core.answer.answer import Answer
from thinwire.core.errors import StreamError, ThinwireError
from thinwire.core.wire.sse import SSEParser

# Written by hand: what counts is the text on the wire, which a float may not keep.
WRITTEN = ["0.005", "1", "1.10", "0.000005", "19.99", "1234567.89", "12345678901234567890"]
WRITTEN += ["-3", "1E5", "true", "false", "NaN", "-Infinity", '{"a": 1.10}', "{}"]


def piece(delta):
    return b'data: {"choices": [{"index": 0, "delta": %s}]}\n\n' % delta.encode()


def test_a_number_where_text_is_expected_is_the_text_that_was_written():
    for written in WRITTEN:
        for name in ("content", "reasoning", "reasoning_content", "refusal"):
            if written == "false" and name != "content":
                continue
            body = piece('{"%s": "$"}' % name) + piece('{"%s" : %s}' % (name, written))
            got = play_pieces(body + piece('{"%s":"!"}' % name) + sse(STOP) + DONE).completion
            texts = (got.content, got.reasoning_content, got.refusal)
            assert [one for one in texts if one] == ["$" + written + "!"], (name, written, texts)
            assert got.complete


def test_no_refusal_and_no_reasoning_may_be_said_as_false():
    for name in ("refusal", "reasoning", "reasoning_content"):
        got = play_pieces(piece('{"content": "a", "%s": false}' % name) + sse(STOP)).completion
        texts = (got.content, got.reasoning_content, got.refusal)
        assert texts == ("a", None, None), texts


# A delta, then content and reasoning of it.
PARTS = [
    ('{"content": [0.5, " a ", true]}', "0.5 a true", None),
    ('{"content": {"type": "text", "text": 1.10}}', "1.10", None),
    ('{"content": [{"text": 1.10}, {"text": [2, {"text": 3}]}]}', "1.1023", None),
    ('{"content": [{"type": "thinking", "thinking": [7]}, "a"]}', "a", "7"),
    ('{"reasoning_details": [{"text": 5}, {"summary": 6}]}', None, "56"),
    ('{"reasoning": {"text": "a"}}', None, "a"),
    ('{"content": null, "reasoning": {"effort": 1}}', None, '{"effort": 1}'),
    ('{"content": ""}', None, None),
]


def test_parts_of_other_kinds_are_texts():
    for delta, content, reasoning in PARTS:
        got = play_pieces(piece(delta) + sse(STOP)).completion
        assert (got.content, got.reasoning_content) == (content, reasoning), (delta, got)


def test_parts_in_parts_have_a_bound():
    for depth, whole in ((8, True), (9, False), (60, False)):
        delta = '{"content": %s"a"%s}' % ('[{"text":' * depth, "}]" * depth)
        got = play_pieces(piece(delta) + sse(STOP))
        if whole:
            assert got.completion.content == "a", (depth, got.error)
        else:
            assert "nested too deeply" in str(got.error), depth


# A fragment of a tool call; then id, name and arguments_raw.
CALLS = [
    ('{"id": 17, "function": {"name": "f", "arguments": "{}"}}', ("17", "f", "{}")),
    ('{"id": "1", "function": {"name": 5, "arguments": ""}}', ("1", "5", "")),
    ('{"id": "1", "index": "0", "function": {"name": "f"}}', ("1", "f", "")),
    (
        '{"id": "1", "function": {"name": "f", "arguments": {"amount": 1234567.890}}}',
        ("1", "f", '{"amount": 1234567.890}'),
    ),
    (
        '{"id": "1", "function": {"name": "f", "arguments": {"a": "}\\"", "b": [-Infinity]}}}',
        ("1", "f", '{"a": "}\\"", "b": [-Infinity]}'),
    ),
    ('{"id": "1", "function": {"name": "f", "arguments": 19.90}}', ("1", "f", "19.90")),
]


def test_the_fields_of_a_tool_call_are_texts():
    for fragment, want in CALLS:
        got = play_pieces(piece('{"tool_calls": [%s]}' % fragment) + sse(chunk({}, "stop")))
        calls = got.completion.tool_calls
        found = [(one.id, one.name, one.arguments_raw) for one in calls]
        assert found == [want], (fragment, found, got.error)


def test_an_amount_between_fragments_of_arguments_is_kept():
    start = (
        '{"tool_calls": [{"index": 0, "id": "1", "function": {"name": "pay", "arguments": %s}}]}'
    )
    more = '{"tool_calls": [{"index": 0, "function": {"arguments": %s}}]}'
    body = piece(start % '"{\\"amount\\": "') + piece(more % "0.10") + piece(more % '"}"')
    call = play_pieces(body + sse(chunk({}, "tool_calls"))).completion.tool_calls[0]
    assert call.arguments_raw == '{"amount": 0.10}'
    assert call.arguments == {"amount": 0.1}


REFUSED = [
    ({"tool_calls": "f()"}, 'tool_calls is no list: "f()"'),
    ({"tool_calls": ["f"]}, 'a tool call is no object: "f"'),
    ({"tool_calls": [{"function": "f"}]}, 'the function of a tool call is no object: "f"'),
    ({"function_call": "f"}, 'the function of a tool call is no object: "f"'),
    ({"tool_calls": [{"custom": 3}]}, "the function of a tool call is no object: 3"),
]


def test_what_cannot_hold_a_call_is_refused():
    for delta, words in REFUSED:
        got = play_pieces(sse(chunk(delta), STOP))
        assert str(got.error) == words, (delta, got.error)
        assert isinstance(got.error, StreamError)


def test_a_custom_call_has_texts_too():
    fragment = {"id": 3, "index": True, "custom": {"name": "f", "input": 5, "x": None}}
    want = {"id": "3", "index": None, "custom": {"name": "f", "input": "5", "x": None}}
    assert other_kinds.call(fragment, None) == want


def test_a_value_that_is_not_found_as_it_came_is_written_anew():
    # Behind eight other fields of that name, under an escaped key, and in no event at all.
    others = ", ".join(['{"content": %d}' % number for number in range(8)])
    body = b'data: {"x": [%s], "choices": [{"delta": {"content": 1.10}}]}\n\n' % others.encode()
    assert play_pieces(body + sse(STOP)).completion.content == "1.1"
    body = b'data: {"choices": [{"delta": {"con\\u0074ent": 1.10}}]}\n\n'
    assert play_pieces(body + sse(STOP)).completion.content == "1.1"
    assert other_kinds.delta({"content": 1.5}, None) == {"content": "1.5"}
    assert "has no JSON text" in str(
        error_of(StreamError, other_kinds.delta, {"content": float("nan")}, None)
    )


def test_a_value_is_not_mistaken_for_another_of_its_name():
    for others in ('"content": 1, "role": "content"', '"content"  :  "x"', '"content": [1]'):
        body = '{"y": {%s}, "choices": [{"delta": {"content": true}}]}' % others
        got = play_pieces(b"data: " + body.encode() + b"\n\n" + sse(STOP)).completion
        assert got.content == "true", (others, got.content)


def test_a_value_in_broken_json_is_written_anew():
    # MicroPython's parser takes these for {"id": 0}; what is behind the key is no value alone.
    for broken in (b'{"id":0"a"}', b'{"id":"a}', b'{"id": 0x}'):
        parser = SSEParser(buffer=bytearray(broken))
        parser.data_end = len(broken)
        assert other_kinds.call({"id": 0}, parser)["id"] == "0", broken


def test_a_document_is_read_like_a_chunk():
    body = b'{"id": 7, "choices": [{"message": {"content": 1.10}, "finish_reason": "stop"}]}'
    got = play([json_reply(body)]).completion
    assert (got.content, got.id) == ("1.10", "7")


def test_texts_of_the_older_completions_api_are_content():
    pieces = [{"choices": [{"index": 0, "text": one}]} for one in ("Hel", "lo", 1)]
    assert play_pieces(sse(*pieces, STOP)).completion.content == "Hello1"
    whole = {"choices": [{"text": "Hello", "finish_reason": "stop"}]}
    assert play([json_reply(whole)]).completion.content == "Hello"
    # Beside deltas it says the same once more.
    beside = {"choices": [{"delta": {}, "text": "Hello", "finish_reason": "stop"}]}
    assert play_pieces(sse(chunk({"content": "Hello"}), beside)).completion.content == "Hello"


def test_an_index_of_another_kind():
    two = [chunk({"content": one}, "stop", index=index) for one, index in (("a", "0"), ("b", 1.0))]
    got = play_pieces(sse(*two), n=2).completion
    assert [one.content for one in got.choices] == ["a", "b"]
    got = play_pieces(sse(chunk({"content": "a"}, "stop", index={})))
    assert got.completion.content == "a", got.error
    got = play_pieces(sse(chunk({"content": "a"}, "stop", index={})), n=2)
    assert str(got.error) == "the index of a choice is none: {}", got.error


# A stream and a document with a text of its own in each field.
FUNCTION = {"name": "zoo_name", "arguments": '{"z": "zoo_argument"}'}
CALL = {"index": 0, "id": "zoo_id", "type": "function", "function": FUNCTION}
MESSAGE = {
    "role": "assistant",
    "content": "zoo_content",
    "reasoning_content": "zoo_reasoning",
    "refusal": "zoo_refusal",
    "tool_calls": [CALL],
}
HEAD = {"id": "zoo_answer", "object": "chat.completion.chunk", "created": 17, "model": "zoo_model"}
USAGE = {"prompt_tokens": 3, "completion_tokens": 2, "prompt_tokens_details": {"cached_tokens": 1}}
TOKEN = {"token": "zoo_token", "logprob": -0.5}


def stream():
    def one(**choice):
        return dict(HEAD, choices=[dict({"index": 0}, **choice)])

    words = dict(MESSAGE)
    words.pop("tool_calls")
    return [
        one(delta=words, logprobs={"content": [TOKEN]}, finish_reason=None),
        one(delta={"content": [{"type": "text", "text": "zoo_part"}], "zoo": "zoo_unknown"}),
        one(delta={"tool_calls": [CALL]}, finish_reason=None),
        dict(one(delta={}, finish_reason="stop"), usage=USAGE, citations=["zoo_link"]),
    ]


def document():
    choice = {"index": 0, "message": MESSAGE, "finish_reason": "stop"}
    return [dict(HEAD, choices=[choice], usage=USAGE)]


KINDS = [None, True, False, 0, 73125, 0.8125, "", "zebra", [], ["zebra"], [73125], {}]
KINDS += [{"zebra": 73125}, [[]], [None]]
# Fields that carry nothing of an answer, or are said anew by the next chunk, and those whose text
# counts, in which false is a text.
FORMAL = ("role", "object", "created", "index", "type", "finish_reason")
TEXTS = ("content", "arguments", "text")


def paths(value, path=()):
    # Where there is something in a value; () is the value itself.
    if path:
        yield path
    items = enumerate(value) if isinstance(value, list) else ()
    if isinstance(value, dict):
        items = sorted(value.items())
    for key, item in items:
        for one in paths(item, path + (key,)):
            yield one


def changed(value, path, other):
    if not path:
        return other
    result = list(value) if isinstance(value, list) else dict(value)
    result[path[0]] = changed(value[path[0]], path[1:], other)
    return result


def answered(chunks, whole):
    # All that can be reached of an answer, as one text.
    answer = Answer()
    if whole:
        answer.receive_document(bytearray(json.dumps(chunks[0]).encode()))
    else:
        for piece in [event(one) for one in chunks] + [DONE, b""]:
            answer.get_buffer()[: len(piece)] = piece
            answer.buffer_updated(len(piece))
            while answer.next_event() is not None:
                pass
    done = answer.assembler.completion(True)
    seen = [done.extra, done.usage, done.id, done.upstream_model]
    for choice in done.choices:
        seen += [choice.content, choice.reasoning_content, choice.refusal, choice.beside]
        seen += [choice.message_extra, choice.annotations, choice.logprobs, choice.finish_reason]
        for call in choice.tool_calls:
            seen += [call.id, call.name, call.arguments_raw, call.extra]
    return json.dumps(seen)


def leaves(path, value):
    # The texts that stand at a path or below.
    if isinstance(value, str):
        return [value] if value.startswith("zoo") else []
    items = list(value.values()) if isinstance(value, dict) else value
    found = []
    for item in items if isinstance(items, list) else []:
        found += leaves(path, item)
    return found


def at(value, path):
    for key in path:
        value = value[key]
    return value


def test_each_kind_in_each_field_is_read_or_refused():
    for chunks, whole in ((stream(), False), (document(), True)):
        everything = leaves((), chunks)
        assert len(everything) > 6
        for text in everything:
            assert text in answered(chunks, whole), text
        read = 0
        for path in [one for one in paths(chunks) if len(one) > 1]:
            below = leaves(path, at(chunks, path))
            for kind in KINDS:
                try:
                    seen = answered(changed(chunks, path, kind), whole)
                except ThinwireError:
                    continue
                read += 1
                if "tool_calls" in path and "zoo_name" not in seen and "zoo_name" in below:
                    continue  # a call without a name: test_tool_calls.py
                for text in everything:  # what was not touched is there
                    assert text in seen or text in below, (path, kind, text, seen)
                if path[-1] in FORMAL or path[1:] in (("id",), ("model",)):
                    continue
                if "73125" in json.dumps(kind):
                    assert "73125" in seen, (path, kind, seen)
                elif kind == 0.8125 or "zebra" in json.dumps(kind):
                    assert "zebra" in seen or "0.8125" in seen, (path, kind, seen)
                elif path[-1] in TEXTS and "logprobs" not in path and isinstance(kind, bool):
                    assert ("true" if kind else "false") in seen, (path, kind, seen)
        assert read > 200, read

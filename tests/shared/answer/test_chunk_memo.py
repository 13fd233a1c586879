"""Chunks that are not parsed again must give what parsing gives."""

import json

from streams import DONE, STOP, chunk, event, play, play_chunks, play_pieces, sse, text

from thinwire.core._compat import unescaped
from thinwire.core.answer import answer
from thinwire.core.answer.chunk_memo import ChunkMemo
from thinwire.testing.scripted import ScriptedReply

PLAIN = chunk({"content": "one"})


def spaced(obj):
    # As Python's json writes it, with spaces.
    return json.dumps(obj, separators=(", ", ": ")).encode()


def tight(obj):
    return json.dumps(obj, separators=(",", ":")).encode()


def learned(data, obj=None):
    template = ChunkMemo()
    buffer = bytearray(data)
    template.learn(buffer, 0, len(buffer), json.loads(data) if obj is None else obj)
    return template


def escapes_match():
    return unescaped(bytearray(b'"a"'), 0, 3) is not None


def matched(template, data):
    buffer = bytearray(b"xx" + data + b"yy")
    if not template.matches(buffer, 2, len(data) + 2):
        return None
    if template.text is not None:
        return template.text
    return str(bytes(buffer[template.start : template.end]), "utf-8")


def test_another_text_in_the_same_bytes():
    for write in (spaced, tight):
        first = write(PLAIN)
        template = learned(first)
        for words in ("two", "a much longer text", "é", "😀", " ", "{", "1"):
            other = first.replace(b"one", words.encode())
            assert matched(template, other) == words, (write, words)
        assert (template.kind, template.index) == ("content", 0)


def test_reasoning_and_further_choices():
    for name in ("reasoning", "reasoning_content"):
        template = learned(tight(chunk({name: "hm"}, index=2)))
        assert matched(template, tight(chunk({name: "hmm"}, index=2))) == "hmm"
        assert (template.kind, template.index) == ("reasoning", 2)


# What a chunk of the same answer may differ in: none of it is the learned chunk.
OTHERS = [
    chunk({"content": "one"}, "stop"),
    chunk({"content": "one"}, index=1),
    chunk({"content": ""}),
    chunk({"content": "a\ud83d"}),
    chunk({"content": "one", "tool_calls": []}),
    chunk({}),
    dict(PLAIN, error="no"),
    dict(PLAIN, id="cmpl-2"),
]


def test_other_chunks_do_not_match():
    template = learned(tight(PLAIN))
    for obj in OTHERS:
        data = tight(obj)
        assert matched(template, data) is None, data
    for data in (b"", b"{}", b"[DONE]", tight(PLAIN)[:-1], tight(PLAIN) + b" "):
        assert matched(template, data) is None, data


def test_escapes_are_read_where_there_is_memory():
    template = learned(tight(PLAIN))
    for words in ('a"b', "a\\b", "\n", '"', '\t\\"é', "plain"):
        expected = words if escapes_match() or words == "plain" else None
        assert matched(template, tight(chunk({"content": words}))) == expected, words
    assert matched(template, tight(PLAIN).replace(b"one", b"\\ud83d\\ude00")) is None
    cut = tight(PLAIN).replace(b"one", b'a\\"b","role":"c\\"')
    assert matched(template, cut) is None


def test_padding_is_passed_over():
    padded = [tight(dict(PLAIN, obfuscation="x" * size)) for size in (3, 9, 0)]
    template = learned(padded[0])
    assert [matched(template, data) for data in padded] == ["one"] * 3
    for data in (
        padded[0].replace(b"xxx", b"x\\nx"),
        padded[0].replace(b"one", b""),
        padded[0].replace(b"obfuscation", b"obfuscations"),
        tight(PLAIN),
    ):
        assert matched(template, data) is None, data
    template.learn(bytearray(tight(PLAIN)), 0, len(tight(PLAIN)), PLAIN)
    assert matched(template, tight(PLAIN)) == "one"
    # Not in the last place, or not as it is read.
    for data in (
        padded[0][:-1] + b',"x":1}',
        b'{"obfuscation":"xxx",' + tight(PLAIN)[1:],
        padded[0].replace(b'"xxx"', b"7"),
    ):
        template = learned(data)
        assert matched(template, data) == "one", data
        assert matched(template, data.replace(b"x", b"y")) is None, data


TWICE = [
    # The same name elsewhere, wherever and however written.
    b'{"choices":[{"delta":{"content":"one"}}],"x":{"content":"two"}}',
    b'{"x":{"content":"one"},"choices":[{"delta":{"content": "one"}}]}',
    b'{"choices":[{"delta":{"content":"x","content":"one"}}]}',
    b'{"choices":[{"delta":{"role":"content","content":"one"}}]}',
    # Not written as it is read.
    b'{"choices":[{"delta":{"content":"\\u006fne"}}]}',
    b'{"choices":[{"delta":{"cont\\u0065nt":"one"}}]}',
    b'{"x":{"content":"one"},"choices":[{"delta":{"cont\\u0065nt":"one"}}]}',
    b'{"choices":[{"delta":{"content":"one"}}],"x":"\\u0078"}',
    b'{"choices":[{"delta":{"content"\t:"one"}}]}',
    b'{"choices":[{"delta":{"content":["one"]}}]}',
]


def test_what_could_be_mistaken_is_not_learned():
    for data in TWICE:
        assert matched(learned(data), data) is None, data


def test_what_does_more_than_add_text_is_not_learned():
    for obj in (
        chunk({"content": "one"}, "stop"),
        chunk({"content": "one", "refusal": "no"}),
        chunk({"content": "one", "reasoning": "hm"}),
        chunk({"content": "one"}, logprobs={"content": [1]}),
        chunk({}, message={"content": "one"}),
        chunk({"content": "one"}, message={"x": 1}),
        chunk({"refusal": "one"}),
        chunk({"content": ""}),
        dict(PLAIN, error={"message": "no"}),
        dict(PLAIN, object="error"),
        {"choices": PLAIN["choices"] * 2},
        {"choices": []},
        {},
    ):
        data = tight(obj)
        assert matched(learned(data), data) is None, data


def test_a_server_that_pads_at_random_is_given_up_on():
    template = ChunkMemo()
    for number in range(9):
        data = tight(dict(PLAIN, padding="x" * number))
        template.learn(bytearray(data), 0, len(data), json.loads(data))
    assert matched(template, data) is None
    template = ChunkMemo()
    for number in range(30):  # every other chunk is like the one before
        data = tight(dict(PLAIN, padding="x" * (number // 2)))
        if matched(template, data) is None:
            template.learn(bytearray(data), 0, len(data), json.loads(data))
    assert matched(template, data) == "one"


class Never(ChunkMemo):
    def matches(self, buffer, start, end):
        return False


def fragment(arguments, **fields):
    function = dict({"arguments": arguments}, **fields.pop("function", {}))
    return chunk({"tool_calls": [dict({"index": 0, "function": function}, **fields)]})


def test_arguments_of_a_call():
    template = learned(tight(fragment("one", type="function", id=None)))
    assert (template.kind, template.index, template.call) == ("arguments", 0, 0)
    assert matched(template, tight(fragment("{}", type="function", id=None))) == "{}"
    template = learned(tight(fragment("one", index=3)))
    assert (matched(template, tight(fragment("two", index=3))), template.call) == ("two", 3)
    for obj in (
        fragment("one", id="1"),
        fragment("one", index=None),
        fragment("one", type="custom"),
        fragment("one", function={"name": "f"}),
        fragment(""),
        fragment({"a": 1}),
        chunk({"tool_calls": ["x"]}),
        chunk({"tool_calls": {"index": 0, "function": {"arguments": "one"}}}),
        chunk({"tool_calls": fragment("one")["choices"][0]["delta"]["tool_calls"] * 2}),
    ):
        data = tight(obj)
        assert matched(learned(data), data) is None, data


BEGUN = fragment("", id="1", function={"name": "f"})
OTHER = fragment("", id="2", index=1, function={"name": "g"})
PIECES = ('{"a": ', '"b', " c", '\\"d"', "}")
STREAMS = [
    [BEGUN] + [fragment(one) for one in PIECES],
    [BEGUN, OTHER] + [fragment(one, index=index) for one in PIECES for index in (0, 1)],
    [BEGUN] + [fragment(one) for one in PIECES] * 2,
    [BEGUN] + [fragment("".join(PIECES[: count + 1])) for count in range(5)],
    [fragment(one) for one in PIECES] + [BEGUN],
    [fragment(one, index=2) for one in PIECES] + [text("a"), BEGUN],
    [BEGUN] + [dict(fragment(one), obfuscation="x" * len(one)) for one in PIECES],
    [BEGUN, fragment('{"a'), fragment("b"), chunk({}, "stop"), fragment("c"), fragment("d")],
    [BEGUN, fragment('{"a'), fragment("\ud83d"), fragment("c"), fragment("\ude00"), fragment("d")],
    [chunk(dict(one["choices"][0]["delta"]), index=1) for one in (BEGUN, fragment("{"))]
    + [chunk(dict(fragment(one)["choices"][0]["delta"]), index=1) for one in "abc"],
    [fragment("", id="1", type="custom")]
    + [chunk({"tool_calls": [{"index": 0, "id": "1", "custom": {"name": "f", "input": "a"}}]})]
    + [fragment(one) for one in ("a", "b", "c", "d")],
    [text("a"), text("b"), text("é"), text('q"q'), text("c\\"), text("😀"), text("d")],
    [chunk({"reasoning": "a"}), chunk({"reasoning": "b"}), text("c"), text("d"), text("e")],
    [chunk({"content": one}, index=i) for one in "abcd" for i in (0, 1)],
    [text("a"), text("b"), chunk({"content": "c"}, "stop"), {"usage": {"total_tokens": 3}}],
    [text("a"), text("b"), dict(text("c"), error="no")],
    [text("a"), text("\ud83d"), text("\ude00"), text("b"), text("c")],
    [text("a"), "not JSON", text("b"), text("c")],
    [dict(text(one), usage={"completion_tokens": 1}) for one in "abc"],
]


def outcome(stream):
    return play([ScriptedReply([sse(*stream) + DONE])]).summary()[:4]


def test_streams_come_out_as_if_each_chunk_was_parsed():
    for stream in STREAMS:
        got = outcome(stream)
        answer.ChunkMemo = Never
        try:
            want = outcome(stream)
        finally:
            answer.ChunkMemo = ChunkMemo
        assert got == want, stream


def test_an_event_of_another_type_is_not_taken_for_a_chunk():
    broken = b"event: error\n" + event(text("c"))
    got = play([ScriptedReply([sse(text("a"), text("b")) + broken])])
    assert got.partial().content == "ab"


def test_the_texts_of_a_long_answer():
    words = ["word%d " % i for i in range(100)]
    got = play_chunks(*[text(one) for one in words], chunk({}, "stop"))
    assert [item.text for item in got.events] == words


def test_a_text_that_is_no_utf_8_is_repaired():
    first, second = event(PLAIN), event(PLAIN).replace(b"one", b"a\xffb\xe4\xbd")
    got = play_pieces(first + second + event(STOP) + DONE)
    assert got.completion.content == "onea\ufffdb\ufffd", got.completion

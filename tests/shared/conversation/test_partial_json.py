"""JSON that is still arriving: what of it is closed so far."""

import json

from thinwire.core.conversation.partial_json import PartialJSON, copied


def read(text, *more):
    reader = PartialJSON()
    for piece in (text,) + more:
        reader.feed(piece)
    return reader


# What has come, and what of it is closed.
CASES = [
    ("", None),
    ("Here you", None),
    ("```json\n", None),
    ("```json\n{", {}),
    (" {", {}),
    ('{"a', {}),
    ('{"a"', {}),
    ('{"a":', {}),
    ('{"a": "b', {}),
    ('{"a": "b"', {"a": "b"}),
    ('{"a": "b\\"', {}),
    ('{"a": "b\\\\"', {"a": "b\\"}),
    ('{"a": "\\u00e4"', {"a": "\u00e4"}),
    ('{"a": 1', {}),
    ('{"a": 1 ', {"a": 1}),
    ('{"a": 1,', {"a": 1}),
    ('{"a": -1.5e3}', {"a": -1500.0}),
    ('{"a": tru', {}),
    ('{"a": true,', {"a": True}),
    ('{"a": null\n', {"a": None}),
    ('{"a": {', {"a": {}}),
    ('{"a": {"b": [', {"a": {"b": []}}),
    ('{"a": {"b": [1, 2', {"a": {"b": [1]}}),
    ('{"a": [{"b": 1}, {"b"', {"a": [{"b": 1}, {}]}),
    ("[[1], [2,", [[1], [2]]),
    ('["a", "b]', ["a"]),
    ('{"a": 1}', {"a": 1}),
    ("{}", {}),
    ("[]", []),
    ("[1 ]", [1]),
    # After the end, or what is no JSON, nothing counts.
    ('{"a": 1} and {"b": 2}', {"a": 1}),
    ('{"a": 1,} {"b": 2}', {"a": 1}),
    ('{"a": 1] , "b": 2}', {"a": 1}),
    ('{"a" 1, "b": 2}', {}),
    ('{"a": what, "b": 2}', {}),
    ('{1: 2, "b": 2}', {}),
    ('{"a": 1 2, "b": 2}', {"a": 1}),
    ('{"a": "\\x", "b": 2}', {}),
]


def test_what_is_closed():
    for text, want in CASES:
        assert read(text).value == want, (text, read(text).value)


def test_pieces_of_any_size():
    for text, want in CASES:
        assert read(*([""] + list(text))).value == want, text
        for cut in range(len(text)):
            assert read(text[:cut], text[cut:]).value == want, (text, cut)


def test_it_grows_into_the_whole():
    whole = {"a": ["x", '\u4f60\\"', {"b": [1, 2.5, None, False]}], "c": {}, "d": "e"}
    text = json.dumps(whole)
    reader, sizes = PartialJSON(), [0]
    for place in range(len(text)):
        assert not reader.closed
        reader.feed(text[place])
        if reader.value is not None:
            size = len(json.dumps(reader.value))
            assert size >= sizes[-1], (text[:place], reader.value)
            sizes.append(size)
    assert reader.closed
    assert reader.value == whole


def test_what_is_nested_too_deeply_stays_as_it_is():
    reader = read('{"a": 1, "b": ' + "[" * 500 + "1]")
    assert reader.value["a"] == 1
    assert not reader.closed
    depth, inner = 0, copied(reader.value)["b"]
    while inner:
        depth, inner = depth + 1, inner[0]
    assert depth == 62


def test_a_copy_grows_no_further():
    reader = read('{"a": [1, {"b": 2')
    before = copied(reader.value)
    reader.feed(', "c": 3}]}')
    assert before == {"a": [1, {}]}
    assert reader.value == {"a": [1, {"b": 2, "c": 3}]}
    assert copied(None) is None

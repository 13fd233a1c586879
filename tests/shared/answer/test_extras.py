"""Fields of a message that are not ours, put together from their deltas."""

import json

from thinwire.core.answer.extras import Extras


def merged(*deltas, known=("content",)):
    extras = Extras()
    before = json.dumps(deltas)
    for delta in deltas:
        extras.add(delta, known)
    assert json.dumps(deltas) == before, "what came was changed"
    return extras.value()


def text(index, words, **more):
    entry = {"type": "reasoning.text", "index": index, "text": words}
    entry.update(more)
    return entry


LONG = "c2lnbmF0dXJl" * 4

# Why, values of one field in delta after delta, what they make.
FIELDS = [
    ("a text grows", ["a", "b", "", None, "b"], "abb"),
    ("one that came empty", ["", "", "a"], "a"),
    ("a signature said again", [LONG, LONG], LONG),
    ("one in pieces", [LONG, "x", "y"], LONG + "xy"),
    ("a number is the last", [1, 2], 2),
    ("false is a value", [True, False], False),
    ("an object grows", [{"a": "x"}, {"a": "y", "b": 1}], {"a": "xy", "b": 1}),
    ("null stays where nothing else came", [{"a": None}, {"b": 1}], {"a": None, "b": 1}),
    ("null takes nothing back", [{"a": "x"}, {"a": None}], {"a": "x"}),
    ("a list grows", [[1], [{"a": "x"}], ["b"]], [1, {"a": "x"}, "b"]),
    ("objects without an index are whole", [[{"a": "x"}], [{"a": "y"}]], [{"a": "x"}, {"a": "y"}]),
    ("nor is an index that is no number", [[{"index": "0"}]] * 2, [{"index": "0"}] * 2),
    ("entries by index", [[text(0, "a"), text(1, "b")], [text(1, "c"), text(0, "d")]],
     [text(0, "ad"), text(1, "bc")]),
    ("a signature at the end", [[text(0, "a")], [{"type": "reasoning.text", "index": 0,
      "signature": LONG}]], [text(0, "a", signature=LONG)]),
    ("without a type it belongs to the last", [[text(0, "a")], [{"index": 0, "text": "b"}]],
     [text(0, "ab")]),
    ("two types of one index", [[text(0, "a")], [{"type": "reasoning.encrypted", "index": 0,
      "data": "x"}], [text(0, "b")]],
     [text(0, "ab"), {"type": "reasoning.encrypted", "index": 0, "data": "x"}]),
    ("two ids of one index", [[text(0, "a", id="1")], [text(0, "b", id="2")]],
     [text(0, "a", id="1"), text(0, "b", id="2")]),
    ("an id that comes later, and stays", [[text(0, "a")], [text(0, "b", id="1")],
      [text(0, "c", id="1", format=None)]], [text(0, "abc", id="1", format=None)]),
    ("names do not grow", [{"id": "a", "role": "x"}, {"id": "b", "role": "x"}],
     {"id": "b", "role": "x"}),
    ("nor are they taken back", [{"id": "a"}, {"id": ""}, {"id": None}], {"id": "a"}),
    ("another kind replaces", ["a", {"b": 1}, [2], 3, "c"], "c"),
    ("a text that grew, too", ["a", "b", 3], 3),
    ("Gemini", [{"google": {"thought_signature": LONG}}], {"google": {"thought_signature": LONG}}),
    ("deep values are taken whole", [{"a": {"a": {"a": {"a": {"a": "x"}}}}}] * 2,
     {"a": {"a": {"a": {"a": {"a": "x"}}}}}),
]  # fmt: skip


def test_what_deltas_make_of_a_field():
    for why, values, want in FIELDS:
        got = merged(*[{"more": value} for value in values])
        assert got == {"more": want}, (why, got)


def test_known_fields_are_left_alone():
    assert merged({"content": "a", "b": 1}, {"content": "c"}) == {"b": 1}


def test_what_was_told_grows_no_further():
    extras = Extras()
    extras.add({"a": "x", "b": [text(0, "x")]}, ())
    extras.add({"a": "y"}, ())
    first = extras.value()
    extras.add({"a": "z", "b": [text(0, "y"), 1], "c": {}}, ())
    assert first == {"a": "xy", "b": [text(0, "x")]}, first


def test_half_a_character_waits_for_the_other():
    high, low = json.loads('"\\ud83d"'), json.loads('"\\ude00"')
    got = merged({"a": "x" + high}, {"a": low + "y"}, {"a": "z"})
    assert got["a"].encode("utf-8", "surrogatepass") == b"x\xf0\x9f\x98\x80yz", got


def test_many_fragments_take_time_that_is_theirs():
    # Entries are found by their index, and texts are joined once.
    deltas = [{"d": [text(number % 500, "x")]} for number in range(2000)]
    got = merged(*deltas)["d"]
    assert len(got) == 500
    assert got[7]["text"] == "xxxx", got[7]

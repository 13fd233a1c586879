from thinwire.core.answer import chunk
from thinwire.core.answer.completion import ToolCallDelta, ToolCallStarted
from thinwire.core.answer.tool_calls import ToolCall, ToolCallAssembler


def fragment(index=None, id=None, name=None, arguments=None):
    # As on the wire; None: the field is missing.
    function = {}
    if name is not None:
        function["name"] = name
    if arguments is not None:
        function["arguments"] = arguments
    result = {"function": function, "type": "function"}
    if index is not None:
        result["index"] = index
    if id is not None:
        result["id"] = id
    return result


def assembled(fragments, complete=True):
    assembler = ToolCallAssembler()
    events = []
    for one in fragments:
        assembler.receive(one, events)
    return assembler.calls(complete), events


def short(calls):
    return [(call.id, call.name, call.arguments_raw) for call in calls]


F, G = ("1", "f", '{"a":1}'), ("2", "g", '{"b":2}')

# Why, fragments as arguments of fragment(), then id, name and arguments of each call.
WIRE = [
    (
        "as specified",
        [(0, "1", "f", ""), (0, None, None, '{"a"'), (0, None, None, ":1}")],
        [F],
    ),
    (
        "two calls, interleaved",
        [(0, "1", "f", '{"a"'), (1, "2", "g", '{"b"'), (0, None, None, ":1}")]
        + [(1, None, None, ":2}")],
        [F, G],
    ),
    (
        "no index, ids",
        [(None, "1", "f", ""), (None, "1", None, '{"a":1}'), (None, "2", "g", '{"b":2}')],
        [F, G],
    ),
    (
        "no index, ids, interleaved",
        [(None, "1", "f", ""), (None, "2", "g", ""), (None, "1", None, '{"a":1}')]
        + [(None, "2", None, '{"b":2}')],
        [F, G],
    ),
    (
        "no index, id first",
        [(None, "1", None, ""), (None, None, "f", '{"a":1}'), (None, "2", None, "")]
        + [(None, None, "g", '{"b":2}')],
        [F, G],
    ),
    (
        "no index, no id",
        [(None, None, "f", ""), (None, None, None, '{"a":1}'), (None, None, "g", '{"b":2}')],
        [("", "f", '{"a":1}'), ("", "g", '{"b":2}')],
    ),
    (
        "nothing but names, whole calls of one function",
        [(None, None, "f", '{"a":1}'), (None, None, "f", '{"a":2}')],
        [("", "f", '{"a":1}'), ("", "f", '{"a":2}')],
    ),
    (
        "one index, whole calls without ids",
        [(0, "", "f", '{"a":1}'), (0, "", "f", '{"a":2}')],
        [("", "f", '{"a":1}'), ("", "f", '{"a":2}')],
    ),
    (
        "one index, different ids",
        [(0, "1", "f", '{"a":1}'), (0, "2", "g", ""), (0, None, None, '{"b":2}')],
        [F, G],
    ),
    (
        "one index, different ids, interleaved",
        [(0, "1", "f", ""), (0, "2", "g", ""), (0, "1", None, '{"a":1}')]
        + [(0, "2", None, '{"b":2}')],
        [F, G],
    ),
    ("index from 1", [(1, "1", "f", '{"a":1}'), (2, "2", "g", '{"b":2}')], [F, G]),
    ("a gap", [(0, "1", "f", '{"a":1}'), (5, "2", "g", '{"b":2}')], [F, G]),
    ("an index as text", [("0", "1", "f", '{"a":1}'), ("1", "2", "g", '{"b":2}')], [F, G]),
    (
        "one id for all",
        [(0, "1", "f", "{}"), (1, "1", "g", "{}")],
        [("1", "f", "{}")] + [("1", "g", "{}")],
    ),
    (
        "id and name in each fragment",
        [(0, "1", "f", '{"a"'), (0, "1", "f", ":1}"), (0, "1", "f", "")],
        [F],
    ),
    (
        "name in each fragment, no id",
        [(0, None, "f", ""), (0, None, "f", '{"a"'), (0, None, "f", ":1}"), (0, None, "f", "")],
        [("", "f", '{"a":1}')],
    ),
    (
        "another id in each fragment",
        [(0, "1", "f", '{"a"'), (0, "x", None, ":1"), (0, "y", None, "}")],
        [F],
    ),
    ("id is late", [(0, None, "f", '{"a"'), (0, "1", None, ":1}")], [F]),
    ("name is late", [(0, "1", None, '{"a"'), (0, None, "f", ":1}")], [F]),
    ("empty id, then one", [(0, "", "f", ""), (0, "1", None, '{"a":1}')], [F]),
    ("no name ever", [(0, "1", None, '{"a":1}'), (1, "2", "g", '{"b":2}')], [G]),
    ("arguments as an object", [(0, "1", "f", {"a": 1})], [F]),
    ("arguments as an empty object", [(0, "1", "f", {})], [("1", "f", "{}")]),
    ("arguments as a list", [(0, "1", "f", [1])], [("1", "f", "[1]")]),
    ("arguments as a number", [(0, "1", "f", 3)], [("1", "f", "")]),
    ("arguments with an infinity", [(0, "1", "f", {"a": float("inf")})], [("1", "f", "null")]),
    ("names and ids of other types", [(0, 1, 2, "x")], []),
]


def test_fragments_as_servers_send_them():
    for why, fragments, want in WIRE:
        calls, _ = assembled([fragment(*one) for one in fragments])
        assert short(calls) == want, (why, short(calls))


def test_events_tell_the_same_as_the_calls():
    for why, fragments, want in WIRE:
        calls, events = assembled([fragment(*one) for one in fragments])
        names = [item.name for item in events if isinstance(item, ToolCallStarted)]
        assert names == [name for _, name, _ in want], (why, names)
        for call in calls:
            pieces = [item.arguments for item in events if delta_of(item, call.index)]
            assert "".join(pieces) == call.arguments_raw, (why, pieces)
            assert "" not in pieces, why


def delta_of(item, index):
    return isinstance(item, ToolCallDelta) and item.index == index


def test_a_call_begins_before_its_arguments():
    for why, fragments, _ in WIRE:
        _, events = assembled([fragment(*one) for one in fragments])
        begun = -1
        for item in events:
            if isinstance(item, ToolCallStarted):
                begun += 1
                assert item.index == begun, why
            assert item.index <= begun, why


def test_what_came_before_the_name_follows_it():
    _, events = assembled([fragment(0, "1", None, '{"a"'), fragment(0, None, "f", ":1}")])
    want = [ToolCallStarted(0, "1", "f"), ToolCallDelta(0, '{"a":1}')]
    assert events == want, events


def test_events_name_the_choice():
    events = []
    ToolCallAssembler(2).receive(fragment(0, "1", "f", "{}"), events)
    assert [item.choice for item in events] == [2, 2], events


def test_a_function_that_is_no_object_is_nothing():
    calls, events = assembled([{"function": "f"}, {"function": None}, {}])
    assert (calls, events) == ([], [])


# The text, then the parsed arguments.
ARGUMENTS = [
    ('{"a": 1}', {"a": 1}),
    (' {"a": "\u20ac"} ', {"a": "\u20ac"}),
    ("{}", {}),
    ("[1]", None),
    ("3", None),
    ("null", None),
    ('"text"', None),
    ("not json", None),
    ("{} {}", None),
]


def test_arguments_are_parsed_or_none():
    for raw, want in ARGUMENTS:
        call = ToolCall(0, "1", "f", raw)
        assert call.arguments == want, (raw, call.arguments)
        assert call.arguments_raw == raw
        assert call.repaired is False


def test_truncated_arguments_are_none_and_the_text_is_kept():
    raw = '{"a": {"b": [1, {"c": "}"}]}, "d": "x"}'
    for end in range(1, len(raw)):
        call = ToolCall(0, "1", "f", raw[:end])
        assert call.arguments is None, raw[:end]
        assert call.arguments_raw == raw[:end]


def test_no_arguments_are_an_empty_object_only_in_a_complete_answer():
    for complete, want in [(True, {}), (False, None)]:
        calls, _ = assembled([fragment(0, "1", "f", "")], complete)
        assert calls[0].arguments == want, complete
        assert calls[0].arguments_raw == ""


def test_a_call_goes_back_into_the_conversation():
    got = ToolCall(0, "1", "f", '{"a":1}').to_dict()
    function = {"name": "f", "arguments": '{"a":1}'}
    assert got == {"id": "1", "type": "function", "function": function}, got


def test_missing_arguments_go_back_as_an_empty_object():
    assert ToolCall(0, "1", "f", "").to_dict()["function"]["arguments"] == "{}"


def test_a_call_shows_what_it_is():
    assert repr(ToolCall(0, "1", "f", "{}")) == "ToolCall(0, '1', 'f', '{}')"


def test_a_single_call_and_the_older_function_call_are_calls():
    single = {"id": "1", "function": {"name": "f", "arguments": "{}"}}
    for delta in ({"tool_calls": single}, {"function_call": {"name": "f", "arguments": "{}"}}):
        assert [one["function"]["name"] for one in chunk.calls(delta)] == ["f"]
    for delta in ({}, {"tool_calls": None}, {"tool_calls": "x"}, {"function_call": {}}):
        assert chunk.calls(delta) == []


def test_broken_arguments_are_repaired_on_request():
    for raw, want in [('{"a": 1, "b": [1, 2]', {"a": 1, "b": [1, 2]}), ('{"a": "x', {"a": "x"})]:
        one = ToolCall(0, "1", "f", raw, False)
        assert (one.arguments, one.repaired) == (None, False)
        assert one.repair() == one.arguments == want, raw
        assert one.repaired
        assert one.arguments_raw == raw


def test_what_needs_no_repair_is_left_alone():
    one = ToolCall(0, "1", "f", '{"a": 1}')
    assert one.repair() == {"a": 1}
    assert not one.repaired


def test_what_makes_no_sense_stays_unknown():
    for raw in ("", "no", "[1"):
        one = ToolCall(0, "1", "f", raw, False)
        assert one.repair() is None, raw
        assert not one.repaired

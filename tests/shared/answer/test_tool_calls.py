import json

from helpers import error_of

from thinwire.core.answer import chunk
from thinwire.core.answer.tool_calls import (
    ToolCall,
    ToolCallAssembler,
    ToolCallDelta,
    ToolCallStarted,
)
from thinwire.core.errors import StreamError


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
    assembler.finish(events)
    return assembler.calls(complete), events


def short(calls):
    # "made": an id that the server did not send.
    return [(sent(call.id), call.name, call.arguments_raw) for call in calls]


def sent(id):
    return "made" if len(id) == 9 and id.strip("0123456789abcdef") == "" else id


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
        [("made", "f", '{"a":1}'), ("made", "g", '{"b":2}')],
    ),
    (
        "nothing but names, whole calls of one function",
        [(None, None, "f", '{"a":1}'), (None, None, "f", '{"a":2}')],
        [("made", "f", '{"a":1}'), ("made", "f", '{"a":2}')],
    ),
    (
        "one index, whole calls without ids",
        [(0, "", "f", '{"a":1}'), (0, "", "f", '{"a":2}')],
        [("made", "f", '{"a":1}'), ("made", "f", '{"a":2}')],
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
        [("made", "f", '{"a":1}')],
    ),
    (
        "another id in each fragment",
        [(0, "1", "f", '{"a"'), (0, "x", None, ":1"), (0, "y", None, "}")],
        [F],
    ),
    ("id is late", [(0, None, "f", '{"a"'), (0, "1", None, ":1}")], [("made", "f", '{"a":1}')]),
    ("id is late, no arguments before", [(0, None, "f", ""), (0, "1", None, '{"a":1}')], [F]),
    (
        "id is late, then told apart by it",
        [(0, None, "f", '{"a"'), (0, "1", None, ":1}"), (0, "2", "g", ""), (0, "1", None, " ")]
        + [(0, "2", None, '{"b":2}')],
        [("made", "f", '{"a":1} '), G],
    ),
    ("name is late", [(0, "1", None, '{"a"'), (0, None, "f", ":1}")], [F]),
    ("empty id, then one", [(0, "", "f", ""), (0, "1", None, '{"a":1}')], [F]),
    (
        "name in pieces, id with each",
        [(0, "1", "edit_ex", ""), (0, "1", "isting_file", ""), (0, None, None, "{}")],
        [("1", "edit_existing_file", "{}")],
    ),
    (
        "name in pieces, id once",
        [(0, "1", "edit_ex", None), (0, None, "isting", ""), (0, "", "_file", "{}")],
        [("1", "edit_existing_file", "{}")],
    ),
    (
        "name in pieces, then another call",
        [(0, "1", "edit_ex", ""), (0, "1", "isting_file", ""), (1, "2", "g", '{"b":2}')],
        [("1", "edit_existing_file", ""), G],
    ),
    (
        "name again, each time longer",
        [(0, "1", "edit", ""), (0, "1", "edit_file", ""), (0, "1", "edit_file", "{}")],
        [("1", "edit_file", "{}")],
    ),
    (
        "another name, but no id said that it is one call",
        [(0, None, "f", ""), (0, None, "g", '{"b":2}')],
        [("made", "f", ""), ("made", "g", '{"b":2}')],
    ),
    (
        "another name, but there are arguments",
        [(0, "1", "f", '{"a":1}'), (0, None, "g", '{"b":2}')],
        [F, ("made", "g", '{"b":2}')],
    ),
    (
        "a name that never ends",
        [(0, "1", "f" * 200, "")] + [(0, "1", "g" * 99, "")] * 9 + [(0, "1", None, "{}")],
        [("1", "f" * 200 + "g" * 99, "{}")],
    ),
    (
        "a name that never ends, an id once",
        [(0, "1", "f" * 300, ""), (0, None, "g", '{"b":2}')],
        [("1", "f" * 300, ""), ("made", "g", '{"b":2}')],
    ),
    (
        "white space behind whole arguments, the name again",
        [(0, None, "f", '{"a":1}'), (0, None, "f", "\n"), (0, None, "f", " ")],
        [("made", "f", '{"a":1}\n ')],
    ),
    ("no name ever", [(0, "1", None, '{"a":1}'), (1, "2", "g", '{"b":2}')], [G]),
    ("arguments as an object", [(0, "1", "f", {"a": 1})], [F]),
    ("arguments as an empty object", [(0, "1", "f", {})], [("1", "f", "{}")]),
    ("arguments as a list", [(0, "1", "f", [1])], [("1", "f", "[1]")]),
    ("arguments as a number", [(0, "1", "f", 3)], [("1", "f", "3")]),
    ("arguments as a word", [(0, "1", "f", True)], [("1", "f", "true")]),
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


def test_ids_are_the_same_wherever_they_stand():
    for why, fragments, _ in WIRE:
        assembler, events = ToolCallAssembler(), []
        for one in fragments:
            assembler.receive(fragment(*one), events)
            assembler.calls(False)  # somebody looks
        assembler.finish(events)
        calls = assembler.calls(True)
        told = [item.id for item in events if isinstance(item, ToolCallStarted)]
        assert told == [call.id for call in calls], why
        assert told == [call.to_dict()["id"] for call in calls], why
        assert "" not in told, why


def test_made_ids_are_letters_and_digits_and_all_different():
    made = [fragment(index, None, "f", "{}") for index in range(50)]
    ids = [call.id for call in assembled(made)[0]]
    assert len(set(ids)) == 50
    assert [sent(id) for id in ids] == ["made"] * 50, ids


def test_arguments_that_look_whole_again_and_again_are_parsed_a_few_times():
    # A server that repeats the name, and a text full of brackets.
    pieces = ['{"a":"'] + ["{}"] * 20 + ['"}'] + ['{"a":1}'] * 2
    calls, _ = assembled([fragment(0, None, "f", one) for one in pieces])
    assert [call.arguments_raw for call in calls] == ["".join(pieces)], calls
    pieces = ['{"a":"'] + ["{}"] * 3 + ['"}'] + ['{"a":1}', '{"a":2}']
    calls, _ = assembled([fragment(0, None, "f", one) for one in pieces])
    assert [call.arguments for call in calls] == [{"a": "{}{}{}"}, {"a": 1}, {"a": 2}], calls


def test_there_is_a_bound_for_calls():
    assembler = ToolCallAssembler(limit=3)
    for index in (0, 1, 2, 0):
        assembler.receive(fragment(index, None, "f", "{}" if index else " "), [])
    error = error_of(StreamError, assembler.receive, fragment(3, "2", "f", "{}"), [])
    assert str(error) == "the answer has more than 3 tool calls", error


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
    ToolCallAssembler(2).receive(fragment(0, "1", "f", "[]"), events)
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


def custom(input, name=None, **more):
    result = {"index": 0, "custom": {"input": input}}
    if name is not None:
        result["custom"]["name"] = name
        result.update({"id": "1", "type": "custom"})
    result.update(more)
    return result


def test_a_custom_tool_gets_its_input_as_it_is():
    calls, events = assembled([custom("", "sql"), custom("SELECT "), custom("{42}")])
    got = calls[0]
    assert (got.type, got.name, got.input) == ("custom", "sql", "SELECT {42}")
    assert (got.arguments, got.arguments_raw, got.repair()) == (None, "SELECT {42}", None)
    want = [ToolCallStarted(0, "1", "sql"), ToolCallDelta(0, "SELECT "), ToolCallDelta(0, "{42}")]
    assert events == want, events
    want = {"id": "1", "type": "custom", "custom": {"name": "sql", "input": "SELECT {42}"}}
    assert got.to_dict() == want, got.to_dict()
    assert not got.is_special()


def test_what_looks_like_arguments_is_no_more_than_input():
    for input in ('{"a": 1}', "{}", "", "[1", '{"a": '):
        calls, _ = assembled([custom(input, "sql")])
        assert (calls[0].arguments, calls[0].input) == (None, input), input


def test_a_custom_call_keeps_the_fields_of_its_server():
    first = custom("a", "sql", x=1)
    first["custom"]["y"] = 2
    calls, _ = assembled([first, fragment(1, "2", "f", "{}")])
    want = {"id": "1", "type": "custom", "x": 1, "custom": {"name": "sql", "input": "a", "y": 2}}
    assert calls[0].to_dict() == want, calls[0].to_dict()
    assert calls[0].is_special()
    assert (calls[1].type, calls[1].input, calls[1].arguments) == ("function", None, {})


def test_a_type_of_the_servers_own_is_kept():
    for type, want in [("builtin_function", "builtin_function"), (None, "function"),
                       ("", "function"), ("function", "function"), (3, "function")]:  # fmt: skip
        one = fragment(0, "1", "f", "{}")
        one["type"] = type
        calls, _ = assembled([one, fragment(0, None, None, "")])
        assert calls[0].type == calls[0].to_dict()["type"] == want, type
        assert calls[0].is_special() == (want == "builtin_function")


def test_calls_that_nobody_can_make_are_counted():
    for fragments, named, lost in [
        ([], 0, False),
        ([fragment(0, "1", "f", "")], 1, False),
        ([fragment(0, "1", None, "")], 0, False),
        ([fragment(0, "1", None, "{}")], 0, True),
        ([fragment(0, "1", None, "{"), fragment(0, None, "f", "}")], 1, False),
        ([fragment(0, "1", "f", "{}"), fragment(1, "2", None, "{}")], 1, True),
        ([{"index": 0, "type": "mcp", "mcp": {"name": "f"}}], 0, False),
    ]:
        assembler = ToolCallAssembler()
        for one in fragments:
            assembler.receive(one, [])
        assert (assembler.named(), assembler.lost()) == (named, lost), fragments


def test_calls_of_several_choices_can_be_those_of_one_answer():
    assembler, events = ToolCallAssembler(), []
    for lane, name in [(1, "f"), (2, "g")]:
        assembler.receive(fragment(0, None, name, '{"a"'), events, lane)
    for lane in (1, 2):
        assembler.receive(fragment(0, None, None, ":%d}" % lane), events, lane)
    got = [(call.index, call.name, call.arguments) for call in assembler.calls(True)]
    assert got == [(0, "f", {"a": 1}), (1, "g", {"a": 2})], got


def test_a_single_call_and_the_older_function_call_are_calls():
    single = {"id": "1", "function": {"name": "f", "arguments": "{}"}}
    for delta in ({"tool_calls": single}, {"function_call": {"name": "f", "arguments": "{}"}}):
        assert [one["function"]["name"] for one in chunk.calls(delta)] == ["f"]
    for delta in ({}, {"tool_calls": None}, {"tool_calls": ""}, {"function_call": {}}):
        assert chunk.calls(delta) == []
    for delta in ({"tool_calls": "x"}, {"tool_calls": 3}):
        words = str(error_of(StreamError, chunk.calls, delta))
        assert words.startswith("tool_calls is no list: "), words


def test_broken_arguments_are_repaired_on_request():
    for raw, want in [('{"a": 1, "b": [1, 2]', {"a": 1, "b": [1, 2]}), ('{"a": "x', {"a": "x"})]:
        one = ToolCall(0, "1", "f", raw, False)
        assert (one.arguments, one.repaired) == (None, False)
        assert one.repair() == one.arguments == want, raw
        assert one.repaired
        assert one.arguments_raw == raw
        assert json.loads(one.to_dict()["function"]["arguments"]) == want


def test_what_needs_no_repair_is_left_alone():
    one = ToolCall(0, "1", "f", '{"a": 1}')
    assert one.repair() == {"a": 1}
    assert not one.repaired


def test_what_makes_no_sense_stays_unknown():
    for raw in ("", "no", "[1"):
        one = ToolCall(0, "1", "f", raw, False)
        assert one.repair() is None, raw
        assert not one.repaired

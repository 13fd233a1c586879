"""Arguments that a server sends more than once, among others that only look like it."""

from thinwire.core.answer.tool_calls import ToolCallAssembler, ToolCallDelta, ToolCallStarted

WHOLE = '{"city": "Bonn"}'
NESTED = '{"not":{"not":{"not":1}}}'
QUOTED = '{"c":"{\\"c\\":"}'


def fragment(arguments, name=None, id=None, index=0):
    result = {"index": index, "function": {"arguments": arguments}}
    if name is not None:
        result["function"]["name"] = name
    if id is not None:
        result["id"] = id
    return result


def put_together(fragments, keep=True):
    assembler, events = ToolCallAssembler(0, keep), []
    for one in fragments:
        assembler.receive(one, events)
    assembler.finish(events)
    assembler.finish(events)  # nothing is told twice
    return assembler.calls(True), events


def told(events):
    # The arguments as the events tell them, call by call.
    found = []
    for event in events:
        if isinstance(event, ToolCallStarted):
            found.append("")
        elif isinstance(event, ToolCallDelta):
            assert event.arguments
            found[event.index] += event.arguments
    return found


def one_call(pieces):
    return [fragment(pieces[0], "f", "1")] + [fragment(piece) for piece in pieces[1:]]


# Why, the arguments of each fragment of one call, what the call has.
CASES = [
    ("whole behind fragments", ['{"city": ', '"Bonn"}', WHOLE], WHOLE),
    ("whole behind the whole", [WHOLE, WHOLE], WHOLE),
    ("and once more", [WHOLE, WHOLE, WHOLE], WHOLE),
    ("without its spaces", ['{"city": ', '"Bonn"}', '{"city":"Bonn"}'], WHOLE),
    ("in another order", ['{"a":1,', '"b":2}', '{"b": 2, "a": 1}'], '{"a":1,"b":2}'),
    ("with escapes", ['{"a":"', 'é"}', '{"a":"\\u00e9"}'], '{"a":"é"}'),
    ("in fragments of its own", ['{"city": ', '"Bonn"}', '{"city"', ': "Bonn', '"}'], WHOLE),
    ("in fragments, without spaces", ['{"city": ', '"Bonn"}', '{"city"', ':"Bonn"}'], WHOLE),
    ("in fragments, cut", ['{"city": ', '"Bonn"}', '{"city"', ": "], WHOLE),
    ("a blank behind", ['{"city": ', '"Bonn"}', "\n", WHOLE], WHOLE + "\n"),
    ("as an object", ['{"city": ', '"Bonn"}', {"city": "Bonn"}], WHOLE),
    ("an object twice", [{"a": 1}, {"a": 1}], '{"a":1}'),
    ("without its end at first", ['{"city": ', '"Bonn"', WHOLE], WHOLE),
    ("cumulative", ["{", '{"city"', '{"city": "B', WHOLE], WHOLE),
    ("cumulative, twice the same", ['{"city"', '{"city": "B', '{"city": "B', WHOLE], WHOLE),
    ("cumulative, two of them", ['{"city": ', WHOLE], WHOLE),
    ("cumulative, then once more", ['{"c', '{"city"', '{"city": "B', WHOLE, WHOLE], WHOLE),
    ("cumulative, cut", ['{"c', '{"city"', '{"city": "B'], '{"city": "B'),
    ("an empty object in front", ["{}", '{"city": ', '"Bonn"}'], WHOLE),
    ("in front of the whole", [{}, {"city": "Bonn"}], '{"city":"Bonn"}'),
    ("twice in front", ["{}", "{}", WHOLE], WHOLE),
    ("an empty object is all", ["{}"], "{}"),
    ("two empty objects", ["{}", "{}"], "{}"),
    ("blanks around an empty object", [" ", "{} ", "\n"], " {} \n"),
    ("an object in itself", ['{"not": ', '{"not": 1}', "}"], '{"not": {"not": 1}}'),
    ("an object in itself, cut", ['{"not": ', '{"not": 1'], '{"not": {"not": 1'),
    ("code", ['{"code": "', "{", '{\\"code', '\\": 1}', '"}'], '{"code": "{{\\"code\\": 1}"}'),
    ("no arguments", ["", ""], ""),
]


def test_what_was_sent_again_counts_once():
    for why, pieces, want in CASES:
        calls, events = put_together(one_call(pieces))
        assert [call.arguments_raw for call in calls] == [want], (why, calls)
        assert told(events) == [want], (why, events)


def test_it_is_the_same_where_nothing_is_kept():
    for why, pieces, want in CASES:
        calls, events = put_together(one_call(pieces), False)
        assert told(events) == [want], (why, events)
        assert [call.arguments_raw for call in calls] == [""], why


# Two different objects, or more than an object: nobody can know which is meant.
BROKEN = [
    [WHOLE, '{"city": "Ulm"}'],
    ['{"city": ', '"Bonn"}', '{"city": "Ulm"}'],
    [WHOLE, WHOLE[:8], '"Ulm"}'],
    [WHOLE, "{]"],
    ['{"city": ', '"Bonn"', '{"city": "Ulm"}'],
]


def test_what_makes_no_sense_is_left_as_it_came():
    for pieces in BROKEN:
        calls, events = put_together(one_call(pieces))
        assert [call.arguments for call in calls] == [None], pieces
        assert [call.arguments_raw for call in calls] == told(events) == ["".join(pieces)], pieces


def test_what_was_written_anew_in_the_middle_counts_as_it_was_written_last():
    # No event can take back what the first fragment said.
    for pieces, want in [
        (['{"city" : ', '{"city": "Bonn"}'], {"city": "Bonn"}),
        (['{"a" : [1,', '{"a":[1,2]', '{"a": [1,2]}'], {"a": [1, 2]}),
        (['{"a" : [1,', '{"a":[1,2]', '{"a": [1,2], "b"'], None),
    ]:
        calls, events = put_together(one_call(pieces))
        assert [call.arguments for call in calls] == [want], calls
        assert calls[0].arguments_raw == pieces[-1]
        assert told(events) == pieces[:1], events


def cuts(text):
    # The text byte by byte, and in three pieces, cut at each two places.
    yield list(text)
    for first in range(1, len(text)):
        for second in range(first, len(text)):
            yield [one for one in (text[:first], text[first:second], text[second:]) if one]


def test_every_cut_gives_the_arguments_and_so_does_each_way_to_send_them_again():
    for text in (WHOLE, NESTED, QUOTED):
        for pieces in cuts(text):
            sums = ["".join(pieces[: end + 1]) for end in range(len(pieces))]
            ways = [pieces, pieces + [text], pieces + ["{ " + text[1:] + " "]]
            ways += [pieces + pieces, sums, ["{}"] + pieces]
            for sent in ways:
                calls, events = put_together(one_call(sent))
                assert told(events) == [text] == [one.arguments_raw for one in calls], sent


def test_calls_beside_each_other_are_sent_again():
    first, second = '{"a": 1}', '{"b": 2}'
    fragments = [fragment(first[:3], "f", "1", 0), fragment(second[:5], "g", "2", 1)]
    fragments += [fragment(first[3:], index=0), fragment(second[5:], index=1)]
    again = [fragment(first, "f", "1", 0), fragment(second, "g", "2", 1)]
    for more in (again, again[::-1], again + again):
        calls, events = put_together(fragments + more)
        assert [call.arguments for call in calls] == [{"a": 1}, {"b": 2}], more
        assert told(events) == [first, second], events


# Ids and index of a call that is sent again, whether it is the same one.
AGAIN = [
    ("1", 0, "1", 0, True),
    ("1", 0, None, 0, True),
    (None, 0, None, 0, True),
    ("1", None, "1", None, True),
    ("1", None, "1", 0, True),
    ("1", 0, "1", None, True),
    ("1", 0, "1", 3, True),  # mudler/LocalAI#9722
    ("1", 0, "2", 0, False),
    ("1", 0, "2", 1, False),
    (None, None, None, None, False),
    (None, 0, None, 1, False),
]


def test_the_id_or_else_the_index_says_that_it_is_the_same_call():
    for id, index, other_id, other_index, same in AGAIN:
        sent = [fragment(WHOLE, "f", id, index), fragment(WHOLE, "f", other_id, other_index)]
        calls, events = put_together(sent)
        want = [WHOLE] if same else [WHOLE, WHOLE]
        assert [call.arguments_raw for call in calls] == told(events) == want, (
            id,
            other_id,
            index,
        )


def test_one_id_under_two_indexes_is_two_calls_where_they_differ():
    for name, arguments in [("g", WHOLE), ("f", '{"city": "Ulm"}'), ("f", '{"town"')]:
        sent = [fragment(WHOLE, "f", "1", 0), fragment(arguments, name, "1", 1)]
        calls, _ = put_together(sent)
        want = [("f", WHOLE), (name, arguments)]
        assert [(call.name, call.arguments_raw) for call in calls] == want, calls
    sent = [fragment(WHOLE, "f", "1", 0), fragment(WHOLE[:5], "f", "1", 1)]
    calls, _ = put_together(sent + [fragment(WHOLE[5:], index=1)])
    assert [call.arguments_raw for call in calls] == [WHOLE], calls


def test_a_fragment_with_the_id_of_another_index_is_of_the_call_with_that_id():
    sent = [fragment("", "f", "1", 0), fragment("", "g", "2", 1)]
    calls, _ = put_together(sent + [fragment(WHOLE, None, "2", 0)])
    assert [call.arguments_raw for call in calls] == ["", WHOLE], calls


def test_comparing_has_bounds():
    # Code full of brackets, and more of it than is kept where nothing is kept.
    pieces = ['{"code": "'] + ["{}", "x" * 30] * 500 + ['"}']
    text = "".join(pieces)
    for keep in (True, False):
        _, events = put_together(one_call(pieces), keep)
        assert told(events) == [text]
        _, events = put_together(one_call(pieces + [text]), keep)
        assert told(events) == [text if keep else text + text]
    short = [fragment(WHOLE, "f", str(number), number) for number in range(300)]
    _, events = put_together([one for one in short for _ in range(2)], False)
    assert told(events)[:200] == [WHOLE] * 200


def test_the_input_of_a_custom_tool_counts_once():
    query = "SELECT 42 FROM answers"
    for pieces, want in [
        ([query, query], query),
        (["SELECT 42 ", "FROM answers", query], query),
        (["ab", "ab"], "abab"),
        (["{}", "{}"], "{}{}"),
        ([query, query[:-1]], query + query[:-1]),
    ]:
        fragments = [{"index": 0, "type": "custom", "custom": {"input": one}} for one in pieces]
        fragments[0]["custom"]["name"] = "sql"
        calls, events = put_together(fragments)
        assert [call.input for call in calls] == told(events) == [want], pieces

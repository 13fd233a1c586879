import json

from helpers import error_of, read_all

from thinwire.core._compat import PIECE
from thinwire.core.errors import EncodeError
from thinwire.core.request.sources import TextStream
from thinwire.core.wire.json_encode import Items, JSONEncoder

# A chip has floats of 32 bits, and none as large as 1e300.
LARGE = 1e300 if float("inf") != 1e300 else 1e30

SIZES = (1, 2, 3, 7, 64, 5000)

# Documents whose bytes are the same on both runtimes: no dict of several keys.
EXACT = [
    (None, b"null"),
    (True, b"true"),
    (False, b"false"),
    (0, b"0"),
    (-17, b"-17"),
    (123456789012345678901234567890, b"123456789012345678901234567890"),
    (1.5, b"1.5"),
    (-0.25, b"-0.25"),
    ("", b'""'),
    ("a", b'"a"'),
    ('"\\/', b'"\\"\\\\/"'),
    ("\x7f", b'"\x7f"'),
    ("é 你好 \U0001f600", '"é 你好 \U0001f600"'.encode()),
    ("\u2028", '"\u2028"'.encode()),
    ([], b"[]"),
    ((), b"[]"),
    ({}, b"{}"),
    (Items([]), b"[]"),
    ([[]], b"[[]]"),
    ([1, 2, 3], b"[1,2,3]"),
    ((1, [2, (3,)]), b"[1,[2,[3]]]"),
    ([None, True, False], b"[null,true,false]"),
    ({"a": 1}, b'{"a":1}'),
    ({'"': "\\"}, b'{"\\"":"\\\\"}'),
    ({"a": [{}, {"b": {"c": []}}]}, b'{"a":[{},{"b":{"c":[]}}]}'),
    (Items([{"a": 1}, "b"]), b'[{"a":1},"b"]'),
]

LONG = "x" * (PIECE * 2 + 5)

# Documents that must parse back to themselves.
ANY = [
    {"model": "m", "stream": True, "messages": [{"role": "user", "content": "hi"}], "n": None},
    [{"a": 1, "b": [1, 2, {"c": "d", "e": LARGE}]}, {}, [], "", 0],
    ["short", LONG, "short", {"long": LONG, "short": "s"}, LONG],
    {"k" * 300: "v", '\n\t"\\': ["\r\n", "\x00\x01\x1f"]},
    [[i, str(i), {"i": i}] for i in range(200)],
    ["é" * PIECE, "你" * PIECE, "\U0001f600" * PIECE, "aé你\U0001f600" * PIECE],
    [[LONG], [[LONG], 1], 2, {"a": {"b": LONG}}],
    [["x" * (PIECE - i)] for i in range(8)],
    [{"x" * 40: i} for i in range(70)],
]


def encode(document, size=64):
    return read_all(JSONEncoder(document), size)


def test_bytes_of_small_documents_at_each_buffer_size():
    for document, want in EXACT:
        for size in SIZES:
            got = encode(document, size)
            assert got == want, (got, size)


def test_small_documents_inside_of_containers():
    for document, want in EXACT:
        if not isinstance(document, Items):
            assert encode([document, document]) == b"[" + want + b"," + want + b"]"
            assert encode({"a": document}) == b'{"a":' + want + b"}"


def test_any_document_parses_back_at_each_buffer_size():
    for document in ANY:
        for size in SIZES:
            assert json.loads(encode(document, size)) == document, size


def test_blocks_are_full_until_the_end():
    encoder = JSONEncoder(ANY[2])
    counts = []
    while not counts or counts[-1]:
        counts.append(encoder.readinto(bytearray(100)))
    assert [n for n in counts[:-2] if n != 100] == []
    assert encoder.readinto(bytearray(100)) == 0


def test_an_empty_buffer_takes_nothing():
    encoder = JSONEncoder("ab")
    assert encoder.readinto(bytearray(0)) == 0
    assert read_all(encoder) == b'"ab"'


def test_control_characters_are_escaped():
    for code in range(32):
        raw = encode([chr(code), {chr(code): "a" + chr(code)}])
        assert [byte for byte in raw if byte < 32] == [], raw
        assert json.loads(raw) == [chr(code), {chr(code): "a" + chr(code)}]


def test_lone_surrogates_are_escaped():
    for text, want in [("\ud800", b"\\ud800"), ("a\udfff!", b"a\\udfff!"), ("힣", "힣".encode())]:
        assert encode(text) == b'"' + want + b'"'
        assert encode({text: text}) == b'{"' + want + b'":"' + want + b'"}'
        assert encode([text, 1]) == b'["' + want + b'",1]'


def test_a_long_text_is_cut_between_characters():
    for character in ("é", "你", "\U0001f600", "힣"):
        for shift in range(4):
            text = "a" * shift + character * PIECE
            assert encode(text) == b'"' + text.encode() + b'"'


def test_numbers_parse_back():
    numbers = [0, -1, 2**31, -(2**63), 2**64, 10**40, 0.5, -1.25, 1e16, 1e-7, LARGE]
    assert json.loads(encode(numbers)) == numbers


def test_deep_nesting():
    for opening, closing in (("[", "]"), ('{"a":', "}")):
        document = []
        for _ in range(500):
            document = [document] if opening == "[" else {"a": document}
        want = opening * 500 + "[]" + closing * 500
        assert encode(document) == want.encode()


def test_a_container_may_stand_in_several_places():
    part = {"a": [1]}
    assert encode([part, [part, part["a"]], part]) == b'[{"a":[1]},[{"a":[1]},[1]],{"a":[1]}]'


class Mapping:
    def keys(self):
        return ["a"]

    def items(self):
        return [("a", 1)]


def test_what_has_keys_and_items_is_an_object():
    assert encode([Mapping()]) == b'[{"a":1}]'


def test_count_is_what_is_read():
    for document, want in EXACT:
        assert JSONEncoder(document).count() == len(want)
    for document in ANY:
        assert JSONEncoder(document).count() == len(encode(document))


def test_items_of_a_list_can_be_walked_again():
    items = Items([1, 2])
    encoder = JSONEncoder({"a": items})
    assert read_all(encoder) == encode({"a": items}) == b'{"a":[1,2]}'
    assert items.replayable()
    assert encoder.replayable


def test_items_of_an_iterator_go_once_and_the_encoder_says_so():
    items = Items(iter([1, 2]))
    encoder = JSONEncoder([[0, items], Items([3])])
    assert read_all(encoder) == b"[[0,[1,2]],[3]]"
    assert not items.replayable()
    assert not encoder.replayable


def test_items_not_reached_yet_are_still_whole():
    encoder = JSONEncoder(["a" * 2 * PIECE, Items(iter([1]))])
    encoder.readinto(bytearray(10))
    assert encoder.replayable


def test_count_leaves_a_one_shot_iterator_alone():
    for wrap in (lambda items: items, lambda items: [1, {"a": [items, 2]}]):
        items = Items(iter([1, 2]))
        assert JSONEncoder(wrap(items)).count() is None
        assert list(items.iterable) == [1, 2]


def test_items_are_pulled_while_they_are_sent():
    def endless():
        while True:
            yield {"content": "again"}

    encoder = JSONEncoder(Items(endless()))
    buffer = bytearray(1000)
    assert encoder.readinto(buffer) == 1000
    assert bytes(buffer[:42]) == b'[{"content":"again"},{"content":"again"},{'


def test_close_in_the_middle_of_a_long_text_and_again():
    encoder = JSONEncoder([LONG])
    encoder.close()
    encoder.readinto(bytearray(10))
    encoder.close()
    encoder.close()


NAN = float("nan")


class Model:
    def model_dump(self):
        return {}


def failure(document):
    return error_of(EncodeError, encode, document)


# Each document is refused at its path.
REFUSED = [
    (NAN, ""),
    (float("inf"), ""),
    (b"raw", ""),
    ({"a": -float("inf")}, "a"),
    ([1, 2, NAN], "[2]"),
    ([NAN, 2], "[0]"),
    ([{"a": {1}}], "[0].a"),
    ({"messages": [{"role": "user"}, {"content": b"x"}]}, "messages[1].content"),
    (
        {"messages": [0, 1, 2, {"content": [{"image_url": b""}]}]},
        "messages[3].content[0].image_url",
    ),
    ({"messages": Items(iter([{}, {"content": object()}]))}, "messages[1].content"),
    ({"messages": ("a", ("b", len))}, "messages[1][1]"),
    ({"a": [[], [1, [2, {"b": bytearray(1)}]]]}, "a[1][1][1].b"),
    (["x" * PIECE, "x" * (PIECE + 1), memoryview(b"")], "[2]"),
    ([0] * 200 + [b""], "[200]"),
    ([0] * 200 + [[b""]] + [0], "[200][0]"),
    ({"a": {1: 2}}, "a"),
    ({3: 4}, ""),
    ([{}, {None: 0}], "[1]"),
    ({"a": Model()}, "a"),
]


def test_what_json_cannot_carry_is_refused_with_its_path():
    for document, path in REFUSED:
        error = failure(document)
        assert error.path == path, (document, error.path)
        assert not error.retryable


def test_the_path_stands_in_front_of_the_message():
    assert str(failure({"a": [b""]})).startswith("a[0]: bytes is not JSON"), failure({"a": [b""]})


# What the message advises.
ADVICE = [
    (b"", "Base64File"),
    (bytearray(1), "Base64File"),
    (Model(), "Model.model_dump()"),
    ({1, 2}, "use dict, list"),
    (NAN, "nan is not a JSON number"),
    ({7: 1}, "key 7 is not a string"),
]


def test_the_message_says_what_to_do():
    for value, words in ADVICE:
        assert words in str(failure([value])), failure([value])


def test_the_path_of_a_bad_key_is_its_container():
    document = {"a": 1}
    document[2] = 3
    assert failure([document]).path == "[0]"


def test_cycles_are_refused():
    array = [1, 2]
    array.append(array)
    mapping = {"a": {}}
    mapping["a"]["b"] = mapping
    tree = []
    tree.append({"x": [{"y": tree}]})
    looped = []
    looped.append(Items(looped))
    for document, path in [
        (array, "[2]"),
        (mapping, "a.b"),
        (tree, "[0].x[0].y"),
        (looped, "[0][0]"),
    ]:
        error = failure(document)
        assert error.path == path, error.path
        assert "contains itself" in str(error)


class Broken:
    # Items from a file: opening or reading fails at an item.
    def __init__(self, good, error, stored=False):
        self.good = good
        self.error = error
        self.stored = stored

    def __iter__(self):
        if self.good < 0:
            raise self.error
        return self.items()

    def items(self):
        for i in range(self.good):
            yield {"i": i}
        raise self.error


def test_stored_items_that_cannot_be_read_are_an_error_at_their_path():
    for good in (-1, 0, 1, 3, 100):
        cause = OSError(5)
        error = failure({"messages": Items(Broken(good, cause, True))})
        assert error.path == "messages", error.path
        assert "cannot read" in str(error)
        assert error.cause is cause


def test_other_errors_of_a_caller_s_iterator_are_its_own():
    for good in (-1, 0, 1):
        for cause in (KeyError("mine"), OSError(5)):
            got = error_of(type(cause), encode, Items(Broken(good, cause)))
            assert got is cause


def halting(document, sizes=(1, 7, 4096)):
    # What an encoder gives before it halts, and what follows; for each size of its buffer.
    for size in sizes:
        encoder = JSONEncoder(document(), None, False)
        buffer = bytearray(size)
        before = b""
        count = encoder.readinto(buffer)
        while count:
            before += bytes(buffer[:count])
            count = encoder.readinto(buffer)
        assert count is None
        assert encoder.readinto(buffer) is None
        assert encoder.replayable
        encoder.once = True
        yield before, read_all(encoder), encoder.replayable


def test_a_walk_halts_in_front_of_what_can_be_read_only_once():
    for document, before, after in [
        (lambda: Items(iter([1, 2])), b"[", b"1,2]"),
        (lambda: {"a": Items(iter([1])), "b": [2]}, b'{"a":[', b'1],"b":[2]}'),
        (lambda: [0, {"c": TextStream(iter(["x", "y"]))}, 3], b'[0,{"c":"', b'xy"},3]'),
        (lambda: Items([Items(iter([])), 4]), b"[[", b"],4]"),
    ]:
        for got in halting(document):
            assert got == (before, after, False), got


def test_a_walk_that_may_not_read_it_can_halt_more_than_once():
    encoder = JSONEncoder([Items(iter([1])), Items(iter([2]))], None, False)
    buffer = bytearray(4096)
    assert encoder.readinto(buffer) == 2
    encoder.once = True
    assert encoder.readinto(memoryview(buffer)[:1]) == 1  # the "1"
    encoder.once = False
    found = b""
    count = encoder.readinto(buffer)
    while count:
        found += bytes(buffer[:count])
        count = encoder.readinto(buffer)
    assert (found, count) == (b"],[", None)
    encoder.once = True
    assert read_all(encoder) == b"2]]"


def test_what_halted_can_be_closed():
    encoder = JSONEncoder([Items(iter([1]))], None, False)
    encoder.readinto(bytearray(10))
    encoder.close()

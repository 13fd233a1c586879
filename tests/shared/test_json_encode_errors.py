from helpers import error_of, read_all

from thinwire.core._compat import PIECE
from thinwire.core.errors import EncodeError
from thinwire.core.wire.json_encode import Items, JSONEncoder

NAN = float("nan")


class Model:
    def model_dump(self):
        return {}


def encode(document):
    return read_all(JSONEncoder(document))


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
    def __init__(self, good, error):
        self.good = good
        self.error = error

    def __iter__(self):
        if self.good < 0:
            raise self.error
        return self.items()

    def items(self):
        for i in range(self.good):
            yield {"i": i}
        raise self.error


def test_items_that_cannot_be_read_are_an_error_at_their_path():
    for good in (-1, 0, 1, 3, 100):
        cause = OSError(5)
        error = failure({"messages": Items(Broken(good, cause))})
        assert error.path == "messages", error.path
        assert "cannot read" in str(error)
        assert error.cause is cause


def test_other_errors_of_a_caller_s_iterator_are_its_own():
    for good in (-1, 0, 1):
        cause = KeyError("mine")
        got = error_of(KeyError, encode, Items(Broken(good, cause)))
        assert got is cause

"""The encoder against the json module: any document, any buffer, small and large pieces."""

import collections
import enum
import json
from typing import Any
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from thinwire.core.errors import EncodeError
from thinwire.core.request import sources
from thinwire.core.wire import json_encode
from thinwire.core.wire.json_encode import Items, JSONEncoder
from thinwire.cpython.codec import json_text

TEXT = st.text(st.characters(codec=None), max_size=40)  # lone surrogates included
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(-(2**70), 2**70),
    st.floats(allow_nan=False, allow_infinity=False),
    TEXT,
)
DOCUMENTS = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=6),
        st.lists(inner, max_size=3).map(tuple),
        st.dictionaries(TEXT, inner, max_size=5),
    ),
    max_leaves=40,
)


def expected(document: Any) -> bytes:
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8", "backslashreplace")


def encode(document: Any, size: int = 4096) -> bytes:
    encoder, out, buffer = JSONEncoder(document), b"", bytearray(size)
    while count := encoder.readinto(buffer):
        assert count <= size
        out += buffer[:count]
    return out


@given(DOCUMENTS, st.integers(1, 200))
@settings(deadline=None, max_examples=300)
def test_bytes_are_those_of_the_json_module(document: Any, size: int) -> None:
    assert encode(document, size) == expected(document)


@given(st.lists(DOCUMENTS, max_size=8), st.integers(1, 50), st.integers(1, 60))
@settings(deadline=None, max_examples=300)
def test_so_they_are_however_small_the_pieces(document: Any, size: int, piece: int) -> None:
    with (
        mock.patch.object(json_encode, "PIECE", piece),
        mock.patch.object(sources, "PIECE", piece),
        mock.patch.object(json_text, "PIECE", piece),
        mock.patch.object(json_text, "_RESERVE", piece // 4),
    ):
        assert encode(document, size) == expected(document)
        assert encode(Items(document), size) == expected(document)


@given(DOCUMENTS)
@settings(deadline=None)
def test_count_is_what_would_be_sent(document: Any) -> None:
    assert JSONEncoder(document).count() == len(expected(document))


class Color(str, enum.Enum):
    RED = "réd"


class Level(enum.IntEnum):
    HIGH = 3


class Real(float):
    def __repr__(self) -> str:
        return "Real"


Pair = collections.namedtuple("Pair", "a b")

# Values of classes that derive from what JSON knows.
DERIVED = [
    (Color.RED, '"réd"'),
    (Level.HIGH, "3"),
    (Real(1.5), "1.5"),
    (Pair(1, "x"), '[1,"x"]'),
    (collections.OrderedDict(b=1, a=2), '{"b":1,"a":2}'),
    (collections.defaultdict(list, a=[]), '{"a":[]}'),
    (collections.ChainMap({"a": 1}), '{"a":1}'),
    ({Color.RED: Color.RED}, '{"réd":"réd"}'),
]


@pytest.mark.parametrize(("value", "text"), DERIVED)
def test_values_of_derived_classes(value: Any, text: str) -> None:
    assert encode(value) == text.encode()
    assert encode([value, {"a": value}]) == f'[{text},{{"a":{text}}}]'.encode()


def test_an_integer_python_will_not_print_is_refused_with_its_path() -> None:
    with pytest.raises(EncodeError, match=r"^a\[0\]: integer too long") as caught:
        encode({"a": [10**5000]})
    assert isinstance(caught.value.__cause__ or caught.value.cause, ValueError)


def test_the_cause_is_chained() -> None:
    with pytest.raises(EncodeError) as caught:
        encode({"a": sources.TextFile("/no/such/file")})
    assert isinstance(caught.value.__cause__, FileNotFoundError)


def test_nesting_beyond_what_is_batched() -> None:
    for depth in range(12, 22):
        document: Any = [[1], {"a": 1}]
        for _ in range(depth):
            document = [document, {"a": document}] if depth < 14 else [document, {"a": 1}]
        assert encode(document) == expected(document)


def test_wide_lists_are_batched_to_the_same_bytes() -> None:
    document = [{"role": "user", "content": "x" * (i % 700)} for i in range(1000)]
    assert encode(document) == expected(document)
    assert encode(Items(iter(document)), 1000) == expected(document)


def test_errors_behind_a_batch_have_the_exact_path() -> None:
    for index in (0, 1, 63, 64, 65, 200):
        document = [{"content": "x"} for _ in range(300)]
        document[index] = {"content": b""}  # type: ignore[dict-item]
        with pytest.raises(EncodeError) as caught:
            encode({"messages": document})
        assert caught.value.path == f"messages[{index}].content"

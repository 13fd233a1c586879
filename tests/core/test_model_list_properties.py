"""A list of models is read the same whole, in pieces, and by a parser of whole documents."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from thinwire.core.errors import StreamError
from thinwire.core.providers.model_list import ListReader, entry_of

LEAVES = st.none() | st.booleans() | st.integers() | st.text(max_size=12)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=8,
)
ENTRIES = st.dictionaries(st.sampled_from(["id", "name", "capabilities", "x"]), VALUES, max_size=4)
LISTS = st.lists(ENTRIES | st.text(max_size=4), max_size=5)
DOCUMENTS = LISTS | st.builds(
    lambda data, more: {"object": "list", "data": data, "more": more}, LISTS, LEAVES
)


def read(data: bytes, cuts: list[int]) -> list[str]:
    reader = ListReader()
    start = 0
    for end in [*sorted(cut % (len(data) + 1) for cut in cuts), len(data)]:
        piece = bytearray(data[start:end])
        reader.feed(piece, len(piece))
        start = end
    reader.finish(lambda words, body: StreamError(f"{words}: {body!r}"))
    return sorted(entry.id for entry in reader.entries)


@given(DOCUMENTS, st.lists(st.integers(0, 2000), max_size=6), st.booleans())
def test_any_list_in_any_pieces(document: Any, cuts: list[int], plain: bool) -> None:
    data = json.dumps(document, ensure_ascii=plain).encode("utf-8", "surrogatepass")
    listed = document["data"] if isinstance(document, dict) else document
    entries = [entry_of(value) for value in listed]
    assert read(data, cuts) == sorted({entry.id for entry in entries if entry is not None})


@given(st.binary(max_size=200), st.lists(st.integers(0, 200), max_size=4))
def test_bytes_that_are_anything(data: bytes, cuts: list[int]) -> None:
    try:
        whole = read(data, [])
    except StreamError:
        whole = None
    try:
        pieces = read(data, cuts)
    except StreamError:
        pieces = None
    assert pieces == whole

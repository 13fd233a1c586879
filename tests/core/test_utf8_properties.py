"""UTF-8 repairs against CPython's own codecs."""

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from thinwire.core import _compat
from thinwire.core.wire import utf8

# Bytes that are nearly UTF-8: leads, continuations and borders of the ranges.
BORDERS = bytes.fromhex("41 7f 80 8f 90 9f a0 bf c0 c1 c2 df e0 e1 ec ed ee ef f0 f1 f3 f4 f5 ff")
NEARLY = st.lists(st.sampled_from(BORDERS), max_size=12).map(bytes)
SURROGATES = st.text(
    st.characters(categories=["Cs"]) | st.sampled_from("a힣\U0001f600"), max_size=9
)


@given(st.binary(max_size=30) | NEARLY)
@settings(deadline=None, max_examples=1000)
def test_replacing_is_what_python_replaces(data: bytes) -> None:
    want = data.decode("utf-8", "replace")
    assert utf8.replace_invalid(data).decode() == want
    assert _compat.decode(b"x" + data + b"x", 1, len(data) + 1) == want


def test_replacing_of_all_two_byte_inputs() -> None:
    for first in range(0x7F, 0x100):
        for second in range(0x100):
            data = bytes((first, second))
            got = utf8.replace_invalid(data).decode()
            assert got == data.decode("utf-8", "replace"), data


@given(SURROGATES)
@settings(deadline=None, max_examples=500)
def test_joining_is_what_utf16_does(text: str) -> None:
    want = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    assert utf8.join_pairs(text.encode("utf-8", "surrogatepass")).decode() == want
    assert utf8.join_surrogates(text) == want


@given(SURROGATES)
@settings(deadline=None, max_examples=500)
def test_escaping_keeps_what_json_means(text: str) -> None:
    raw = json.dumps(text, ensure_ascii=False).encode("utf-8", "surrogatepass")
    assert json.loads(bytes(utf8.escape_surrogates(raw))) == json.loads(json.dumps(text))


@given(st.text(max_size=10), st.integers(0, 40))
@settings(deadline=None)
def test_unfinished_finds_the_last_whole_character(text: str, cut: int) -> None:
    data = text.encode()[:cut]
    kept = utf8.unfinished(data, len(data))
    assert text.startswith(data[: len(data) - kept].decode())
    assert len(data[: len(data) - kept].decode()) == len(data.decode("utf-8", "ignore"))


@given(
    st.recursive(SURROGATES, lambda x: st.lists(x) | st.dictionaries(SURROGATES, x), max_leaves=9)
)
@settings(deadline=None)
def test_loads_gives_text_that_can_be_printed(value: Any) -> None:
    raw = json.dumps(value).encode()
    json.dumps(_compat.loads(raw, 0, len(raw)), ensure_ascii=False).encode()

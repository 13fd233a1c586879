"""Each way in which CPython writes JSON, against the json module."""

import json
import random
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from thinwire.core.errors import EncodeError
from thinwire.core.wire.json_encode import Items, JSONEncoder
from thinwire.cpython.codec.json_text import (
    PIECE,
    SHORT,
    at_once,
    encode_run,
    encode_small,
    escape,
)

CONTROLS = [chr(code) for code in range(32)]
PROSE = (
    'The wire is "thin", and what is said on it is long.\n\tfor piece in answer: print(piece)\n'
)

# Texts with what is escaped rarely, often, everywhere or never.
TEXTS = {
    "prose": PROSE,
    "base64": "c29tZSB+/base64+that/is+long==",
    "dense": '"a"\n\\',
    "only quotes": '"',
    "only backslashes": "\\",
    "windows": "one line\r\nand another, which is a bit longer\r\n",
    "latin": "Grüße aus Köln, schöne Straße.\n",
    "cjk": "线很细,说的话很长。今天天气\n",
    "astral": "\U0001f600 and so on, for ever and a day ",
    "terminal": "\x1b[31mred\x1b[0m, and black again, for a while",
    "del": "what \x7f is, and \u2028, \u0085, \ufeff and \uffff are",
    "marks": "\x01 is a mark, and stands in many a text",
    "lone": "a \ud800 stands alone, and \udfff as well; a backslash: \\",
}


def wanted(value: object) -> bytes:
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8", "backslashreplace")


def encode(document: object, size: int = 65535) -> bytes:
    encoder, out, buffer = JSONEncoder(document), b"", bytearray(size)
    while count := encoder.readinto(buffer):
        out += buffer[:count]
    return out


@pytest.mark.parametrize("name", TEXTS)
def test_texts_of_each_kind_and_length(name: str) -> None:
    text = TEXTS[name] * (PIECE // len(TEXTS[name]) + 1)
    for size in (*range(70), *range(SHORT - 3, SHORT + 40), 1000, 4099, PIECE):
        assert escape(text[:size]) == wanted(text[:size])[1:-1], size
    for size in (PIECE - 1, PIECE, PIECE + 1, 2 * PIECE + 7):
        assert encode((text * 2)[:size]) == wanted((text * 2)[:size])


@pytest.mark.parametrize("text", [*CONTROLS, '"', "\\", "\x7f", "\ud800", "é", "你", "\U0001f600"])
def test_each_character_at_the_places_that_are_looked_at_and_between(text: str) -> None:
    for size in (SHORT + 1, SHORT + 2, 3 * SHORT):
        for at in (0, 1, 31, 32, 33, size // 2, size - 1):
            whole = "x" * at + text + "y" * (size - at)
            assert escape(whole) == wanted(whole)[1:-1], (size, at)
    twice = (text + "z" * 40) * 20 + text
    assert escape(twice) == wanted(twice)[1:-1]


def test_any_mixture() -> None:
    dice = random.Random(16)
    alphabets = [*TEXTS.values(), "".join(CONTROLS), 'abc"\\\n', "\ud83d\ude00\ud83dx"]
    for _ in range(400):
        text = "".join(
            "".join(dice.choices(dice.choice(alphabets), k=dice.choice((1, 9, 200))))
            for _ in range(dice.randrange(1, 9))
        )
        assert escape(text) == wanted(text)[1:-1]


def test_each_way_is_taken() -> None:
    slow = {"dense", "only quotes", "only backslashes", "terminal", "marks", "lone"}
    assert {name for name, text in TEXTS.items() if at_once(text * 20) is None} == slow


class Role(str):
    pass


USER = {"role": "user", "content": PROSE * 8}
# Items of a list: messages that go together, and what must not go with them.
ITEMS: list[Any] = [
    USER,
    {"role": "assistant", "content": "短い" * 300},
    {"content": ""},
    {"": "x" * 400, "name": "\x01"},
    {"\x01": "a mark in a key"},
    {'a "key"\n': "v" * 300},
    {"role": "user", "content": "\x1b[0m" * 100},
    {"role": "user", "content": "a \ud800 " * 100},
    {"role": "user", "content": '{"a": "b"}' * 60},
    {},
    {"role": "assistant", "content": None},
    {"role": "user", "content": [{"type": "text", "text": PROSE}]},
    {"role": Role("user"), "content": PROSE},
    {Role("role"): "user"},
    {"role": "user", "content": "x" * (PIECE + 1)},
    {"role": "user", "content": "x" * (PIECE // 2)},
    {"k" * PIECE: "v"},
    "text",
    PROSE * 9,
    7,
    1.5,
    2**70,
    True,
    None,
    [],
    [[1, {"a": "b"}]],
]


def test_lists_of_any_items() -> None:
    dice = random.Random(16)
    for size in (1, 3, 64, 65535):
        assert encode(ITEMS, size) == wanted(ITEMS)
        assert encode(tuple(ITEMS), size) == wanted(ITEMS)
    for length in (1, 2, 3, 5, 20, 60, 63, 64, 65, 130):
        document = dice.choices(ITEMS[:3] if length % 2 else ITEMS, k=length)
        assert encode(document) == wanted(document)
        assert encode({"a": document, "b": 1}) == wanted({"a": document, "b": 1})
        assert encode(Items(iter(document))) == wanted(document)


def test_each_item_behind_messages_and_in_front_of_them() -> None:
    for item in ITEMS:
        for document in ([USER, item], [item, USER], [USER, item, USER, item, USER]):
            assert encode(document) == wanted(document)


BAD = [b"raw", float("nan"), {1: 2}, {"role": b"x"}, {"a": {2}}, 10**5000]


@pytest.mark.parametrize("bad", BAD, ids=range(len(BAD)))
def test_what_is_refused_behind_messages_has_its_path(bad: object) -> None:
    for index in (0, 1, 5, 63, 64, 90):
        document: list[object] = [USER] * 100
        document[index] = {"content": bad}
        with pytest.raises(EncodeError) as caught:
            encode({"messages": document})
        assert caught.value.path.startswith(f"messages[{index}].content")


def run_of(items: list[Any]) -> tuple[list[Any] | None, list[Any]]:
    # What becomes of the first ones, and the rest.
    frame = SimpleNamespace(items=iter(items[1:]))
    run = encode_run(items[0], frame, lambda _: pytest.fail("a list raises nothing"), object())
    return run, [*frame.items]


def test_a_run_ends_in_front_of_what_may_not_fit() -> None:
    run, left = run_of([USER] * 100)
    assert run is not None
    data, count = run
    assert data == wanted([USER] * count)[1:-1]
    assert PIECE // 2 < len(data) <= PIECE * 5 // 4
    assert len(left) == 100 - count


def test_a_run_has_an_end_however_small_the_items() -> None:
    for item in ({"role": "user", "content": "x"}, 1, "a"):
        run, left = run_of([item] * 100)
        assert run is not None
        assert run == [wanted([item] * 64)[1:-1], 64]
        assert len(left) == 36


def test_a_run_hands_back_what_does_not_belong_to_it() -> None:
    large = {"content": "x" * PIECE}
    for item in (large, b"", {"a": b""}, {"a": {1: 2}}):
        run, left = run_of([USER, {"a": 1}, item, USER])
        assert run == [wanted([USER, {"a": 1}])[1:-1], 2, item]
        assert left == [USER]
        assert run_of([item, USER]) == (None, [USER])


def test_what_an_iterator_raises_is_left_to_who_knows_it() -> None:
    def items() -> Iterator[object]:
        yield USER
        raise KeyError("mine")

    frame = SimpleNamespace(items=items())
    with pytest.raises(KeyError, match="mine"):
        encode_run(USER, frame, lambda frame: next(frame.items), object())


def test_small_is_what_fits_into_a_piece() -> None:
    assert encode_small({"a": "x" * (PIECE - 20)})
    for value in ({"a": "x" * PIECE}, {1: 2}, b"", Role("a"), float("inf"), {"a": object()}):
        assert encode_small(value) == b""

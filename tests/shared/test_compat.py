import json
import os
import time

from helpers import Scratch, error_of

from thinwire.core import _compat
from thinwire.core.errors import ThinwireError

if _compat.MICROPYTHON:
    from thinwire.core import _micropython as runtime
else:
    from thinwire.core import _cpython as runtime

# JSON texts and their values, the same on both runtimes.
JSON = [
    ("1", 1),
    (' {"a": [1.5, true, null]} ', {"a": [1.5, True, None]}),
    ('"é你\U0001f600"', "é你\U0001f600"),
    ('"\\u00e9\\u4f60"', "é你"),
    ('"\\ud83d\\ude00"', "\U0001f600"),
    ('"\\uD83D\\uDE00!"', "\U0001f600!"),
    ('{"\\ud83d\\ude00": ["\\ud83d\\ude00"]}', {"\U0001f600": ["\U0001f600"]}),
    ('"\\ud83d"', "\ufffd"),
    ('"\\ude00\\ud83d"', "\ufffd\ufffd"),
    ('"\\\\ud83d"', "\\ud83d"),
    ('"힣\\u0041"', "힣A"),
]

# MicroPython's scanner lets more pass than this (`[1 2]`, `01`); no server sends that.
NOT_JSON = (b"", b" ", b"nope", b'"abc', b'{"a":1}}', b"1 2", b"\xff", b"tru", b"<html>")


def test_json_values():
    for text, want in JSON:
        raw = text.encode()
        assert _compat.loads(raw, 0, len(raw)) == want, text
        buffer = bytearray(b"[" + raw + b"]")
        assert _compat.loads(buffer, 1, len(buffer) - 1) == want, text


def test_invalid_utf8_in_json_is_replaced():
    for raw, want in [(b'"a\xffb"', "a\ufffdb"), (b'["\xe4\xbd"]', ["\ufffd"])]:
        assert _compat.loads(bytearray(raw), 0, len(raw)) == want


def test_what_is_not_json_is_a_value_error():
    for raw in NOT_JSON:
        error_of(ValueError, _compat.loads, bytearray(raw), 0, len(raw))


WHOLE = ['{"a": {"b": [1, 2]}, "c": "x}"}', '[{"a": "]"}, {}]', '{"a": "\\\\"}', "[]", "{}"]


def test_loads_whole_takes_a_document_and_no_beginning_of_one():
    for text in WHOLE:
        data = text.encode()
        for kind in (bytes, bytearray):
            assert _compat.loads_whole(kind(data)) == json.loads(text), text
        for end in range(len(data)):
            error_of(ValueError, _compat.loads_whole, data[:end])


def test_deep_nesting_is_read_or_refused():
    for depth in (50, 3000):
        raw = bytearray(b"[" * depth + b'"\\ud83d\\ude00"' + b"]" * depth)
        try:
            value = _compat.loads(raw, 0, len(raw))
        except ValueError as error:
            assert depth == 3000
            assert "too deeply" in str(error)
        else:
            assert isinstance(value, list)


def test_decode_takes_its_part_of_the_buffer():
    buffer = bytearray("xé你x".encode())
    assert _compat.decode(buffer, 1, 6) == "é你"
    assert _compat.decode(buffer, 3, 3) == ""


def test_decode_replaces_what_is_invalid():
    for raw, want in [(b"a\xffb", "a\ufffdb"), (b"\xf0\x9f\x98", "\ufffd"), (b"\x80", "\ufffd")]:
        assert _compat.decode(bytearray(raw), 0, len(raw)) == want


def test_escape_leaves_the_quotes_out():
    for text, want in [("", b""), ('a"b', b'a\\"b'), ("é", "é".encode()), ("\ud83d", b"\\ud83d")]:
        assert bytes(_compat.escape(text)) == want


def test_pieces_of_text_are_whole_characters():
    text = "aé你\U0001f600" * 3
    units = _compat.text_units(text)
    for size in (4, 5, 7, 100):
        at, out = 0, []
        while at < len(units):
            end = _compat.text_end(units, at, size)
            assert at < end <= at + size
            out.append(_compat.text_piece(units, at, end))
            at = end
        assert "".join(out) == text
    assert _compat.text_end(units, len(units), 4) == len(units)


def test_a_text_buffer_holds_what_was_appended():
    buffer = _compat.TextBuffer()
    assert buffer.value() == ""
    text = ""
    for i in range(200):
        delta = ("é", "abc", "", "\U0001f600")[i % 4] * (i % 7)
        buffer.append(delta)
        text += delta
        if i % 50 == 0:
            assert buffer.value() == text
            assert "".join(buffer.pieces()) == text
    assert "".join(buffer.pieces()) == text
    assert buffer.value() == buffer.value() == text
    assert buffer.pieces() == [text]


def test_a_text_buffer_takes_texts_of_any_size():
    for size in (1, 31, 32, 33, 511, 512, 513, 2000):
        buffer = _compat.TextBuffer()
        assert buffer.pieces() == []
        for letter in "abé😀":
            buffer.append(letter * size)
        want = "".join([letter * size for letter in "abé😀"])
        assert buffer.value() == want, size


def test_what_can_be_awaited():
    async def coroutine():
        pass

    started = coroutine()
    assert _compat.is_awaitable(started)
    started.close()
    for value in (None, 1, "a", coroutine):
        assert not _compat.is_awaitable(value)


def test_constants():
    assert _compat.const(3) == 3
    assert _compat.PIECE <= _compat.BUFFER <= _compat.EVENT_LIMIT


def test_the_cause_is_the_lowest_where_errors_have_one():
    lowest = KeyError("b")
    error = ThinwireError("a", ThinwireError("between", lowest))
    _compat.one_story(error)
    assert getattr(error, "__cause__", lowest) is lowest
    alone = ThinwireError("a", ThinwireError("between"))
    _compat.one_story(alone)
    assert getattr(alone, "__cause__", None) is None


def test_set_field_passes_a_setattr_that_refuses():
    class Fixed:
        def __setattr__(self, name, value):
            raise AttributeError(name)

    fixed = Fixed()
    _compat.set_field(fixed, "a", 1)
    assert fixed.a == 1


def test_a_part_is_imported_by_its_name():
    assert _compat.import_module("thinwire.core.wire.utf8").replace_invalid(b"a") == b"a"


class Clock:
    # In the place of the module `time`: what the wall clock shows, and from when it counts.
    def __init__(self, now, epoch=1970):
        self.now = now
        self.epoch = epoch

    def time(self):
        return self.now

    def gmtime(self, seconds):
        return (self.epoch, 1, 1, 0, 0, 0, 5, 1)


def unix_time_at(clock):
    real, runtime.time = runtime.time, clock
    try:
        return _compat.unix_time()
    finally:
        runtime.time = real


def test_the_wall_clock():
    before = int(time.time())
    now = _compat.unix_time()
    assert isinstance(now, int), now
    assert before <= now <= time.time(), (before, now)


# What a clock that counts from 1970 shows, then the time that it is taken for.
TIMES = [
    (0, 0),
    (1609459200, 0),
    (1704067199, 0),
    (1704067200, 1704067200),
    (1792567680.75, 1792567680),
    (4102444800, 4102444800),
]


def test_a_clock_that_was_never_set_shows_nothing():
    for shown, want in TIMES:
        got = unix_time_at(Clock(shown))
        assert got == want, (shown, got)


def test_a_port_may_count_from_2000():
    if _compat.MICROPYTHON:
        for shown, want in TIMES:
            got = unix_time_at(Clock(shown - 946684800, 2000))
            assert got == want, (shown, got)


def test_fractions_are_random_and_below_one():
    drawn = [_compat.fraction() for _ in range(300)]
    for one in drawn:
        assert 0 <= one < 1, one
    assert len(set(drawn)) > 250, drawn  # one in a million that three are the same
    assert min(drawn) < 0.2
    assert max(drawn) > 0.8


def content(path):
    with open(path, "rb") as file:
        return file.read()


def exists(path):
    try:
        os.stat(path)
    except OSError:
        return False
    return True


def test_a_file_takes_the_place_of_another():
    with Scratch(b"old") as target:
        source = target + ".new"
        with open(source, "wb") as file:
            file.write(b"new")
        _compat.replace_file(source, target)
        assert content(target) == b"new"
        assert not exists(source)


def test_a_file_takes_a_place_that_was_empty():
    with Scratch(b"new") as source:
        target = source + ".target"
        _compat.replace_file(source, target)
        assert content(target) == b"new"
        assert not exists(source)
        os.rename(target, source)


def test_a_file_that_is_missing_replaces_none():
    with Scratch(b"old") as target:
        error_of(OSError, _compat.replace_file, target + ".missing", target)
        assert content(target) == b"old"


class Fat:
    # Renames as some file systems do: not onto a file that is there.
    def __init__(self, errno=17):
        self.errno = errno
        self.remove = os.remove

    def rename(self, source, target):
        if exists(target):
            raise OSError(self.errno)
        os.rename(source, target)


def replaced_on(system, source, target):
    real, runtime.os = runtime.os, system
    try:
        _compat.replace_file(source, target)
    finally:
        runtime.os = real


def test_a_file_system_may_not_rename_onto_a_file():
    if _compat.MICROPYTHON:
        with Scratch(b"old") as target, Scratch(b"new") as source:
            replaced_on(Fat(), source, target)
            assert content(target) == b"new"
            assert not exists(source)
            os.rename(target, source)
            with open(target, "wb") as file:
                file.write(b"old")
            error_of(OSError, replaced_on, Fat(28), source, target)  # no space left
            assert content(target) == b"old"


def test_plain_text_has_no_half_of_a_character():
    for raw, plain in [
        (b"a", True),
        (b'a"', False),
        (b"\\n", False),
        (b"\xed\x9e\xa3", True),
        (b"\xed\x9e\xa3\xed\x9e\xa3", True),
    ]:
        assert _compat.is_plain(bytearray(raw), 0, len(raw)) is plain, raw
    for raw in (b"\xed\xa0\xbd", b"a\xed\xb8\x80", b"\xed\x9e\xa3\xed\xa0\xbd", b"\xed"):
        data = bytearray(raw)
        if _compat.is_plain(data, 0, len(data)):
            assert not _compat.has_half(_compat.decode(data, 0, len(data))), raw

import json

from helpers import Scratch, error_of, read_all

from thinwire.core.errors import EncodeError
from thinwire.core.request.jsonl import JSONLMessages
from thinwire.core.wire.json_encode import Items, JSONEncoder


def encode(path):
    return json.loads(str(read_all(JSONEncoder({"m": Items(JSONLMessages(path))})), "utf-8"))["m"]


def test_each_line_is_a_message():
    lines = b'{"role":"user","content":"\xc3\xa9"}\n\n  \n{"role":"assistant"}\r\n{"n":1}'
    with Scratch(lines) as path:
        want = [{"role": "user", "content": "é"}, {"role": "assistant"}, {"n": 1}]
        assert list(JSONLMessages(path)) == want
        assert encode(path) == want


def test_it_starts_anew_each_time():
    with Scratch(b'{"a":1}\n') as path:
        messages = JSONLMessages(path)
        for _ in range(3):
            assert list(messages) == [{"a": 1}]


def test_an_empty_file_has_no_messages():
    with Scratch(b"\n") as path:
        assert encode(path) == []


def test_a_bad_line_is_named():
    for bad in (b"{", b'{"a": {}', b"[1]", b"x", b'"a"'):
        with Scratch(b'{"a":1}\n' + bad + b"\n") as path:
            error = error_of(EncodeError, encode, path)
            assert "line 2" in error.message
            assert path in error.message
            assert error.path == "m"


def test_a_missing_file_is_named_by_its_place():
    error = error_of(EncodeError, encode, "no-such-file.jsonl")
    assert error.path == "m"


def test_append_adds_a_message():
    with Scratch(b"") as path:
        messages = JSONLMessages(path)
        messages.append({"content": "é\n" * 500})
        messages.append({"content": None})
        assert list(messages) == [{"content": "é\n" * 500}, {"content": None}]


def test_append_writes_nothing_of_what_json_cannot_carry():
    with Scratch(b"") as path:
        messages = JSONLMessages(path)
        error_of(EncodeError, messages.append, {"a": b""})
        assert list(messages) == []
        assert repr(messages) == "JSONLMessages(%r)" % path


def test_the_file_is_closed_when_the_encoder_is():
    with Scratch(b'{"a":1}\n{"a":2}\n') as path:
        encoder = JSONEncoder(Items(JSONLMessages(path)))
        encoder.close()
        encoder = JSONEncoder(Items(JSONLMessages(path)))
        encoder.readinto(bytearray(3))
        encoder.close()
        encoder.close()


def test_an_iterator_of_lines_is_its_own():
    with Scratch(b'{"a":1}\n') as path:
        lines = iter(JSONLMessages(path))
        assert iter(lines) is lines
        assert next(lines) == {"a": 1}
        lines.close()
        assert list(lines) == []

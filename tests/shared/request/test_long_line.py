"""Lines that are too long for a chip's memory."""

import json

from helpers import Scratch, error_of, read_all

from thinwire.core.errors import EncodeError
from thinwire.core.request import jsonl
from thinwire.core.request.jsonl import JSONLMessages
from thinwire.core.request.long_line import StoredText, read_long
from thinwire.core.wire.json_encode import JSONEncoder

SHORT = 10


def values():
    yield {"role": "user", "content": "x" * 11}
    yield {"role": "user", "content": "x" * 10, "b": ["short", {"c": "é" * 6}, 1.5, None, True]}
    yield {"content": [{"image": {"url": "data:," + "A" * 3000}}, {"text": 'a"b\\' * 700}]}
    yield {"content": "\0is no stand-in", "b": "\0"}
    for size in range(236, 262):  # an escape at each place of the first block
        yield {"content": "x" * size + '"' + "\\" * 3 + "\n" * 4 + "y" * 300, "b": "\\"}
        yield {"content": "x" * 5, "d": ["z"] * (size // 4), "b": '\\"\n', "c": "\\" * 4}


def with_texts(value):
    # With the strings in the place of sources.
    if isinstance(value, StoredText):
        return json.loads(read_all(JSONEncoder(value)).decode())
    if isinstance(value, list):
        return [with_texts(item) for item in value]
    if isinstance(value, dict):
        return {name: with_texts(item) for name, item in value.items()}
    return value


def encoded(value):
    return read_all(JSONEncoder(value))


def test_long_strings_are_read_while_they_are_sent():
    for value in values():
        line = encoded(value)
        with Scratch(b"\n" + line + b"\n{}") as path, open(path, "rb") as file:
            found, end = read_long(file, path, 1, SHORT)
            assert json.loads(encoded(found).decode()) == value
            assert with_texts(found) == value
            assert end == len(line) + 2
            assert file.read() == b"{}"


def test_the_last_line_may_lack_its_end():
    line = encoded({"content": "x" * 1000})
    with Scratch(line) as path, open(path, "rb") as file:
        found, end = read_long(file, path, 0, SHORT)
        assert with_texts(found) == {"content": "x" * 1000}
        assert end == len(line)


def test_a_line_cut_anywhere_is_no_value():
    line = encoded({"a": "x" * 20, "b": ["\\" * 3, {"c": "y" * 300}], "d": 1})
    for cut in range(len(line)):
        with Scratch(line[:cut]) as path, open(path, "rb") as file:
            error_of(ValueError, read_long, file, path, 0, SHORT)


def test_a_key_is_never_a_source():
    with Scratch(encoded({"k" * 11: 1})) as path, open(path, "rb") as file:
        error_of(ValueError, read_long, file, path, 0, SHORT)


def test_a_file_that_has_changed_is_named():
    with Scratch(encoded({"a": "x" * 20})) as path:
        with open(path, "rb") as file:
            found, _ = read_long(file, path, 0, SHORT)
        text = found["a"]
        assert len(text) == 20
        assert path in repr(text)
        with open(path, "wb") as file:
            file.write(encoded({"aa": "x" * 20}))
        error = error_of(EncodeError, encoded, found)
        assert path in error.message


class Limit:
    # A chip's memory, on both runtimes.
    def __enter__(self):
        self.before = jsonl.LINE_LIMIT
        jsonl.LINE_LIMIT = 100

    def __exit__(self, *details):
        jsonl.LINE_LIMIT = self.before


def test_a_long_line_among_others():
    value = {"role": "user", "content": "x" * 3000}
    lines = encoded({"a": 1}) + b"\n" + encoded(value) + b"\n" + b" " * 250 + b'\n{"b":2}\n'
    for mark in (b"", b"\xef\xbb\xbf"):
        for last in (b"", encoded(value)):
            with Limit(), Scratch(mark + lines + last) as path:
                messages = JSONLMessages(path)
                want = [{"a": 1}, value, {"b": 2}] + ([value] if last else [])
                assert [with_texts(message) for message in messages] == want
                messages.append({"c": 3})
                assert [with_texts(message) for message in messages] == want + [{"c": 3}]


def test_a_long_first_line_behind_a_mark():
    value = {"content": "x" * 3000}
    with Limit(), Scratch(b"\xef\xbb\xbf" + encoded(value)) as path:
        messages = JSONLMessages(path)
        assert [with_texts(message) for message in messages] == [value]
        messages.append({"c": 3})
        assert [with_texts(message) for message in messages] == [value, {"c": 3}]


def test_a_long_line_that_is_no_message_is_named():
    for line in (b"[" + b"1, " * 100 + b"1]", b"{" * 300):
        with Limit(), Scratch(b'{"a":1}\n' + line + b"\n") as path:
            error = error_of(EncodeError, list, JSONLMessages(path))
            assert "line 2" in error.message


def test_a_long_line_that_is_torn():
    line = encoded({"content": "x" * 3000})
    for cut in (100, 101, 300, len(line) - 1):
        with Limit(), Scratch(b'{"a":1}\n' + line[:cut]) as path:
            warn, told = jsonl.warn, []
            jsonl.warn = told.append
            try:
                messages = JSONLMessages(path)
                assert list(messages) == [{"a": 1}]
                messages.append({"c": 3})
                assert list(messages) == [{"a": 1}, {"c": 3}]
            finally:
                jsonl.warn = warn
            assert len(told) == 2
            with open(path + ".torn", "rb") as file:
                assert file.read() == line[:cut] + b"\n"
            jsonl.remove_file(path + ".torn")

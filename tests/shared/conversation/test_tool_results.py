# What a model is told of a call.

import json

from helpers import Scratch, error_of

from thinwire.core.conversation.tool_results import content_of, error_content
from thinwire.core.errors import EncodeError
from thinwire.core.request.sources import TextFile, TextStream
from thinwire.core.wire.json_encode import encoded

LONG = "Grüße, 世界 🚀. " * 100


def sent(content):
    return json.loads(bytes(encoded(content)))


def test_text_stays_text_and_all_else_is_json():
    for value, want in (
        ("text", "text"),
        ("", ""),
        (None, "null"),
        (True, "true"),
        (21.5, "21.5"),
        ({"a": [1, None]}, '{"a":[1,null]}'),
        ((1, 2), "[1,2]"),
        ([], "[]"),
        ([{"type": "text"}], '[{"type":"text"}]'),
        ({"type": "other"}, '{"type":"other"}'),
    ):
        assert content_of(value) == want, value


def test_parts_are_parts():
    part = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}
    text = {"type": "text", "text": "a"}
    assert content_of(part) == [part]
    assert content_of([text, part]) == [text, part]
    assert content_of((text,)) == [text]
    assert json.loads(content_of([text, 1])) == [text, 1]


def test_a_source_is_read_while_it_is_sent():
    with Scratch(LONG.encode()) as path:
        source = TextFile(path)
        assert content_of(source) is source
        produced = TextStream(lambda: ["a", "b"])
        assert content_of(produced) is produced
    error_of(OSError, content_of, TextFile("/nowhere"))


def test_an_open_file_is_read_from_where_it_stands_as_often_as_it_is_sent():
    with Scratch(b"#" + LONG.encode() + b"\xf0\x9f") as path:
        with open(path, "rb") as file:
            file.read(1)
            content = content_of(file)
            assert sent(content) == sent(content) == LONG + "\ufffd"
    with Scratch(("#" + LONG).encode()) as path:
        with open(path) as file:
            file.read(1)
            content = content_of(file)
            assert sent(content) == sent(content) == LONG


def test_a_path_is_its_text():
    class Path:
        def __init__(self, path):
            self.path = path

        def __fspath__(self):
            return self.path

    made = []

    class Opened(TextFile):
        def __init__(self, path):
            made.append(path)
            TextFile.__init__(self, path.path)

    from thinwire.core.request import sources

    with Scratch(LONG.encode()) as path:
        kept, sources.TextFile = sources.TextFile, Opened
        try:
            assert sent(content_of(Path(path))) == LONG
        finally:
            sources.TextFile = kept
    assert len(made) == 1


def test_what_json_cannot_carry_is_an_error():
    for value in (b"bytes", object(), {"a": b"b"}, {1: 2}.items):
        error_of(EncodeError, content_of, value)


def test_an_error_is_told_in_words_and_without_keys():
    content, words = error_content("refused: sk-a-secret-key\n" + "x" * 2000, ["sk-a-secret-key"])
    assert json.loads(content) == {"error": words}
    assert words.startswith("refused: ***\nxxx")
    assert (len(words), words[-3:]) == (1003, "...")
    assert error_content("plain") == ('{"error":"plain"}', "plain")

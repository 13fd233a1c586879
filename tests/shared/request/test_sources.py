import gc
import json

from helpers import Later, Scratch, error_of, read_all

from thinwire.core._compat import PIECE, base64
from thinwire.core.errors import EncodeError
from thinwire.core.request import sources
from thinwire.core.request.http_request import JSONBody
from thinwire.core.request.sources import (
    Base64File,
    BytesStream,
    DataURL,
    Source,
    TextFile,
    TextStream,
)
from thinwire.core.sync import run
from thinwire.core.wire.json_encode import Items, JSONEncoder, Reader, TextReader

CHARACTERS = ("a", "é", "你", "\U0001f600", "\n", '"', "\x00")


def encode(document, size=64, sizes=None):
    return read_all(JSONEncoder(document, sizes), size)


def read_text(data):
    with Scratch(data) as path:
        return json.loads(encode(TextFile(path)))


class Opened:
    # The files that sources open inside `with`, as a list.
    def __enter__(self):
        self.files = []
        sources.open = self.open
        return self.files

    def open(self, path, mode):
        self.files.append(open(path, mode))  # noqa: SIM115 - the source closes it
        return self.files[-1]

    def __exit__(self, *details):
        del sources.open


def is_closed(file):
    try:
        file.read(1)
    except (ValueError, OSError):
        return True
    return False


def test_the_text_of_a_file_is_one_string():
    for text in ("", "a", "é", 'say "hi"\n', "\x00\x1f\\", "你好 \U0001f600"):
        assert read_text(text.encode()) == text


def test_characters_may_straddle_the_pieces():
    for character in CHARACTERS:
        for shift in range(5):
            text = "x" * (PIECE - 4 + shift) + character * 6 + "y" * PIECE + character
            assert read_text(text.encode()) == text


def test_a_file_that_ends_where_a_piece_ends():
    for character in CHARACTERS:
        for pieces in (1, 2):
            text = character * (PIECE * pieces // len(character.encode()))
            assert read_text(text.encode()) == text


# What is no UTF-8 on either runtime.
INVALID = (
    b"\xff",
    b"\x80",
    b"\xc3",
    b"\xe4\xbd",
    b"\xf0\x9f\x98",
    b"\xc3(",
    b"\xf8\x88\x80\x80\x80",
)


def test_a_file_that_is_not_utf8_is_refused_wherever_that_shows():
    for bad in INVALID:
        for before in (0, 1, PIECE - 2, PIECE - 1, PIECE, 2 * PIECE + 3):
            for after in (b"", b"ok"):
                with Scratch(b"x" * before + bad + after) as path:
                    error = error_of(EncodeError, encode, {"a": [TextFile(path)]})
                assert error.path == "a[0]"
                assert path in str(error)
                assert "not UTF-8 near byte" in str(error)


def test_base64_of_each_size():
    for size in list(range(11)) + [PIECE // 4 * 3 + k for k in range(-1, 3)] + [3 * PIECE + 1]:
        data = bytes([i * 7 % 256 for i in range(size)])
        with Scratch(data) as path:
            got = encode(Base64File(path))
        assert got == b'"' + bytes(base64(data)) + b'"', size


def test_known_base64():
    for data, want in [
        (b"f", b"Zg=="),
        (b"fo", b"Zm8="),
        (b"foo", b"Zm9v"),
        (b"\xfb\xff", b"+/8="),
    ]:
        assert bytes(base64(data)) == want


def test_a_prefix_stands_in_front_and_is_escaped():
    with Scratch(b"foo") as path:
        assert encode(Base64File(path, "data:a/b;base64,")) == b'"data:a/b;base64,Zm9v"'
        assert json.loads(encode(Base64File(path, 'é"'))) == 'é"Zm9v'


def test_sources_stand_wherever_strings_do():
    with Scratch(b"a\nb") as path:
        text, data = TextFile(path), Base64File(path)
        document = {"x": [text, "s", {"y": data}, [text]], "z": text}
        want = {"x": ["a\nb", "s", {"y": "YQpi"}, ["a\nb"]], "z": "a\nb"}
        for size in (1, 5, 1000):
            assert json.loads(encode(document, size)) == want
        assert JSONEncoder(document).count() == len(encode(document))


def test_a_source_can_be_opened_again():
    with Scratch(b"abc") as path:
        for source in (TextFile(path), Base64File(path)):
            assert encode(source) == encode(source)


def test_a_missing_file_is_an_error_with_its_name_at_its_path():
    for source in (TextFile("/no/such.txt"), Base64File("/no/such.txt", "p")):
        error = error_of(EncodeError, encode, {"m": [0, {"c": source}]})
        assert error.path == "m[1].c"
        assert "/no/such.txt" in str(error)
        assert isinstance(error.cause, OSError)


class BrokenReader(Reader):
    def __init__(self):
        self.reads = 0
        self.closed = 0

    def read_piece(self):
        self.reads += 1
        if self.reads == 3:
            raise OSError(5)
        return b"ab"

    def close(self):
        self.closed += 1


class Broken(Source):
    def __init__(self):
        self.reader = BrokenReader()

    def open(self):
        return self.reader

    def __repr__(self):
        return "Broken()"


def test_a_source_that_breaks_is_an_error_that_names_it_and_it_is_closed():
    source = Broken()
    error = error_of(EncodeError, encode, ["x", [source]])
    assert error.path == "[1][0]"
    assert "cannot read Broken()" in str(error), error
    assert source.reader.closed == 1


def test_the_base_classes_leave_reading_to_others():
    error_of(NotImplementedError, Source().open)
    error_of(NotImplementedError, Reader().read_piece)
    Reader().close()


def test_the_file_is_closed_when_its_end_was_read():
    with Scratch(b"abc" * PIECE) as path:
        for source in (TextFile(path), Base64File(path)):
            with Opened() as files:
                encoder = JSONEncoder([source, 1])
                encoder.readinto(bytearray(1))
                encoder.readinto(bytearray(1))
            assert [is_closed(file) for file in files] == [False]
            read_all(encoder)
            assert [is_closed(file) for file in files] == [True]


def test_close_closes_the_file_and_may_be_called_again():
    with Scratch(b"abc" * PIECE) as path, Opened() as files:
        encoder = JSONEncoder([TextFile(path)])
        encoder.readinto(bytearray(10))
        encoder.close()
        assert [is_closed(file) for file in files] == [True]
        encoder.close()


def test_closing_a_reader_twice_is_harmless():
    with Scratch(b"abc") as path, Opened() as files:
        reader = TextFile(path).open()
        reader.close()
        reader.close()
        assert [is_closed(file) for file in files] == [True]


def test_repr_names_the_file_only():
    assert repr(TextFile("a.txt")) == "TextFile('a.txt')"
    assert repr(Base64File("b.jpg", "data:")) == "Base64File('b.jpg')"


def test_a_long_text_is_read_in_pieces():
    text = 'é"' * PIECE
    reader, out, piece = TextReader(text), b"", b"-"
    while piece:
        piece = bytes(reader.read_piece())
        assert len(piece) <= 2 * PIECE * 2
        out += piece
    assert out == text.replace('"', '\\"').encode()
    reader.close()


MEDIA_TYPES = (
    ("a.jpg", "image/jpeg"),
    ("dir.png/b.JPEG", "image/jpeg"),
    ("a.png", "image/png"),
    ("a.svg", "image/svg+xml"),
    ("a.wav", "audio/wav"),
    ("a.mp3", "audio/mpeg"),
    ("a.pdf", "application/pdf"),
    ("a.txt", "text/plain"),
)


def test_a_data_url_knows_common_media_types():
    for path, kind in MEDIA_TYPES:
        assert DataURL(path).prefix == "data:%s;base64," % kind
    assert DataURL("camera", "image/jpeg").prefix == "data:image/jpeg;base64,"
    for path in ("camera", "a.xyz"):
        assert "media_type" in str(error_of(ValueError, DataURL, path))


def test_a_data_url_is_the_file_as_base64():
    with Scratch(b"\xff\xd8abc") as path:
        want = "data:image/png;base64," + str(base64(b"\xff\xd8abc"), "utf-8")
        assert json.loads(encode(DataURL(path, "image/png"))) == want


def test_a_file_that_changes_its_size_between_two_attempts_is_refused():
    for kind in (TextFile, Base64File):
        with Scratch(b"abc") as path:
            source = kind(path)
            sizes = {}
            read_all(JSONEncoder({"a": source}, sizes))
            read_all(JSONEncoder({"a": source}, sizes))
            with open(path, "wb") as file:
                file.write(b"abcd")
            error = error_of(
                EncodeError, JSONEncoder({"a": kind(path)}, sizes).readinto, bytearray(99)
            )
            assert error.path == "a"
            assert "from 3 to 4 bytes" in error.message
            read_all(JSONEncoder({"a": source}))  # another call may send the file as it is now


class Changing:
    # Lazily made messages, each with a source of its own that is gone as soon as it was sent.
    def __init__(self, paths):
        self.paths = paths

    def __iter__(self):
        for path in self.paths:
            yield {"content": TextFile(path)}
            gc.collect()  # or a chip would keep what nobody uses


def test_sources_that_are_made_while_they_are_sent_have_a_size_each():
    with Scratch(b"a") as one, Scratch(b"bcd") as two:
        for messages in (Changing([one, two] * 3), [{"content": TextFile(one)}] * 2):
            sizes = {}
            first = encode({"m": Items(messages)}, sizes=sizes)
            assert encode({"m": Items(messages)}, sizes=sizes) == first
        lazy = Changing([one, two])
        sizes = {}
        encode({"m": Items(lazy)}, sizes=sizes)
        with open(two, "wb") as file:
            file.write(b"bcdef")
        error = error_of(EncodeError, encode, {"m": Items(lazy)}, 50, sizes)
        assert error.path == "m[1].content"
        assert "from 3 to 5 bytes" in error.message


def pull(source, size=50):
    # What a transport does with a body; returns the text, and how often it had to wait.
    body = JSONBody({"a": source})
    buffer = bytearray(size)
    out = bytearray()
    waits = 0
    for _ in range(100000):
        count = body.readinto(buffer)
        if count == 0:
            return json.loads(str(out, "utf-8"))["a"], waits
        if count is None:
            waits += 1
            run(body.more())
        else:
            out.extend(memoryview(buffer)[:count])
    assert False, "it never ends"


TEXTS = (
    [],
    [""],
    ["", "a", "", 'b\n"é', ""],
    ["x" * (3 * PIECE + 1), "你" * PIECE, "\U0001f600"],
)

CHUNKS = (
    [],
    [b""],
    [b"a"],
    [b"ab", b"", b"cd", b"e"],
    [bytes((n,)) for n in range(11)],
    [b"x" * (2 * PIECE + 1), b"y" * (PIECE + 2), b"z"],
)


def test_text_from_a_factory():
    for items in TEXTS:
        for size in (1, 7, 1000):
            text, waits = pull(TextStream(lambda: iter(items)), size)  # noqa: B023
            assert text == "".join(items)
            assert waits == 0


def test_text_from_an_async_iterable():
    for items in TEXTS:
        text, waits = pull(TextStream(lambda: Later(items)))  # noqa: B023
        assert text == "".join(items)
        assert waits == len(items) + 1


def test_bytes_from_a_factory_are_one_base64():
    for items in CHUNKS:
        for size in (1, 7, 1000):
            text, _ = pull(BytesStream(lambda: iter(items), "data:,"), size)  # noqa: B023
            assert text == "data:," + str(base64(b"".join(items)), "utf-8")


def test_bytes_from_an_async_iterable():
    for items in CHUNKS:
        text, waits = pull(BytesStream(lambda: Later(items)))  # noqa: B023
        assert text == str(base64(b"".join(items)), "utf-8")
        assert waits == len(items) + 1


def test_what_a_factory_makes_can_be_sent_again():
    for source in (TextStream(lambda: iter("ab")), TextStream(["a", "b"])):
        assert source.replayable
        for _ in range(3):
            assert pull(source)[0] == "ab"


def test_an_iterator_can_be_sent_once():
    for items in (iter(["a"]), Later(["a"])):
        source = TextStream(items)
        assert not source.replayable
        body = JSONBody({"a": source})
        assert body.length() is None
        assert body.replayable()
        body.readinto(bytearray(10))
        assert not body.replayable()


def test_a_plain_stream_has_a_length_and_an_async_one_has_none():
    assert JSONBody({"a": TextStream(lambda: ["é"])}).length() == 10
    assert JSONBody({"a": TextStream(lambda: Later(["é"]))}).length() is None


def test_items_of_the_wrong_kind_are_refused_by_path():
    for source in (TextStream([b"a"]), BytesStream(["a"])):
        error = error_of(EncodeError, pull, source)
        assert error.path == "a"
        assert "takes" in error.message


def test_what_a_factory_or_its_items_raise_is_the_callers_own():
    for mine in (OSError(2), ValueError("mine")):

        def factory(error=mine):
            raise error

        def items(error=mine):
            yield "a"
            raise error

        for source in (TextStream(factory), BytesStream(factory), TextStream(items)):
            assert error_of(type(mine), pull, source) is mine


def test_a_generator_is_closed_with_the_encoder():
    closed = []

    def pieces():
        try:
            yield "a"
            yield "b"
        finally:
            closed.append(True)

    encoder = JSONEncoder([TextStream(pieces)])
    encoder.readinto(bytearray(3))
    encoder.close()
    encoder.close()
    assert closed == [True]


def test_the_repr_tells_no_content():
    assert repr(TextStream(["secret"])) == "TextStream"

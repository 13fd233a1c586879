import json

from helpers import Later, error_of

from thinwire.core._compat import PIECE, base64
from thinwire.core.errors import EncodeError
from thinwire.core.request import sources as source_streams
from thinwire.core.request.http_request import JSONBody
from thinwire.core.request.sources import BytesStream, TextStream
from thinwire.core.sync import run
from thinwire.core.wire.json_encode import JSONEncoder


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


def test_what_a_factory_raises_for_a_missing_file_names_the_path():
    def factory():
        raise OSError(2)

    for source in (TextStream(factory), BytesStream(factory)):
        assert error_of(EncodeError, pull, source).path == "a"


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


def test_the_base_class_reads_nothing():
    reader = source_streams._StreamReader([1])
    error_of(NotImplementedError, reader.read_piece)
    error_of(NotImplementedError, reader._take, 1)

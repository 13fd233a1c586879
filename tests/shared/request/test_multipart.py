# A form with a file, as it goes over the wire.

import asyncio

from helpers import Later, Scratch, error_of
from replies import FAST, chain, client, done, reply

from thinwire.core.client import AsyncClient
from thinwire.core.errors import EncodeError, StatusError
from thinwire.core.request.multipart import Multipart
from thinwire.core.request.sources import Base64File, BytesStream
from thinwire.core.sync import Client


def form(file, **fields):
    return Multipart(fields, file, "a.wav", "audio/wav")


def parsed(body, media_type):
    """Name (and filename) -> text of each part, by a parser of its own."""
    assert media_type.startswith("multipart/form-data; boundary="), media_type
    mark = b"--" + media_type.split("boundary=")[1].encode()
    pieces = body.split(mark)
    assert (pieces[0], pieces[-1]) == (b"", b"--\r\n"), body
    found = []
    for piece in pieces[1:-1]:
        assert piece[:2] == piece[-2:] == b"\r\n", piece
        head, _, text = piece[2:-2].partition(b"\r\n\r\n")
        found.append((head.decode(), text))
    return found


def posted(made, number=0):
    headers = dict(made.transport.requests[number].headers)
    return parsed(bytes(made.transport.sent[number]), headers["Content-Type"])


FILE = 'Content-Disposition: form-data; name="file"; filename="a.wav"\r\nContent-Type: audio/wav'


def test_fields_come_first_and_then_the_file():
    made = client(Client, reply(b"{}"))
    fields = {"n": 2, "x": None, "y": True, "tags[]": ["a"], "more": ("b", False)}
    fields.update({"text": "gr\u00fcn", "how": {"type": "auto", "ms": 5, "not": None}})
    made.open("POST", "/x", form(b"SOUND", **fields)).close()
    start = 'Content-Disposition: form-data; name="%s"'
    found = posted(made)
    assert found[-1] == (FILE, b"SOUND")
    fields = [("n", b"2"), ("y", b"true"), ("tags[]", b"a"), ("more[]", b"b")]
    fields += [("more[]", b"false"), ("how[type]", b"auto"), ("how[ms]", b"5")]
    fields += [("text", "gr\u00fcn".encode()), ("model", b"id-1")]
    assert sorted(found[:-1]) == sorted([(start % name, text) for name, text in fields])


def test_a_file_is_whatever_gives_bytes():
    data = bytes(range(256)) * 40
    with Scratch(data) as path:
        with open(path, "rb") as opened:
            for file in (
                path,
                data,
                bytearray(data),
                [data[:99], b"", data[99:]],
                lambda: [data],
                lambda: open(path, "rb"),  # noqa: SIM115 - closed by whom it is given to
                opened,
                iter([data]),
                Base64File(path),
                BytesStream([data]),
                BytesStream(lambda: [data]),
            ):
                made = client(Client, reply(b"1"))
                made.open("POST", "/x", form(file)).close()
                assert posted(made)[-1] == (FILE, data), file


def test_a_microphone_is_awaited():
    for file in (Later([b"ab", b"c"]), lambda: Later([b"ab", b"c"])):
        made = client(AsyncClient, reply(b"1"))
        done(made.open("POST", "/x", form(file)))
        assert posted(made)[-1] == (FILE, b"abc")


def test_each_attempt_has_the_file_and_its_own_model():
    with Scratch(b"SOUND") as path:
        made = client(
            Client, reply(status=500), reply(b"1"), deployments=chain(), fallbacks={"a": ["b"]}
        )
        made.open("POST", "/x", form(path)).close()
        for number, model in enumerate((b"id-1", b"id-2")):
            found = posted(made, number)
            assert found[-1] == (FILE, b"SOUND")
            assert found[0][1] == model


def test_what_can_be_read_once_is_sent_once():
    made = client(
        Client, reply(status=500), retry=FAST, deployments=chain(), fallbacks={"a": ["b"]}
    )
    error = error_of(StatusError, made.open, "POST", "/x", form(iter([b"a"])))
    assert error.status == 500
    assert len(made.transport.requests) == 1


def test_a_file_that_is_not_there_is_named():
    made = client(Client, reply(b"1"), deployments=chain(), fallbacks={"a": ["b"]})
    error = error_of(EncodeError, made.open, "POST", "/x", form("/tmp/not/there.wav"))
    assert "/tmp/not/there.wav" in str(error), error


def test_names_break_no_form():
    for bad, want in (('a"b', "a%22b"), ("a\r\nb", "a%0D%0Ab"), ("gr\u00fcn", "gr\u00fcn")):
        made = client(Client, reply(b"1"))
        made.open("POST", "/x", Multipart({bad: 1}, b"S", bad, "audio/wav")).close()
        found = [head.split("\r\n")[0].partition("; ")[2] for head, _ in posted(made)]
        assert found[-1] == 'name="file"; filename="%s"' % want
        assert sorted(found[:-1]) == sorted(['name="%s"' % want, 'name="model"'])
    for bad in ("audio/wav\r\nX: y", "audio wav", "a\x7f"):
        error_of(ValueError, Multipart, {}, b"", "a.wav", bad)


def test_nothing_of_the_file_is_read_before_it_is_sent():
    pulled = []

    def blocks():
        pulled.append(1)
        yield b"a"

    body = form(blocks).body("m")
    assert pulled == []
    assert body.replayable()
    assert body.repeatable()
    buffer, read = bytearray(500), b""
    for _ in range(4):
        asyncio.run(body.more())
        count = body.readinto(buffer)
        read += bytes(buffer[: count or 0])
    assert pulled == [1]
    assert b"\r\n\r\na\r\n" in read


def test_an_open_file_is_read_from_where_it_stands_for_each_attempt():
    with Scratch(b"..SOUND") as path:
        with open(path, "rb") as file:
            file.read(2)
            made = client(
                Client, reply(status=500), reply(b"1"), deployments=chain(), fallbacks={"a": ["b"]}
            )
            made.open("POST", "/x", form(file)).close()
            assert [posted(made, number)[-1] for number in (0, 1)] == [(FILE, b"SOUND")] * 2
            assert not form(file).body("m").repeatable()  # not beside one another
            file.seek(0)  # it is the caller's, and still open


class Pipe:
    """An open file that cannot be wound back."""

    def __init__(self, data):
        self.left = data
        self.closed = False

    def __next__(self):
        raise StopIteration

    def readinto(self, buffer):
        count = min(2, len(self.left))
        buffer[:count] = self.left[:count]
        self.left = self.left[count:]
        return count

    def seek(self, *_):
        raise OSError(29)

    def close(self):
        self.closed = True


def test_a_pipe_is_sent_once():
    for wrap in (lambda pipe: pipe, lambda pipe: lambda: pipe):
        pipe = Pipe(b"SOUND")
        made = client(Client, reply(b"1"))
        made.open("POST", "/x", form(wrap(pipe))).close()
        assert posted(made)[-1] == (FILE, b"SOUND")
        assert pipe.closed != (wrap(pipe) is pipe)  # what was opened for us is ours to close
    assert form(Pipe(b"")).once
    assert not form(lambda: Pipe(b"")).once

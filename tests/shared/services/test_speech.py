# Speech to text and text to speech.

import json

from helpers import Later, Scratch, error_of
from replies import FAST, JSON, KINDS, chain, client, done, finish, reply, sent

from thinwire.core.client import AsyncClient
from thinwire.core.errors import ReadError, StatusError, StreamError, StreamInterrupted
from thinwire.core.request.sources import Base64File, TextFile
from thinwire.core.sync import Client

SOUND = {"content-type": "audio/mpeg"}
TEXT = {"content-type": "text/plain; charset=utf-8"}


def said(text="Hello", **more):
    return reply(json.dumps(dict({"text": text}, **more)).encode())


def form(made, number=0):
    return bytes(made.transport.sent[number])


def test_a_file_is_transcribed():
    with Scratch(b"SOUND") as path:
        for kind in KINDS:
            made = client(kind, said(language="english", duration=2.5))
            found = done(made.transcribe(path, language="en", temperature=0, prompt=None))
            assert (found.text, found.deployment) == ("Hello", "a")
            assert found.document["duration"] == 2.5
            assert repr(found) == "Transcription('Hello')"
            assert made.transport.requests[0].target == "/v1/audio/transcriptions"
            body = form(made)
            for wanted in (
                b'name="language"\r\n\r\nen\r\n',
                b'name="temperature"\r\n\r\n0\r\n',
                b'name="model"\r\n\r\nid-1\r\n',
                b"Content-Type: application/octet-stream\r\n\r\nSOUND\r\n--",
                ('filename="%s"' % path.split("/")[-1]).encode(),
            ):
                assert wanted in body, (wanted, body)
            assert b"prompt" not in body


def test_the_file_has_a_name_and_a_type():
    with Scratch(b"SOUND") as path:
        with open(path, "rb") as opened:
            for file, given, name, kind in (
                (b"S", None, "audio.wav", "audio/wav"),
                ([b"S"], None, "audio.wav", "audio/wav"),
                (b"S", "a.mp3", "a.mp3", "audio/mpeg"),
                (Base64File(path), "b.webm", "b.webm", "video/webm"),
                (opened, "c.flac", "c.flac", "audio/flac"),
            ):
                made = client(Client, said())
                made.transcribe(file, filename=given)
                wanted = 'filename="%s"\r\nContent-Type: %s\r\n\r\nS' % (name, kind)
                assert wanted.encode() in form(made), form(made)


def test_other_formats_are_texts():
    for body, headers in (
        (b"1\n00:00:00,000 --> 00:00:01,000\nHi\n", TEXT),
        ("gr\u00fcn\n".encode(), {}),
        (b"", TEXT),
    ):
        made = client(Client, reply(body, headers=headers))
        found = made.transcribe(b"S", response_format="srt")
        assert (found.text, found.document) == (str(body, "utf-8"), {})
    made = client(Client, reply(b'{"text": "Hi"}', headers=TEXT))
    assert made.transcribe(b"S").text == "Hi"


def test_what_is_no_transcription_is_an_error():
    for body, headers in (
        (b"{}", JSON),
        (b"[1]", JSON),
        (b"{", JSON),
        (b'{"text": 7}', JSON),
        (b"\xff\xfe", TEXT),
    ):
        made = client(Client, reply(body, headers=headers))
        error_of(StreamError, made.transcribe, b"S")
        assert made.transport.open_responses == 0
    made = client(Client)
    assert "client.open" in str(error_of(TypeError, made.transcribe, b"S", stream=True))


def test_a_microphone_is_sent_as_it_is_heard():
    made = client(AsyncClient, said())
    assert done(made.transcribe(Later([b"a", b"b"]), path="/audio/translations")).text == "Hello"
    assert b"\r\n\r\nab\r\n" in form(made)
    assert made.transport.requests[0].target == "/v1/audio/translations"
    made = client(
        AsyncClient, reply(status=500), deployments=chain(), fallbacks={"a": ["b"]}, retry=FAST
    )
    error = error_of(StatusError, finish, made.transcribe, Later([b"a"]))
    assert len(made.transport.requests) == 1, error


def test_a_file_is_sent_again_to_the_fallback():
    with Scratch(b"SOUND") as path:
        made = client(
            Client, reply(status=500), said(), deployments=chain(), fallbacks={"a": ["b"]}
        )
        assert made.transcribe(path).deployment == "b"
        assert b"id-2" in form(made, 1)
        assert b"SOUND" in form(made, 1)


def test_a_text_is_said_into_a_file():
    for kind in KINDS:
        with Scratch(b"old") as path:
            made = client(kind, reply(b"SO", b"UND", headers=SOUND))
            count = done(made.speak("Hi", path, response_format="mp3", speed=None))
            with open(path, "rb") as file:
                assert file.read() == b"SOUND"
            assert count == 5
            assert sent(made) == {
                "input": "Hi",
                "voice": "alloy",
                "response_format": "mp3",
                "model": "id-1",
            }
            assert made.transport.requests[0].target == "/v1/audio/speech"
            assert made.transport.open_responses == 0


class Sink:
    def __init__(self):
        self.got = b""

    def write(self, piece):
        self.got += bytes(piece)
        return len(piece)


def test_sinks_write_or_are_called():
    sink = Sink()
    made = client(Client, reply(b"SO", b"UND", headers=SOUND), reply(b"X", headers=SOUND))
    assert made.speak("Hi", sink, voice=None) == 5
    assert sink.got == b"SOUND"
    assert "voice" not in sent(made)
    got = []
    assert made.speak("Hi", lambda piece: got.append(bytes(piece))) == 1
    assert got == [b"X"]

    async def later(piece):
        got.append(bytes(piece))

    made = client(AsyncClient, reply(b"Y", b"Z", headers=SOUND))
    assert done(made.speak("Hi", later)) == 2
    assert got == [b"X", b"Y", b"Z"]


def test_the_text_may_be_a_source():
    with Scratch(b'a long "text"') as path:
        made = client(Client, reply(b"S", headers=SOUND))
        made.speak(TextFile(path), Sink())
        assert sent(made)["input"] == 'a long "text"'


def test_half_a_sound_is_no_file():
    with Scratch(b"") as place:
        path = place + ".mp3"
        made = client(Client, reply(b"SO", ReadError("cut"), headers=SOUND))
        error_of(StreamInterrupted, made.speak, "Hi", path)
        error_of(OSError, open, path)
        made = client(Client, reply(status=503))
        error_of(StatusError, made.speak, "Hi", path)
        error_of(OSError, open, path)
        assert made.transport.open_responses == 0


def test_no_sound_is_an_error():
    with Scratch(b"") as place:
        path = place + ".mp3"
        made = client(Client, reply(headers=SOUND), reply(status=204, headers=SOUND))
        for _ in range(2):
            assert "empty" in str(error_of(StreamError, made.speak, "Hi", path))
            error_of(OSError, open, path)
        assert made.transport.open_responses == 0


def test_errors_of_the_sink_are_the_callers():
    def full(piece):
        raise KeyError("mine")

    for kind in KINDS:
        made = client(kind, reply(b"SO", 5, b"UND", headers=SOUND))
        error_of(KeyError, finish, made.speak, "Hi", full)
        assert made.transport.open_responses == 0
    made = client(Client, reply(b"SO", headers=SOUND))
    error_of(OSError, made.speak, "Hi", "/tmp/not/there/x.mp3")
    assert made.transport.open_responses == 0


def test_json_is_no_sound():
    made = client(Client, reply(b'{"why": "no"}'))
    assert "no" in str(error_of(StreamError, made.speak, "Hi", Sink()))
    assert made.transport.open_responses == 0


def test_a_sink_that_takes_less_is_asked_again():
    class Slow(Sink):
        def __init__(self, *counts):
            super().__init__()
            self.counts = list(counts)

        def write(self, piece):
            count = self.counts.pop(0) if self.counts else len(piece)
            self.got += bytes(piece if count is True or count is None else piece[:count])
            return count

    for counts in ((1,), (0, 1, 0), (5,), (2, 2, 1), (None,), (True,)):
        for kind in KINDS:
            sink = Slow(*counts)
            made = client(kind, reply(b"SOUND", b"X", headers=SOUND))
            assert done(made.speak("Hi", sink)) == 6
            assert sink.got == b"SOUNDX", counts


def test_a_sink_may_be_a_stream_writer():
    class Writer(Sink):
        def __init__(self):
            super().__init__()
            self.drained = []

        def write(self, piece):
            self.got += bytes(piece)

        async def drain(self):
            self.drained.append(len(self.got))

    sink = Writer()
    made = client(AsyncClient, reply(b"SO", b"UND", headers=SOUND))
    assert done(made.speak("Hi", sink)) == 5
    assert (sink.got, sink.drained) == (b"SOUND", [2, 5])

    class Later(Sink):
        async def write(self, piece):
            self.got += bytes(piece[:1])
            return 1

    sink = Later()
    made = client(AsyncClient, reply(b"SOUND", headers=SOUND))
    assert done(made.speak("Hi", sink)) == 5
    assert sink.got == b"SOUND"

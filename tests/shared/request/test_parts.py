"""Images, audio and documents as parts of a message, on every wire."""

import io
import json

from helpers import Scratch, error_of
from streams import ANSWER, event, json_reply

import thinwire.parts as parts
from thinwire.core.request.sources import Base64File, BytesStream, DataURL
from thinwire.core.routing.deployment import Deployment
from thinwire.core.routing.policy import RetryPolicy
from thinwire.core.sync import Client
from thinwire.testing.scripted import ScriptedReply, ScriptedTransport

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 8
WAV = b"RIFF\x00\x01\x02\x03WAVEfmt " + bytes(100)
PDF = b"%PDF-1.7\n" + bytes(50)


def base64(data):
    import binascii

    return str(binascii.b2a_base64(data), "utf-8").strip()


def sent(part, dialect="openai", replies=None):
    # The part as it goes over a wire, in its last attempt.
    if replies is None:
        body = {"type": "message", "content": [{"type": "text", "text": "Hi"}]}
        body["stop_reason"] = "end_turn"
        replies = {
            "openai": [ScriptedReply([ANSWER])],
            "anthropic": [json_reply(body)],
            "responses": [
                ScriptedReply(
                    [
                        event({"type": "response.output_text.delta", "delta": "Hi"}),
                        event({"type": "response.completed", "response": {"status": "completed"}}),
                    ]
                )
            ],
        }[dialect]
    transport = ScriptedTransport(replies)
    place = Deployment("https://a.test/v1", "key", "m", dialect=dialect)
    messages = [{"role": "user", "content": ["What is it?", part]}]
    retry = RetryPolicy(base=0)
    with Client("a", {"a": place}, transport=transport, retry=retry) as client:
        client.chat(messages)
    document = json.loads(transport.sent[-1])
    message = (document.get("messages") or document.get("input"))[0]
    return message["content"][1]


class Pipe:
    # An open file that cannot be wound back.
    def __init__(self, data, name=None):
        self._file = io.BytesIO(data)
        if name is not None:
            self.name = name

    def read(self, size):
        return self._file.read(size)


def ways(data):
    # What stands for the same bytes.
    yield data
    yield bytearray(data)
    yield memoryview(data)
    yield io.BytesIO(data)


def test_an_image_from_bytes_and_files_on_each_wire():
    url = "data:image/png;base64," + base64(PNG)
    for way in ways(PNG):
        assert sent(parts.image(way)) == {"type": "image_url", "image_url": {"url": url}}
    for way in ways(PNG):
        wanted = {"type": "base64", "media_type": "image/png", "data": base64(PNG)}
        assert sent(parts.image(way), "anthropic") == {"type": "image", "source": wanted}
    for way in ways(PNG):
        found = sent(parts.image(way, detail="low"), "responses")
        assert found == {"type": "input_image", "image_url": url, "detail": "low"}


def test_an_image_from_a_path():
    with Scratch(PNG) as path:
        part = parts.image(path)
        assert isinstance(part["image_url"]["url"], Base64File)
        assert sent(part)["image_url"]["url"] == "data:image/png;base64," + base64(PNG)
        part = parts.image(path, media_type="image/webp", detail="high")
        assert sent(part)["image_url"]["url"].startswith("data:image/webp;base64,")
        assert part["image_url"]["detail"] == "high"
    # Where the name says it, the file is opened when it is sent.
    assert parts.image("/none/such.JPG")["image_url"]["url"].prefix == "data:image/jpeg;base64,"
    error_of(OSError, parts.image, "/none/such")


def test_a_link_and_a_source_go_as_they_are():
    for url in ("https://a.test/b", "HTTP://a.test/b", "data:image/png;base64,AAAA"):
        assert parts.image(url) == {"type": "image_url", "image_url": {"url": url}}
    source = DataURL("a.png")
    assert parts.image(source)["image_url"]["url"] is source
    assert parts.document(source) == {"type": "file", "file": {"file_data": source}}
    assert parts.audio(source, format="wav")["input_audio"]["data"] is source
    error = error_of(ValueError, parts.audio, BytesStream(()))
    assert "what is given does not show what it is" in str(error)
    assert parts.audio(Base64File("a.mp3"))["input_audio"]["format"] == "mp3"


def test_audio():
    for way in ways(WAV):
        wanted = {"type": "input_audio", "input_audio": {"data": base64(WAV), "format": "wav"}}
        assert sent(parts.audio(way)) == wanted
    assert sent(parts.audio(WAV), "responses")["input_audio"]["format"] == "wav"
    with Scratch(WAV) as path:
        assert sent(parts.audio(path))["input_audio"]["data"] == base64(WAV)
    for name, format in (("a.mp3", "mp3"), ("b/c.M4A", "m4a"), ("a.flac", "flac")):
        assert parts.audio(name)["input_audio"]["format"] == format
    assert parts.audio(b"", format="pcm16")["input_audio"]["format"] == "pcm16"
    assert "no link" in str(error_of(ValueError, parts.audio, "https://a.test/a.wav"))
    error = error_of(Exception, sent, parts.audio(WAV), "anthropic")
    assert error.kind == "unsupported"


def test_a_document():
    url = "data:application/pdf;base64," + base64(PDF)
    for way in ways(PDF):
        fields = {"file_data": url, "filename": "document.pdf"}
        assert sent(parts.document(way)) == {"type": "file", "file": fields}
    found = sent(parts.document(PDF, filename="a.pdf"), "anthropic")
    wanted = {"type": "base64", "media_type": "application/pdf", "data": base64(PDF)}
    assert found == {"type": "document", "source": wanted, "title": "a.pdf"}
    assert sent(parts.document(PDF), "responses")["type"] == "input_file"
    part = parts.document("folder/report.pdf")
    assert part["file"]["filename"] == "report.pdf"
    part = parts.document("https://a.test/b.pdf", filename="b.pdf")
    assert part["file"] == {"file_url": "https://a.test/b.pdf", "filename": "b.pdf"}
    assert sent(part, "responses")["file_url"] == "https://a.test/b.pdf"
    assert sent(part, "anthropic")["source"] == {"type": "url", "url": "https://a.test/b.pdf"}
    assert parts.document("data:,a")["file"] == {"file_data": "data:,a"}


def test_a_text_is_a_document_too():
    with Scratch(b"Hello, \xc3\xa4") as path:
        part = parts.document(path, media_type="text/plain", filename="a.txt")
        assert sent(part)["file"]["file_data"].startswith("data:text/plain;base64,")
        found = sent(part, "anthropic")["source"]
        assert found == {"type": "text", "media_type": "text/plain", "data": "Hello, \u00e4"}


def test_an_open_file_is_read_from_where_it_stands_in_each_attempt():
    file = io.BytesIO(b"head" + PNG)
    file.seek(4)
    part = parts.image(file)
    assert file.tell() == 4
    bad = json_reply({"error": {"message": "busy"}}, 503)
    found = sent(part, replies=[bad, ScriptedReply([ANSWER])])
    assert found["image_url"]["url"] == "data:image/png;base64," + base64(PNG)


def test_two_attempts_may_read_one_file_at_a_time():
    data = PNG * 3
    source = parts.image(io.BytesIO(data))["image_url"]["url"]
    readers, found = [source.open(), source.open()], [b"", b""]
    left = [0, 1]
    while left:
        for index in list(left):
            piece = bytes(readers[index].read_piece())
            found[index] += piece
            if not piece:
                left.remove(index)
    for one in found:
        assert one == b"data:image/png;base64," + base64(data).encode()


def test_a_pipe_is_sent_once():
    part = parts.image(Pipe(PNG), media_type="image/png")
    assert not part["image_url"]["url"].replayable
    assert sent(part)["image_url"]["url"] == "data:image/png;base64," + base64(PNG)
    part = parts.image(Pipe(PNG, "folder\\photo.gif"))
    assert part["image_url"]["url"].prefix == "data:image/gif;base64,"
    assert parts.document(Pipe(PDF, "a/b.pdf"))["file"]["filename"] == "b.pdf"
    assert "does not show what it is" in str(error_of(ValueError, parts.image, Pipe(PNG)))
    assert "does not show what it is" in str(error_of(ValueError, parts.image, Pipe(PNG, 3)))


BEGINNINGS = [
    (b"\xff\xd8\xff\xe0", "image/jpeg"),
    (b"GIF89a", "image/gif"),
    (b"RIFF\x00?\x01\x02WEBPVP8 ", "image/webp"),
    (b"BM1234", "image/bmp"),
    (b"\x00\x00\x00\x18ftypheic", "image/heic"),
    (b"\x00\x00\x00\x18ftypmif1", "image/heic"),
    (b"\x00\x00\x00\x18ftypavif", "image/avif"),
]
SOUNDS = [
    (b"ID3\x04", "mp3"),
    (b"\xff\xfb\x90", "mp3"),
    (b"\xff\xf3\x90", "mp3"),
    (b"\xff\xf2\x90", "mp3"),
    (b"fLaC", "flac"),
    (b"OggS", "ogg"),
    (b"\x00\x00\x00\x18ftypM4A ", "m4a"),
]


def test_files_show_what_they_are():
    for head, kind in BEGINNINGS:
        prefix = parts.image(head)["image_url"]["url"].prefix
        assert prefix == "data:%s;base64," % kind, head
    for head, format in SOUNDS:
        assert parts.audio(head)["input_audio"]["format"] == format, head
    for head in (b"", b"RIFF", b"RIFF1234AVI ", b"hello", b"\x89PN"):
        assert "give media_type" in str(error_of(ValueError, parts.image, head)), head


def test_another_kind_than_is_asked_for():
    assert "this is application/pdf" in str(error_of(ValueError, parts.image, PDF))
    assert "this is image/png" in str(error_of(ValueError, parts.audio, PNG))
    error = error_of(ValueError, parts.audio, b"\x00\x00\x00\x18ftypisom")
    assert "this is video/mp4" in str(error)

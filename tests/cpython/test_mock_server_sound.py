"""The mock server's /audio/transcriptions and /audio/speech."""

import io
from collections.abc import Iterator

import pytest

from thinwire import Client, Deployment, StatusError, StreamInterrupted
from thinwire.testing import (
    MockServer,
    RecordedRequest,
    cut_reply,
    sound_of,
    status_reply,
    text_of_sound,
    text_reply,
)


@pytest.fixture
def server() -> Iterator[MockServer]:
    with MockServer() as running:
        yield running
        assert running.errors == []


@pytest.fixture
def client(server: MockServer) -> Iterator[Client]:
    models = {name: Deployment(server.base_url, "k") for name in ("ears", "mouth", "error-429")}
    with Client("mouth", models, retry=1) as made:
        yield made


def said(client: Client, text: str, **options: str) -> bytes:
    sink = io.BytesIO()
    client.speak(text, sink, model="mouth", **options)  # type: ignore[arg-type]
    return sink.getvalue()


@pytest.mark.parametrize("text", ["Hello", "aab  b", "Grüße, 世界 🚀", "", "\0\x01ÿ"])
def test_a_sound_can_be_read(text: str) -> None:
    for samples in (2, 16, 160):
        sound = sound_of(text, samples=samples)
        assert len(sound) == len(text.encode()) * samples * 2
        assert text_of_sound(bytes(1000) + sound + bytes(7)) == text
    # What is lost of a note is not missed.
    assert text_of_sound(sound_of("ab", samples=16)[8:-10]) == "ab"


def test_a_text_is_said(client: Client, server: MockServer) -> None:
    assert text_of_sound(said(client, "Hello there", response_format="pcm")) == "Hello there"
    wav = said(client, "Hi", response_format="wav")
    assert wav[:4] == b"RIFF"
    assert text_of_sound(wav) == "Hi"
    server.reply("mouth", text_reply("Something else", delay_ms=1))
    assert text_of_sound(said(client, "Hi")) == "Something else"
    assert {request.wire for request in server.requests} == {"speech"}


def test_a_recording_is_written_down(client: Client, server: MockServer) -> None:
    sound = bytes(500) + sound_of("What time is it?") + bytes(500)
    assert client.transcribe(sound, model="ears", language="en").text == "What time is it?"
    server.reply("ears", text_reply("Something else"))
    assert client.transcribe(sound, model="ears", response_format="text").text == "Something else"
    first, second = (request.form() for request in server.requests)
    assert (first["file"], first["language"], first["model"]) == (sound, "en", "ears")
    assert second["response_format"] == "text"


def test_faults_are_those_of_chats(client: Client, server: MockServer) -> None:
    with pytest.raises(StatusError, match="429"):
        client.transcribe(b"", model="error-429")
    server.reply("mouth", cut_reply("mid_stream", text="Hello there"), status_reply(503))
    with pytest.raises(StreamInterrupted):
        said(client, "Hi")
    with pytest.raises(StatusError, match="503"):
        said(client, "Hi")


def test_requests_are_checked(client: Client) -> None:
    with pytest.raises(StatusError, match="midi"):
        said(client, "Hi", response_format="midi")
    with pytest.raises(StatusError, match="Unknown parameter"):
        said(client, "Hi", loud="very")
    with pytest.raises(StatusError, match="pdf"):
        client.transcribe(b"", model="ears", response_format="pdf")
    with pytest.raises(StatusError, match="not JSON: the body is no form"):
        client.post("/audio/transcriptions", {"model": "ears"})


def test_a_form_without_a_file_is_refused(server: MockServer, client: Client) -> None:
    body = b'--x\r\nContent-Disposition: form-data; name="model"\r\n\r\nears\r\n--x--\r\n'
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    with pytest.raises(StatusError, match="provide a file"):
        client.open("POST", "/audio/transcriptions", body, extra_headers=headers)
    with pytest.raises(StatusError, match="no name"):
        client.open(
            "POST",
            "/audio/transcriptions",
            body.replace(b"name=", b"nick="),
            extra_headers=headers,
        )


def test_a_script_may_look_at_the_form(server: MockServer, client: Client) -> None:
    def answer(request: RecordedRequest) -> object:
        return text_reply(str(request.form()["prompt"]))(request)

    server.reply("ears", answer)  # type: ignore[arg-type]
    assert client.transcribe(b"", model="ears", prompt="said so").text == "said so"

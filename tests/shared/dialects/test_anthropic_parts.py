import json

from helpers import Scratch, error_of, read_all
from streams import KEY

from thinwire.core.dialects import anthropic
from thinwire.core.dialects import anthropic_parts as parts
from thinwire.core.error_kinds import ThinwireError
from thinwire.core.errors import EncodeError
from thinwire.core.request.call import Call
from thinwire.core.request.sources import Base64File, BytesStream, DataURL, TextFile
from thinwire.core.routing.deployment import Deployment

USER = {"role": "user", "content": "Hi"}
PNG = "data:image/png;base64,iVBO"
CALL = {"id": "c", "type": "function", "function": {"name": "look", "arguments": "{}"}}


class Stored:
    """Messages that can be walked as often as they can."""

    def __init__(self, messages):
        self.messages = messages

    def __iter__(self):
        return iter(self.messages)


def body(messages):
    deployment = Deployment("https://api.test/v1", KEY, "claude-sonnet-4-5", dialect="anthropic")
    return anthropic.request(deployment, "m", Call(messages)).body


def document(messages):
    return json.loads(read_all(body(messages)))


def turns(*messages):
    """The turns; the same however the messages are given."""
    found = document(list(messages))
    assert document(Stored(messages)) == found
    return found["messages"]


def text(words, **more):
    block = {"type": "text", "text": words}
    block.update(more)
    return block


def user(*blocks):
    return {"role": "user", "content": list(blocks)}


def test_links_and_data_are_images():
    for image, source in (
        (
            {"url": "https://h.test/a.png", "detail": "low"},
            {"type": "url", "url": "https://h.test/a.png"},
        ),
        ("HTTP://h/a.png", {"type": "url", "url": "HTTP://h/a.png"}),
        ({"url": PNG}, {"type": "base64", "media_type": "image/png", "data": "iVBO"}),
    ):
        part = {"type": "image_url", "image_url": image, "cache_control": {"type": "ephemeral"}}
        wanted = {"type": "image", "source": source, "cache_control": {"type": "ephemeral"}}
        assert turns({"role": "user", "content": [part]}) == [user(wanted)]
        result = {"role": "tool", "tool_call_id": "c", "content": [part]}
        assert turns(USER, {"role": "assistant", "tool_calls": [CALL]}, result)[2] == user(
            {
                "type": "tool_result",
                "tool_use_id": "c",
                "cache_control": {"type": "ephemeral"},
                "content": [{"type": "image", "source": source}],
            }
        )


def test_sources_are_read_while_they_are_sent():
    data = bytes(range(256)) * 40
    with Scratch(data) as path:
        for source in (
            DataURL(path, "image/png"),
            Base64File(path, "data:image/png;base64,"),
            BytesStream(lambda: [data[:1000], data[1000:]], "data:image/png;base64,"),
        ):
            part = {"type": "image_url", "image_url": {"url": source}}
            messages = [{"role": "user", "content": [part]}]
            plain = {"type": "base64", "media_type": "image/png", "data": Base64File(path)}
            wanted = body([{"role": "user", "content": [{"type": "image", "source": plain}]}])
            made = body(Stored(messages))
            assert read_all(made, 50) == read_all(wanted)
            assert made.replayable()
            assert made.repeatable()
    once = BytesStream(iter([b"abc"]), "data:image/png;base64,")
    made = body([{"role": "user", "content": [{"type": "image_url", "image_url": {"url": once}}]}])
    assert b'"data":"YWJj"' in read_all(made)
    assert not made.replayable()


def test_a_source_that_is_not_there_is_named():
    part = {"type": "image_url", "image_url": {"url": DataURL("/nowhere/a.png")}}
    error = error_of(EncodeError, document, [{"role": "user", "content": [part]}])
    assert "DataURL('/nowhere/a.png')" in str(error)
    assert "messages[0].content[0].source.data" in str(error)


def test_texts_may_be_sources():
    with Scratch(b"a long text") as path:
        message = {"role": "user", "content": TextFile(path)}
        assert turns(message) == [user(text("a long text"))]
        assert document([message, {"role": "system", "content": TextFile(path)}])["system"] == [
            text("a long text")
        ]


def test_files_are_documents():
    pdf = "data:application/pdf;base64,JVBE"
    base64 = {"type": "base64", "media_type": "application/pdf", "data": "JVBE"}
    for file, wanted in (
        ({"file_data": pdf, "filename": "a.pdf"}, {"source": base64, "title": "a.pdf"}),
        ({"file_id": "file_1"}, {"source": {"type": "file", "file_id": "file_1"}}),
        ({"file_url": "https://h/a.pdf"}, {"source": {"type": "url", "url": "https://h/a.pdf"}}),
    ):
        wanted["type"] = "document"
        assert turns({"role": "user", "content": [{"type": "file", "file": file}]}) == [
            user(wanted)
        ]
    image = {"type": "file", "file": {"file_data": PNG, "filename": "a.png"}}
    assert turns({"role": "user", "content": [image]})[0]["content"][0]["type"] == "image"
    with Scratch(b"words") as path:
        file = {"file_data": DataURL(path, "text/plain")}
        got = turns({"role": "user", "content": [{"type": "file", "file": file}]})
        source = {"type": "text", "media_type": "text/plain", "data": "words"}
        assert got == [user({"type": "document", "source": source})]


def test_what_cannot_be_an_image_or_a_file_says_what_can():
    for value in ("just text", "data:image/png,abc", Base64File("/a.png"), 7, None):
        part = {"type": "image_url", "image_url": {"url": value}}
        error = error_of(EncodeError, document, [{"role": "user", "content": [part]}])
        assert "DataURL(path)" in str(error), value
    file = {"type": "file", "file": {"file_data": "data:text/plain;base64,aGk="}}
    error = error_of(EncodeError, document, [{"role": "user", "content": [file]}])
    assert "text part" in str(error)


def test_parts_that_the_api_does_not_have_fail_before_anything_is_sent():
    for kind in ("input_audio", "video_url"):
        message = {"role": "user", "content": [{"type": kind, kind: {}}]}
        error = error_of(ThinwireError, body, [USER, message])
        assert (error.kind, repr(kind) in str(error)) == ("unsupported", True)
        error = error_of(ThinwireError, document, Stored([USER, message]))
        assert error.kind == "unsupported"


def test_blocks_of_the_api_go_as_they_are():
    found = {"type": "search_result", "source": "s", "title": "t", "content": [text("x")]}
    assert turns({"role": "user", "content": [found]}) == [user(found)]
    marked = text("x", cache_control={"type": "ephemeral"}, annotations=[])
    wanted = text("x", cache_control={"type": "ephemeral"})
    assert turns({"role": "user", "content": [marked]}) == [user(wanted)]


def test_sources_are_shown_as_they_are():
    part = {"type": "image_url", "image_url": {"url": DataURL("a.png")}}
    assert repr(parts.blocks([part])[0]["source"]["data"]) == "DataURL('a.png')"


def test_ids_that_fit_stay():
    for id, wanted in (("toolu_1-A", "toolu_1-A"), ("a.b:c", "a_b_c"), (None, None)):
        assert parts.fitting_id(id) == wanted

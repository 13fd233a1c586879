"""What becomes of an answer's text that is not kept in memory."""

from helpers import error_of
from streams import STOP, call, chunk, deployments, play, sse, text

from thinwire.core.answer.completion import ContentDelta, ToolCallDelta
from thinwire.core.answer.keep import keeper
from thinwire.core.client import AsyncClient
from thinwire.core.errors import ReadError, StreamInterrupted
from thinwire.core.sync import Client
from thinwire.testing.scripted import ScriptedReply, ScriptedTransport

DONE = b"data: [DONE]\n\n"

EVERYTHING = sse(
    chunk({"reasoning": "hm", "reasoning_details": [{"type": "x"}]}),
    chunk({"content": "Grü"}, logprobs={"content": [{"token": "a"}]}),
    text("ße"),
    chunk({"refusal": "no"}),
    call(0, "1", None, '{"a"'),
    call(0, None, "f", ": 1}"),
    STOP,
)


class Sink:
    # A file, or a callable; two calls are made of each, so it holds everything twice.
    def __init__(self):
        self.heard = []

    def write(self, words):
        self.heard.append(words)

    def __getitem__(self, index):
        return self.heard[index]


def kept(keep):
    return play([ScriptedReply([EVERYTHING + DONE])], keep=keep)


def test_by_default_everything_is_kept():
    done = kept("text").completion
    assert (done.content, done.reasoning_content, done.refusal) == ("Grüße", "hm", "no")
    assert [one.arguments for one in done.tool_calls] == [{"a": 1}]
    assert (done.reasoning_details, done.logprobs) != ([], {})


def test_nothing_is_kept():
    got = kept("none")
    done = got.completion
    assert (done.content, done.reasoning_content, done.refusal) == (None, None, None)
    assert (done.reasoning_details, done.logprobs) == ([], {})
    assert [(one.id, one.name, one.arguments_raw) for one in done.tool_calls] == [("1", "f", "")]
    assert (done.complete, done.finish_reason) == (True, "stop")


def test_the_events_are_the_same_wherever_the_text_goes():
    want = [repr(event) for event in kept("text").events]
    for keep in ("none", Sink(), lambda kind, words, index: None):
        assert [repr(event) for event in kept(keep).events] == want
    events = kept("none").events
    words = [event.text for event in events if isinstance(event, ContentDelta)]
    pieces = [event.arguments for event in events if isinstance(event, ToolCallDelta)]
    assert ("".join(words), "".join(pieces)) == ("Grüße", '{"a": 1}')


def test_content_goes_into_a_file():
    sink = Sink()
    done = kept(sink).completion
    assert sink.heard == ["Grü", "ße"] * 2
    assert (done.content, done.complete) == (None, True)


def test_a_callable_hears_each_piece():
    heard = []
    kept(lambda kind, words, index: heard.append((kind, words, index)))
    want = [
        ("reasoning", "hm", 0),
        ("content", "Grü", 0),
        ("content", "ße", 0),
        ("refusal", "no", 0),
        ("arguments", '{"a": 1}', 0),  # from when its call had a name
    ]
    assert heard == want * 2, heard


def test_choices_and_calls_are_told_apart():
    heard = []
    data = sse(
        text("a"),
        chunk({"content": "b"}, index=1),
        call(0, "1", "f", "[1]"),
        call(1, "2", "g", "[]"),
        STOP,
        chunk({}, "stop", index=1),
    )
    sink = Sink()
    play([ScriptedReply([data + DONE])], keep=sink)
    assert sink.heard == ["a"] * 2
    play([ScriptedReply([data + DONE])], keep=lambda *told: heard.append(told))
    assert heard[:4] == [
        ("content", "a", 0),
        ("content", "b", 1),
        ("arguments", "[1]", 0),
        ("arguments", "[]", 1),
    ]


def test_what_cannot_keep_anything_is_refused():
    client = Client("a", deployments("a"), transport=ScriptedTransport([]))
    for keep in ("all", None, 3, object()):
        error = error_of(TypeError, client.stream, [], keep=keep)
        assert "keep must be" in str(error)
    assert keeper("text") is None


BROKEN = ScriptedReply([sse(text("Grü")), ReadError("cut")])


def test_text_that_went_somewhere_is_not_taken_back():
    for keep in (Sink(), lambda kind, words, index: None):
        transport = ScriptedTransport([BROKEN])
        client = Client("a", deployments("a", "b"), {"a": ["b"]}, transport=transport)
        error_of(StreamInterrupted, client.chat, [], keep=keep)


def test_text_that_went_nowhere_is_asked_for_again():
    for keep in ("text", "none"):
        transport = ScriptedTransport([BROKEN, ScriptedReply([EVERYTHING + DONE])])
        client = Client("a", deployments("a"), transport=transport)
        done = client.chat([], keep=keep)
        assert (len(done.attempts), done.complete) == (2, True)


def test_void_characters_are_counted_without_being_kept():
    replies = [BROKEN, ScriptedReply([EVERYTHING + DONE])]
    got = play(replies, keep="none", on_interrupt="restart")
    restarted = [event for event in got.events if hasattr(event, "void_chars")]
    assert [event.void_chars for event in restarted] == [3]


def test_a_sink_that_fails_ends_the_call():
    def full(kind, words, index):
        raise OSError(28)

    for kind in (Client, AsyncClient):
        transport = ScriptedTransport([ScriptedReply([EVERYTHING + DONE])])
        client = kind("a", deployments("a"), transport=transport)
        error_of(OSError, chat, client, full)
        assert transport.open_responses == 0


def chat(client, keep):
    import asyncio

    result = client.chat([], keep=keep)
    return asyncio.run(result) if isinstance(client, AsyncClient) else result


def test_what_is_not_kept_has_no_pieces():
    assert kept("none").completion.pieces() == []
    assert "".join(kept("text").completion.pieces()) == "Grüße"


def test_arguments_that_begin_empty():
    heard = []
    data = sse(call(0, "1", "f", ""), call(0, None, None, "{}"), STOP) + DONE
    play([ScriptedReply([data])], keep=lambda *told: heard.append(told))
    assert heard == [("arguments", "{}", 0)] * 2

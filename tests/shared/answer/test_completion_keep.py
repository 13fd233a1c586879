"""What becomes of an answer's text that is not kept in memory."""

import io

from helpers import error_of
from streams import STOP, call, chunk, deployments, play, sse, text

from thinwire.core.answer.events import ContentDelta
from thinwire.core.answer.tool_calls import ToolCallDelta
from thinwire.core.errors import ReadError
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
    assert [repr(event) for event in kept("none").events] == want
    events = kept("none").events
    words = [event.text for event in events if isinstance(event, ContentDelta)]
    pieces = [event.arguments for event in events if isinstance(event, ToolCallDelta)]
    assert ("".join(words), "".join(pieces)) == ("Grüße", '{"a": 1}')


def test_content_goes_into_a_file():
    file = io.StringIO()
    transport = ScriptedTransport([ScriptedReply([EVERYTHING + DONE])])
    done = Client("a", deployments("a"), transport=transport).chat(
        [], on_delta=file.write, keep="none"
    )
    assert file.getvalue() == "Grüßeno"
    assert (done.content, done.complete) == (None, True)


def test_what_cannot_keep_anything_is_refused():
    client = Client("a", deployments("a"), transport=ScriptedTransport([]))
    for keep in ("all", None, 3, object(), io.StringIO(), print):
        error = error_of(TypeError, client.stream, [], keep=keep)
        assert "on_delta=file.write" in str(error)


BROKEN = ScriptedReply([sse(text("Grü")), ReadError("cut")])


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


def test_what_is_not_kept_has_no_pieces():
    assert kept("none").completion.pieces() == []
    assert "".join(kept("text").completion.pieces()) == "Grüße"

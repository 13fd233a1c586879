"""A stream of a Client's with `into=`: what is closed so far, and what it became."""

from helpers import error_of
from streams import DONE, HELLO, STOP, deployments, sse, text

from thinwire.core.answer.events import ContentDelta, StreamComplete
from thinwire.core.conversation.into import ParsedCompletion
from thinwire.core.conversation.into_blocking import SyncParsedStream
from thinwire.core.sync import Client
from thinwire.testing.scripted import ScriptedReply, ScriptedTransport

CITY = {
    "title": "A city!",
    "type": "object",
    "properties": {"name": {"type": "string"}, "people": {"type": "integer", "minimum": 0}},
    "required": ["name"],
}
ROME = {"name": "Rome", "people": 3}
LIST = {"type": "array", "items": {"$ref": "#/$defs/city"}, "$defs": {"city": CITY}}


def test_a_stream_has_what_is_closed_so_far():
    pieces = ['{"na', 'me": "Ro', 'me", "peo', 'ple": 3', "}"]
    wants = [{}, {}, {"name": "Rome"}, {"name": "Rome"}, ROME]
    reply = ScriptedReply([sse(*([text(one) for one in pieces] + [STOP])) + DONE])
    with Client("a", deployments("a"), transport=ScriptedTransport([reply])) as client:
        stream = client.stream(HELLO, into=CITY)
        assert isinstance(stream, SyncParsedStream)
        got = [stream.partial()]
        for item in stream:
            if isinstance(item, ContentDelta):
                error_of(RuntimeError, lambda: stream.parsed)
                assert not isinstance(stream.completion, ParsedCompletion)
                got.append(stream.partial())
            else:
                assert isinstance(item, StreamComplete)
                assert item.completion is stream.completion
                assert item.completion.parsed == stream.parsed == ROME
    assert got == [None] + wants
    assert stream.partial() == ROME


def test_what_is_closed_of_a_list():
    words = '{"value": [{"name": "a"}, {"name": "b'
    reply = ScriptedReply([sse(text(words), text('"}]}'), STOP) + DONE])
    with Client("a", deployments("a"), transport=ScriptedTransport([reply])) as client:
        with client.stream(HELLO, into=LIST) as stream:
            next(stream)
            assert stream.partial() == [{"name": "a"}, {}]
            next(stream)
            assert stream.partial() == [{"name": "a"}, {"name": "b"}]
            next(stream)
    assert stream.parsed == [{"name": "a"}, {"name": "b"}]

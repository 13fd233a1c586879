# Sentences of a stream, of plain texts, and told by a callback.

from helpers import Later, error_of
from replies import KINDS, chain, client, done, finish
from streams import DONE, STOP, call, chunk, sse, text

from thinwire.core.answer.events import ContentDelta, ReasoningDelta, StreamComplete
from thinwire.core.answer.tool_calls import ToolCallStarted
from thinwire.core.client import AsyncClient
from thinwire.core.conversation.voice.sentences import Sentences, sentences
from thinwire.core.errors import ReadError, StreamInterrupted
from thinwire.core.sync import Client
from thinwire.testing.scripted import ScriptedReply

SSE = {"content-type": "text/event-stream"}
HELLO = "Hello there. How are you? Fine"
WANT = ["Hello there. ", "How are you? ", "Fine"]


def reply(*parts):
    return ScriptedReply(list(parts), 200, SSE)


def answer(*words):
    return reply(*[sse(text(word)) for word in words], sse(STOP) + DONE)


async def each(source, **options):
    # What an async source gives, and how it ended.
    found = []
    pieces = sentences(source, **options)
    try:
        async for piece in pieces:
            found.append(piece)
    except Exception as error:
        return found, error, pieces
    return found, None, pieces


def async_pieces(source, **options):
    return finish(each, source, **options)


def test_sentences_of_a_stream():
    made = client(AsyncClient, answer("Hel", "lo there.", " How are", " you? Fine"))
    assert async_pieces(made.stream("Hi"))[:2] == (WANT, None)
    made = client(Client, answer("Hel", "lo there.", " How are", " you? Fine"))
    with made.stream("Hi") as stream:
        pieces = sentences(stream)
        assert iter(pieces) is pieces
        assert list(pieces) == WANT
        assert list(pieces) == []
        assert stream.completion.content == HELLO


def test_sentences_of_texts():
    assert list(sentences(HELLO)) == WANT
    assert list(sentences(list(HELLO))) == WANT
    assert list(sentences([])) == []
    assert async_pieces(Later(list(HELLO)))[:2] == (WANT, None)
    assert list(sentences("Well, so.", first=1)) == ["Well, ", "so."]
    assert list(sentences("x" * 40, longest=64)) == ["x" * 32, "x" * 8]
    error_of(ValueError, sentences, "", longest=9)


def test_only_the_answer_is_said():
    events = [
        ReasoningDelta("Think. Well."),
        ContentDelta("He"),
        ContentDelta("other", 1),
        ReasoningDelta("Hm."),
        ContentDelta("y."),
        StreamComplete(None),
    ]
    assert list(sentences(events)) == ["Hey."]


def test_a_refusal_is_said_too():
    made = client(AsyncClient, reply(sse(chunk({"refusal": "No. Never"}), STOP) + DONE))
    assert async_pieces(made.stream("Hi"))[0] == ["No. ", "Never"]


def test_a_call_of_a_tool_ends_a_piece():
    events = [
        ContentDelta("Let me look"),
        ToolCallStarted(0, "id", "look"),
        ContentDelta("```\n"),
        ContentDelta("It rains. So"),
        StreamComplete(None),
    ]
    pieces = sentences(events)
    assert next(pieces) == "Let me look"
    assert next(pieces) == "```\n"
    assert pieces.code
    made = client(
        AsyncClient,
        reply(sse(text("One moment"), call(0, "c", "look", "{}"), chunk({}, "tool_calls")) + DONE),
    )
    assert async_pieces(made.stream("Hi"))[:2] == (["One moment"], None)


def test_what_broke_off_comes_after_what_was_whole():
    for parts, want in (
        (["One. Two. ", "Three"], ["One. ", "Two. "]),
        (["One. Two."], ["One. ", "Two."]),
    ):
        made = client(
            AsyncClient, reply(*[sse(text(part)) for part in parts], ReadError("cut")), retry=1
        )
        found, error, pieces = async_pieces(made.stream("Hi"))
        assert found == want
        assert isinstance(error, StreamInterrupted)
        assert finish(each, pieces)[:2] == ([], None)
        made = client(
            Client, reply(*[sse(text(part)) for part in parts], ReadError("cut")), retry=1
        )
        pieces = sentences(made.stream("Hi"))
        assert [next(pieces) for _ in want] == want
        error_of(StreamInterrupted, next, pieces)
        error_of(StopIteration, next, pieces)


def test_a_stream_that_is_closed_says_no_more():
    async def interrupted(aclose):
        made = client(AsyncClient, answer("One. Two. Three.", " Four"))
        stream = made.stream("Hi")
        pieces = sentences(stream)
        found = [await pieces.__anext__()]
        await aclose(stream, pieces)
        async for piece in pieces:
            found.append(piece)
        assert made.transport.open_responses == 0
        return found, stream.end

    # What had come was whole, and is given out where only the stream is closed.
    found = finish(interrupted, lambda stream, pieces: stream.aclose())
    assert found == (["One. ", "Two. "], "closed")
    assert finish(interrupted, lambda stream, pieces: pieces.aclose()) == (["One. "], "closed")
    made = client(Client, answer("One. Two. Three.", " Four"))
    pieces = sentences(made.stream("Hi"))
    assert next(pieces) == "One. "
    pieces.close()
    assert list(pieces) == []
    assert made.transport.open_responses == 0


def test_what_cannot_be_closed_is_left():
    pieces = sentences(["One. Two"])
    pieces.close()
    assert list(pieces) == []
    pieces = sentences(Later(["One. Two"]))
    finish(pieces.aclose)
    assert finish(each, pieces)[0] == []


def restarting():
    return client(
        AsyncClient,
        reply(sse(text("One. Two")), ReadError("cut")),
        answer("Three. Four"),
        deployments=chain(),
        fallbacks={"a": ["b"]},
        retry=1,
        on_interrupt="restart",
    )


def test_an_answer_that_starts_anew():
    told = []
    found = async_pieces(restarting().stream("Hi"), on_restart=told.append)[0]
    assert found == ["One. ", "Three. ", "Four"]
    assert [event.void_chars for event in told] == [8]
    assert async_pieces(restarting().stream("Hi"))[0] == found

    async def later(event):
        told.append(event.deployment)

    assert async_pieces(restarting().stream("Hi"), on_restart=later)[0] == found
    assert told[1:] == ["b"]


async def awaited(value):
    await value


def test_a_callback_is_told():
    for kind in KINDS:
        found = []
        made = client(kind, answer("Hel", "lo there.", " How are", " you? Fine"))
        said = Sentences(found.append)
        assert done(made.chat("Hi", on_delta=said)).content == HELLO
        assert found == WANT[:2]
        said.close()  # what a plain callback was told need not be awaited
        assert found == WANT
        finish(awaited, said.close())
        assert found == WANT


def test_an_async_callback_is_awaited():
    found = []

    async def tell(piece):
        found.append(piece)

    async def main():
        said = Sentences(tell, longest=64, first=1)
        made = client(AsyncClient, answer("Well, a", "b. Cd. Ef. Gh", "i"))
        await made.chat("Hi", on_delta=said)
        assert found == ["Well, ", "ab. ", "Cd. ", "Ef. "]
        await said.close()
        assert found[4:] == ["Ghi"]
        await said.close()
        assert len(found) == 5

    finish(main)


def test_a_callback_is_told_of_a_new_start():
    found = []
    said = Sentences(found.append)
    made = restarting()
    finish(made.chat, "Hi", on_delta=said, on_restart=said.restart)
    finish(said.close)
    assert found == ["One. ", "Three. ", "Four"]
    said("```\na")
    finish(said.close)
    assert found[3:] == ["```\n", "a"]
    said("x\n")
    assert not said.code


def test_an_error_of_the_callback_reaches_the_caller():
    def tell(piece):
        raise KeyError(piece)

    for kind in KINDS:
        made = client(kind, answer("Hello. You"))
        error_of(KeyError, finish, made.chat, "Hi", on_delta=Sentences(tell))
        assert made.transport.open_responses == 0

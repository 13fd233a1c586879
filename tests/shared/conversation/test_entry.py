import os

from helpers import Later, Scratch
from talks import answer, contents, error_in, rest, sent, talk_of

from thinwire.core.conversation.entry import storable
from thinwire.core.conversation.history import MemoryHistory
from thinwire.core.conversation.jsonl_history import JSONLHistory
from thinwire.core.conversation.trimming import summary_message
from thinwire.core.errors import EncodeError
from thinwire.core.request.sources import BytesStream, DataURL, TextFile, TextStream


class Folder:
    # A folder for a JSONLHistory of one session, "".
    def __enter__(self):
        with Scratch(b"") as path:
            self.path = path
        return self.path

    def __exit__(self, *details):
        for name in os.listdir(self.path):
            os.remove(self.path + "/" + name)
        os.rmdir(self.path)


class Summary:
    # Sums up by numbers, and remembers what it was given.
    def __init__(self, *texts):
        self.texts = list(texts)
        self.given = []

    def __call__(self, messages):
        self.given.append(list(messages))
        return self.texts.pop(0)


async def test_what_is_not_sent_any_more_is_summed_up():
    with Folder() as folder:
        summarize = Summary("They counted.", "They went on.")
        history = JSONLHistory(folder)
        replies = [str(n) for n in range(9)]
        talk, transport = talk_of(
            *replies, history=history, max_messages=5, summarize=summarize, system="Hi."
        )
        for number in range(3):
            await talk.send("u%d" % number)
        assert summarize.given == []
        await talk.send("u3")
        (given,) = summarize.given
        assert contents(given) == ["u0", "0", "u1", "1", "u2", "2"]
        assert contents(sent(transport)) == ["Hi.\n\nThey counted.", "u3"]
        assert [one["content"] for one in history.read("")] == ["They counted.", "u3", "3"]
        await talk.send("u4")
        assert contents(sent(transport)) == ["Hi.\n\nThey counted.", "u3", "3", "u4"]
        await talk.send("u5")
        await talk.send("u6")
        assert contents(summarize.given[1]) == ["They counted.", "u3", "3", "u4", "4", "u5", "5"]
        assert contents(sent(transport)) == ["Hi.\n\nThey went on.", "u6"]
        assert [one["content"] for one in history.read("")] == ["They went on.", "u6", "6"]


async def test_a_turn_that_fails_sums_up_nothing():
    summarize = Summary("one", "two")
    talk, _ = talk_of("0", OSError("no"), "2", max_messages=1, summarize=summarize)
    await talk.send("u0")
    await error_in(OSError, talk.send("u1"))
    assert contents(await talk.messages()) == ["u0", "0"]
    await talk.send("u2")
    assert contents(await talk.messages()) == ["two", "u2", "2"]


async def test_a_summary_may_be_none_or_nothing_or_late():
    async def late(messages):
        return "late"

    for summarize, want in (
        (lambda messages: None, ["u0", "0", "u1", "1"]),
        (lambda messages: "", ["u1", "1"]),
        (late, ["late", "u1", "1"]),
    ):
        talk, transport = talk_of("0", "1", max_messages=1, summarize=summarize)
        await talk.send("u0")
        await talk.send("u1")
        assert contents(await talk.messages()) == want
        assert contents(sent(transport))[-1] == "u1"


async def test_a_summary_is_a_text():
    talk, _ = talk_of("0", "1", max_messages=1, summarize=lambda messages: 3)
    await talk.send("u0")
    await error_in(TypeError, talk.send("u1"))
    assert contents(await talk.messages()) == ["u0", "0"]


async def test_what_was_heard_may_be_said_of_a_turn_that_summed_up():
    talk, _ = talk_of("0", answer("Hel", "lo"), max_messages=1, summarize=Summary("before"))
    await talk.send("u0")
    async with talk.stream("u1") as turn:
        await rest(turn)
    await turn.interrupt(1)
    assert contents(await talk.messages()) == ["before", "u1", "H"]


def user(content):
    return {"role": "user", "content": content}


def image(url):
    return {"type": "image_url", "image_url": {"url": url}}


TEXT = {"type": "text", "text": "look"}


def test_what_can_be_read_only_once_is_named():
    camera = BytesStream(iter([b"1"]))
    note = {"type": "text", "text": "(image_url, not kept)"}
    assert storable(user([TEXT, image(camera)]), False) == user([TEXT, note])
    assert storable(user(TextStream(iter(["hi"]))), False) == user("(text, not kept)")
    for kept in (user("hi"), user([TEXT, image(DataURL("a.jpg"))]), user(TextFile("a.txt"))):
        assert storable(kept, False) is kept
    assert storable(user([TEXT, image(DataURL("a.jpg"))]), True) == user([TEXT, note])
    assert storable(user([TEXT]), True)["content"] == [TEXT]


async def test_a_picture_is_part_of_the_history():
    with Scratch(b"photo") as path, Folder() as folder:
        picture = image(DataURL(path, "image/png"))
        for history in (None, JSONLHistory(folder)):
            talk, transport = talk_of("a cat", "grey", history=history)
            await talk.send([TEXT, picture])
            await talk.send("Which colour?")
            url = {"url": "data:image/png;base64,cGhvdG8="}
            assert sent(transport)[0]["content"][1] == {"type": "image_url", "image_url": url}


async def test_what_a_history_cannot_take_is_named():
    with Folder() as folder:
        talk, _ = talk_of("fine", "fine", "fine", history=JSONLHistory(folder))
        await talk.send(TextStream(lambda: Later(["hi"])))
        async with talk.stream([TEXT, image(BytesStream(lambda: Later([b"1"])))]) as turn:
            await rest(turn)
        await turn.interrupt(2)
        note = {"type": "text", "text": "(image_url, not kept)"}
        want = ["(text, not kept)", "fine", [TEXT, note], "fi"]
        assert contents(await talk.messages()) == want


async def test_an_answer_that_a_history_cannot_take_is_an_error():
    class Full:
        def read(self, session):
            return []

        def append(self, session, messages):
            raise EncodeError("full", "")

    talk, _ = talk_of("fine", "fine", history=Full())
    await error_in(EncodeError, talk.send("hi"))
    turn = talk.stream("hi")
    await error_in(EncodeError, rest(turn))
    assert len(talk.sessions) == 0


async def test_a_turn_of_a_session_that_is_forgotten_is_not_changed_any_more():
    talk, _ = talk_of("one", "two", max_sessions=1)
    async with talk.stream("1", session="x") as turn:
        await rest(turn)
    await talk.send("2", session="y")
    await turn.interrupt(1)
    assert contents(await talk.messages("x")) == ["1", "one"]


class Newest(MemoryHistory):
    # A history that is long, of which only the newest may be read, and the first.
    def read(self, session):
        return Long(super().read(session))


class Long:
    def __init__(self, messages):
        self._messages = messages

    def __iter__(self):
        yield self._messages[0]
        assert False, "all of it is walked"

    def newest(self, count):
        return list(self._messages[-count:])


async def test_what_is_not_sent_is_not_read():
    for summary in (None, "before"):
        history = Newest()
        if summary:
            history.append("", [summary_message(summary)])
        for number in range(50):
            turn = [user("u%d" % number), {"role": "assistant", "content": "%d" % number}]
            history.append("", turn)
        talk, transport = talk_of("50", history=history, max_messages=6)
        await talk.send("u50")
        found = contents(sent(transport))
        if summary:
            assert found.pop(0) == summary
        assert found == ["u48", "48", "u49", "49", "u50"]


async def test_a_short_history_is_sent_from_its_beginning():
    greeting = {"role": "assistant", "content": "Hello!"}
    with Folder() as folder:
        history = JSONLHistory(folder)
        history.append("", [greeting])
        talk, transport = talk_of("one", "two", history=history, max_messages=4)
        await talk.send("1")
        await talk.send("2")
        assert contents(sent(transport, 0)) == ["Hello!", "1"]
        assert contents(sent(transport, 1)) == ["Hello!", "1", "one", "2"]
        talk, transport = talk_of("three", history=history, max_messages=4)
        await talk.send("3")
        assert contents(sent(transport)) == ["2", "two", "3"]


async def test_a_history_may_hold_completions():
    talk, transport = talk_of("one", "two", "three", max_messages=4, max_chars=100)
    completion = await talk.send("1", session="other")
    talk.history.append("", [user("0"), completion])
    talk.history.append("greeted", [completion])
    await talk.send("2")
    assert contents(sent(transport)) == ["0", "one", "2"]
    await talk.send("2", session="greeted")
    assert contents(sent(transport)) == ["one", "2"]

"""Reasoning in tags of the content: what is reasoning, what is said, what goes back."""

import json

from helpers import Scratch, error_of, feeds, read_all
from streams import DONE, HELLO, STOP, call, chunk, json_reply, play, sse, text

from thinwire.core._compat import loads_whole
from thinwire.core.answer.events import ContentDelta, ReasoningDelta
from thinwire.core.answer.think_tags import InsideAssembler, ThinkingAssembler
from thinwire.core.dialects import openai
from thinwire.core.request.call import Call
from thinwire.core.request.jsonl import JSONLMessages
from thinwire.core.routing.deployment import Deployment
from thinwire.core.sync import Client
from thinwire.testing.scripted import ScriptedReply, ScriptedTransport

# The content as it comes, then content and reasoning, for any cut of it.
CASES = [
    ("", "", ""),
    ("Hello", "Hello", ""),
    ("<think>hm</think>Hello", "Hello", "hm"),
    ("<think>\nhm\n</think>\n\nHello", "\n\nHello", "\nhm\n"),
    ("<think></think>Hello", "Hello", ""),
    ("<think>hm", "", "hm"),
    ("<think>hm</think>", "", "hm"),
    ("<think>hm</think", "", "hm</think"),
    ("Look: <think>hm</think> so", "Look:  so", "hm"),
    ("<think>a</think>b<think>c</think>d", "bd", "ac"),
    ("<think>a<think>b</think>c", "c", "a<think>b"),
    ("<think>a</think>b</think>c", "b</think>c", "a"),
    ("a < b <t <thin <thinking> <<think>x</think>", "a < b <t <thin <thinking> <", "x"),
    ("<think>1 < 2 </ </thin </thinking> <</think>y", "y", "1 < 2 </ </thin </thinking> <"),
    ("a<", "a<", ""),
    ("<thin", "<thin", ""),
    ("</th", "</th", ""),
    ("<Think>a</Think>", "<Think>a</Think>", ""),
    ("<think>\u20ac\U0001f600</think>\U0001f600", "\U0001f600", "\u20ac\U0001f600"),
]
# The same for a deployment whose answers begin in their reasoning.
INSIDE = [
    ("", "", ""),
    ("hm</think>Hello", "Hello", "hm"),
    ("<think>hm</think>Hello", "Hello", "hm"),
    ("\n<think>hm</think>Hello", "Hello", "\n<think>hm"),
    ("<thin", "", "<thin"),
    ("hm", "", "hm"),
    ("</think>Hello", "Hello", ""),
    ("a</think>b<think>c</think>d", "bd", "ac"),
]


def split(pieces, kind=ThinkingAssembler, memo=False):
    assembler = kind()
    for piece in pieces:
        if memo:
            assembler.add("content", 0, piece)
        else:
            assembler.receive(chunk({"content": piece}))
    assembler.receive(STOP)
    done = assembler.completion(True)
    return done, assembler.events


def joined(events, kind):
    pieces = [event.text for event in events if isinstance(event, kind)]
    assert "" not in pieces, events
    return "".join(pieces)


def test_tags_are_found_wherever_they_are_cut():
    for kind, cases in [(ThinkingAssembler, CASES), (InsideAssembler, INSIDE)]:
        for words, content, reasoning in cases:
            for pieces in feeds(words):
                for memo in (False, True):
                    done, events = split(pieces, kind, memo)
                    got = (done.content or "", done.reasoning_content or "")
                    assert got == (content, reasoning), (pieces, got)
                    told = joined(events, ContentDelta), joined(events, ReasoningDelta)
                    assert told == got, (pieces, told)
                    assert sent(done) == words, (pieces, sent(done))


# A closing tag alone: the pieces, then content and reasoning.
CLOSED = [
    (["hm</think>Hello"], "Hello", "hm"),
    (["hm</think>", "Hello"], "Hello", "hm"),
    (["hm", "</think>Hello"], "hm</think>Hello", ""),
    (["hm</th", "ink>Hello"], "hm</think>Hello", ""),
    (["</think>Hello"], "Hello", ""),
    (["</", "think>Hello"], "Hello", ""),
    (list("</think>Hello"), "Hello", ""),
    (["hm</think>a<think>b</think>c"], "ac", "hmb"),
    (["<think>a</think>", "b</think>c"], "b</think>c", "a"),
]


def test_what_was_handed_out_is_not_taken_back():
    for pieces, content, reasoning in CLOSED:
        done, events = split(pieces)
        assert (done.content or "", done.reasoning_content or "") == (content, reasoning), pieces
        assert joined(events, ContentDelta) == content, events
        assert sent(done) == "".join(pieces), sent(done)


# Pieces and what is known after each of them.
DELAYS = [
    (["a <", "b"], ["a ", "<b"]),
    (["a <t", "<th", "x"], ["a ", "<t", "<thx"]),
    (["1 < 2"], ["1 < 2"]),
    (["a</think"], ["a</think"]),
    (["a", "</", "think"], ["a", "</", "think"]),
    (["<", "<", "a"], ["", "<", "<a"]),
]


def test_text_waits_no_longer_than_it_must():
    for pieces, want in DELAYS:
        assembler, got = ThinkingAssembler(), []
        for piece in pieces:
            assembler.progress = False
            assembler.receive(chunk({"content": piece}))
            assert assembler.progress, "the clocks have to know"
            got.append("".join([event.text for event in assembler.events]))
            assembler.events.clear()
        assert got == want, (pieces, got)


def test_events_come_in_the_order_of_the_text():
    done, events = split(["a<think>b</think>c"])
    assert events == [ContentDelta("a"), ReasoningDelta("b"), ContentDelta("c")], events
    assert done.content == "ac"


def test_each_choice_has_its_own_tags():
    for add in (True, False):
        assembler = ThinkingAssembler(True, 2)
        for index, words in [
            (0, "<thi"),
            (1, "b"),
            (0, "nk>a</think>"),
            (1, "<think>c"),
            (0, "d"),
        ]:
            if add:
                assembler.add("content", index, words)
            else:
                assembler.receive(chunk({"content": words}, index=index))
        got = assembler.completion(True).choices
        assert [(one.content, one.reasoning_content) for one in got] == [("d", "a"), ("b", "c")]


def test_reasoning_of_a_field_stays_reasoning():
    for kind in (ThinkingAssembler, InsideAssembler):
        assembler = kind()
        assembler.receive(chunk({"reasoning_content": "one "}))
        assembler.add("reasoning", 0, "two ")
        for words in ("a<think>th", "ree </think>b"):
            assembler.receive(chunk({"content": words}))
        assembler.receive(chunk({"reasoning_content": "four"}))
        done = assembler.completion(True)
        assert (done.content, done.reasoning_content) == ("ab", "one two three four"), done
        assert done.message_extra == {"reasoning_content": "one two four"}, done.message_extra
        assert sent(done) == "a<think>three </think>b"


def test_a_finish_reason_in_each_chunk_is_taken_back():
    assembler = ThinkingAssembler()
    assembler.receive(chunk({"content": "a"}, "stop"))
    assert assembler.finished()
    assembler.add("content", 0, "b")
    assert not assembler.finished()


def test_a_character_in_two_halves():
    assembler = ThinkingAssembler()
    for delta in ('{"content": "<think>\\ud83d"}', '{"content": "\\ude00</think>\\ud83d"}'):
        assembler.receive(chunk(loads_whole(delta.encode(), True)))
    done = assembler.completion(True)
    assert (done.content, done.reasoning_content) == ("\ufffd", "\U0001f600"), done


def sent(completion, url="https://a.test/v1", store=False):
    # The content that goes back.
    completion.origin = "https://a.test"
    messages = [completion]
    if store:
        with Scratch(json.dumps(completion.to_message()).encode() + b"\n") as path:
            return _sent(JSONLMessages(path), url)
    return _sent(messages, url)


def _sent(messages, url):
    body = openai.request(Deployment(url), "public", Call(messages)).body
    message = json.loads(read_all(body))["messages"][0]
    message.pop("reasoning_content", None)
    assert sorted(message) == ["content", "role"], message
    return message["content"]


def test_the_server_gets_it_back_as_it_came_and_nobody_else_the_reasoning():
    words = "<think>hm</think>Hello<think>so</think>"
    done, _ = split([words])
    for store in (False, True):
        assert sent(done, store=store) == words
        assert sent(done, "https://b.test/v1", store) == "Hello"
    message = done.to_message()
    assert message["content"] == "Hello"
    message["content"] = "Hi"  # by hand
    assert _sent([message], "https://a.test/v1") == "<think>hm</think>Hi<think>so</think>"
    message["content"] = [{"type": "text", "text": "Hi"}]
    assert _sent([message], "https://a.test/v1") == message["content"]


def test_what_had_no_tags_has_nothing_to_hide():
    done, _ = split(["Hello"])
    done.origin = "https://a.test"
    assert done.to_message() == {"role": "assistant", "content": "Hello"}


WORDS = "<think>hm</think>Hello"
STREAM = sse(text("<thi"), text("nk>hm</think>Hel"), text("lo"), STOP) + DONE


def asked(reply, think_tags, **options):
    place = Deployment("https://a.test/v1", think_tags=think_tags)
    client = Client("a", {"a": place}, transport=ScriptedTransport([reply]))
    return client.chat(HELLO, **options)


def test_a_deployment_asks_for_it():
    for think_tags, content, reasoning in [
        (False, WORDS, None),
        (True, "Hello", "hm"),
        ("inside", "Hello", "hm"),
    ]:
        message = {"role": "assistant", "content": WORDS}
        document = {"choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}
        for reply in (ScriptedReply([STREAM]), json_reply(document)):
            done = asked(reply, think_tags)
            assert (done.content, done.reasoning_content) == (content, reasoning), think_tags
    assert play([ScriptedReply([STREAM])]).completion.content == WORDS
    assert Deployment("https://a.test/v1").think_tags is False
    for wrong in ("yes", 3, 2, "INSIDE"):
        error = error_of(ValueError, Deployment, "https://a.test/v1", think_tags=wrong)
        assert "think_tags must be" in str(error)


def test_on_delta_hears_the_content_alone():
    heard = []
    asked(ScriptedReply([STREAM]), True, on_delta=heard.append)
    assert heard == ["Hel", "lo"], heard


def test_what_is_not_kept_is_split_as_well():
    heard = []
    done = asked(ScriptedReply([STREAM]), True, on_delta=heard.append, keep="none")
    assert heard == ["Hel", "lo"], heard
    assert (done.content, done.to_message()) == (None, {"role": "assistant", "content": ""})
    assert (done.content, done.reasoning_content, done.complete) == (None, None, True)


def test_calls_behind_reasoning():
    reply = sse(text("<think>hm</think>"), call(0, "1", "f", "{}"), chunk({}, "tool_calls")) + DONE
    done = asked(ScriptedReply([reply]), True)
    assert (done.content, done.reasoning_content) == (None, "hm")
    message = done.to_message()
    assert (message["content"], message["_thoughts"]) == ("", [[0, "<think>hm</think>"]])

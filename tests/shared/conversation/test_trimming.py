from helpers import Scratch, error_of

from thinwire.core.conversation.trimming import (
    Limits,
    Part,
    Sent,
    chars_of,
    summary_message,
    summary_of,
)
from thinwire.core.request.jsonl import JSONLMessages
from thinwire.core.request.long_line import StoredText
from thinwire.core.request.sources import TextFile

NEW = {"role": "user", "content": "new"}


def message(role, content="", **more):
    found = {"role": role, "content": content}
    found.update(more)
    return found


def history(pattern):
    # "uatta": a user's message, an answer with calls, two results, an answer.
    roles = {"u": "user", "a": "assistant", "t": "tool", "s": "system"}
    return [message(roles[letter], letter * (3 + n % 5)) for n, letter in enumerate(pattern)]


PATTERNS = (
    "",
    "u",
    "ua",
    "uaua",
    "uattaua",
    "auaua",
    "uuaua",
    "uatatatata",
    "uauattauauatta",
    "tua",
)


def best(messages, most, chars):
    # By trying each place.
    for start in range(len(messages)):
        rest = messages[start:]
        begins = start == 0 or rest[0]["role"] == "user"
        fits = most is None or len(rest) + 1 <= most
        if begins and fits and (chars is None or chars_of(rest) + chars_of(NEW) <= chars):
            return start
    return len(messages)


def test_as_much_of_the_newest_is_sent_as_the_limits_allow():
    for pattern in PATTERNS:
        messages = history(pattern)
        for most in (None, 1, 2, 3, 4, 5, 7, 50):
            for chars in (None, 1, 3, 10, 20, 40, 500):
                found = Limits(most, chars).start(messages, NEW)
                assert found == best(messages, most, chars), (pattern, most, chars)


def test_what_is_sent_begins_with_the_user():
    for pattern in ("uattaua", "uatatatata", "uauattauauatta"):
        messages = history(pattern)
        for most in range(1, 20):
            start = Limits(most, None).start(messages, NEW)
            rest = list(Sent(messages, start, None, None, (NEW,)))
            assert rest[0]["role"] == "user", (pattern, most)
            assert rest[-1] is NEW


def test_half_of_the_limits():
    messages = history("uauauaua")
    assert Limits(8, None).start(messages, NEW) == 2
    assert Limits(8, None).start(messages, NEW, 2) == 6
    assert Limits(1, None).start(messages, NEW, 2) == 8
    assert Limits(None, 30).start(messages, NEW, 2) == best(messages, None, 15)


def test_a_limit_is_one_or_more():
    error_of(ValueError, Limits, 0, None)
    error_of(ValueError, Limits, None, -1)


def test_a_summary_counts_for_nothing():
    messages = [summary_message("before")] + history("uaua")
    assert Limits(None, None).start(messages, NEW) == 1
    assert Limits(5, None).start(messages, NEW) == 1
    assert Limits(4, None).start(messages, NEW) == 3
    assert Limits(None, 40).start(messages, NEW) == 1
    assert summary_of(messages) == "before"
    assert summary_of(messages[1:]) is summary_of([]) is None


def test_the_characters_of_a_message():
    call = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    calling = message("assistant", None, tool_calls=[call])
    calling["_origin"] = "https://a.test"
    assert chars_of(calling) == len("c1functionf{}")
    image = {"type": "image_url", "image_url": {"url": TextFile("nowhere")}}
    parts = message("user", [{"type": "text", "text": "hi"}, image])
    assert chars_of(parts) == len("texthiimage_url")
    with Scratch(b'{"a": "hello"}') as path:
        assert chars_of(message("user", StoredText(path, 7, 5))) == 5
    assert chars_of(None) == chars_of(3) == 0


def test_a_part_can_be_walked_again():
    messages = history("uaua")
    for part in (Part(messages, 2), Part(tuple(messages), 2), Part(messages, 2, None)):
        assert list(part) == list(part) == messages[2:]
    assert list(Part(messages, 1, 2)) == messages[1:3]
    assert list(Part(messages, 0, 9)) == messages
    assert list(Part(messages, 9, None, NEW, [NEW])) == [NEW, NEW]
    assert list(Part(messages, 1, 0, None, [NEW])) == [NEW]
    assert list(iter(iter(Part(messages)))) == messages
    assert repr(Part([], 2)) == "Part([], 2)"


def test_our_marks_are_not_sent():
    marked = message("assistant", "Hel", _interrupted=True, _origin="https://a.test")
    want = message("assistant", "Hel", _origin="https://a.test")
    assert list(Sent([marked])) == [want]
    assert list(Part([marked])) == [marked]


def test_a_file_is_closed_when_it_is_left():
    with Scratch(b'{"role": "user", "content": "1"}\n' * 3) as path:
        stored = JSONLMessages(path)
        assert summary_of(stored) is None
        part = Sent(stored, 1)
        assert part.stored
        walk = iter(part)
        assert next(walk)["content"] == "1"
        walk.close()
        assert list(walk) == []
        assert len(list(part)) == 2
    walk = iter(Sent([NEW]))
    walk.close()
    assert not walk.stored

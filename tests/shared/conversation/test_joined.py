# Messages, and what was added to them.

from helpers import Scratch

from thinwire.core.conversation.joined import joined
from thinwire.core.request.jsonl import JSONLMessages

A, B, C = [{"role": "user", "content": text} for text in "abc"]


class Kept:
    def __iter__(self):
        return iter([A, B])

    def __repr__(self):
        return "Kept()"


def test_nothing_added_is_the_messages_themselves():
    for messages in ([A], Kept(), "hi", 5):
        assert joined(messages, []) is messages


def test_what_was_added_follows():
    added = [C]
    for messages in ([A, B], Kept()):
        found = joined(messages, added)
        assert list(found) == [A, B, C]
        assert list(found) == [A, B, C]
    assert repr(found) == "Kept()"
    assert added == [C]
    assert not found.stored


def test_a_file_is_read_and_closed():
    with Scratch(b'{"role": "user", "content": "a"}\n') as path:
        found = joined(JSONLMessages(path), [C])
        assert found.stored
        assert list(found) == [A, C]
        walk = iter(found)
        assert iter(walk) is walk
        assert walk.stored
        next(walk)
        walk.close()
        assert list(walk) == [C]
    joined(Kept(), [C]).__iter__().close()

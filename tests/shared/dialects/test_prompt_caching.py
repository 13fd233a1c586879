import json

from helpers import Scratch, read_all

from thinwire.core.dialects import openai
from thinwire.core.request.call import Call
from thinwire.core.request.jsonl import JSONLMessages
from thinwire.core.request.sources import TextFile
from thinwire.core.routing.deployment import Deployment

MARK = {"type": "ephemeral"}


def message(role, content="x"):
    return {"role": role, "content": content}


def sent(messages, model="anthropic/claude-x"):
    deployment = Deployment("https://h.test/v1", prompt_caching=True, model=model)
    body = openai.request(deployment, "m", Call(messages)).body
    return json.loads(read_all(body))["messages"], body


def places(messages):
    # Where a breakpoint stands; each is at the last part.
    found = []
    for place, one in enumerate(messages):
        if isinstance(one["content"], list):
            marks = ["cache_control" in part for part in one["content"]]
            assert True not in marks[:-1], one
            if marks[-1]:
                found.append(place)
    return found


# Roles, where breakpoints stand in a list, and where in what is walked.
ROLES = [
    ("user", [0], [0]),
    ("system user", [0, 1], [0, 1]),
    ("system developer system user", [2, 3], [2, 3]),
    ("system user assistant", [0, 1], [0]),
    ("system user assistant user", [0, 3], [0, 3]),
    ("system user assistant tool", [0, 1], [0]),
    ("user system user", [2], [2]),
    ("system", [0], [0]),
    ("assistant", [], []),
    ("", [], []),
]


class Walked:
    # An iterable that is no list.
    def __init__(self, items):
        self.items = items

    def __iter__(self):
        return iter(self.items)


def test_where_the_breakpoints_stand():
    for roles, listed, walked in ROLES:
        messages = [message(role) for role in roles.split()]
        assert places(sent(messages)[0]) == listed, roles
        assert places(sent(tuple(messages))[0]) == listed, roles
        assert places(sent(Walked(messages))[0]) == walked, roles
        assert places(sent(iter(messages))[0]) == walked, roles


def test_what_is_walked_can_be_read_again_as_before():
    messages = [message("system"), message("user")]
    for given, again in ((messages, True), (Walked(messages), True), (iter(messages), False)):
        _, body = sent(given)
        assert body.repeatable() is again, given


def test_what_a_marked_message_says_is_the_same():
    part, other = {"type": "text", "text": "a"}, {"type": "image_url", "image_url": {"url": "u"}}
    for content, parts in [
        ("words", [{"type": "text", "text": "words", "cache_control": MARK}]),
        ([part], [{"type": "text", "text": "a", "cache_control": MARK}]),
        ([part, other], [part, {"type": "image_url", "image_url": {"url": "u"}}]),
        ("", ""),
        ([], []),
        (None, None),
        (["odd"], ["odd"]),
    ]:
        given = [{"role": "user", "content": content, "name": "n"}]
        got = sent(given)[0][0]
        if parts and content == [part, other]:
            parts[1]["cache_control"] = MARK
        assert got == {"role": "user", "content": parts, "name": "n"}, got
        assert given == [{"role": "user", "content": content, "name": "n"}]
    assert "cache_control" not in part
    assert "cache_control" not in other


def test_the_callers_breakpoints_stay_the_only_ones_from_there_on():
    own = message("system", [{"type": "text", "text": "a", "cache_control": {"ttl": "1h"}}])
    got = sent([own, message("user")])[0]
    assert got == [own, message("user")], got
    got = sent([message("system"), own, message("user")])[0]
    assert places(got) == [1], got


def test_there_are_never_more_than_the_api_allows():
    part = {"type": "text", "text": "a", "cache_control": MARK}
    for count in range(5):
        for own in (
            [message("user", [part]) for _ in range(count)],
            [message("assistant", [part] * count)],
        ):
            messages = [message("system"), message("user")] + own
            for given in (messages, tuple(messages)):
                assert json.dumps(sent(given)[0]).count("cache_control") <= 4, count
            if count > 2:
                assert sent(messages)[0] == messages


def test_messages_that_are_no_dicts_pass():
    assert sent(["odd", 1, message("user")])[0][:2] == ["odd", 1]


def test_a_file_stays_one():
    with Scratch(b"long words") as path:
        got = sent([message("user", TextFile(path))])[0]
        assert got[0]["content"][0]["text"] == "long words"
    lines = b'{"role": "system", "content": "s"}\n{"role": "user", "content": "u"}\n'
    with Scratch(lines) as path:
        kept = JSONLMessages(path)
        deployment = Deployment("https://h.test/v1", prompt_caching=True, model="claude")
        body = openai.request(deployment, "m", Call(kept)).body
        assert path in repr(body) or body.repeatable()
        assert places(json.loads(read_all(body))["messages"]) == [0, 1]
        body.close()


def test_a_walk_that_is_left_closes_its_file():
    closed = []

    class Open:
        stored = True

        def __iter__(self):
            return self

        def __next__(self):
            return message("user")

        def close(self):
            closed.append(1)

        def __repr__(self):
            return "Open()"

    from thinwire.core.dialects.prompt_caching import Conversation, Walk

    walk = Walk(Open())
    assert walk.stored
    assert repr(walk) == repr(Conversation(Open())) == "Open()"
    next(walk)
    walk.close()
    Walk([]).close()
    assert closed == [1]


def test_other_models_are_sent_as_they_are():
    assert sent([message("user")], "gpt-4o")[0] == [message("user")]

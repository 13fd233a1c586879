import json

from helpers import error_of, read_all
from streams import KEY

from thinwire.core.dialects import anthropic
from thinwire.core.dialects.anthropic_messages import Conversation
from thinwire.core.errors import EncodeError
from thinwire.core.request.call import Call
from thinwire.core.routing.deployment import Deployment

URL = "https://api.test/v1"
ORIGIN = "https://api.test"
USER = {"role": "user", "content": "Hi"}


class Stored:
    """Messages that are made anew for each walk; how many were made is counted."""

    def __init__(self, messages):
        self.messages = messages
        self.given = 0
        self.open = 0

    def __iter__(self):
        self.open += 1
        try:
            for message in self.messages:
                self.given += 1
                yield message
        finally:
            self.open -= 1


def body(messages, tell=None, **more):
    call = Call(messages)
    call.tell = tell
    deployment = Deployment(URL, KEY, "claude-sonnet-4-5", dialect="anthropic", **more)
    return anthropic.request(deployment, "m", call).body


def document(messages, **more):
    return json.loads(read_all(body(messages, **more)))


def turns(*messages):
    """The turns; the same however the messages are given."""
    found = document(list(messages))
    for other in (tuple(messages), Stored(messages), iter(messages)):
        assert document(other) == found
    return found["messages"]


def text(words, **more):
    block = {"type": "text", "text": words}
    block.update(more)
    return block


def user(*blocks):
    return {"role": "user", "content": list(blocks)}


def assistant(*blocks):
    return {"role": "assistant", "content": list(blocks)}


def call(id, arguments="{}", name="look", **more):
    made = {"id": id, "type": "function", "function": {"name": name, "arguments": arguments}}
    made.update(more)
    return made


def asking(*calls, **more):
    message = {"role": "assistant", "content": "", "tool_calls": list(calls)}
    message.update(more)
    return message


def used(id, input, name="look"):
    return {"type": "tool_use", "id": id, "name": name, "input": input}


def result(id, content):
    return {"role": "tool", "tool_call_id": id, "content": content}


def results(id, *blocks):
    block = {"type": "tool_result", "tool_use_id": id}
    if blocks:
        block["content"] = list(blocks)
    return block


def test_texts_are_blocks_of_turns():
    parts = [{"type": "text", "text": "a"}, "b"]
    got = turns(USER, {"role": "assistant", "content": "Yes"}, {"role": "user", "content": parts})
    assert got == [user(text("Hi")), assistant(text("Yes")), user(text("a"), text("b"))]


def test_system_messages_stand_in_system_wherever_they_were():
    messages = [
        {"role": "system", "content": "one"},
        USER,
        {"role": "developer", "content": [{"type": "text", "text": "two"}]},
        {"role": "assistant", "content": "Yes"},
        {"role": "system", "content": "three"},
        {"role": "system", "content": " "},
        {"role": "user", "content": "Go"},
    ]
    for given in (messages, tuple(messages), Stored(messages), iter(messages)):
        got = document(given)
        assert got["system"] == [text("one"), text("two"), text("three")]
        wanted = [user(text("Hi")), assistant(text("Yes")), user(text("Go"))]
        assert got["messages"] == wanted, given


def test_no_system_message_means_no_system():
    assert "system" not in document([USER])
    assert "system" not in document(iter([USER, {"role": "system", "content": None}]))


def test_system_of_the_caller_stands_before_that_of_messages():
    system = {"role": "system", "content": "two"}
    for messages in ([system, USER], Stored([system, USER]), iter([system, USER])):
        got = document(messages, params={"system": "one"})
        assert got["system"] == [text("one"), text("two")]
    assert document([USER], params={"system": [text("one")]})["system"] == [text("one")]
    assert document(iter([USER]), params={"system": "one"})["system"] == [text("one")]


def test_stored_messages_are_walked_once_more_for_system_and_no_further():
    for front in (1, 3):
        stored = Stored([{"role": "system", "content": "S"}] * front + [USER] * 100)
        made = body(stored)
        got = json.loads(read_all(made))
        assert len(got["system"]) == front
        assert (stored.given, stored.open) == (100 + 2 * front, 0)
        assert made.repeatable()


def test_what_can_be_walked_once_is_sent_once():
    made = body(iter([{"role": "system", "content": "S"}, USER]))
    assert not made.repeatable()
    made = body(iter([{"role": "system", "content": "S"}, USER]))
    assert json.loads(read_all(made, 7))["system"] == [text("S")]
    assert not made.replayable()


def test_a_body_can_be_measured_before_it_is_sent():
    messages = [{"role": "system", "content": "S"}, {"role": "assistant", "content": "Hello"}]
    messages += [USER, asking(call("c1")), result("c1", "x" * 3000)]
    for given in (messages, Stored(messages)):
        made = body(given)
        size = made.length()
        assert len(read_all(made)) == size
    assert body(iter(messages)).length() is None


def test_a_body_that_is_closed_in_the_middle_closes_what_it_reads():
    stored = Stored([{"role": "system", "content": "S" * 3000}, USER] * 3)
    for size in range(1, 4000, 97):
        made = body(stored)
        made.readinto(bytearray(size))
        made.close()
        made = None
        assert stored.open in (0, 1)


def test_a_body_is_the_same_however_it_is_read():
    messages = [USER, asking(call("c1", '{"at": "hill"}')), result("c1", "x" * 3000), USER]
    whole = read_all(body(messages), 100000)
    for size in (1, 3, 64, 1000):
        assert read_all(body(Stored(messages)), size) == whole


def test_calls_and_results_are_blocks():
    got = turns(
        USER,
        asking(call("c1", '{"at": "hill"}'), call("c2", ""), content="I look."),
        result("c1", "green"),
        result("c2", [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]),
        {"role": "user", "content": "And now?"},
    )
    assert got == [
        user(text("Hi")),
        assistant(text("I look."), used("c1", {"at": "hill"}), used("c2", {})),
        user(results("c1", text("green")), results("c2", text("a"), text("b")), text("And now?")),
    ]


def test_results_may_be_empty_or_errors():
    messages = [USER, asking(call("c1"), call("c2"))]
    messages += [result("c1", ""), result("c2", "no")]
    messages[-1]["is_error"] = True
    wanted = results("c2", text("no"))
    wanted["is_error"] = True
    assert turns(*messages)[2] == user(results("c1"), wanted)


def test_arguments_that_are_no_object_are_put_into_one():
    for arguments, wanted in (
        ("[1]", {"arguments": "[1]"}),
        ('{"cut": ', {"arguments": '{"cut": '}),
        ("7", {"arguments": "7"}),
        ({"is": "one"}, {"is": "one"}),
        (None, {}),
    ):
        got = turns(USER, asking(call("c1", arguments)), result("c1", "x"))
        assert got[1] == assistant(used("c1", wanted)), arguments
    custom = {"id": "c1", "type": "custom", "custom": {"name": "look", "input": "at hills"}}
    got = turns(USER, asking(custom), result("c1", "x"))
    assert got[1] == assistant(used("c1", {"input": "at hills"}))


def test_ids_of_other_servers_are_made_to_fit():
    calls = [call("functions.look:0"), call("ok-1_A")]
    got = turns(USER, asking(*calls), result("functions.look:0", "x"), result("ok-1_A", "y"))
    assert got[1] == assistant(used("functions_look_0", {}), used("ok-1_A", {}))
    assert got[2] == user(results("functions_look_0", text("x")), results("ok-1_A", text("y")))


def test_messages_in_a_row_are_one_turn():
    got = turns(
        USER, USER, {"role": "assistant", "content": "a"}, asking(call("c1")), result("c1", "x")
    )
    assert got == [
        user(text("Hi"), text("Hi")),
        assistant(text("a"), used("c1", {})),
        user(results("c1", text("x"))),
    ]


def test_messages_without_words_are_left_out():
    got = turns(
        USER,
        {"role": "assistant", "content": ""},
        {"role": "user", "content": [{"type": "text", "text": " \n"}]},
        {"role": "assistant", "content": None},
        {"role": "assistant", "content": None, "refusal": "No."},
        {"role": "assistant", "content": [{"type": "refusal", "refusal": "Never."}]},
    )
    assert got == [user(text("Hi")), assistant(text("No."), text("Never."))]


def test_a_conversation_begins_with_a_user():
    told = []

    def tell(name, fields):
        told.append((name, fields))

    hello = {"role": "assistant", "content": "Hello!"}
    assert document([hello, USER], tell=tell)["messages"][:2] == [
        user(text("...")),
        assistant(text("Hello!")),
    ]
    assert turns({"role": "system", "content": "Speak."}) == [user(text("..."))]
    assert told == [("repaired", {"what": "first_turn", "where": "messages[0]", "id": ""})]


def test_other_roles_are_refused():
    for message in ({"role": "function", "name": "f", "content": "x"}, {"content": "x"}, 7):
        error = error_of(EncodeError, document, [USER, message])
        assert "messages[1].role" in str(error)


NOTES = [
    {"type": "thinking", "chars": 3, "signature": "s1"},
    {"type": "redacted_thinking", "data": "Enc"},
    {"type": "text", "chars": 4},
    {"type": "thinking", "chars": 2},
    {"type": "tool_use", "id": "c1"},
    {"type": "server_tool_use", "id": "x", "name": "web_search", "input": {}},
    {"type": "text", "chars": 3},
]


def answered(**more):
    message = asking(call("c1"), call("c2"), content="So: yes", reasoning_content="hm?ok")
    message["_origin"] = ORIGIN
    message["_anthropic"] = NOTES
    message.update(more)
    return message


def replayed(**more):
    return turns(USER, answered(**more), result("c1", "x"))[1]["content"]


def test_an_answer_goes_back_as_it_came():
    assert replayed() == [
        {"type": "thinking", "thinking": "hm?", "signature": "s1"},
        {"type": "redacted_thinking", "data": "Enc"},
        text("So: "),
        {"type": "thinking", "thinking": "ok"},
        used("c1", {}),
        NOTES[5],
        text("yes"),
        used("c2", {}),
    ]


def test_an_answer_of_another_server_is_text_and_calls():
    for more in ({"_origin": "https://other.test"}, {"_anthropic": None}):
        assert replayed(**more) == [text("So: yes"), used("c1", {}), used("c2", {})]


def test_an_answer_that_was_edited_keeps_what_is_whole():
    kinds = [block["type"] for block in replayed(content="Other words")]
    assert kinds == [
        "thinking",
        "redacted_thinking",
        "text",
        "thinking",
        "tool_use",
        "server_tool_use",
        "tool_use",
    ]
    assert replayed(content="Other words")[2] == text("Other words")
    kinds = [block["type"] for block in replayed(reasoning_content="changed")]
    assert kinds == ["text", "tool_use", "server_tool_use", "text", "tool_use"]
    bare = answered(tool_calls=[], content="", _anthropic=NOTES[:2] + NOTES[3:5])
    assert turns(USER, bare) == [user(text("Hi"))]


class Answered:
    """What has an answer as its message, as a Completion does."""

    def to_message(self):
        return {"role": "assistant", "content": "Yes"}


def test_answers_may_stand_among_the_messages():
    assert turns(USER, Answered()) == [user(text("Hi")), assistant(text("Yes"))]


def test_conversations_are_shown_by_what_they_are_made_of():
    stored = Stored([{"role": "system", "content": "S"}, USER])
    conversation = Conversation(stored, ORIGIN, None, [])
    walk = iter(conversation)
    turn = next(walk)
    assert list(walk) == [], "a turn that nobody has read is passed over"
    shown = (conversation, turn["content"].iterable)
    assert [repr(one) for one in shown] == [repr(stored), repr(walk)]
    assert repr(conversation.system().iterable) == repr(stored)

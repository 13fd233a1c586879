"""What of an assistant message goes back, and to whom."""

import json

from helpers import Scratch, error_of, read_all
from streams import ANSWER, DONE, HELLO, STOP, call, chunk, play, sse, text

from thinwire.core.answer.completion import Completion
from thinwire.core.client import AsyncClient
from thinwire.core.dialects import openai, replay
from thinwire.core.errors import EncodeError
from thinwire.core.request.call import Call
from thinwire.core.request.jsonl import JSONLMessages
from thinwire.core.routing.deployment import Deployment
from thinwire.testing.scripted import ScriptedReply

SIGNED = {"google": {"thought_signature": "c2lnbmF0dXJl" * 3}}
DETAIL = {"type": "reasoning.text", "text": "Let me look.", "signature": "sig", "index": 0}
RESULT = {"role": "tool", "tool_call_id": "1", "content": "sunny"}


def signed_call():
    fragment = {"index": 0, "id": "1", "type": "function", "extra_content": SIGNED}
    fragment["function"] = {"name": "f", "arguments": "{}", "strict": True}
    return chunk({"tool_calls": [fragment]})


def thought(words, **more):
    detail = {"type": "reasoning.text", "index": 0}
    detail.update(more or {"text": words})
    return chunk({"reasoning_content": words, "reasoning_details": [detail]})


TURN = [
    thought("Let me"),
    thought(" look."),
    thought(None, signature="sig"),
    signed_call(),
    chunk({}, "tool_calls"),
]
CALL = {"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
PLAIN = {"role": "assistant", "content": "", "tool_calls": [CALL]}
WHOLE = {
    "role": "assistant",
    "content": "",
    "reasoning_content": "Let me look.",
    "reasoning_details": [DETAIL],
    "tool_calls": [
        {
            "id": "1",
            "type": "function",
            "function": {"name": "f", "arguments": "{}", "strict": True},
            "extra_content": SIGNED,
        }
    ],
}


def completion(*objs):
    return play([ScriptedReply([sse(*objs) + DONE])]).completion


AS_IT_IS = {"allow_insecure_http": True, "hygiene": False}


def sent(messages, url="https://a.test/v1", **more):
    request = openai.request(Deployment(url, **AS_IT_IS), "public", Call(messages, **more))
    return json.loads(read_all(request.body))["messages"]


def test_what_came_is_in_the_message():
    got = completion(*TURN)
    assert got.origin == "https://a.test", got.origin
    assert got.reasoning_details == [DETAIL]
    assert got.message_extra == {
        "reasoning_content": "Let me look.",
        "reasoning_details": [DETAIL],
    }
    assert got.tool_calls[0].extra == {"extra_content": SIGNED, "function": {"strict": True}}
    want = dict(WHOLE)
    want["_origin"] = "https://a.test"
    assert got.to_message() == want, got.to_message()


# URL of the second turn, whether it is the server of the first.
SERVERS = [
    ("https://a.test/v1", True),
    ("https://A.test:443/other/path?v=1", True),
    ("http://a.test/v1", False),
    ("https://a.test:8443/v1", False),
    ("https://b.test/v1", False),
]


class Lines:
    # Can be read again, as a file can.
    def __init__(self, messages):
        self.messages = messages

    def __iter__(self):
        return iter(self.messages)


def test_a_call_grows_as_its_fields_do():
    first = {"index": 0, "id": "1", "function": {"name": "f", "arguments": "{"}, "thought": "a"}
    second = {"index": 0, "function": {"arguments": "}"}, "thought": "b", "x": [1]}
    got = completion(
        chunk({"tool_calls": [first]}), chunk({"tool_calls": [second]}), chunk({}, "tool_calls")
    )
    assert got.tool_calls[0].extra == {"thought": "ab", "x": [1]}
    want = {"thought": "ab", "x": [1]}
    want.update(CALL)
    assert sent([got])[0]["tool_calls"] == [want]


def test_it_goes_back_to_its_server_and_to_nobody_else():
    done = completion(*TURN)
    for url, same in SERVERS:
        want = HELLO + [WHOLE if same else PLAIN, RESULT]
        for answer in (done, done.to_message()):
            messages = HELLO + [answer, RESULT]
            for shape in (messages, tuple(messages), iter(messages), Lines(messages)):
                got = sent(shape, url)
                assert got == want, (url, shape, got)
            got = sent([], url, extra_body={"messages": messages})
            assert got == want, (url, got)


def test_a_completion_may_stand_among_the_messages():
    got = sent(HELLO + [completion(text("a"), STOP)])
    assert got == HELLO + [{"role": "assistant", "content": "a"}], got


def test_it_can_be_kept_in_a_file():
    done = completion(*TURN)
    with Scratch(b"") as path:
        history = JSONLMessages(path)
        for message in HELLO + [done, done.to_message()]:
            history.append(message)
        assert sent(history) == HELLO + [WHOLE, WHOLE]
        assert sent(history, "https://b.test/v1") == HELLO + [PLAIN, PLAIN]


def test_a_file_that_cannot_be_read_is_named():
    for messages in (JSONLMessages("nowhere.jsonl"), iter(JSONLMessages("nowhere.jsonl"))):
        try:
            sent(messages)
        except EncodeError as error:
            assert "nowhere.jsonl" in error.message, error.message
        else:
            raise AssertionError(messages)


def test_audio_is_named_to_its_server_alone():
    got = completion(chunk({"audio": {"id": "audio_1", "data": "AAAA", "transcript": "a"}}), STOP)
    first, other = sent([got])[0], sent([got], "https://b.test/v1")[0]
    assert first["audio"] == {"id": "audio_1"}, first
    assert sorted(other) == ["content", "role"], other


# Messages written by hand, which are nobody's business.
BY_HAND = [
    [dict(WHOLE)],
    [{"role": "assistant", "content": "a", "_mine": 1, "reasoning": "b"}],
    [1, "text", None, ["_origin"]],
]


def test_what_was_written_by_hand_goes_as_it_is():
    for messages in BY_HAND:
        assert sent(messages) == messages
        assert sent(iter(messages)) == messages


def test_calls_of_any_shape():
    foreign = {"role": "assistant", "_origin": "x", "tool_calls": [1, {"id": "1", "x": 2}]}
    plain = {"type": "custom", "custom": {"name": "f", "input": "x"}}
    odd = {"type": "custom", "custom": {"name": "f", "input": "x", "y": 1}, "z": 2}
    own = {"type": "builtin_function", "function": {"name": "f", "arguments": "{}"}}
    foreign["tool_calls"] += [plain, odd, own]
    got = sent([foreign])[0]["tool_calls"]
    assert got == [1, {"id": "1"}, plain, plain, dict(own, type="function")], got
    for odd in (None, "x", {}):
        assert sent([{"_origin": "x", "tool_calls": odd}]) == [{"tool_calls": odd}]


def test_calls_go_back_as_they_came():
    query = {"id": "1", "type": "custom", "custom": {"name": "sql", "input": "SELECT 42"}}
    search = {"id": "2", "type": "builtin_function"}
    search["function"] = {"name": "$web_search", "arguments": '{"a":1}'}
    calls = [dict(query, index=0), dict(search, index=1)]
    got = completion(chunk({"tool_calls": calls}), chunk({}, "tool_calls"))
    assert sent([got])[0]["tool_calls"] == [query, search]
    want = [query, dict(search, type="function")]
    assert sent([got], "https://b.test/v1")[0]["tool_calls"] == want
    assert "_origin" not in completion(chunk({"tool_calls": [query]}), STOP).to_message()


def test_a_message_is_only_as_long_as_it_must_be():
    for objs, want in [
        ([text("a"), STOP], {"content": "a"}),
        ([chunk({"content": "a", "reasoning_content": "", "x": ""}), STOP], {"content": "a"}),
        ([chunk({"refusal": "no"}), STOP], {"content": "no"}),
        ([call(0, "1", "f", "{}"), STOP], {"content": "", "tool_calls": [CALL]}),
        ([chunk({"content": None}), STOP], {"content": ""}),
    ]:
        wanted = {"role": "assistant"}
        wanted.update(want)
        assert completion(*objs).to_message() == wanted, objs


# What a first delta says in the fields of reasoning, what goes back beside a call.
REASONING = [
    ({"reasoning_content": "a"}, {"reasoning_content": "a"}),
    ({"reasoning": "a"}, {"reasoning": "a"}),
    ({"reasoning": "a", "reasoning_content": "a"}, {"reasoning": "a", "reasoning_content": "a"}),
    ({"reasoning": "", "reasoning_content": "a"}, {"reasoning": "", "reasoning_content": "a"}),
    ({"reasoning_content": ""}, {"reasoning_content": ""}),  # DeepSeek wants the field itself
    ({"reasoning_content": None}, {}),
    ({"reasoning_opaque": "x", "reasoning_text": "a"}, {"reasoning_opaque": "x",
     "reasoning_text": "a"}),
]  # fmt: skip


def test_reasoning_goes_back_under_its_own_name():
    for delta, want in REASONING:
        got = completion(chunk(delta), call(0, "1", "f", "{}"), chunk({}, "tool_calls"))
        assert got.message_extra == want, (delta, got.message_extra)


def test_the_name_is_that_of_the_text():
    got = completion(chunk({"reasoning": ""}), chunk({"reasoning_content": "ab"}), text("c"), STOP)
    assert got.message_extra == {"reasoning_content": "ab"}, got.message_extra


def test_a_whole_message_is_kept_as_well():
    message = dict(WHOLE)
    message["tool_calls"] = [dict(WHOLE["tool_calls"][0])]
    obj = {"choices": [{"index": 0, "message": message, "finish_reason": "tool_calls"}]}
    done = play([ScriptedReply([json.dumps(obj).encode()])]).completion
    assert sent([done]) == [WHOLE], sent([done])


def test_what_stands_beside_the_choices_is_for_reading():
    first = chunk({"content": "a"})
    first.update({"citations": ["x"], "system_fingerprint": None, "obfuscation": "zz"})
    second = chunk({"content": "b"}, "stop")
    second.update({"citations": ["x", "y"], "search": {"n": 1}})
    got = completion(first, second)
    assert got.extra == {"citations": ["x", "y"], "search": {"n": 1}}, got.extra
    assert got.to_message() == {"role": "assistant", "content": "ab"}


def test_nothing_is_kept_that_is_not_to_be():
    done = play([ScriptedReply([sse(*TURN) + DONE])], keep="none").completion
    assert done.message_extra == {} == done.tool_calls[0].extra


def test_a_fallback_gets_nothing_of_another_server():
    done = completion(*TURN)
    messages = HELLO + [done, RESULT]
    got = play([ScriptedReply([], 500), ScriptedReply([ANSWER])], messages=messages)
    first, second = [json.loads(body)["messages"] for body in got.transport.sent]
    assert first == HELLO + [WHOLE, RESULT], first
    assert second == HELLO + [PLAIN, RESULT], second


def test_an_answer_that_never_began_belongs_to_nobody():
    client = AsyncClient("a", {"a": Deployment("https://a.test/v1")})
    got = client.stream(HELLO).completion
    assert isinstance(got, Completion)
    assert (got.origin, got.message_extra) == ("", {})


def test_a_call_that_is_no_object_is_an_error_that_names_it():
    good = {"id": "1"}
    assert replay.calls_of({"tool_calls": (good,)}) == [good]
    assert replay.calls_of({"tool_calls": None}) == replay.calls_of({}) == []
    error = error_of(EncodeError, replay.calls_of, {"tool_calls": [good, "x"]})
    assert error.path == "tool_calls[1]", error
    assert "str" in str(error), error

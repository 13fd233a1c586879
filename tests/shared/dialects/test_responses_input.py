import json

from helpers import Scratch, error_of, read_all

from thinwire.core.answer.completion import Choice, Completion, DeltaText
from thinwire.core.dialects import replay
from thinwire.core.dialects.responses_input import Inputs, InputWalk
from thinwire.core.errors import EncodeError
from thinwire.core.request.http_request import JSONBody
from thinwire.core.request.jsonl import JSONLMessages
from thinwire.core.request.sources import Base64File, DataURL, TextFile
from thinwire.core.wire.json_encode import Items

ORIGIN = "https://api.test"
CALL = {"id": "call_1", "type": "function", "function": {"name": "look", "arguments": "{}"}}
SQL = {"id": "call_2", "type": "custom", "custom": {"name": "sql", "input": "SELECT"}}
CALLED = {"type": "function_call", "call_id": "call_1", "name": "look", "arguments": "{}"}
SQLED = {"type": "custom_tool_call", "call_id": "call_2", "name": "sql", "input": "SELECT"}
THOUGHT = {"type": "reasoning", "summary": [], "encrypted_content": "gAAA1"}
OTHER = {"type": "reasoning", "summary": [], "encrypted_content": "gAAA2"}


def items(*messages):
    return list(Inputs(list(messages), ORIGIN))


def said(role, content):
    return {"type": "message", "role": role, "content": content}


def answer(content, calls=(), notes=None, **more):
    message = {"role": "assistant", "content": content}
    if calls:
        message["tool_calls"] = list(calls)
    if notes is not None:
        message["_responses"] = notes
        message["_origin"] = ORIGIN
    message.update(more)
    return message


def result(id, content):
    return {"role": "tool", "tool_call_id": id, "content": content}


def test_roles_stay_where_they_stand():
    for role in ("system", "developer", "user"):
        assert items({"role": role, "content": "Hi"}) == [said(role, "Hi")]
    got = items({"role": "user", "content": "a"}, {"role": "system", "content": "b"})
    assert got == [said("user", "a"), said("system", "b")], got
    assert items({"role": "user"}) == [said("user", "")]


URL = "https://a.test/b.png"
PARTS = [
    ({"type": "text", "text": "Hi"}, {"type": "input_text", "text": "Hi"}),
    ("Hi", {"type": "input_text", "text": "Hi"}),
    (
        {"type": "image_url", "image_url": {"url": URL}},
        {"type": "input_image", "image_url": URL, "detail": "auto"},
    ),
    (
        {"type": "image_url", "image_url": {"url": URL, "detail": "low"}},
        {"type": "input_image", "image_url": URL, "detail": "low"},
    ),
    (
        {"type": "image_url", "image_url": URL},
        {"type": "input_image", "image_url": URL, "detail": "auto"},
    ),
    (
        {"type": "file", "file": {"file_data": "data:,x", "filename": "a.pdf"}},
        {"type": "input_file", "file_data": "data:,x", "filename": "a.pdf"},
    ),
    ({"type": "file", "file": {"file_id": "f1"}}, {"type": "input_file", "file_id": "f1"}),
    (
        {"type": "input_audio", "input_audio": {"data": "AA==", "format": "wav"}},
        {"type": "input_audio", "input_audio": {"data": "AA==", "format": "wav"}},
    ),
    ({"type": "input_file", "file_url": URL}, {"type": "input_file", "file_url": URL}),
]


def test_parts_have_other_names():
    for part, wanted in PARTS:
        assert items({"role": "user", "content": [part]}) == [said("user", [wanted])], part


def test_marks_of_other_wires_are_left_out():
    part = {"type": "text", "text": "Hi", "cache_control": {"type": "ephemeral"}}
    got = items({"role": "user", "content": [part], "name": "Ann"})
    assert got == [said("user", [{"type": "input_text", "text": "Hi"}])], got


def test_what_the_assistant_said():
    assert items(answer("Hi")) == [said("assistant", "Hi")]
    got = items(answer([{"type": "text", "text": "Hi"}]))
    assert got == [said("assistant", [{"type": "output_text", "text": "Hi"}])], got
    got = items(answer(None, refusal="No."))
    assert got == [said("assistant", [{"type": "refusal", "refusal": "No."}])], got
    assert items(answer("", [CALL])) == [CALLED]
    assert items(answer("Look:", [CALL])) == [said("assistant", "Look:"), CALLED]
    assert items(answer("")) == []


def test_calls_and_their_results():
    got = items(answer(None, [CALL, SQL]), result("call_1", "fog"), result("call_2", "5"))
    assert got == [
        CALLED,
        SQLED,
        {"type": "function_call_output", "call_id": "call_1", "output": "fog"},
        {"type": "custom_tool_call_output", "call_id": "call_2", "output": "5"},
    ], got
    part = {"type": "text", "text": "fog"}
    got = items(answer(None, [CALL]), result("call_1", [part]))[1]
    assert got["output"] == [{"type": "input_text", "text": "fog"}], got


def test_calls_without_arguments_have_empty_ones():
    for given in (None, ""):
        call = {"id": "call_1", "type": "function", "function": {"name": "look"}}
        if given is not None:
            call["function"]["arguments"] = given
        assert items(answer(None, [call])) == [CALLED]
    assert items(answer(None, [{"id": "a", "type": "function"}]))[0]["name"] is None


def test_ids_that_are_too_long_are_made_shorter_in_both_places():
    id = "call_" + "x" * 60 + "_end"
    call = {"id": id, "type": "function", "function": CALL["function"]}
    got = items(answer(None, [call]), result(id, "fog"))
    assert len(got[0]["call_id"]) == 64
    assert got[0]["call_id"] == got[1]["call_id"]
    assert got[0]["call_id"].endswith("_end")


def note(*ids, **more):
    return [{"type": "function_call", "call_id": id} for id in ids]


def test_reasoning_stands_right_before_what_it_led_to():
    text = {"type": "message", "chars": 2}
    for notes, message, wanted in (
        ([THOUGHT, text], answer("Hi"), [THOUGHT, said("assistant", "Hi")]),
        ([THOUGHT] + note("call_1"), answer("", [CALL]), [THOUGHT, CALLED]),
        (
            [THOUGHT, text, OTHER] + note("call_1"),
            answer("Hi", [CALL]),
            [THOUGHT, said("assistant", "Hi"), OTHER, CALLED],
        ),
        (
            [THOUGHT] + note("call_1") + [OTHER, text],
            answer("Hi", [CALL]),
            [THOUGHT, CALLED, OTHER, said("assistant", "Hi")],
        ),
        (
            [THOUGHT, OTHER, {"type": "custom_tool_call", "call_id": "call_2"}],
            answer("", [SQL]),
            [THOUGHT, OTHER, SQLED],
        ),
    ):
        message["_responses"], message["_origin"] = notes, ORIGIN
        assert items(message) == wanted, notes


def test_what_a_call_came_with_goes_back_with_it():
    notes = [{"type": "function_call", "call_id": "call_1", "namespace": "crm"}]
    item = dict(CALLED)
    item["namespace"] = "crm"
    assert items(answer("", [CALL], notes)) == [item]
    assert len(notes[0]) == 3, "the note itself was changed"


def test_reasoning_goes_to_nobody_else():
    message = answer("Hi", [CALL], [THOUGHT, {"type": "message", "chars": 2}] + note("call_1"))
    message["_origin"] = "https://other.test"
    assert items(message) == [said("assistant", "Hi"), CALLED]
    del message["_origin"]
    assert items(message) == [said("assistant", "Hi"), CALLED]


def test_reasoning_that_nothing_follows_any_more_is_left_out():
    for message, wanted in (
        (answer("Hi", notes=[THOUGHT] + note("gone")), [said("assistant", "Hi")]),
        (answer("", notes=[THOUGHT]), []),
        (answer("", notes=[THOUGHT, {"type": "message", "chars": 2}]), []),
    ):
        assert items(message) == wanted, message


def test_messages_of_one_answer_stay_several():
    notes = [
        {"type": "message", "chars": 7, "phase": "commentary"},
        {"type": "message", "chars": 0},
        {"type": "message", "chars": 4, "phase": "final_answer"},
    ]
    first, last = said("assistant", "I look."), said("assistant", "Fog.")
    first["phase"], last["phase"] = "commentary", "final_answer"
    assert items(answer("I look.Fog.", notes=notes)) == [first, last]


def test_a_text_that_was_written_anew_is_one():
    notes = [{"type": "message", "chars": 7}, THOUGHT, {"type": "message", "chars": 4}]
    assert items(answer("Shorter", notes=notes)) == [said("assistant", "Shorter")]
    parts = [{"type": "text", "text": "x"}]
    got = items(answer(parts, notes=notes))
    assert got == [said("assistant", [{"type": "output_text", "text": "x"}])], got


def test_calls_that_were_added_by_hand_follow():
    notes = [THOUGHT] + note("call_1")
    assert items(answer("", [CALL, SQL], notes)) == [THOUGHT, CALLED, SQLED]


def test_completions_are_messages():
    choice = Choice(0, DeltaText(), DeltaText(), DeltaText())
    choice.content_text.add("Hi")
    assert items(Completion((choice,))) == [said("assistant", "Hi")]


def test_items_of_this_api_go_as_they_are():
    item = {"type": "item_reference", "id": "msg_1"}
    assert items(item) == [item]


def test_roles_that_there_are_not():
    for role in ("function", "human"):
        walk = InputWalk([{"role": "user", "content": "a"}, {"role": role}], ORIGIN)
        next(walk)
        error = error_of(EncodeError, next, walk)
        assert error.path == "messages[1].role", error
        assert repr(role) in str(error), error


def sent(messages):
    body = JSONBody({"input": Items(Inputs(messages, ORIGIN))})
    return json.loads(read_all(body))["input"], body


def test_what_is_no_message_is_an_error_of_the_encoder():
    for wrong in (b"x", {1, 2}):
        error = error_of(EncodeError, sent, [wrong])
        assert "input" in error.path, error


def test_sources_are_read_where_they_stand():
    with Scratch(b"word") as path:
        got, body = sent(
            [
                {"role": "system", "content": TextFile(path)},
                {
                    "role": "user",
                    "content": [
                        {"type": "image_url", "image_url": {"url": DataURL(path, "image/png")}},
                        {"type": "file", "file": {"file_data": Base64File(path)}},
                    ],
                },
                result("call_1", TextFile(path)),
            ]
        )
        assert got[0]["content"] == "word"
        assert got[1]["content"][0]["image_url"] == "data:image/png;base64,d29yZA=="
        assert got[1]["content"][1]["file_data"] == "d29yZA=="
        assert got[2]["output"] == "word"
        assert body.repeatable()


def test_a_conversation_on_disk_is_walked_each_time():
    with Scratch(b'{"role":"user","content":"a"}\n{"role":"assistant","content":"b"}\n') as path:
        messages = JSONLMessages(path)
        inputs = Inputs(messages, ORIGIN)
        for _ in range(2):
            assert list(inputs) == [said("user", "a"), said("assistant", "b")]
        assert inputs.stored
        assert repr(inputs) == repr(messages)
        walk = iter(inputs)
        assert next(walk) == said("user", "a")
        assert repr(walk) == repr(messages)
        walk.close()
        error_of(StopIteration, next, walk)


def test_an_iterator_is_walked_once():
    walk = InputWalk(iter([{"role": "user", "content": "a"}]), ORIGIN)
    assert not walk.stored
    assert list(walk) == [said("user", "a")]
    walk.close()


def test_a_conversation_may_wander_to_the_chats_of_the_same_server():
    message = answer("Hi", [CALL], [THOUGHT], reasoning_content="hm")
    got = replay.fitting(message, ORIGIN)
    assert got == {"role": "assistant", "content": "Hi", "tool_calls": [CALL]}, got

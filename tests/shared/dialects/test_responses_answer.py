# The streams are written anew after the API reference of OpenAI's Responses (streaming events).

import asyncio
import json

from helpers import error_of, feeds
from streams import HELLO, KEY, ONCE, json_reply

from thinwire.core.answer.events import ContentDelta, ReasoningDelta, RefusalDelta
from thinwire.core.answer.media import ImageDelta
from thinwire.core.answer.tool_calls import ToolCallDelta, ToolCallStarted
from thinwire.core.client import AsyncClient
from thinwire.core.dialects.responses_answer import ResponsesAnswer
from thinwire.core.errors import (
    StatusError,
    StreamError,
    StreamInterrupted,
    ThinwireError,
)
from thinwire.core.routing.deployment import Deployment
from thinwire.core.sync import Client
from thinwire.testing.scripted import ScriptedReply, ScriptedTransport

USAGE = {
    "input_tokens": 75,
    "input_tokens_details": {"cached_tokens": 64},
    "output_tokens": 20,
    "output_tokens_details": {"reasoning_tokens": 12},
    "total_tokens": 95,
}


def event(kind, fields, named=True):
    name = kind if kind == "error" else "response." + kind
    obj = {"type": name, "sequence_number": 7}
    obj.update(fields)
    head = "event: " + name + "\n" if named else ""
    return (head + "data: " + json.dumps(obj) + "\n\n").encode()


def stream(*events, named=True):
    return b"".join([event(kind, fields, named) for kind, fields in events])


def response(status="completed", output=(), **more):
    fields = {
        "id": "resp_1",
        "object": "response",
        "created_at": 1700000000,
        "status": status,
        "error": None,
        "incomplete_details": None,
        "model": "gpt-5-2026",
        "output": list(output),
    }
    fields.update(more)
    return fields


def message(text="", **more):
    parts = [{"type": "output_text", "text": text, "annotations": []}] if text else []
    fields = {"id": "msg_1", "type": "message", "role": "assistant", "content": parts}
    fields.update(more)
    return fields


def called(arguments="", call_id="call_1", name="look"):
    fields = {"id": "fc_1", "type": "function_call", "call_id": call_id}
    fields.update({"name": name, "arguments": arguments})
    return fields


def thought(*texts, **more):
    summary = [{"type": "summary_text", "text": text} for text in texts]
    fields = {"id": "rs_1", "type": "reasoning", "summary": summary}
    fields.update(more)
    return fields


def added(place, item):
    return ("output_item.added", {"output_index": place, "item": item})


def done(place, item):
    return ("output_item.done", {"output_index": place, "item": item})


def said(place, text, **more):
    fields = {"item_id": "msg_1", "output_index": place, "content_index": 0, "delta": text}
    fields.update(more)
    return ("output_text.delta", fields)


def argued(place, piece):
    return ("function_call_arguments.delta", {"output_index": place, "delta": piece})


def mused(place, piece, part=0):
    fields = {"output_index": place, "summary_index": part, "delta": piece}
    return ("reasoning_summary_text.delta", fields)


def summarised(place, part):
    return ("reasoning_summary_part.added", {"output_index": place, "summary_index": part})


BEGIN = (
    ("created", {"response": response("in_progress")}),
    ("in_progress", {"response": response("in_progress")}),
)
END = ("completed", {"response": response(usage=USAGE, service_tier="default")})
TEXT = BEGIN + (
    added(0, message()),
    ("content_part.added", {"output_index": 0, "part": {"type": "output_text", "text": ""}}),
    said(0, "Hel"),
    said(0, "lo"),
    ("output_text.done", {"output_index": 0, "text": "Hello"}),
    ("content_part.done", {"output_index": 0, "part": {"type": "output_text", "text": "Hello"}}),
    done(0, message("Hello")),
    END,
)
TOOLS = BEGIN + (
    added(0, thought()),
    summarised(0, 0),
    mused(0, "First, "),
    mused(0, "look."),
    summarised(0, 1),
    mused(0, "Then go.", 1),
    done(0, thought("First, look.", "Then go.", encrypted_content="gAAA1", status="completed")),
    added(1, called()),
    argued(1, '{"hill"'),
    argued(1, ": 2}"),
    ("function_call_arguments.done", {"output_index": 1, "arguments": '{"hill": 2}'}),
    done(1, called('{"hill": 2}')),
    added(2, called(call_id="call_2", name="go")),
    argued(2, "{}"),
    done(2, called("{}", "call_2", "go")),
    END,
)


def read(data, keep=True, pieces=None):
    """The events of a stream, and its completion."""
    answer = ResponsesAnswer(keep)
    found = []
    for piece in pieces or [data]:
        at = 0
        while at < len(piece):
            room = answer.get_buffer()
            count = min(len(room), len(piece) - at)
            room[:count] = piece[at : at + count]
            answer.buffer_updated(count)
            at += count
            one = answer.next_event()
            while one is not None:
                found.append(one)
                one = answer.next_event()
    if not answer.end:
        answer.buffer_updated(0)
        assert answer.next_event() is None
    return found, answer.assembler.completion(True)


def one(*events, keep=True, named=True):
    return read(stream(*events, named=named), keep)[1]


def texts(events, kind):
    return [event.text for event in events if isinstance(event, kind)]


def test_text():
    for pieces in feeds(stream(*TEXT)):
        events, found = read(b"", True, pieces)
        assert texts(events, ContentDelta) == ["Hel", "lo"], events
        assert (found.content, found.finish_reason) == ("Hello", "stop")
        assert (found.id, found.upstream_model) == ("resp_1", "gpt-5-2026")
        assert found.service_tier == "default"
        assert found.reasoning_content is None


def test_usage_is_told_in_the_words_of_chats():
    found = one(*TEXT)
    assert found.usage["prompt_tokens"] == 75
    assert found.usage["completion_tokens"] == 20
    assert found.usage["cached_tokens"] == 64
    assert found.usage["completion_tokens_details"] == {"reasoning_tokens": 12}
    assert "input_tokens" not in found.usage, found.usage


def test_events_without_names_are_known_by_their_type():
    assert one(*TEXT, named=False).content == "Hello"
    assert len(one(*TOOLS, named=False).tool_calls) == 2


def test_reasoning_and_tools():
    for pieces in feeds(stream(*TOOLS)):
        events, found = read(b"", True, pieces)
        assert "".join(texts(events, ReasoningDelta)) == "First, look.\n\nThen go."
        assert found.reasoning_content == "First, look.\n\nThen go."
        assert found.finish_reason == "tool_calls"
        shown = [(call.id, call.name, call.arguments) for call in found.tool_calls]
        assert shown == [("call_1", "look", {"hill": 2}), ("call_2", "go", {})], shown
        started = [event.name for event in events if isinstance(event, ToolCallStarted)]
        assert started == ["look", "go"], events
        pieces = [event.arguments for event in events if isinstance(event, ToolCallDelta)]
        assert "".join(pieces) == '{"hill": 2}{}', pieces


def test_the_order_of_items_is_kept_with_what_was_encrypted():
    note = one(*TOOLS).to_message()["_responses"]
    summary = [{"type": "summary_text", "text": text} for text in ("First, look.", "Then go.")]
    assert note == [
        {"type": "reasoning", "summary": summary, "encrypted_content": "gAAA1"},
        {"type": "function_call", "call_id": "call_1"},
        {"type": "function_call", "call_id": "call_2"},
    ], note


def test_an_answer_without_reasoning_has_nothing_to_keep():
    assert one(*TEXT).to_message() == {"role": "assistant", "content": "Hello"}


def test_reasoning_that_could_not_be_sent_back_is_not_kept():
    events = (added(0, thought()), mused(0, "hm"), done(0, thought("hm")), said(1, "x"), END)
    notes = one(*events).to_message()["_responses"]
    assert [note["type"] for note in notes] == [], notes
    events = (done(0, thought(encrypted_content=None)), done(1, message("x")), END)
    assert "_responses" not in one(*events).to_message()


def test_plain_reasoning_is_kept_as_it_came():
    # gpt-oss, behind vLLM and others.
    content = [{"type": "reasoning_text", "text": "hm"}]
    fields = {"output_index": 0, "content_index": 0, "delta": "hm"}
    events = (
        added(0, thought()),
        ("reasoning_text.delta", fields),
        done(0, thought(content=content)),
        done(1, message("x")),
        END,
    )
    found = one(*events)
    assert found.reasoning_content == "hm"
    assert found.to_message()["_responses"][0]["content"] == content


def test_reasoning_goes_back_with_all_that_it_came_with():
    # OpenRouter's of other makers' models.
    more = {"signature": "sig", "format": "anthropic-claude-v1", "content": []}
    events = (done(0, thought("hm", status="completed", **more)), done(1, message("x")), END)
    assert one(*events).to_message()["_responses"][0] == {
        "type": "reasoning",
        "summary": [{"type": "summary_text", "text": "hm"}],
        "signature": "sig",
        "format": "anthropic-claude-v1",
    }


def test_a_call_goes_back_with_all_that_it_came_with():
    item = called("{}")
    item.update({"namespace": "crm", "status": "completed"})
    found = one(added(0, item), argued(0, "{}"), done(0, item), END)
    note = {"type": "function_call", "call_id": "call_1", "namespace": "crm"}
    assert found.to_message()["_responses"] == [note]


def test_phases_of_messages_are_kept():
    # gpt-5.3-codex and later say what is a comment, and want it back.
    events = (
        added(0, message()),
        said(0, "I look."),
        done(0, message("I look.", phase="commentary")),
        done(1, message("Fog.", phase="final_answer")),
        END,
    )
    found = one(*events)
    assert found.content == "I look.Fog."
    assert found.to_message()["_responses"] == [
        {"type": "message", "chars": 7, "phase": "commentary"},
        {"type": "message", "chars": 4, "phase": "final_answer"},
    ]


def test_nothing_is_kept_where_nothing_is_to_be():
    events, found = read(stream(*TOOLS), False)
    assert "".join(texts(events, ReasoningDelta)) == "First, look.\n\nThen go."
    assert found.message_extra == {}, found.message_extra


def test_parts_of_reasoning_are_parted():
    events = (
        added(0, thought()),
        summarised(0, 0),
        mused(0, "a"),
        done(0, thought("a")),
        added(1, called()),
        done(1, called("{}")),
        added(2, thought()),
        summarised(2, 0),
        mused(2, "b"),
        mused(2, "c"),
        done(2, thought("bc")),
        done(3, thought("d", "e")),
        END,
    )
    assert one(*events).reasoning_content == "a\n\nbc\n\nd\n\ne"


def test_a_refusal():
    events = (
        added(0, message()),
        ("refusal.delta", {"output_index": 0, "delta": "I can"}),
        ("refusal.delta", {"output_index": 0, "delta": "not."}),
        ("refusal.done", {"output_index": 0, "refusal": "I cannot."}),
        done(0, message(content=[{"type": "refusal", "refusal": "I cannot."}])),
        END,
    )
    found, completion = read(stream(*events))
    assert texts(found, RefusalDelta) == ["I can", "not."]
    assert (completion.refusal, completion.content) == ("I cannot.", None)
    done_only = one(done(0, message(content=[{"type": "refusal", "refusal": "No."}])), END)
    assert done_only.refusal == "No."


def test_a_custom_tool():
    item = {"type": "custom_tool_call", "id": "ctc_1", "call_id": "call_9", "name": "sql"}
    whole = dict(item)
    whole["input"] = "SELECT {1}"
    events = (
        added(0, item),
        ("custom_tool_call_input.delta", {"output_index": 0, "delta": "SELECT "}),
        ("custom_tool_call_input.delta", {"output_index": 0, "delta": "{1}"}),
        done(0, whole),
        END,
    )
    for found in (
        one(*events),
        one(added(0, item), done(0, whole), END),
        one(done(0, whole), END),
    ):
        call = found.tool_calls[0]
        assert (call.id, call.name, call.input) == ("call_9", "sql", "SELECT {1}")
        assert (call.type, found.finish_reason) == ("custom", "tool_calls")


def test_what_no_delta_told_is_taken_from_what_is_done():
    events = (
        added(0, thought()),
        done(0, thought("hm")),
        added(1, called()),
        done(1, called('{"a": 1}')),
        done(2, message("Hello")),
        done(2, message("Hello")),
        END,
    )
    found = one(*events)
    assert (found.reasoning_content, found.content) == ("hm", "Hello")
    assert found.tool_calls[0].arguments == {"a": 1}


def test_calls_that_were_not_announced_are_calls():
    found = one(argued(0, '{"a"'), argued(0, ": 1}"), done(0, called('{"a": 1}')), END)
    assert found.tool_calls == [], found.tool_calls  # nobody can make a call without a name
    found = one(done(0, called('{"a": 1}')), END)
    assert found.tool_calls[0].arguments == {"a": 1}


def test_arguments_as_an_object_are_read():
    found = one(done(0, called({"a": 1})), END)
    assert found.tool_calls[0].arguments == {"a": 1}


def test_an_id_that_changes_with_each_event_does_no_harm():
    # GitHub Copilot's.
    events = []
    for number, (kind, fields) in enumerate(TOOLS):
        fields = dict(fields)
        fields["item_id"] = "id%d" % number
        events.append((kind, fields))
    assert [call.name for call in one(*events).tool_calls] == ["look", "go"]


def test_one_index_for_all_items_does_no_harm():
    events = []
    for kind, fields in TOOLS:
        fields = dict(fields)
        if "output_index" in fields:
            fields["output_index"] = 0
        events.append((kind, fields))
    found = one(*events)
    assert [call.arguments for call in found.tool_calls] == [{"hill": 2}, {}]


def test_the_end_alone_may_have_all():
    output = [thought("hm"), called('{"a": 1}'), message("Hello")]
    for events in (
        (("completed", {"response": response(output=output)}),),
        BEGIN + (("completed", {"response": response(output=output)}),),
    ):
        found = one(*events)
        assert (found.reasoning_content, found.content) == ("hm", "Hello")
        assert found.tool_calls[0].arguments == {"a": 1}


REASONS = [
    ("max_output_tokens", "length"),
    ("max_tokens", "length"),
    ("content_filter", "content_filter"),
    ("something_new", "something_new"),
    (None, "incomplete"),
]


def test_items_without_deltas_are_not_empty():
    tool = {"id": "ct_1", "type": "custom_tool_call", "call_id": "call_1", "name": "sql"}
    for item, kind, field, text in (
        (message("Hello"), "output_text", "text", "Hello"),
        (
            message("", content=[{"type": "refusal", "refusal": "No."}]),
            "refusal",
            "refusal",
            "No.",
        ),
        (called('{"a": 1}'), "function_call_arguments", "arguments", '{"a": 1}'),
        (
            dict(list(tool.items()) + [("input", "select")]),
            "custom_tool_call_input",
            "input",
            "select",
        ),
    ):
        begun = dict(item)
        for name in ("content", "arguments", "input"):
            if name in begun:
                begun[name] = [] if name == "content" else ""
        whole = (kind + ".done", {"output_index": 0, field: text})
        end = ("completed", {"response": response(output=[item])})
        bare = ("completed", {"response": response(output=[])})
        wanted = one(*(BEGIN + (added(0, begun), done(0, item), END)))
        for events in (
            (whole, bare),
            (whole, end),
            (whole, whole, done(0, item), end),
            (done(0, item), whole, end),
            (end,),
        ):
            got = one(*(BEGIN + (added(0, begun),) + events))
            assert got.content == wanted.content, (kind, events)
            assert got.refusal == wanted.refusal, (kind, events)
            calls = [(call.name, call.arguments_raw) for call in got.tool_calls]
            assert calls == [(call.name, call.arguments_raw) for call in wanted.tool_calls]
            assert len(got.content or got.refusal or calls) > 0
    # Whoever counts anew at the end means another item: what was told is not said twice.
    other = ("completed", {"response": response(output=[message("Hello"), called("{}")])})
    got = one(*(BEGIN + (added(0, called()), added(1, message()), said(1, "Hello"), other)))
    assert (got.content, [call.name for call in got.tool_calls]) == ("Hello", ["look"])


def test_why_an_answer_is_incomplete():
    for reason, wanted in REASONS:
        details = {"reason": reason} if reason else None
        end = ("incomplete", {"response": response("incomplete", incomplete_details=details)})
        found = one(*(TEXT[:-1] + (end,)))
        assert (found.content, found.finish_reason) == ("Hello", wanted)
        assert found.native_finish_reason == (reason or "incomplete"), found.extra


def test_the_servers_own_word_for_the_end_is_kept():
    assert one(*TEXT).native_finish_reason == "completed"
    sparse = ("incomplete", {"response": {"incomplete_details": {"reason": "content_filter"}}})
    assert one(said(0, "a"), sparse).finish_reason == "content_filter"


ERRORS = [
    ({"code": "rate_limit_exceeded", "message": "too fast"}, "rate_limit"),
    ({"code": "server_error", "message": "it broke"}, "server"),
    ({"code": "invalid_prompt", "message": "not so"}, "bad_request"),
    ({"code": "image_too_large", "message": "not so"}, "bad_request"),
    ({"code": "data_residency_mismatch", "message": "no"}, "bad_request"),
    ({"code": "image_content_policy_violation", "message": "no"}, "content_filter"),
    ({"code": "bio_policy", "message": "no"}, "content_filter"),
    ({"code": "context_length_exceeded", "message": "too long"}, "context_length"),
    ({"code": "insufficient_quota", "message": "pay"}, "quota"),
]


def test_errors():
    for error, kind in ERRORS:
        flat = dict(error)
        flat["param"] = None
        for events in (
            (("failed", {"response": response("failed", error=error)}),),
            (("failed", {"response": {"error": error}}),),
            (("error", flat),),
            (("error", {"error": error}),),
        ):
            # What comes before an error is cut everywhere by others.
            before = len(stream(*BEGIN))
            for pieces in feeds(stream(*(BEGIN + events)), before):
                found = error_of(StatusError, read, b"", True, pieces)
                assert (found.kind, found.code) == (kind, error["code"]), (events, found)
                assert error["message"] in str(found)


def test_an_error_that_is_no_json_has_its_words():
    data = stream(*BEGIN) + b"event: error\ndata: Rate limit reached for gpt-5\n\n"
    error = error_of(StatusError, read, data)
    assert (error.kind, error.message) == ("rate_limit", "Rate limit reached for gpt-5")


def test_a_failure_without_words_is_one():
    for status in ("failed", "cancelled"):
        for how in ("failed", status):
            found = error_of(StatusError, one, (how, {"response": response(status)}))
            assert status in str(found), found


def test_how_long_to_wait_stands_in_the_words():
    error = {"code": "rate_limit_exceeded", "message": "Please try again in 6.57s. Visit x"}
    assert error_of(StatusError, one, ("error", {"error": error})).retry_after_ms == 6570


def test_what_an_error_comes_after_is_handed_out_first():
    answer = ResponsesAnswer()
    data = stream(*(TEXT[:5] + (("error", {"code": "server_error", "message": "x"}),)))
    for at in range(len(data)):
        answer.get_buffer()[:1] = data[at : at + 1]
        answer.buffer_updated(1)
        if at < len(data) - 1:
            event = answer.next_event()
            assert event is None or event.text == "Hel"
    error_of(StatusError, answer.next_event)


def test_errors_in_the_words_of_chats_are_errors():
    for data in (
        b'data: {"error": {"message": "busy", "code": 503}}\n\n',
        b'data: [{"error": {"message": "busy", "code": 503}}]\n\n',
        b'event: error\ndata: {"error": {"message": "busy", "code": 503}}\n\n',
    ):
        assert error_of(StatusError, read, data).status == 503


def test_a_server_that_answers_as_chats_do_is_read():
    data = (
        b'data: {"choices": [{"delta": {"content": "Hi"}}]}\n\n'
        b'data: {"choices": [{"delta": {}, "finish_reason": "stop"}]}\n\ndata: [DONE]\n\n'
    )
    assert read(data)[1].content == "Hi"


def test_what_is_not_ours_is_passed_over():
    others = (
        ("web_search_call.searching", {"output_index": 0}),
        ("code_interpreter_call_code.delta", {"output_index": 0, "delta": "x"}),
        ("queued", {"response": response("queued")}),
    )
    data = b'event: keepalive\ndata: {"type": "keepalive", "sequence_number": 3}\n\ndata: 5\n\n'
    found = read(stream(*others) + data + stream(*TEXT))[1]
    assert found.content == "Hello"


def test_a_tool_of_the_servers_is_a_sign_of_life():
    answer = ResponsesAnswer()
    for kind in ("web_search_call.searching", "output_item.added", "output_item.done"):
        answer.assembler.alive = False
        item = {"type": "web_search_call", "id": "ws_1", "status": "completed"}
        obj = {"type": "response." + kind, "output_index": 0, "item": item}
        answer.take(obj, "response." + kind)
        assert answer.assembler.alive, kind
    answer.assembler.alive = False
    answer.take({"type": "keepalive"}, "keepalive")
    assert not answer.assembler.alive


def test_items_of_other_kinds_can_be_read():
    item = {"type": "computer_call", "call_id": "call_3", "action": {"type": "click"}}
    found = one(added(0, item), done(0, item), done(1, message("x")), END)
    assert found.extra["output_items"] == [item], found.extra
    assert found.finish_reason == "stop"
    assert "output_items" not in found.to_message()
    assert "output_items" not in one(done(0, item), END, keep=False).extra


def test_citations():
    mark = {"type": "url_citation", "url": "https://a.test", "title": "A", "start_index": 0}
    nested = {"url": "https://a.test", "title": "A", "start_index": 0}
    wanted = [{"type": "url_citation", "url_citation": nested}]
    found = one(
        added(0, message()),
        said(0, "x"),
        ("output_text.annotation.added", {"output_index": 0, "annotation": mark}),
        END,
    )
    assert found.annotations == wanted, found.annotations
    parts = [{"type": "output_text", "text": "x", "annotations": [mark]}]
    assert one(done(0, message(content=parts)), END).annotations == wanted
    odd = ("output_text.annotation.added", {"output_index": 0, "annotation": {"type": 5}})
    assert one(said(0, "x"), odd, END).annotations == [{"type": 5}]


def test_logprobs():
    entry = {"token": "x", "logprob": -0.1, "top_logprobs": []}
    found = one(said(0, "x", logprobs=[entry]), said(0, "y", logprobs=[]), END)
    assert found.logprobs == {"content": [entry]}, found.logprobs


def test_an_image():
    item = {"type": "image_generation_call", "id": "ig_1", "status": "completed"}
    item.update({"result": "aGVsbG8=", "output_format": "webp"})
    events, found = read(stream(added(0, item), done(0, item), END))
    assert found.images[0]["image_url"]["url"] == "data:image/webp;base64,aGVsbG8="
    assert [event.data for event in events if isinstance(event, ImageDelta)] == ["aGVsbG8="]
    failed = {"type": "image_generation_call", "status": "failed", "result": None}
    assert one(done(0, failed), done(1, message("x")), END).images == []


def test_an_end_without_the_last_event_is_none():
    error_of(StreamError, one, *TEXT[:-1])
    error_of(StreamError, one, *BEGIN)


def test_a_cut_in_the_last_event_is_none():
    data = stream(*TEXT)
    error_of(StreamError, read, data[:-30])


def test_done_behind_the_end_does_no_harm():
    assert read(stream(*TEXT) + b"data: [DONE]\n\n")[1].content == "Hello"


DOCUMENT = response(
    output=[thought("hm", encrypted_content="gAAA"), message("Hello"), called('{"a": 1}')],
    usage=USAGE,
)


def asked(kind, reply, deployment=None):
    transport = ScriptedTransport([reply])
    made = deployment or Deployment("https://h.test/v1", KEY, dialect="responses")
    client = kind("m", made, transport=transport, retry=ONCE)
    call = client.chat(HELLO)
    return asyncio.run(call) if kind is AsyncClient else call


def test_one_document_is_an_answer():
    for kind in (Client, AsyncClient):
        found = asked(kind, json_reply(DOCUMENT))
        assert (found.content, found.reasoning_content, found.complete) == ("Hello", "hm", True)
        assert found.tool_calls[0].arguments == {"a": 1}
        assert (found.finish_reason, found.usage["prompt_tokens"]) == ("tool_calls", 75)
        assert found.to_message()["_origin"] == "https://h.test"


def test_documents_that_are_no_answers():
    for document, wanted in (
        (response("failed", error={"code": "server_error", "message": "x"}), StatusError),
        (response("queued"), StreamError),
        (response("in_progress"), StreamError),
        ({"object": "list", "data": []}, StreamError),
        ({"error": {"message": "x"}}, StatusError),
    ):
        error_of(wanted, asked, Client, json_reply(document))


def test_an_answer_that_breaks_off_is_kept():
    for kind in (Client, AsyncClient):
        reply = ScriptedReply([stream(*TEXT[:5])])
        error = error_of(StreamInterrupted, asked, kind, reply)
        assert error.partial.content == "Hel"


LONG = 'Straße "x" \\ \u4e16\u754c \U0001f680 ' * 250


def test_long_events_that_repeat_what_is_known_need_no_larger_buffer():
    # Cut at places of all kinds: within escapes, within characters, between two texts.
    words = [LONG[at : at + 50] for at in range(0, len(LONG), 50)]
    repeated = response(
        output=[message(LONG)], usage=USAGE, instructions=LONG, metadata={"a": "b"}
    )
    start = response("in_progress", instructions=LONG, tools=[{"name": "x", "description": LONG}])
    events = [("created", {"response": start}), added(0, message())]
    events += [said(0, word) for word in words]
    events += [
        ("output_text.done", {"output_index": 0, "text": LONG}),
        done(0, message(LONG)),
        ("completed", {"response": repeated}),
    ]
    for written in (event, _raw):
        data = b"".join([written(kind, fields) for kind, fields in events])
        for step in (97, 250, 511):
            answer = ResponsesAnswer(True, None, bytearray(1024))
            largest, content = 0, []
            for at in range(0, len(data), step):
                piece, done_with = data[at : at + step], 0
                while done_with < len(piece):
                    room = answer.get_buffer()
                    largest = max(largest, len(answer.parser.buffer))
                    count = min(len(room), len(piece) - done_with)
                    room[:count] = piece[done_with : done_with + count]
                    answer.buffer_updated(count)
                    done_with += count
                    one = answer.next_event()
                    while one is not None:
                        if isinstance(one, ContentDelta):
                            content.append(one.text)
                        one = answer.next_event()
            assert "".join(content) == LONG
            assert answer.end == "finish", (step, written)
            found = answer.assembler.completion(True)
            assert found.usage["prompt_tokens"] == 75
            assert largest <= 4096, (largest, step, written)


def _raw(kind, fields):
    # Texts with their characters in place of escapes, as OpenAI writes them.
    name = "response." + kind
    head = "event: " + name + '\ndata: {"type":"' + name + '",'
    return (head + _written(fields)[1:] + "\n\n").encode()


def _written(value):
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if isinstance(value, dict):
        return "{" + ",".join([_written(k) + ":" + _written(v) for k, v in value.items()]) + "}"
    if isinstance(value, list):
        return "[" + ",".join([_written(one) for one in value]) + "]"
    return json.dumps(value)


def read_by(step, data, answer=None):
    """The content of a stream, received through a small buffer."""
    answer = answer or ResponsesAnswer(True, None, bytearray(1024))
    at, content = 0, []
    while at < len(data):
        room = answer.get_buffer()
        count = min(len(room), len(data) - at, step)
        room[:count] = data[at : at + count]
        answer.buffer_updated(count)
        at += count
        one = answer.next_event()
        while one is not None:
            if isinstance(one, ContentDelta):
                content.append(one.text)
            one = answer.next_event()
    assert answer.end == "finish", answer.end
    return "".join(content)


def test_encrypted_reasoning_is_never_cut():
    for summary in ("hm", "hm " * 1000):
        secret = "gAAA" + "x" * 9000
        events = (
            said(0, "before"),
            added(1, thought()),
            mused(1, summary),
            done(1, thought(summary, encrypted_content=secret)),
            done(2, message("x")),
            END,
        )
        answer = ResponsesAnswer(True, None, bytearray(1024))
        assert read_by(300, stream(*events), answer) == "beforex"
        note = answer.assembler.completion(True).to_message()["_responses"][0]
        assert note["encrypted_content"] == secret
        assert note["summary"][0]["text"] == summary


def test_long_events_of_which_nothing_was_told_are_read_whole():
    text = "y" * 5000
    assert read_by(300, stream(done(0, message(text)), END)) == text


def test_a_long_event_without_texts_is_read():
    numbers = list(range(2000))
    data = stream(
        ("created", {"response": response("in_progress", numbers=numbers, instructions=LONG)}),
        said(0, "x"),
        END,
    )
    assert read_by(300, data) == "x"


ODD = (None, 5, -1.5, True, "", "x", [], [None], [[]], {}, {"a": 1}, [{"text": 5}])


def test_no_type_is_trusted():
    # Whatever stands in the place of a field, the answer is read, or an error says why not.
    whole = TOOLS + (said(3, "Hello"), done(3, message("Hello")), END)
    for at in range(len(whole)):
        kind, fields = whole[at]
        for name in fields:
            for value in ODD:
                changed = dict(fields)
                changed[name] = value
                events = whole[:at] + ((kind, changed),) + whole[at + 1 :]
                try:
                    one(*events).to_message()
                except ThinwireError as error:
                    assert str(error), (kind, name, value)


def test_texts_of_another_kind_are_not_lost():
    parts = [{"type": "output_text", "text": 5.25}]
    assert one(done(0, message(content=parts)), END).content == "5.25"
    assert one(said(0, 19), END).content == "19"


def test_an_event_over_several_lines_is_read():
    lines = json.dumps(response("in_progress", instructions=LONG)).replace(", ", ",\ndata: ")
    start = '{"type": "response.created", "response":\ndata: ' + lines + "}"
    data = ("event: response.created\ndata: " + start + "\n\n").encode()
    assert read_by(300, data + stream(said(0, "x"), END)) == "x"

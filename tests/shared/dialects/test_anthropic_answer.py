# The streams are written anew after the pages of Anthropic's API on streaming messages, extended
# thinking, tool use, web search and citations.

import asyncio
import json

from helpers import error_of, feeds
from streams import HELLO, KEY, ONCE, json_reply

from thinwire.core.answer.events import ContentDelta, ReasoningDelta
from thinwire.core.answer.stream_events import UsageReceived
from thinwire.core.answer.tool_calls import ToolCallDelta, ToolCallStarted
from thinwire.core.client import AsyncClient
from thinwire.core.dialects.anthropic_answer import AnthropicAnswer
from thinwire.core.errors import StatusError, StreamError, StreamInterrupted
from thinwire.core.routing.deployment import Deployment
from thinwire.core.sync import Client
from thinwire.testing.scripted import ScriptedReply, ScriptedTransport

URL = "https://api.test/v1"
COUNTS = {
    "input_tokens": 20,
    "cache_creation_input_tokens": 7,
    "cache_read_input_tokens": 100,
    "output_tokens": 1,
    "service_tier": "standard",
}


def event(kind, fields=None):
    obj = {"type": kind}
    obj.update(fields or {})
    return ("event: %s\ndata: %s\n\n" % (kind, json.dumps(obj))).encode()


def start(**more):
    message = {"id": "msg_1", "type": "message", "role": "assistant", "content": []}
    message.update({"model": "claude-x-1", "stop_reason": None, "usage": COUNTS})
    message.update(more)
    return event("message_start", {"message": message})


def block(index, entry, *deltas):
    """A content block, with its deltas, from its start to its stop."""
    pieces = [event("content_block_start", {"index": index, "content_block": entry})]
    pieces += [event("content_block_delta", {"index": index, "delta": one}) for one in deltas]
    return b"".join(pieces) + event("content_block_stop", {"index": index})


def said(index, *texts):
    deltas = [{"type": "text_delta", "text": text} for text in texts]
    return block(index, {"type": "text", "text": ""}, *deltas)


def thought(index, *texts, signature="sig=="):
    deltas = [{"type": "thinking_delta", "thinking": text} for text in texts]
    if signature:
        deltas.append({"type": "signature_delta", "signature": signature})
    return block(index, {"type": "thinking", "thinking": "", "signature": ""}, *deltas)


def called(index, id, name, *pieces):
    deltas = [{"type": "input_json_delta", "partial_json": piece} for piece in pieces]
    return block(index, {"type": "tool_use", "id": id, "name": name, "input": {}}, *deltas)


def stop(reason="end_turn", tokens=15, **more):
    delta = {"stop_reason": reason, "stop_sequence": None}
    delta.update(more)
    fields = {"delta": delta, "usage": {"output_tokens": tokens}}
    return event("message_delta", fields) + event("message_stop")


PING = event("ping")
TEXT = start() + PING + said(0, "Hel", "lo") + stop()
TOOLS = (
    start()
    + said(0, "I look.")
    + called(1, "toolu_1", "look", "", '{"at": "', 'hill"}')
    + called(2, "toolu_2", "rest")
    + stop("tool_use")
)
THINKING = (
    start()
    + thought(0, "Let me ", "see.")
    + block(1, {"type": "redacted_thinking", "data": "EncRed"})
    + said(2, "So: ")
    + thought(3, "And?", signature="two")
    + said(4, "yes")
    + called(5, "toolu_1", "look", '{"n": 1}')
    + stop("tool_use")
)
NOTES = [
    {"type": "thinking", "chars": 11, "signature": "sig=="},
    {"type": "redacted_thinking", "data": "EncRed"},
    {"type": "text", "chars": 4},
    {"type": "thinking", "chars": 4, "signature": "two"},
    {"type": "text", "chars": 3},
    {"type": "tool_use", "id": "toolu_1"},
]


def receive(*pieces, keep=True, on_chunk=None):
    """Events and completion of an answer that comes in `pieces`."""
    answer = AnthropicAnswer(keep)
    if on_chunk is not None:
        answer.tell(on_chunk)
    events = []
    try:
        for piece in pieces + (b"",):
            at = 0
            while at < len(piece) or not piece:
                buffer = answer.get_buffer()
                count = min(len(buffer), len(piece) - at)
                buffer[:count] = piece[at : at + count]
                at += count
                answer.buffer_updated(count)
                one = answer.next_event()
                while one is not None:
                    events.append(one)
                    one = answer.next_event()
                if not piece or answer.end:
                    break
            if answer.end:
                break
        return events, answer.assembler.completion(True)
    finally:
        answer.free()


def asked(reply, kind=Client, **options):
    made = reply if isinstance(reply, ScriptedReply) else ScriptedReply([reply])
    transport = ScriptedTransport([made])
    deployment = Deployment(URL, KEY, "claude-x", dialect="anthropic")
    client = kind("a", deployment, transport=transport, retry=ONCE)
    done = client.chat(HELLO, **options)
    return asyncio.run(done) if kind is AsyncClient else done


def test_text_is_read_however_it_is_cut():
    for pieces in feeds(TEXT):
        events, done = receive(*pieces)
        assert events[:2] == [ContentDelta("Hel"), ContentDelta("lo")]
        assert events[2:] == [UsageReceived(done.usage)]
        assert (done.content, done.finish_reason) == ("Hello", "stop")
        assert done.native_finish_reason == "end_turn"
        assert (done.id, done.upstream_model) == ("msg_1", "claude-x-1")
        assert done.to_message() == {"role": "assistant", "content": "Hello"}


def test_calls_are_read_however_they_are_cut():
    for pieces in feeds(TOOLS):
        events, done = receive(*pieces)
        calls = [(one.id, one.name, one.arguments) for one in done.tool_calls]
        assert calls == [("toolu_1", "look", {"at": "hill"}), ("toolu_2", "rest", {})]
        assert (done.content, done.finish_reason) == ("I look.", "tool_calls")
        assert [one.id for one in events if isinstance(one, ToolCallStarted)] == [
            "toolu_1",
            "toolu_2",
        ]
        assert "_anthropic" not in done.to_message()
    assert [one.arguments for one in events if isinstance(one, ToolCallDelta)][-1] == "{}"


def test_thoughts_are_read_and_noted_however_they_are_cut():
    for pieces in feeds(THINKING):
        events, done = receive(*pieces)
        assert (done.content, done.reasoning_content) == ("So: yes", "Let me see.And?")
        assert done.to_message()["_anthropic"] == NOTES
        texts = [one.text for one in events if isinstance(one, ReasoningDelta)]
        assert texts == ["Let me ", "see.", "And?"]


def test_nothing_is_noted_where_nothing_is_kept():
    _, done = receive(THINKING, keep=False)
    assert done.content is None
    assert "_anthropic" not in done.message_extra
    assert done.tool_calls[0].name == "look"


def test_thoughts_may_be_hidden():
    # With "display": "omitted" there is a signature and no text.
    hidden = start() + thought(0, signature="sig") + said(1, "Hi") + stop()
    _, done = receive(hidden)
    assert done.reasoning_content is None
    notes = [{"type": "thinking", "chars": 0, "signature": "sig"}, {"type": "text", "chars": 2}]
    assert done.to_message()["_anthropic"] == notes


def test_usage_counts_what_was_cached():
    _, done = receive(TEXT)
    usage = done.usage
    assert (usage["prompt_tokens"], usage["completion_tokens"]) == (127, 15)
    assert (usage["total_tokens"], usage["cached_tokens"]) == (142, 100)
    assert (usage["input_tokens"], usage["cache_creation_input_tokens"]) == (20, 7)
    assert done.service_tier == "standard"
    _, done = receive(start(usage=None) + said(0, "x") + event("message_delta") + TEXT[-40:])
    assert done.usage == {}


def test_counts_at_the_end_replace_those_at_the_start():
    fields = {"delta": {"stop_reason": "end_turn"}}
    fields["usage"] = {"input_tokens": 30, "output_tokens": 2, "cache_read_input_tokens": None}
    end = event("message_delta", fields) + event("message_stop")
    usage = receive(start() + said(0, "x") + end)[1].usage
    assert (usage["prompt_tokens"], usage["completion_tokens"]) == (137, 2)
    # Who knows no more of the prompt at the end says 0.
    fields["usage"] = {"input_tokens": 0, "cache_read_input_tokens": 0, "output_tokens": 2}
    end = event("message_delta", fields) + event("message_stop")
    usage = receive(start() + said(0, "x") + end)[1].usage
    assert (usage["input_tokens"], usage["prompt_tokens"], usage["total_tokens"]) == (20, 127, 129)


def test_why_a_model_stopped():
    for native, reason in (
        ("end_turn", "stop"),
        ("max_tokens", "length"),
        ("stop_sequence", "stop"),
        ("refusal", "content_filter"),
        ("model_context_window_exceeded", "length"),
        ("pause_turn", "pause_turn"),
    ):
        more = {"stop_sequence": "END"} if native == "stop_sequence" else {}
        _, done = receive(start() + said(0, "x") + stop(native, **more))
        assert (done.finish_reason, done.native_finish_reason) == (reason, native)
        assert done.extra.get("stop_sequence") == more.get("stop_sequence")


def test_counts_may_come_before_the_end():
    # "One or more message_delta events": only a stop_reason says that the blocks are whole.
    counts = event(
        "message_delta", {"delta": {"stop_reason": None}, "usage": {"output_tokens": 3}}
    )
    for stream in (TEXT, TOOLS, THINKING):
        more = stream.replace(
            b"event: content_block_delta\n", counts + b"event: content_block_delta\n"
        )
        events, done = receive(more)
        plain, wanted = receive(stream)
        assert done.to_message() == wanted.to_message()
        assert (done.usage, done.finish_reason) == (wanted.usage, wanted.finish_reason)
        events = [repr(one) for one in events if not isinstance(one, UsageReceived)]
        assert events == [repr(one) for one in plain if not isinstance(one, UsageReceived)]
    twice = THINKING.replace(stop("tool_use"), stop("tool_use")[: -len(event("message_stop"))] * 2)
    assert receive(twice + event("message_stop"))[1].to_message()["_anthropic"] == NOTES


def test_an_answer_may_be_empty():
    _, done = receive(start() + stop())
    assert done.empty
    assert done.finish_reason == "stop"
    error = error_of(StreamError, receive, start() + event("message_stop"))
    assert "before any delta" in str(error)


def test_blocks_without_their_beginning_are_read():
    deltas = [
        {"type": "thinking_delta", "thinking": "hm"},
        {"type": "text_delta", "text": "Hi"},
    ]
    events = [
        event("content_block_delta", {"index": index, "delta": delta})
        for index, delta in enumerate(deltas)
    ]
    _, done = receive(
        start() + b"".join(events) + event("content_block_stop", {"index": 9}) + stop()
    )
    assert (done.content, done.reasoning_content) == ("Hi", "hm")


def test_no_index_is_trusted():
    for index in (None, "0", 0.0, -3, [], {"a": 1}, True):
        stream = TEXT.replace(b'"index": 0', ('"index": ' + json.dumps(index)).encode())
        assert receive(stream)[1].content == "Hello", index


def test_blocks_that_nobody_knows_are_not_trusted():
    entry = {"type": "vision", "signature": True, "chars": "many"}
    deltas = [{"type": "signature_delta", "signature": "s"}, {"type": "text_delta", "text": "Hi"}]
    _, done = receive(start() + block(0, entry, *deltas) + stop())
    assert done.content == "Hi"


def test_who_names_no_event_type_is_read_by_the_event():
    unnamed = TEXT.replace(b'"type": "content_block_delta", ', b"")
    assert receive(unnamed)[1].content == "Hello"
    unnamed = TEXT.replace(b"event: content_block_delta\n", b"")
    assert receive(unnamed)[1].content == "Hello"


def test_characters_may_be_cut_in_two():
    # As an escape each, which Python's own encoder does not write for a whole character.
    for kind in (b"text", b"thinking"):
        stream = start() + (
            said(0, "a", "b1", "b2", "c") if kind == b"text" else thought(0, *"a12c")
        )
        one, two = (b"b1", b"b2") if kind == b"text" else (b'"1"', b'"2"')
        halves = (b"\\ud83d", b"\\ude00") if kind == b"text" else (b'"\\ud83d"', b'"\\ude00"')
        stream = stream.replace(one, halves[0]).replace(two, halves[1])
        _, done = receive(stream + stop())
        assert (done.content or done.reasoning_content) == "a\U0001f600c"
    call = called(0, "c1", "look", '{"a": "', "b1", "b2", '"}')
    call = call.replace(b"b1", b"\\ud83d").replace(b"b2", b"\\ude00")
    _, done = receive(start() + call + stop("tool_use"))
    assert done.tool_calls[0].arguments == {"a": "\U0001f600"}


def test_chunks_are_the_same_however_they_are_made():
    for stream in (TEXT, TOOLS, THINKING):
        chunks = []
        events, done = receive(stream)
        told, other = receive(stream, on_chunk=chunks.append)
        assert [repr(one) for one in events] == [repr(one) for one in told]
        assert repr(done) == repr(other)
        assert done.to_message() == other.to_message()
        deltas = [choice["delta"] for one in chunks for choice in one["choices"]]
        assert "".join([delta.get("content") or "" for delta in deltas]) == done.content


def test_a_ping_is_no_progress():
    answer = AnthropicAnswer()
    for kind, alive in (("ping", False), ("something_new", True)):
        answer.assembler.alive = False
        answer.take({"type": kind}, kind)
        assert answer.assembler.alive == alive, kind
    answer.free()


def test_unknown_events_blocks_and_deltas_are_passed_over():
    odd = block(0, {"type": "text", "text": ""}, {"type": "mood_delta", "mood": "good"})
    stream = start() + event("vibe", {"x": 1}) + odd + said(1, "Hi") + stop()
    assert receive(stream)[1].content == "Hi"


def test_blocks_of_server_tools_go_back_as_they_came():
    search = {"type": "server_tool_use", "id": "srv_1", "name": "web_search", "input": {}}
    pieces = ['{"query": ', '"hills"}']
    deltas = [{"type": "input_json_delta", "partial_json": piece} for piece in pieces]
    page = {"type": "web_search_result", "url": "https://h.test", "encrypted_content": "Enc"}
    found = {"type": "web_search_tool_result", "tool_use_id": "srv_1", "content": [page]}
    stream = start() + block(0, search, *deltas) + block(1, found) + said(2, "Hi") + stop()
    _, done = receive(stream)
    assert done.tool_calls == []
    used = dict(search)
    used["input"] = {"query": "hills"}
    assert done.to_message()["_anthropic"] == [used, found, {"type": "text", "chars": 2}]
    assert receive(stream, keep=False)[1].finish_reason == "stop"
    broken = stream.replace(b'hills\\"}', b"hills")
    assert "not JSON" in str(error_of(StreamError, receive, broken))


def test_blocks_that_chats_do_not_have_grow():
    # What is left of a long conversation goes back as a whole; the last is a delta nobody knows.
    deltas = [
        {"type": "compaction_delta", "content": "They ", "encrypted_content": "Enc"},
        {"type": "compaction_delta", "content": "met.", "encrypted_content": None},
        {"type": "compaction_delta", "marks": [1]},
    ]
    entry = {"type": "compaction", "content": None}
    stream = start() + block(0, entry, *deltas) + said(1, "Hi") + stop()
    grown = {"type": "compaction", "content": "They met.", "encrypted_content": "Enc"}
    grown["marks"] = [1]
    _, done = receive(stream)
    assert done.content == "Hi"
    assert done.to_message()["_anthropic"] == [grown, {"type": "text", "chars": 2}]
    assert receive(stream, keep=False)[1].finish_reason == "stop"


def test_citations_are_annotations():
    web = {"type": "web_search_result_location", "url": "https://h.test", "title": "Hills"}
    page = {"type": "char_location", "cited_text": "up", "document_index": 0}
    cited = block(
        0,
        {"type": "text", "text": "", "citations": [page]},
        {"type": "text_delta", "text": "Up."},
        {"type": "citations_delta", "citation": web},
    )
    _, done = receive(start() + cited + stop())
    assert done.annotations == [page, {"type": "url_citation", "url_citation": web}]


def test_errors_in_a_stream_have_their_kind():
    for kind, status, wanted in (
        ("overloaded_error", 529, "overloaded"),
        ("api_error", 500, "server"),
        ("rate_limit_error", 429, "rate_limit"),
        ("invalid_request_error", 400, "bad_request"),
        ("authentication_error", 401, "auth"),
        ("timeout_error", 504, "server"),
    ):
        broken = event("error", {"error": {"type": kind, "message": "No, " + KEY}})
        error = error_of(StatusError, asked, start() + PING + broken)
        assert (error.status, error.kind) == (status, wanted), (error, error.kind)
        assert error.retryable == (status > 400 and status != 401), kind
        assert KEY not in str(error)
        error = error_of(StreamInterrupted, asked, start() + said(0, "Hi") + broken)
        assert error.partial.content == "Hi"
        assert error.partial.usage["prompt_tokens"] == 127


def test_an_error_of_unknown_form_is_one():
    error = error_of(StatusError, receive, b'event: error\ndata: "went wrong"\n\n')
    assert "went wrong" in str(error)


def test_an_error_response_has_its_kind():
    for status, kind, wanted in ((529, "overloaded_error", "overloaded"), (400, "x", "quota")):
        words = "Your credit balance is too low" if wanted == "quota" else "Overloaded"
        body = {"type": "error", "error": {"type": kind, "message": words}, "request_id": "req_7"}
        error = error_of(StatusError, asked, json_reply(body, status))
        assert (error.kind, error.status) == (wanted, status)
        assert words in str(error)


def test_broken_events_are_errors():
    for name in ("content_block_delta", "message_delta", "content_block_start"):
        stream = start() + ("event: %s\ndata: {oops\n\n" % name).encode()
        error = error_of(StreamError, receive, stream + stop())
        assert "not JSON" in str(error)


def test_a_stream_that_breaks_off_is_an_error():
    begun = TEXT.find(b"\n", TEXT.find(b"Hel"))
    for size in range(1, TEXT.find(b"event: message_delta"), 40):
        wanted = StreamInterrupted if size >= begun else StreamError
        error = error_of(wanted, asked, TEXT[:size])
        assert KEY not in str(error)


def test_a_stream_without_its_last_event_is_whole():
    assert asked(TEXT[: TEXT.rfind(b"event:")]).content == "Hello"


def test_who_does_not_stream_is_read():
    entry = {"type": "tool_use", "id": "toolu_1", "name": "look", "input": {"at": 1.5}}
    content = [
        {"type": "thinking", "thinking": "hm", "signature": "sig"},
        {"type": "text", "text": "Hi"},
        entry,
    ]
    document = {"id": "msg_1", "type": "message", "role": "assistant", "model": "claude-x-1"}
    document.update({"content": content, "stop_reason": "tool_use", "usage": COUNTS})
    for kind in (Client, AsyncClient):
        done = asked(json_reply(document), kind)
        assert (done.content, done.reasoning_content, done.complete) == ("Hi", "hm", True)
        assert [one.arguments for one in done.tool_calls] == [{"at": 1.5}]
        assert (done.finish_reason, done.usage["prompt_tokens"]) == ("tool_calls", 127)
        assert [note["type"] for note in done.to_message()["_anthropic"]] == [
            "thinking",
            "text",
            "tool_use",
        ]


def test_answers_in_the_words_of_chats_are_read():
    body = {"choices": [{"index": 0, "message": {"content": "Hi"}, "finish_reason": "stop"}]}
    assert asked(json_reply(body)).content == "Hi"
    error = error_of(StatusError, asked, json_reply([{"error": {"message": "no such path"}}]))
    assert "no such path" in str(error)


def test_deltas_are_handed_out():
    got = []
    assert asked(TEXT, on_delta=got.append).content == "Hello"
    assert got == ["Hel", "lo"]

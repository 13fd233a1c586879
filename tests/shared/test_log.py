from streams import ANSWER, KEY, call, chunk, json_reply, play, sse, text

from thinwire.core.errors import ConnectError, ReadError
from thinwire.testing.scripted import ScriptedReply


class Sink:
    def __init__(self):
        self.events = []

    def __call__(self, level, event, fields):
        self.events.append((level, event, fields))

    def names(self):
        return [(level, event) for level, event, _ in self.events]


def logged(replies, **arguments):
    # play() makes the call twice; what the second logs must be the same.
    sink = Sink()
    play(replies, options={"log": sink}, **arguments)
    half = len(sink.events) // 2
    assert sink.events[:half] == sink.events[half:], sink.events
    sink.events = sink.events[:half]
    return sink


def test_a_call_is_a_request_and_a_response():
    sink = logged([ScriptedReply([ANSWER])])
    assert sink.names() == [("info", "llm_request"), ("info", "llm_response")]


def test_the_fields_of_a_request():
    sink = logged([ScriptedReply([ANSWER])], tools=[{}, {}])
    want = {"llm.model": "a", "llm.message.count": 1, "llm.tool.count": 2}
    assert sink.events[0][2] == want, sink.events[0]


USAGE = {
    "prompt_tokens": 3,
    "completion_tokens": 2,
    "total_tokens": 5,
    "prompt_tokens_details": {"cached_tokens": 1},
}


def test_the_fields_of_a_response():
    data = sse(call(0, "1", "f", "{}"), chunk({}, "tool_calls"), {"usage": USAGE}, "[DONE]")
    sink = logged([ScriptedReply([1500, data])])
    want = {
        "llm.model": "a",
        "llm.token.prompt": 3,
        "llm.token.completion": 2,
        "llm.token.total": 5,
        "llm.token.cached": 1,
        "llm.duration_s": 1.5,
        "llm.finish_reason": "tool_calls",
        "llm.tools": ["f"],
    }
    assert sink.events[1][2] == want, sink.events[1]


def test_a_response_without_usage_has_the_same_fields():
    fields = logged([ScriptedReply([ANSWER])]).events[1][2]
    assert len(fields) == 8, fields
    assert fields["llm.token.total"] is None
    assert fields["llm.duration_s"] == 0


# What fails first, then what the log says about it: nothing that a server wrote.
ECHO = {"error": {"message": "bad key %s for 'a private question'" % KEY, "code": "x"}}
FALLBACKS = [
    (ReadError("cut"), "ReadError: cut"),
    (ConnectError("refused: [Errno 111]"), "ConnectError: refused: [Errno 111]"),
    (json_reply(ECHO, 500), "StatusError: status 500, server"),
    (json_reply(ECHO), "StatusError: status 200, server"),
    (json_reply(b"{a private question " + KEY.encode()), "StreamError: the answer is not JSON"),
    (ScriptedReply([b"data: a private question\n\n"]), "StreamError: an event is not JSON"),
]


def test_a_fallback_is_a_warning_without_the_servers_words():
    for reply, words in FALLBACKS:
        sink = logged([reply, ScriptedReply([ANSWER])])
        want = [("info", "llm_request"), ("warning", "llm_fallback"), ("info", "llm_request")]
        assert sink.names() == want + [("info", "llm_response")], sink.names()
        fields = sink.events[1][2]
        assert fields == {"llm.model": "a", "llm.next": "b", "error": words}, fields


def test_a_failed_call_has_no_response():
    sink = logged([ScriptedReply([sse(text("Hel"))])])
    assert sink.names() == [("info", "llm_request")]


def test_no_key_and_no_text_is_logged():
    replies = [json_reply(ECHO, 429), json_reply(ECHO), ScriptedReply([ANSWER])]
    words = repr(logged(replies).events)
    for secret in (KEY, "private", "Hel", "https"):
        assert secret not in words, words

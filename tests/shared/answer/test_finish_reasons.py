from streams import chunk, play_chunks, text

from thinwire.core.answer.finish_reasons import normal

WORDS = [
    ("stop", "stop"),
    ("STOP", "stop"),
    ("eos", "stop"),
    ("end_turn", "stop"),
    ("stop_sequence", "stop"),
    ("COMPLETE", "stop"),
    ("MAX_TOKENS", "length"),
    ("model_length", "length"),
    ("model_context_window_exceeded", "length"),
    ("tool_use", "tool_calls"),
    ("TOOL_CALL", "tool_calls"),
    ("tool-calls", "tool_calls"),
    ("SAFETY", "content_filter"),
    ("RECITATION", "content_filter"),
    ("content-filter", "content_filter"),
    ("sensitive", "content_filter"),
    ("refusal", "content_filter"),
    ("insufficient_system_resource", "insufficient_system_resource"),
    ("pause_turn", "pause_turn"),
    ("Whatever-Else", "Whatever-Else"),
]


def test_words_that_mean_the_same():
    for word, want in WORDS:
        assert normal(word) == want, word


def test_an_answer_has_both():
    for word, want in WORDS:
        if want != "tool_calls":
            got = play_chunks(text("Hi"), chunk({}, word)).completion
            assert (got.finish_reason, got.native_finish_reason) == (want, word), word
            assert got.choices[0].finish_reason == want
            assert "native_finish_reason" not in got.to_message()


def test_what_the_server_calls_native_is():
    for word in ("stop", "eos"):
        got = play_chunks(text("Hi"), chunk({}, word, native_finish_reason="END_TURN")).completion
        assert (got.finish_reason, got.native_finish_reason) == ("stop", "END_TURN")
    got = play_chunks(text("Hi")).completion
    assert (got.finish_reason, got.native_finish_reason) == (None, None)


def test_an_end_that_announces_calls_does_in_any_words():
    got = play_chunks(text("Hi"), chunk({}, "tool_use"))
    assert got.error.kind == "tool_calls", got.error
    assert got.error.completion.native_finish_reason == "tool_use"

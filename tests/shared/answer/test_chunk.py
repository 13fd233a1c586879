from helpers import error_of

from thinwire.core.answer import chunk
from thinwire.core.errors import StreamError

TEXTS = [
    (None, ""),
    ("", ""),
    ("a", "a"),
    (3, ""),
    (True, ""),
    ({}, ""),
    ({"text": "a"}, ""),
    ([], ""),
    (["a", "b"], "ab"),
    ([{"type": "text", "text": "a"}, {"type": "text", "text": "b"}], "ab"),
    ([{"type": "image_url"}, None, 3, "c"], "c"),
    ([{"text": None}, {"text": ["d", {"text": "e"}]}], "de"),
]


def test_text_is_what_is_text_in_a_content_field():
    for value, want in TEXTS:
        got = chunk.text(value)
        assert got == want, (value, got)


REASONINGS = [
    ({}, ""),
    ({"reasoning_content": "a"}, "a"),
    ({"reasoning": "b"}, "b"),
    ({"reasoning_content": "", "reasoning": "b"}, "b"),
    ({"reasoning_content": None, "reasoning": "b"}, "b"),
    ({"reasoning_content": "a", "reasoning": "a"}, "a"),
    ({"reasoning": [{"text": "c"}]}, "c"),
    ({"reasoning": {"effort": "low"}}, ""),
]


def test_reasoning_has_two_names():
    for delta, want in REASONINGS:
        got = chunk.reasoning(delta)
        assert got == want, (delta, got)


CHOICES = [
    ({}, []),
    ({"choices": None}, []),
    ({"choices": []}, []),
    ({"choices": {}}, []),
    ({"choices": {"index": 1}}, [{"index": 1}]),
    ({"choices": [None, {"index": 1}, 3]}, [{}, {"index": 1}, {"delta": {"content": 3}}]),
]


def test_choices_are_a_list_of_mappings_whatever_was_sent():
    for obj, want in CHOICES:
        got = chunk.choices(obj)
        assert got == want, (obj, got)


def test_what_cannot_hold_choices_is_refused():
    for value in ("no", 3, True):
        words = str(error_of(StreamError, chunk.choices, {"choices": value}))
        assert words.startswith("choices is no list: "), words


INTEGERS = [(0, 0), (3, 3), (-1, 7), (True, 7), (None, 7), ([], 7), ("1", 1), (1.0, 1)]
INTEGERS += [("a", 7), ("", 7), ("-1", 7), ("1" * 10, 7), (1.5, 7), (-1.0, 7), (1e30, 7)]


def test_an_index_is_an_integer_however_it_is_written_or_the_default():
    for value, want in INTEGERS:
        got = chunk.integer(value, 7)
        assert got == want, (value, got)


USAGES = [
    ({}, {}),
    ({"usage": None}, {}),
    ({"usage": "many"}, {}),
    ({"usage": {"total_tokens": 3}}, {"total_tokens": 3}),
    ({"x_groq": {"usage": {"total_tokens": 4}}}, {"total_tokens": 4}),
    ({"usage": None, "x_groq": {"id": "r", "usage": {"a": 1}}}, {"a": 1}),
    ({"x_groq": None}, {}),
    ({"usage": {"cost": 0.5}}, {"cost": 0.5}),
    (
        {"usage": {"prompt_tokens_details": {"cached_tokens": 5}}},
        {"prompt_tokens_details": {"cached_tokens": 5}, "cached_tokens": 5},
    ),
    ({"usage": {"prompt_tokens_details": None}}, {"prompt_tokens_details": None}),
]


def test_usage_is_found_wherever_it_stands():
    for obj, want in USAGES:
        got = chunk.usage(obj)
        assert got == want, (obj, got)


def test_usage_leaves_the_chunk_as_it_is():
    obj = {"usage": {"prompt_tokens_details": {"cached_tokens": 5}}}
    chunk.usage(obj)
    assert obj == {"usage": {"prompt_tokens_details": {"cached_tokens": 5}}}, obj


# A chunk, then status, message and code of the error in it.
ERRORS = [
    ({"error": {"message": "boom", "code": 429}}, 429, "boom", ""),
    ({"error": {"message": "boom", "code": "503"}}, 503, "boom", "503"),
    ({"error": {"message": "boom", "code": "rate_limit"}}, 200, "boom", "rate_limit"),
    ({"error": {"message": "boom", "code": None, "type": "server_error"}}, 200, "boom", None),
    ({"error": {"message": "boom", "type": 3}}, 200, "boom", ""),
    ({"error": {"message": "boom", "code": 42}}, 200, "boom", ""),
    ({"error": {"message": "boom", "code": "042"}}, 200, "boom", "042"),
    ({"error": {"message": "boom", "code": True}}, 200, "boom", ""),
    ({"error": {"message": [{"text": "bo"}, "om"]}}, 200, "bo; om", ""),
    ({"error": "boom"}, 200, "boom", ""),
    ({"error": {"code": 500}}, 500, "the server sent an error without words", ""),
    ({"error": True}, 200, "the server sent an error without words", ""),
    ({"object": "error", "message": "boom", "code": 400}, 400, "boom", ""),
    ({"choices": [{"finish_reason": "error"}]}, 200, "finish_reason is 'error'", ""),
    ({"error": {"message": "boom"}, "choices": [{"finish_reason": "error"}]}, 200, "boom", ""),
    (
        {"choices": [{}, {"finish_reason": "error", "error": {"message": "boom", "code": 502}}]},
        502,
        "boom",
        "",
    ),
    ({"error": {"message": "boom", "code": 400, "status": "INVALID"}}, 400, "boom", "INVALID"),
    ({"error": {"message": "boom", "code": "c", "status": 400}}, 400, "boom", "c"),
    (
        {"type": "error", "error": {"type": "overloaded_error", "message": "boom"}},
        200,
        "boom",
        "overloaded_error",
    ),
    # open-webui/computer#293
    (
        {
            "error": {
                "message": "Provider returned error",
                "code": 429,
                "metadata": {
                    "raw": "z-ai/glm is rate-limited upstream.",
                    "provider_name": "BaseTen",
                },
            }
        },
        429,
        "Provider returned error (BaseTen): z-ai/glm is rate-limited upstream.",
        "",
    ),
    ({"error": {"message": "boom", "metadata": {"raw": {"a": 1}}}}, 200, "boom", ""),
    ({"error": {"message": "boom", "metadata": {"provider_name": None}}}, 200, "boom", ""),
    ({"error": {"message": "boom", "metadata": {"provider_name": "x"}}}, 200, "boom (x)", ""),
]


def test_an_error_is_found_in_all_its_shapes():
    for obj, status, message, code in ERRORS:
        error = chunk.error(obj)
        code = "server_error" if code is None else code
        got = (error.status, error.message.partition(": ")[2] or error.message, error.code)
        assert got == (status, message, code), (obj, got)


def test_what_openrouters_provider_said_counts():
    raw = '{"error":{"message":"too long","code":"context_length_exceeded"}}'
    fields = {"message": "Provider returned error", "code": 400, "metadata": {"raw": raw}}
    assert chunk.error({"error": fields}).kind == "context_length"


NO_ERRORS = [
    {},
    {"error": None},
    {"error": ""},
    {"error": {}},
    {"error": False},
    {"choices": [{"finish_reason": "stop"}, {"finish_reason": None}, None]},
    {"object": "chat.completion.chunk"},
]


def test_an_empty_error_field_is_none():
    for obj in NO_ERRORS:
        assert chunk.error(obj) is None, obj


def test_a_numeric_code_does_not_replace_an_http_error():
    error = chunk.error_from({"code": 429, "message": "m"}, 500)
    assert error.status == 500, error.status


def test_an_error_without_words_takes_those_given():
    assert chunk.error_from({}, 500, None, "body").message == "status 500: body"
    assert chunk.error_from({"message": "own"}, 500, None, "body").message == "status 500: own"


LINES = [
    ("", ""),
    (" a\n\n b\t", "a b"),
    ("x" * 300, "x" * 300),
    ("x" * 301, "x" * 297 + "..."),
]


def test_words_are_put_on_one_bounded_line():
    for words, want in LINES:
        assert chunk.one_line(words) == want, words
    assert chunk.one_line("abcdef", 5) == "ab..."


def test_a_list_of_one_is_unwrapped():
    for value, want in [([{"a": 1}], {"a": 1}), ([], []), ([1, 2], [1, 2]), ("a", "a")]:
        got = chunk.unwrapped(value)
        assert got == want, (value, got)

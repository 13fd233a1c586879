# The shapes are those that real servers gave (made short) and that providers document, November
# 2026; names and numbers are made up.
import json

from helpers import error_of

from thinwire.core.errors import StreamError
from thinwire.core.providers.model_list import ListReader, ModelEntry, entry_of


def read(data, size=None):
    """What a reader makes of a document that comes in pieces of `size` bytes."""
    if not isinstance(data, bytes):
        data = json.dumps(data).encode()
    reader = ListReader()
    for start in range(0, len(data), size or len(data) or 1):
        piece = bytearray(data[start : start + (size or len(data))] + b'"]}garbage')
        reader.feed(piece, len(piece) - 10)
    return reader, reader.finish(lambda words, body: StreamError("%s: %r" % (words, body)))


def ids(reader):
    return [entry.id for entry in reader.entries]


def said(entry):
    return entry.id, entry.name, entry.context_length, entry.tools, entry.vision, entry.reasoning


PLAIN = {"id": "gpt-small", "object": "model", "created": 1700000000, "owned_by": "me"}
LLAMA = {
    "models": [
        {"name": "tiny", "model": "tiny", "tags": [""], "capabilities": ["completion", "tools"]},
        {"name": "seen", "model": "seen", "capabilities": ["completion", "multimodal"]},
    ],
    "object": "list",
    "data": [
        {"id": "tiny", "object": "model", "meta": {"n_ctx": 2048, "n_ctx_train": 4096}},
        {"id": "late", "object": "model", "meta": {"n_ctx_train": 4096}},
    ],
}
# A document, and what its entries say.
LISTS = [
    ({"object": "list", "data": [PLAIN]}, [("gpt-small", "gpt-small", None, None, None, None)]),
    ([PLAIN], [("gpt-small", "gpt-small", None, None, None, None)]),
    (["a", "b"], [("a", "a", None, None, None, None), ("b", "b", None, None, None, None)]),
    ({"data": []}, []),
    ({"models": [], "data": None}, []),
    ([], []),
    (
        LLAMA,
        [
            ("late", "late", 4096, None, None, None),
            ("seen", "seen", None, None, True, None),
            ("tiny", "tiny", 2048, True, None, None),
        ],
    ),
    (  # Ollama's tags
        {"models": [{"name": "llama:latest", "model": "llama:latest", "details": {}}]},
        [("llama:latest", "llama:latest", None, None, None, None)],
    ),
]
# An entry, and what it says of context, tools, vision and reasoning.
ENTRIES = [
    (  # OpenRouter
        {
            "id": "x/y:free",
            "name": "X: Y (free)",
            "context_length": 131072,
            "architecture": {
                "modality": "text+image->text",
                "input_modalities": ["text", "image"],
            },
            "supported_parameters": ["max_tokens", "tools", "include_reasoning"],
        },
        ("X: Y (free)", 131072, True, True, True),
    ),
    (
        {
            "id": "x",
            "architecture": {"modality": "text->text"},
            "top_provider": {"context_length": 8192},
            "supported_parameters": ["max_tokens"],
        },
        ("x", 8192, False, False, False),
    ),
    (  # Anthropic
        {
            "type": "model",
            "id": "x",
            "display_name": "X One",
            "max_input_tokens": 200000,
            "max_tokens": 64000,
            "capabilities": {
                "image_input": {"supported": True},
                "thinking": {"supported": False, "types": {}},
                "effort": {"supported": True},
            },
        },
        ("X One", 200000, None, True, True),
    ),
    (  # Azure
        {"id": "x", "capabilities": {"chat_completion": True}, "lifecycle_status": "preview"},
        ("x", None, None, None, None),
    ),
    (  # Mistral
        {
            "id": "x",
            "max_context_length": 32768,
            "capabilities": {"function_calling": True, "vision": False},
        },
        ("x", 32768, True, False, None),
    ),
    ({"id": "x", "context_window": 8192, "active": True}, ("x", 8192, None, None, None)),  # Groq
    ({"id": "x", "max_model_len": 4096}, ("x", 4096, None, None, None)),  # vLLM
    (  # Fireworks
        {"id": "x", "context_length": 9, "supports_tools": True, "supports_image_input": False},
        ("x", 9, True, False, None),
    ),
    (  # Together
        {"id": "x", "display_name": "X", "type": "chat", "context_length": "4096"},
        ("X", 4096, None, None, None),
    ),
    (  # Hugging Face
        {
            "id": "x",
            "architecture": {"input_modalities": ["text"]},
            "providers": [
                {"provider": "a", "supports_tools": False},
                {"provider": "b", "context_length": 40960, "supports_tools": True},
                "c",
            ],
        },
        ("x", 40960, True, False, None),
    ),
    (  # LM Studio
        {"id": "x", "type": "vlm", "max_context_length": 32768, "capabilities": ["tool_use"]},
        ("x", 32768, True, True, None),
    ),
    (
        {
            "key": "x",
            "display_name": "X",
            "capabilities": {"vision": True, "trained_for_tool_use": False, "thinking": True},
        },
        ("X", None, False, True, True),
    ),
    (  # LiteLLM's /model/info
        {"model_name": "x", "model_info": {"max_input_tokens": 7, "supports_vision": True}},
        ("x", 7, None, True, None),
    ),
    (  # GitHub
        {
            "id": "x",
            "capabilities": ["streaming", "tool-calling"],
            "limits": {"max_input_tokens": 8000},
            "supported_input_modalities": ["text", "audio"],
        },
        ("x", 8000, True, False, None),
    ),
    (  # Gemini's own
        {"name": "models/x", "displayName": "X", "inputTokenLimit": 1048576, "thinking": True},
        ("X", 1048576, None, None, True),
    ),
    (  # Venice
        {
            "id": "x",
            "model_spec": {
                "availableContextTokens": 131072,
                "capabilities": {"supportsFunctionCalling": True, "supportsVision": False},
            },
        },
        ("x", 131072, True, False, None),
    ),
    # What is of another kind than it should be says nothing.
    (
        {"id": "x", "context_length": True, "capabilities": None, "providers": None, "name": 7},
        ("x", None, None, None, None),
    ),
    (
        {"id": "x", "context_length": "much", "max_model_len": -1, "supports_tools": "yes"},
        ("x", None, None, None, None),
    ),
    ({"id": None, "model": "m", "context_length": 12.0}, ("m", 12, None, None, None)),
]


def test_each_shape_of_a_list():
    for document, want in LISTS:
        reader, _ = read(document)
        got = sorted([said(entry) for entry in reader.entries])
        assert got == want, (document, got)
        assert reader.skipped == 0, document


def test_each_shape_cut_anywhere():
    # Quotes, brackets and backslashes in texts; white space.
    text = 'says "{[" \\ and }] \\" ' + "\u00e9\U0001f600" + "\n"
    document = {"data": [{"id": "a", "note": text, "deep": [[{}]]}, {"id": "b"}], "more": text}
    for data in (json.dumps(document).encode(), b' \n{ "data" :[ {"id":"a"}\t, {"id" :"b"} ]}'):
        for size in range(1, len(data)):
            reader, _ = read(data, size)
            assert ids(reader) == ["a", "b"], (data, size)


def test_each_shape_of_an_entry():
    for value, want in ENTRIES:
        got = said(entry_of(value))
        assert got[1:] == want, (value, got)


def test_the_order_of_keys_changes_nothing():
    for value, want in ENTRIES:
        turned = {}
        for key in reversed(list(value)):
            turned[key] = value[key]
        assert said(entry_of(turned))[1:] == want, value


def test_what_stands_beside_the_list():
    _, rest = read({"data": [PLAIN], "has_more": True, "last_id": "gpt-small"})
    assert (rest["has_more"], rest["last_id"]) == (True, "gpt-small")
    assert read([PLAIN])[1] == {}


def test_a_bad_entry_hides_no_other():
    bad = ["{}", '{"id": null}', '{"id": 7}', "7", '""', '{"id": "x", oops}', '{"id": [}', "[]"]
    for one in bad:
        data = '{"data": [{"id": "a"}, %s, {"id": "b"}]}' % one
        if one == '{"id": [}':  # the brackets do not fit: where the next one begins is not known
            continue
        reader, _ = read(data.encode())
        assert ids(reader) == ["a", "b"], one
        assert reader.skipped == 1, one


def test_an_entry_of_wrong_types_is_one_all_the_same():
    for wrong in (
        {"providers": 5},
        {"providers": True},
        {"context_length": float("inf")},
        {"context_length": "\u00b2"},
        {"context_length": "9" * 5000},
        {"context_length": ""},
        {"context_length": 10**40},
        {"capabilities": {"capabilities": [[]]}, "input_modalities": [[]]},
    ):
        value = {"id": "a"}
        value.update(wrong)
        entry = entry_of(value)
        assert (entry.id, entry.context_length) == ("a", None), wrong


def test_a_list_may_have_any_number_of_entries():
    for form in ('{"data": [%s]}', '{"data": [%s], "has_more": true}', "[%s]"):
        # What stands between them is as much as 14000 leave without any white space.
        for comma in ("," + " " * 50, " " * 25 + ",\n" + " " * 25):
            entries = comma.join(['{"id": "m%d"}' % (number % 7) for number in range(1300)])
            reader, rest = read((form % entries).encode(), 4096)
            assert len(reader.entries) == 7
            assert rest.get("has_more") is (True if "has_more" in form else None)
    reader, _ = read(b'["a", {"id": "b"}, {"id": "c"}, "d", null, {"id": "e"}, {"id": "f"}]')
    assert sorted(ids(reader)) == ["a", "b", "c", "d", "e", "f"]


def test_an_entry_without_end_is_passed_over():
    long = '{"id": "long", "note": "%s"}' % ("x" * 70000)
    data = '[{"id": "a"}, %s, {"id": "b"}]' % long
    for size in (None, 1000):
        reader, _ = read(data.encode(), size)
        assert (ids(reader), reader.skipped) == (["a", "b"], 1)


def test_what_is_no_list_is_an_error():
    wrong = [b"", b"null", b"7", b'{"error": {"message": "no"}}', b"<html>", b'{"data": 7}']
    wrong += [b'{"data": [{"id": "a"}', b'[{"id": "a"}, "b', b"[" * 40, b'{"data": ' + b"[" * 40]
    for data in wrong:
        error = error_of(StreamError, read, data)
        assert "list of models" in str(error), (data, error)


def test_what_is_no_list_is_not_kept_whole():
    error = error_of(StreamError, read, b'"' + b"x" * 70000, 1000)
    assert "has no end" in str(error)


def test_a_repr_says_what_is_known():
    assert repr(ModelEntry("m")) == "ModelEntry('m')"
    entry = ModelEntry("m", "M", 8, True, False, None, False)
    known = "context_length=8, tools=True, vision=False, listed=False"
    assert repr(entry) == "ModelEntry('m', %s)" % known


def test_two_entries_for_a_model_are_one():
    entry = ModelEntry("m", "M", None, False)
    entry.merge(ModelEntry("m", "Other", 9, True))
    assert said(entry) == ("m", "M", 9, False, None, None)

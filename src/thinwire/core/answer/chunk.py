"""Reading a chat.completion.chunk as servers really send it. Nothing here trusts a type: a field
may be missing or null (docs/wire.md C16), since the next server leaves out or adds what this one
did not. Payload of another kind than the API says is read for what it means (other_kinds.py), or
is an error: it is never passed over. Values outside known enums are kept as sent.
"""

from thinwire.core._compat import const, decode, mend_imports
from thinwire.core.errors import NO_WORDS, StatusError, StreamError

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from collections.abc import Container
    from types import ModuleType

_SNIPPET = const(200)  # characters of an unexpected body that an error shows
DEEPEST = const(8)  # of parts in parts; servers nest two, and hundreds break the stack
# Fields of a delta that hold text, and of a part in one of them; what an image has in its place.
TEXTS = ("content", "reasoning_content", "reasoning", "refusal", "reasoning_details")
PARTS = ("text", "thinking", "summary", "image_url")
# What of a fragment of a call is read, and of the function in it.
_CALL = ("function", "index", "id", "custom")
_FUNCTION = ("name", "arguments", "input")
# Fields that name something: to say it once more is no progress.
_NAMING = ("type", "id", "format", "name", "role", "object", "channel", "mime_type", "index")
CALLING = ("tool_calls", "function_call")  # the finish_reasons that announce a call
# Those that OpenAI has, written out: a sum would lie in a chip's RAM.
REASONS = ("stop", "length", "content_filter", "error", "tool_calls", "function_call")
_NO_WORDS = "the server sent an error without words"
# Fields of errors that are no OpenAI's: MiniMax, Cloudflare, DashScope, web frameworks.
_OWN = ("base_resp", "errors", "success", "code", "error_code", "statusCode")


def mapping(value: object) -> "dict[str, object]":
    """`value` if it is a JSON object, else an empty one."""
    return value if isinstance(value, dict) else {}


def text(value: object, part_field: str = "text", depth: int = 0) -> str:
    """Text of a `content`-like field: a string, a list of parts, or nothing.

    Args:
        value: the field.
        part_field: the field of a part that holds its text.
        depth: how many parts it is in.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, list) and depth < DEEPEST:
        return "".join([_part(part, part_field, depth + 1) for part in value])
    return ""


def other_kinds() -> "ModuleType":
    """The module that reads them; few servers need it."""
    from thinwire.core.answer import other_kinds

    return other_kinds


def is_only_content(delta: "dict[str, object]") -> bool:
    """Whether a delta says nothing but its role, and content that is a string, if anything."""
    for name in delta:
        value = delta[name]
        if value is not None and name != "role":
            if name != "content" or not isinstance(value, str):
                return False
    return True


def is_odd(delta: "dict[str, object]") -> bool:
    """Whether a text of a delta is of another kind than `text` reads."""
    for name in delta:  # asked for each delta that is parsed
        value = delta[name]
        if value is not None and not isinstance(value, str) and name in TEXTS:
            if not isinstance(value, list) or _has_odd(value, 1):
                return True
    return False


def _has_odd(parts: "list[object]", depth: int) -> bool:
    for part in parts:
        values = [part]
        if isinstance(part, dict):
            values = [part.get("text"), part.get("thinking"), part.get("summary")]
        for value in values:
            if isinstance(value, list):
                if depth == DEEPEST or _has_odd(value, depth + 1):
                    return True
            elif value is not None and not isinstance(value, str):
                return True
    return False


def is_odd_call(fragment: object) -> bool:
    """Whether something of a tool call's fragment is of another kind than the API says."""
    if not isinstance(fragment, dict):
        return True
    for name in fragment:  # asked for each fragment
        value = fragment[name]
        if value is None or name not in _CALL:
            continue
        if name == "index":
            if not isinstance(value, int):
                return True
        elif name == "id":
            if not isinstance(value, str):
                return True
        else:
            if not isinstance(value, dict):
                return True
            for key in value:
                text = value[key]
                if text is not None and not isinstance(text, str) and key in _FUNCTION:
                    return True
    return False


def word(value: object) -> str:
    """Text of a field that names something; of another kind, its JSON text."""
    if isinstance(value, str):
        return value
    if value is None or value is False:
        return ""
    return other_kinds().json_text(value)  # type: ignore[no-any-return]


def fields(value: object) -> "dict[str, object]":
    """A `delta` or `message`: an object, or the content itself."""
    if isinstance(value, dict):
        return value
    says = value or (value == 0 and value is not False)
    return {"content": value} if says else {}


def _part(part: object, field: str, depth: int = 1) -> str:
    if isinstance(part, dict):
        return text(part.get(field), "text", depth)
    return text(part, "text", depth) if field == "text" else ""


def reasoning(delta: "dict[str, object]") -> str:
    """Reasoning text of a delta under any of its names (vLLM renamed it: docs/wire.md C13).

    OpenRouter may send it in `reasoning_details` only, as text or as a summary; Mistral as parts
    of the content.
    """
    found = text(delta.get("reasoning_content")) or text(delta.get("reasoning"))
    if found:
        return found
    details = objects(delta.get("reasoning_details"))
    found = "".join([_part(one, "text") or _part(one, "summary") for one in details])
    return found or text(objects(delta.get("content")), "thinking")


def objects(value: object) -> "list[object]":
    """`value` if it is a list, else an empty one."""
    return value if isinstance(value, list) else []


def calls(delta: "dict[str, object]") -> "list[object]":
    """Fragments of tool calls in a delta: a list, a single one, or the older `function_call`.

    Raises:
        StreamError: there is something in their place that holds none.
    """
    found = delta.get("tool_calls")
    if not found:
        found = delta.get("function_call")
        if not found:
            return []
        found = {"index": 0, "function": found}
    if isinstance(found, dict):
        return [found]
    return _listed(found, "tool_calls")


def _listed(value: object, name: str) -> "list[object]":
    if isinstance(value, list):
        return value
    raise StreamError("%s is no list: %s" % (name, other_kinds().shown(value)))


def citations(chunk: "dict[str, object]") -> "list[object]":
    """Sources that Perplexity names beside the choices: with titles, or links only."""
    found = chunk.get("search_results") or chunk.get("citations")
    return objects(found) if found else []


def choices(chunk: "dict[str, object]") -> "list[dict[str, object]]":
    """The chunk's choices; none for null, [] or a usage-only chunk (docs/wire.md C14).

    Raises:
        StreamError: there is something else in their place.
    """
    found = chunk.get("choices")
    if not found:
        return []
    if isinstance(found, dict):
        return [found]
    if not isinstance(found, list):
        _listed(found, "choices")
    for one in found:  # type: ignore[attr-defined]
        if not isinstance(one, dict):
            return [_choice(one) for one in found]  # type: ignore[attr-defined]
    return found  # type: ignore[return-value]


def _choice(value: object) -> "dict[str, object]":
    if isinstance(value, dict):
        return value
    return {} if value is None else {"delta": {"content": value}}


def has_more(fields: "dict[str, object]", known: "Container[str]") -> bool:
    """Whether there is something in fields that are not known."""
    for name in fields:  # asked for each delta: without a pair for each field
        if name not in known and fields[name] is not None and fields[name] != "":
            return True
    return False


def has_payload(fields: "dict[str, object]", known: "Container[str]") -> bool:
    """Whether fields that are not known say something, and do not just name it."""
    others = [name for name in fields if name not in known and name not in _NAMING]
    return True in [bool(fields[name]) for name in others]


def without(fields: "dict[str, object]", known: "Container[str]") -> "dict[str, object]":
    """The fields that are not known."""
    return {name: value for name, value in fields.items() if name not in known}


def has_media(delta: "dict[str, object]") -> bool:
    """Whether a delta has images, audio, annotations or parts that are not text."""
    if delta.get("images") or delta.get("audio") or delta.get("annotations"):
        return True
    parts = delta.get("content")
    if isinstance(parts, list):
        for part in parts:
            if isinstance(part, dict) and "text" not in part and "thinking" not in part:
                return True
    return False


def integer(value: object, default: int) -> int:
    """`value` if it is an integer that is not negative, or written as one; else `default`."""
    if isinstance(value, str) and len(value) < 10 and value.encode().isdigit():
        return int(value)
    if isinstance(value, float) and 0 <= value < 1e6 and value == int(value):
        return int(value)
    ok = isinstance(value, int) and not isinstance(value, bool) and value >= 0
    return value if ok else default  # type: ignore[return-value]


def usage(chunk: "dict[str, object]") -> "dict[str, object]":
    """Token counts of a chunk, wherever they stand; {} if it has none."""
    found = chunk.get("usage")
    if not found:
        found = mapping(chunk.get("x_groq")).get("usage") if "x_groq" in chunk else None
    if not isinstance(found, dict):
        return {}
    counts = dict(found)
    details = mapping(found.get("prompt_tokens_details"))
    if "cached_tokens" in details:
        counts["cached_tokens"] = details["cached_tokens"]
    return counts


def counted(old: "dict[str, object]", new: "dict[str, object]") -> "dict[str, object]":
    """What the counts `new` say behind `old`: zeros and nulls take no place of real ones
    (docs/wire.md C84)."""
    for name, value in old.items():
        if _is_blank(new.get(name)) and not _is_blank(value):
            new[name] = value
    return new


def _is_blank(value: object) -> bool:
    if isinstance(value, dict):
        return not [one for one in value.values() if one]
    return not value


def unwrapped(value: object) -> object:
    """`value`, or what is in a list of one: Gemini's errors come as [{"error": ...}]."""
    return value[0] if isinstance(value, list) and len(value) == 1 else value


def error(chunk: "dict[str, object]") -> "StatusError | None":
    """The error a 200 stream carries instead of a chunk, or None.

    OpenRouter and vLLM send {"error": {...}}, others a bare string (docs/wire.md C6); FastChat and
    older vLLM the fields themselves, with "object": "error"; some have a form of their own (C91).
    """
    some = chunk.get("choices")
    if chunk.get("error") or (not some and _may_be_own(chunk)):
        found = _read(chunk, 200, None, _NO_WORDS, True)
        if found is not None:
            return found
    if not some:
        return None
    # OpenRouter may put the error into the choice that it ended.
    for choice in some if isinstance(some, list) else choices(chunk):
        if isinstance(choice, dict) and choice.get("finish_reason") == "error":
            return error_from({"error": choice.get("error") or "finish_reason is 'error'"}, 200)
    return None


def _may_be_own(chunk: "dict[str, object]") -> bool:
    # Whether a chunk without choices may be an error of a form of its own.
    if chunk.get("object") == "error" or chunk.get("type") == "error":
        return True
    return bool([name for name in _OWN if name in chunk and chunk[name] is not None])


def error_from(
    found: object, status: int, retry_after_ms: "int | None" = None, message: str = _NO_WORDS
) -> "StatusError":
    """A StatusError from what holds an error, or from its words; see answer/error_object.py.

    Args:
        message: what it says when the error has no words of its own.
    """
    return _read(found, status, retry_after_ms, message, False)  # type: ignore[return-value]


def _read(
    found: object, status: int, retry_after_ms: "int | None", message: str, doubtful: bool
) -> "StatusError | None":
    try:
        from thinwire.core.answer import error_object

        if doubtful and not error_object.is_error(mapping(found)):
            return None
        return error_object.error_of(found, status, retry_after_ms, message)
    except MemoryError:
        mend_imports()
        # A full heap hides no failure: that there was one is worth more than its words.
        error = StatusError(status, NO_WORDS)
        error.speechless = True
        return error


def one_line(message: str, limit: int = 300) -> str:
    """`message` on one line, cut to `limit` characters."""
    message = " ".join(message[: 4 * limit].split())
    return message if len(message) <= limit else message[: limit - 3] + "..."


def snippet(body: bytearray) -> str:
    """Start of an unexpected body, for a person to read."""
    return one_line(decode(body, 0, min(len(body), 4 * _SNIPPET)), _SNIPPET)

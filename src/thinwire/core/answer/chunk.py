"""Reading a chat.completion.chunk as servers really send it. Nothing here trusts a type: a field
that is missing, null or of another kind is "not there" (docs/wire.md C16), since the next server
leaves out or adds what this one did not. Values outside known enums are kept as sent.
"""

from thinwire.core._compat import const, decode, mend_imports
from thinwire.core.errors import NO_WORDS, StatusError

_SNIPPET = const(200)  # characters of an unexpected body that an error shows
_DEEPEST = const(8)  # of parts in parts; servers nest two, and hundreds break the stack
CALLING = ("tool_calls", "function_call")  # the finish_reasons that announce a call
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
    if isinstance(value, list) and depth < _DEEPEST:
        return "".join([_part(part, part_field, depth + 1) for part in value])
    return ""


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
    """Fragments of tool calls in a delta: a list, a single one, or the older `function_call`."""
    found = delta.get("tool_calls")
    if isinstance(found, dict):
        return [found]
    legacy = mapping(delta.get("function_call"))
    return objects(found) or ([{"index": 0, "function": legacy}] if legacy else [])


def citations(chunk: "dict[str, object]") -> "list[object]":
    """Sources that Perplexity names beside the choices: with titles, or links only."""
    return objects(chunk.get("search_results")) or objects(chunk.get("citations"))


def choices(chunk: "dict[str, object]") -> "list[dict[str, object]]":
    """The chunk's choices; none for null, [] or a usage-only chunk (docs/wire.md C14)."""
    return [mapping(choice) for choice in objects(chunk.get("choices"))]


def has_more(fields: "dict[str, object]", known: "tuple[str, ...]") -> bool:
    """Whether there is something in fields that are not known."""
    for name in fields:  # asked for each delta: without a pair for each field
        if name not in known and fields[name] is not None and fields[name] != "":
            return True
    return False


def without(fields: "dict[str, object]", known: "tuple[str, ...]") -> "dict[str, object]":
    """The fields that are not known."""
    return {name: value for name, value in fields.items() if name not in known}


def has_media(delta: "dict[str, object]") -> bool:
    """Whether a delta has images, audio or annotations."""
    if delta.get("images") or delta.get("audio") or delta.get("annotations"):
        return True
    parts = delta.get("content")
    return isinstance(parts, list) and any(mapping(part).get("image_url") for part in parts)


def integer(value: object, default: int) -> int:
    """`value` if it is an integer that is not negative, else `default`."""
    ok = isinstance(value, int) and not isinstance(value, bool) and value >= 0
    return value if ok else default  # type: ignore[return-value]


def usage(chunk: "dict[str, object]") -> "dict[str, object]":
    """Token counts of a chunk, wherever they stand; {} if it has none."""
    found = mapping(chunk.get("usage")) or mapping(mapping(chunk.get("x_groq")).get("usage"))
    counts = dict(found)
    details = mapping(found.get("prompt_tokens_details"))
    if "cached_tokens" in details:
        counts["cached_tokens"] = details["cached_tokens"]
    return counts


def unwrapped(value: object) -> object:
    """`value`, or what is in a list of one: Gemini's errors come as [{"error": ...}]."""
    return value[0] if isinstance(value, list) and len(value) == 1 else value


def error(chunk: "dict[str, object]") -> "StatusError | None":
    """The error a 200 stream carries instead of a chunk, or None.

    OpenRouter and vLLM send {"error": {...}}, others a bare string (docs/wire.md C6); FastChat and
    older vLLM the fields themselves, with "object": "error"; some have a form of their own (C91).
    """
    if chunk.get("error") or (not chunk.get("choices") and _may_be_own(chunk)):
        found = _read(chunk, 200, None, _NO_WORDS, True)
        if found is not None:
            return found
    for choice in choices(chunk):  # OpenRouter may put the error into the choice that it ended
        if choice.get("finish_reason") == "error":
            return error_from({"error": choice.get("error") or "finish_reason is 'error'"}, 200)
    return None


def _may_be_own(chunk: "dict[str, object]") -> bool:
    # Whether a chunk without choices may be an error of a form of its own.
    if chunk.get("object") == "error" or chunk.get("type") == "error":
        return True
    return any(chunk.get(name) is not None for name in _OWN)


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

# Reading a chat.completion.chunk as servers really send it. Nothing here trusts a type: a field
# that is missing, null or of another kind is "not there" (WIRE.md C4-C16), since the next server
# leaves out or adds what this one did not. Values outside known enums are kept as sent.

from thinwire.core.errors import StatusError


def mapping(value: object) -> "dict[str, object]":
    """`value` if it is a JSON object, else an empty one."""
    return value if isinstance(value, dict) else {}


def text(value: object) -> str:
    """Text of a `content`-like field: a string, a list of parts, or nothing."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return "".join([text(mapping(part).get("text", part)) for part in value])
    return ""


def reasoning(delta: "dict[str, object]") -> str:
    """Reasoning text of a delta under either of its names (vLLM renamed it: WIRE.md C13)."""
    return text(delta.get("reasoning_content")) or text(delta.get("reasoning"))


def choices(chunk: "dict[str, object]") -> "list[dict[str, object]]":
    """The chunk's choices; none for null, [] or a usage-only chunk (WIRE.md C14)."""
    value = chunk.get("choices")
    return [mapping(choice) for choice in value] if isinstance(value, list) else []


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


def error(chunk: "dict[str, object]", event: str = "message") -> "StatusError | None":
    """The error a 200 stream carries instead of a chunk, or None.

    OpenRouter and vLLM send {"error": {...}}, others a bare string, others name the event
    "error" (WIRE.md C6, C7).
    """
    found = chunk.get("error")
    if not found and event == "error":
        found = chunk
    if not found and "error" in [choice.get("finish_reason") for choice in choices(chunk)]:
        found = "finish_reason is 'error'"
    return error_from(found, 200) if found else None


def error_from(found: object, status: int, retry_after_ms: "int | None" = None) -> StatusError:
    """A StatusError from an error object or string; a numeric code replaces a 200."""
    fields = mapping(found)
    code = fields.get("code")
    if status == 200 and isinstance(code, int) and 400 <= code < 600:
        status = code
    elif status == 200 and isinstance(code, str) and len(code) == 3 and code.encode().isdigit():
        status = int(code)
    words = text(fields.get("message")) or text(found) or "the server sent an error without words"
    name = code if isinstance(code, str) else fields.get("type")
    return StatusError(
        status, one_line(words), name if isinstance(name, str) else "", retry_after_ms
    )


def one_line(words: str, limit: int = 300) -> str:
    """`words` on one line, cut to `limit` characters."""
    words = " ".join(words[: 4 * limit].split())
    return words if len(words) <= limit else words[: limit - 3] + "..."

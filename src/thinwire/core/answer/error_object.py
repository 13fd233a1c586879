"""An error as servers write it: where its words, its code and the wait that it asks for stand.

Servers differ in few shapes, and nest them:

  {"error": {"message", "code", "type"}}      OpenAI and most others; in a list of one: Gemini
  {"error": "Bad Request", "message": ...}    a reason phrase beside the words: web frameworks
  {"message", "code"}, {"detail"}, {"errors": [...]}, {"base_resp": {...}}    fields alone
  {"message": "{\\"error\\": ...}"}, {"message": {"detail": [...]}}   one in another
  <html>, plain text                          proxies

So an error is read as layers, the outermost first; what an inner one says counts before what
stands around it. tests/shared/answer/test_error_object.py has what servers really sent.

Loaded with the first error of a server.
"""

from thinwire.core._compat import const, decode, loads_whole, mend_imports
from thinwire.core.answer.chunk import mapping, objects, one_line, snippet, unwrapped
from thinwire.core.answer.chunk import text as text_of
from thinwire.core.errors import status_error
from thinwire.core.wire.http_date import LONGEST_MS, is_digits, milliseconds

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from thinwire.core.errors import StatusError

_DEEPEST = const(6)  # of layers
_PLACES = const(3)  # complaints that are told, of a list
# Fields that hold an error, and those that hold its words: the first one that has any.
_HOLDERS = "error message detail base_resp"
_WORDS = (
    "message msg status_msg error_msg error_message error_description detail errors error title"
)
_CODES = "code type status error_code error_type reason"
_STATUSES = "code status statusCode status_code http_code"
_SECONDS = "retryDelay retry_after retryAfter retry_after_seconds estimated_time"
_GOOD = ("0", "200", "ok", "success")
_AGAIN = ("again in ", "retry in ", "retry after ", "available in ")
_UNITS = (("ms", 1), ("mil", 1), ("s", 1000), ("m", 60000), ("h", 3600000), ("d", 86400000))
_ENTITIES = ("&lt; <", "&gt; >", '&quot; "', "&#39; '", "&#x27; '", "&amp; &")


def error_of(
    value: object, status: int, retry_after_ms: "int | None" = None, default: str = ""
) -> "StatusError":
    """The error that a server's answer, or an event of it, means.

    Args:
        value: JSON value of it, or its text.
        status: HTTP status; a 200 is replaced by a numeric code of the error.
        retry_after_ms: what the headers say; None: it is looked for in the body.
        default: words for an error that has none.
    """
    layers = _layers(value)
    message = _unnested(value) if isinstance(value, str) else ""
    code = ""
    for layer in layers:  # the innermost that has some is the last one
        message = _words_of(layer) or message
        code = _code_of(layer) or code
        if status == 200:
            status = _status_of(layer) or status
    error = status_error(status, one_line(message or default), code, retry_after_ms)
    if retry_after_ms is None:
        try:
            error.retry_after_ms = wait_of(layers, error.kind, error.message)
        except MemoryError:  # a full heap hides no failure
            mend_imports()
            error.speechless = True
    return error


def says_something(value: object, depth: int = 0) -> bool:
    """Whether an `error` field has anything in it: Go structs are written with all their fields,
    though nothing went wrong (docs/wire.md C90).
    """
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list) and depth < _DEEPEST:
        return any(says_something(one, depth + 1) for one in value)
    return bool(value)


def is_error(chunk: "dict[str, object]") -> bool:
    """Whether what may be an error is one; see chunk.error."""
    if says_something(chunk.get("error")):
        return True
    if chunk.get("choices"):
        return False
    if chunk.get("object") == "error" or says_something(chunk.get("errors")):
        return True
    if chunk.get("success") is False or mapping(chunk.get("base_resp")).get("status_code"):
        return True
    # Words alone may be a status line for people (docs/wire.md C40).
    code = chunk.get("code") or chunk.get("error_code") or _status_of(chunk)
    bad = chunk.get("type") == "error" or (code and str(code).lower() not in _GOOD)
    return bool(bad) and _speaks(chunk)


def shown(body: bytearray) -> str:
    """Start of an unexpected body, for a person to read: of a page its title, or its text."""
    start = bytes(body).lstrip()
    if start[:1] != b"<":
        return snippet(body)
    page = decode(start, 0, len(start))
    at = start.lower().find(b"<title")
    text = ""
    if at >= 0:
        at = start.find(b">", at) + 1
        end = start.find(b"<", at)
        text = _plain(decode(start, at, end)) if 0 < at < end else ""
    # "Error" (Express) and "Error response" (Python's http.server) say nothing.
    if " " not in text or text.lower().startswith("error"):
        text = _plain(_untagged(page))
    return one_line(text, 200)


def in_event(body: bytearray) -> "tuple[int, int]":
    """Where JSON stands in `body`: all of it, or what an event of a stream has."""
    if body.startswith((b"data:", b"event:")):
        return max(body.find(b"{"), 0), body.rfind(b"}") + 1
    return 0, len(body)


def _layers(value: object) -> "list[dict[str, object]]":
    # The objects that an error is made of, the outermost first.
    found: list[dict[str, object]] = []
    inner = _object(unwrapped(value))
    while inner and len(found) < _DEEPEST:
        layer, inner = inner, {}
        found.append(layer)
        for name in _HOLDERS.split():
            inner = inner or _object(layer.get(name))
    return found


def _object(value: object) -> "dict[str, object]":
    # The JSON object that `value` is, or is the text of; {} for anything else.
    if isinstance(value, str) and value.lstrip()[:1] in ("{", "["):
        try:
            value = unwrapped(loads_whole(value.encode()))
        except ValueError:
            return {}
    return mapping(value)


def _words_of(layer: "dict[str, object]", depth: int = 0) -> str:
    for name in _WORDS.split():
        found = _said(layer.get(name), depth)
        if found:
            return found + _upstream(layer)
    return _upstream(layer)


def _said(value: object, depth: int = 0) -> str:
    # A text, or the texts of a list: complaints, each with its place (FastAPI's `loc`). NestJS may
    # say what was asked for in `constraints`.
    if isinstance(value, str):
        return value.strip()
    found: list[str] = []
    for one in objects(value):
        if len(found) == _PLACES or depth == _DEEPEST:
            break
        fields = mapping(one)
        text = _said(one, depth + 1) or _words_of(fields, depth + 1) or text_of(fields.get("text"))
        text = text or _said(list(mapping(fields.get("constraints")).values()), depth + 1)
        place = ".".join([str(part) for part in objects(fields.get("loc"))])
        if text:
            found.append(place + ": " + text if place else text)
    return "; ".join(found)


def _unnested(text: str) -> str:
    return "" if _object(text) else text


def _code_of(layer: "dict[str, object]") -> str:
    for name in _CODES.split():
        found = layer.get(name)
        if isinstance(found, str) and found and found != "error":
            return found
    # One word beside the words of an error is its code (RFC 6749 §5.2).
    found = layer.get("error")
    return found if isinstance(found, str) and " " not in found and _speaks(layer) else ""


def _speaks(layer: "dict[str, object]") -> bool:
    # Whether there are words, beside what `error` says.
    return any(name != "error" and _said(layer.get(name)) for name in _WORDS.split())


def _status_of(layer: "dict[str, object]") -> int:
    # The error status that a code is, as a number or as text; 0 for other codes.
    for name in _STATUSES.split():
        code = layer.get(name)
        if isinstance(code, str) and len(code) == 3 and is_digits(code):
            code = int(code)
        if isinstance(code, int) and 400 <= code < 600:
            return code
    return 0


def _upstream(fields: "dict[str, object]") -> str:
    # OpenRouter's own words are often "Provider returned error" and no more. Who failed and what
    # it said stand beside them.
    metadata = mapping(fields.get("metadata"))
    name, raw = text_of(metadata.get("provider_name")), text_of(metadata.get("raw"))
    return (" (%s)" % name if name else "") + (": " + raw if raw else "")


def wait_of(layers: "list[dict[str, object]]", kind: str, message: str) -> "int | None":
    # How long a body asks to wait: in a field, or in words (docs/wire.md C99).
    for layer in layers:
        for fields in [layer] + [mapping(one) for one in objects(layer.get("details"))]:
            for name in _SECONDS.split():
                value = fields.get(name)
                if value is not None and value is not True and value is not False:
                    found = duration(str(value))
                    if found is not None:
                        return found
    if kind in ("rate_limit", "overloaded"):
        text = message.lower()
        for mark in _AGAIN:
            at = text.find(mark)
            if at >= 0:
                return duration(text[at + len(mark) :])
    return None


def duration(text: str) -> "int | None":
    """The time at the start of `text`, in milliseconds: "1.5s", "9m38.016s", "50 seconds", "20".

    Returns:
        None where it is no time.
    """
    total, found, at = 0, False, 0
    while at < len(text) and "0" <= text[at] <= "9":
        start = at
        while at < len(text) and ("0" <= text[at] <= "9" or text[at] == "."):
            at += 1
        number = text[start:at].rstrip(".")
        while at < len(text) and text[at] == " ":
            at += 1
        start = at
        while at < len(text) and "a" <= text[at] <= "z":
            at += 1
        unit, factor = text[start:at], 0
        if not unit and (at == len(text) or text[at] in " .,;)"):
            factor = 1000
        for name, size in _UNITS:
            if not factor and unit.startswith(name):
                factor = size
        part = milliseconds(number, factor)
        if part is None or not factor:
            break
        total, found = min(total + part, LONGEST_MS), True
        while at < len(text) and text[at] in " ,":
            at += 1
    return total if found else None


def _untagged(page: str) -> str:
    # The text of a page, as far as an error shows it.
    result, at = "", 0
    while at < len(page) and len(result) < 1000:
        start = page.find("<", at)
        if start < 0:
            return result + page[at:]
        result += page[at:start] + " "
        close = ">"
        for name in ("!--", "style", "script"):
            begun = page[start + 1 : start + 1 + len(name)]
            if begun.lower() == name:
                close = "-->" if name == "!--" else "</" + begun
        end = page.find(close, start)
        if end < 0:
            return result
        at = end + (len(close) if close[-1] == ">" else 0)
    return result


def _plain(text: str) -> str:
    for entity in _ENTITIES:
        name, _, character = entity.partition(" ")
        text = text.replace(name, character)
    return " ".join(text.split())

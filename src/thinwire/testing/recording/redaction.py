"""Taking secrets out of a recorded exchange.

In the answer a secret is overwritten by as many other bytes: lengths, HTTP framing and cuts stay
as they were. It is looked for in the answer's text, that is without the framing, so that neither
a cut nor an HTTP chunk's end hides one; `_positions` leads from the text back to the raw bytes.

Which headers and query fields hold a secret, and in what forms it may come back, says
core/wire/redaction.py, as for errors and logs.
"""

import re
from array import array
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from thinwire.core.wire.redaction import is_secret, secrets, unquoted
from thinwire.testing.recording.exchange import Arrival, RecordedExchange

HIDDEN = "[redacted]"

_OF_AN_ACCOUNT = ("openai-organization", "openai-project")

_HEADER_LINE = re.compile(rb"^([!-9;-~]+):[ \t]*([^\r\n]*)", re.MULTILINE)
_DATA_URL = re.compile(rb"data:[\w.+/-]*(?:;[\w.=+-]+)*;base64,((?:[A-Za-z0-9+/=]|\\/)+)")
_DATA_URL_TEXT = re.compile(_DATA_URL.pattern.decode())
_KEY = re.compile(rb"\bsk-[A-Za-z0-9_-]{12,}")
_HEAD_END = b"\r\n\r\n"
_CHUNK_LINE = re.compile(rb"([0-9A-Fa-f]+)[^\r\n]*\r\n")


def redacted(exchange: RecordedExchange) -> RecordedExchange:
    """The exchange without its secrets.

    What headers and query fields hold that speak of auth, key, token, secret, cookie, session or
    signature goes, and the account's names, wherever they are repeated as well; data: URLs lose
    their content; what looks like an API key goes anywhere.

    Args:
        exchange: as it took place.

    Returns:
        A new one; the arrivals have the sizes they had.
    """
    path, mark, query = exchange.path.partition("?")
    of_account = [
        (f"key of {name}", value) for name, value in exchange.headers if _of_account(name)
    ]
    found = secrets(exchange.headers + of_account, query)
    headers = [
        (name, HIDDEN if _is_hidden(name) else _hide(value, found))
        for name, value in exchange.headers
    ]
    fields = [_hide_field(field, found) for field in query.split("&")]
    return replace(
        exchange,
        path=_hide(path, found) + mark + "&".join(fields),
        headers=headers,
        body=_body(exchange.body, found),
        arrivals=_arrivals(exchange.arrivals, [secret.encode() for secret in found]),
    )


def _of_account(name: str) -> bool:
    return name.lower() in _OF_AN_ACCOUNT


def _is_hidden(name: str) -> bool:
    return is_secret(name) or _of_account(name)


def _hide_field(field: str, secrets: Iterable[str]) -> str:
    # One field of the query; a short secret goes, too.
    name, mark, value = field.partition("=")
    return name + mark + (HIDDEN if value and is_secret(unquoted(name)) else _hide(value, secrets))


def _hide(text: str, secrets: Iterable[str]) -> str:
    for secret in secrets:
        text = text.replace(secret, HIDDEN)
    text = _DATA_URL_TEXT.sub(
        lambda found: found[0].removesuffix(found[1]) + f"[{len(found[1])} characters]", text
    )
    return re.sub(_KEY.pattern.decode(), HIDDEN, text)


def _body(value: Any, secrets: list[str]) -> Any:
    if isinstance(value, str):
        return _hide(value, secrets)
    if isinstance(value, list):
        return [_body(item, secrets) for item in value]
    if isinstance(value, dict):
        return {_hide(key, secrets): _body(item, secrets) for key, item in value.items()}
    return value


def _arrivals(arrivals: list[Arrival], secrets: list[bytes]) -> list[Arrival]:
    raw = bytearray().join(arrival.data for arrival in arrivals)
    positions, head = _positions(raw)
    text = bytes(raw[at] for at in positions)
    for start, end, fill in _marks(text, head, secrets):
        for at in positions[start:end]:
            raw[at] = fill
    start, hidden = 0, []
    for arrival in arrivals:
        hidden.append(replace(arrival, data=bytes(raw[start : start + len(arrival.data)])))
        start += len(arrival.data)
    return hidden


def _marks(text: bytes, head: int, secrets: list[bytes]) -> Iterator[tuple[int, int, int]]:
    # (start, end, byte to write) of all there is to hide in the text of an answer.
    for line in _HEADER_LINE.finditer(text, 0, head):
        if _is_hidden(line[1].decode("latin-1")):
            yield (*line.span(2), ord("*"))
    for secret in secrets:
        for found in re.finditer(re.escape(secret), text):
            yield (*found.span(), ord("*"))
    for found in _KEY.finditer(text):
        yield (*found.span(), ord("*"))
    for found in _DATA_URL.finditer(text):  # "A" leaves base64 that can be decoded
        yield (*found.span(1), ord("A"))


def _positions(raw: bytearray) -> "tuple[array[int], int]":
    # Where each byte of head and body stands in `raw`, and how many of them are head.
    head = _head_size(raw)
    positions = array("L", range(head))
    chunked = re.search(rb"(?mi)^transfer-encoding:[^\r\n]*chunked", raw[:head])
    for start, end in _http_chunks(raw, head) if chunked else [(head, len(raw))]:
        positions.extend(range(start, end))
    return positions, head


def _head_size(raw: bytearray) -> int:
    # All heads: interim ones may come first (RFC 9110 §15.2).
    start = 0
    while True:
        end = raw.find(_HEAD_END, start)
        if end < 0:
            return len(raw)
        if not re.match(rb"HTTP/1\.\d 1\d\d", raw[start : start + 12]):
            return end + len(_HEAD_END)
        start = end + len(_HEAD_END)


def _http_chunks(raw: bytearray, start: int) -> Iterator[tuple[int, int]]:
    # The data of each HTTP chunk; what does not look like chunks is taken as it is.
    while start < len(raw):
        line = _CHUNK_LINE.match(raw, start)
        size = int(line[1], 16) if line else 0
        if line is None or size == 0:
            yield line.end() if line else start, len(raw)  # trailers
            return
        yield line.end(), min(line.end() + size, len(raw))
        start = line.end() + size + 2

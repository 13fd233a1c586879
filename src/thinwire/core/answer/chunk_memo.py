"""Chunks of one answer differ in a few characters of text; the 200 bytes around them repeat. Once
a chunk has been parsed, its bytes before and after the text are kept, and a chunk with the same
bytes around another plain text is not parsed again: on a chip that is most of what a token
costs, in time and in garbage.

It cannot be fooled: what repeats is byte for byte what was parsed last, and what differs stands
inside the one string that was this delta's text. A second key of the same name anywhere, or one
that may be written with an escape, any other delta: each takes the parser's way
(test_chunk_memo.py compares). Escapes of a text are read where that costs
no memory that matters (_compat.unescaped). OpenAI pads each chunk at random, in a last field
`obfuscation`, whose value may then be any plain text.
"""

from thinwire.core._compat import const, is_plain, unescaped
from thinwire.core.answer import chunk

_PADDING = const(b'"obfuscation":"')
_NAMES = ("content", "reasoning_content", "reasoning", "tool_calls")
_MISSES = const(8)  # in a row; then nothing is learned any more: some servers pad at random


class ChunkMemo:
    """The bytes around the text of an answer's chunks.

    Attributes:
        kind: "content", "reasoning" or "arguments".
        index: of the choice.
        call: index of the tool call whose arguments they are.
        before: what stands in front of the text; b"": nothing that counts was learned.
        misses: how often it has learned in a row without a match.
        start, end: where the text stands, after `matches` or `learn` said yes.
        text: the text itself, where it had escapes; else None.
    """

    # On a chip each field of an object takes room: these have a value of their own if need be.
    _between = b""  # the text and the padding
    text: "str | None" = None
    call = 0

    def __init__(self) -> None:
        self.before = b""
        self._after = b""
        self.misses = 0
        self.kind = ""
        self.index = 0
        self.start = 0
        self.end = 0

    def forget(self) -> None:
        """Learns nothing any more."""
        self.before = b""
        self.misses = _MISSES

    def matches(self, buffer: bytearray, start: int, end: int) -> bool:
        """Whether buffer[start:end] is the learned chunk with another plain text."""
        before, after = self.before, self._after
        first, last = start + len(before), end - len(after)
        if not before or first >= last:
            return False
        if not buffer.startswith(before, start) or not buffer.startswith(after, last):
            return False
        between = self._between
        if between:
            padding = last
            last = buffer.find(between, first, last)
            if last <= first:
                return False
            at = last + len(between)
            if at < padding and not is_plain(buffer, at, padding):
                return False
        if self.text is not None:
            self.text = None
        if not is_plain(buffer, first, last):
            text = unescaped(buffer, first - 1, last + 1)
            if text is None:
                return False
            self.text = text
        self.start, self.end = first, last
        self.misses = 0
        return True

    def learn(self, buffer: bytearray, start: int, end: int, obj: "dict[str, object]") -> bool:
        """Takes a parsed chunk, where it stood, as the template if it can be one."""
        if self.misses >= _MISSES:
            return False
        self.misses += 1
        self.before = b""
        name, choice = _only_text(obj)
        fields = chunk.mapping(choice.get("delta"))
        if name == "tool_calls":
            name, fields, call = _only_arguments(fields[name])
            if call != self.call:
                self.call = call
        place = _place(buffer, start, end, name) if name else -1
        if place < 0 or buffer.find(b"\\", start, end) >= 0:
            return False
        text = chunk.text(fields.get(name))
        data = text.encode("utf-8", "surrogatepass")
        last = place + len(data)
        if buffer[place:last] == data and buffer[last : last + 1] == b'"':
            self.before, self._after = bytes(buffer[start:place]), bytes(buffer[last:end])
            if obj.get("obfuscation"):
                self._look_for_padding(obj["obfuscation"])
            elif self._between:
                self._between = b""
            self.kind = name if name in ("content", "arguments") else "reasoning"
            self.index = chunk.integer(choice.get("index"), 0)
            self.start, self.end = place, last
            return True
        return False

    def _look_for_padding(self, padding: object) -> None:
        # Only in the last field of the chunk itself: nothing but its brace follows.
        after = self._after
        self._between = b""
        at = after.find(_PADDING) + len(_PADDING)
        if at >= len(_PADDING) and isinstance(padding, str):
            if after[at:] == padding.encode("utf-8", "surrogatepass") + b'"}':
                self._between, self._after = after[:at], after[-2:]


def _only_text(obj: "dict[str, object]") -> "tuple[str, dict[str, object]]":
    # The name and the choice of a chunk that does nothing but add text to one choice. What else
    # it says (id, model, usage) it says again in the same bytes, which changes nothing.
    found = chunk.choices(obj) if obj.get("choices") else []
    if len(found) != 1 or obj.get("error") or obj.get("object") == "error":
        return "", {}
    choice = found[0]
    if choice.get("finish_reason") or choice.get("logprobs") or choice.get("message"):
        return "", {}
    said = [
        name
        for name, value in chunk.mapping(choice.get("delta")).items()
        if value and name != "role"
    ]
    return (said[0], choice) if len(said) == 1 and said[0] in _NAMES else ("", {})


def _only_arguments(calls: object) -> "tuple[str, dict[str, object], int]":
    # What holds the arguments of one call that has an index, and nothing else that says anything.
    if isinstance(calls, list) and len(calls) == 1 and isinstance(calls[0], dict):
        call: dict[str, object] = calls[0]
        said = [name for name in call if call[name] and name not in ("index", "type")]
        function, index = chunk.mapping(call.get("function")), call.get("index")
        inside = [name for name in function if function[name]]
        if said == ["function"] and inside == ["arguments"] and type(index) is int:
            if call.get("type") in (None, "function"):
                return "arguments", function, index
    return "", {}, 0


def _place(buffer: bytearray, start: int, end: int, name: str) -> int:
    # Where the text behind the only key of this name begins, -1 where that is not sure.
    key = b'"' + name.encode() + b'"'
    found = buffer.find(key, start, end)
    place = found + len(key)
    if found < 0 or buffer.find(key, place, end) >= 0:
        return -1
    for mark in b':"':
        while place < end and buffer[place] == 32:
            place += 1
        if place >= end or buffer[place] != mark:
            return -1
        place += 1
    return place

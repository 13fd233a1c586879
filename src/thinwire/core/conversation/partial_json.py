"""JSON that is still arriving: what of it is closed so far.

A reader of one value, an object or an array, that is fed piece by piece and looks at each
character once. Of an object it has the items whose value has come to its end; an object or array
that is still open is there with what of it has. A string that is not closed is not there, nor is a
number that may have further digits.

Loaded where `partial()` of a stream is asked for.
"""

from thinwire.core._compat import const, loads_whole

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from typing import Any

# What is expected next.
_VALUE = const(0)
_KEY = const(1)
_COLON = const(2)
_COMMA = const(3)
_STRING = const(4)  # its end
_WORD = const(5)  # the end of a number, true, false or null
_DONE = const(6)  # nothing: the value is closed, or it is no JSON

_DEEPEST = const(64)  # containers in one another; a copy of more takes more stack than a chip has
_SPACE = " \t\r\n"


class PartialJSON:
    """Reads one value as it arrives.

    Attributes:
        value: the dict or list as far as it is closed, which grows; None before its bracket. What
            stands before that (words, a fence) is passed over.
        closed: whether it has come to its end.
    """

    def __init__(self) -> None:
        self.value: Any = None
        self.closed = False
        self._open: list[Any] = []  # containers, the innermost last
        self._keys: list[str] = []  # of the containers that are objects: where a value belongs
        self._state = _VALUE
        self._token = ""  # of a string or a word that is not at its end
        self._is_key = False
        self._escaped = False  # a backslash stood last

    def feed(self, text: str) -> None:
        """Takes the next characters."""
        at, size = 0, len(text)
        while at < size and self._state != _DONE:
            if self._state == _STRING:
                at = self._read_string(text, at)
            elif self._state == _WORD:
                at = self._read_word(text, at)
            else:
                character = text[at]
                at += 1
                if character not in _SPACE:
                    self._take(character)

    def _take(self, character: str) -> None:
        # The next character that is no white space, outside of strings and words.
        state = self._state
        if not self._open:
            if character in "{[":  # or words before it
                self._begin(character)
        elif character in "}]":
            self._end(character)
        elif state == _COLON and character == ":":
            self._state = _VALUE
        elif state == _COMMA and character == ",":
            self._state = _KEY if isinstance(self._open[-1], dict) else _VALUE
        elif state == _KEY and character == '"':
            self._token, self._is_key, self._state = character, True, _STRING
        elif state == _VALUE and character == '"':
            self._token, self._is_key, self._state = character, False, _STRING
        elif state == _VALUE and character in "{[":
            self._begin(character)
        elif state == _VALUE:
            self._token, self._state = character, _WORD
        else:
            self._state = _DONE

    def _begin(self, bracket: str) -> None:
        if len(self._open) >= _DEEPEST:
            self._state = _DONE
            return
        new: Any = {} if bracket == "{" else []
        if self._open:
            self._place(new)
        else:
            self.value = new
        self._open.append(new)
        self._state = _KEY if bracket == "{" else _VALUE

    def _end(self, bracket: str) -> None:
        if isinstance(self._open.pop(), dict) != (bracket == "}"):
            self._state = _DONE
        elif self._open:
            self._state = _COMMA
        else:
            self.closed = True
            self._state = _DONE

    def _place(self, value: object) -> None:
        container = self._open[-1]
        if isinstance(container, dict):
            container[self._keys.pop()] = value
        else:
            container.append(value)

    def _read_string(self, text: str, at: int) -> int:
        # From here to the quote that ends it, or to the end of what has come.
        begin = at
        while True:
            if self._escaped:
                if at >= len(text):
                    break
                self._escaped = False
                at += 1
            quote, slash = text.find('"', at), text.find("\\", at)
            if slash >= 0 and (quote < 0 or slash < quote):
                self._escaped = True
                at = slash + 1
            elif quote >= 0:
                self._token += text[begin : quote + 1]
                self._finish()
                return quote + 1
            else:
                break
        self._token += text[begin:]
        return len(text)

    def _read_word(self, text: str, at: int) -> int:
        begin = at
        while at < len(text) and text[at] not in ",]} \t\r\n":
            at += 1
        self._token += text[begin:at]
        if at < len(text):
            self._finish()
        return at

    def _finish(self) -> None:
        # A string or a word is at its end.
        try:
            value = loads_whole(self._token.encode())
        except ValueError:
            self._state = _DONE
            return
        if self._is_key and self._state == _STRING:
            self._keys.append(value)  # type: ignore[arg-type]
            self._state = _COLON
        else:
            self._place(value)
            self._state = _COMMA


def copied(value: "Any") -> "Any":
    """A value of JSON as it is now, which grows no further."""
    if isinstance(value, dict):
        return {key: copied(one) for key, one in value.items()}
    return [copied(one) for one in value] if isinstance(value, list) else value

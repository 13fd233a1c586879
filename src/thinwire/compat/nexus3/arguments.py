"""Arguments of tool calls, which small models write in whatever form they have seen last.

The first that fits counts, and `argument_format` of the call says which it was:

  json_object      {"city": "Graz"}
  python_dict      {'city': 'Graz', 'deep': True}
  python_kwargs    city="Graz", deep=True
  python_call      get_weather(city="Graz"), with the name of the called tool
  empty            nothing: no arguments

Anything else is unresolved, and kept as `{"_raw_arguments": text}`: "json_non_object" is JSON of
another kind, "json_malformed" began as an object, "raw_text" is what is left. Nothing is ever
executed, nor is a text given to Python's own parser, which enough brackets bring down: literals
are read from its tokens. What JSON does not have (sets, bytes) is none of them, since arguments go
back to the server with the call.
"""

import ast
import io
import json
import math
import tokenize
import warnings
from collections.abc import Callable
from typing import Any

_LONGEST = 65536  # characters: a longer text that is no JSON is no slip of a model's
_DEEPEST = 32
_CONSTANTS = {"True": True, "False": False, "None": None, "true": True, "false": False}
_SPACE = (tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER)


def normalized(text: str, name: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """What the arguments of a call mean.

    Args:
        text: as the server sent them.
        name: of the called tool.

    Returns:
        The arguments, and what a ToolCall says of them in `meta`.
    """
    if not text.strip():
        return {}, {"argument_format": "empty"}
    try:
        found = json.loads(text, parse_constant=_finite, parse_float=_finite)
    except (ValueError, RecursionError):
        pass
    else:
        if isinstance(found, dict):
            return found, {"argument_format": "json_object"}
        return _unresolved(text, "json_non_object", "they are JSON, but no object")
    if len(text) <= _LONGEST:
        for kind, read in (
            ("python_dict", Literals.mapping),
            ("python_kwargs", Literals.keywords),
            ("python_call", lambda literals: literals.call(name)),
        ):
            arguments = _read(text, read)
            if arguments is not None:
                return arguments, {"argument_format": kind}
    if text.lstrip().startswith("{"):
        return _unresolved(text, "json_malformed", "they begin as a JSON object, and are none")
    return _unresolved(text, "raw_text", "they are neither an object nor anything like it")


def _finite(text: str) -> float:
    # NaN is no JSON, 1e999 no number that could go back.
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(text)
    return number


def _unresolved(text: str, kind: str, why: str) -> tuple[dict[str, Any], dict[str, Any]]:
    meta = {
        "argument_format": kind,
        "raw_arguments": text,
        "normalization_error": why,
        "arguments_unresolved": True,
    }
    return {"_raw_arguments": text}, meta


def _read(text: str, read: "Callable[[Literals], dict[str, Any]]") -> dict[str, Any] | None:
    # What `read` makes of the whole text, None where it is something else.
    try:
        literals = Literals(text)
        found = read(literals)
        literals.end()
    except (ValueError, SyntaxError, tokenize.TokenError):
        return None
    return found


class Literals:
    """Reads Python's literals, as far as JSON has them; also JSON's own `true` and `false`.

    Args:
        text: what they stand in.

    Raises (everywhere):
        ValueError, SyntaxError, TokenError: something else stands there.
    """

    def __init__(self, text: str) -> None:
        tokens = tokenize.generate_tokens(io.StringIO(text.strip()).readline)
        self._tokens = [token for token in tokens if token.type not in _SPACE][::-1]
        self._kind = tokenize.ENDMARKER
        self._next = ""
        self._go_on()

    def mapping(self) -> dict[str, Any]:
        """A dict."""
        self._need("{")
        return self._pairs(0)

    def call(self, name: str) -> dict[str, Any]:
        """The arguments of a call of `name`."""
        if self._kind != tokenize.NAME or self._go_on() != name:
            raise ValueError(name)
        self._need("(")
        return self.keywords(")")

    def keywords(self, close: str = "") -> dict[str, Any]:
        """Arguments by name, up to `close`, "" for the end."""
        found: dict[str, Any] = {}
        while self._next != close:
            if self._kind != tokenize.NAME or self._next in found:
                raise ValueError(self._next)
            name = self._go_on()
            self._need("=")
            found[name] = self._value(0)
            if not self._take(","):
                break
        if close:
            self._need(close)
        return found

    def end(self) -> None:
        """The end."""
        if self._kind != tokenize.ENDMARKER:
            raise ValueError(self._next)

    def _go_on(self) -> str:
        taken = self._next
        token = self._tokens.pop() if self._tokens else None
        self._kind, self._next = (token.type, token.string) if token else (tokenize.ENDMARKER, "")
        return taken

    def _take(self, text: str) -> bool:
        found = self._kind == tokenize.OP and self._next == text
        if found:
            self._go_on()
        return found

    def _need(self, text: str) -> None:
        if not self._take(text):
            raise ValueError(self._next)

    def _value(self, depth: int) -> Any:
        if depth > _DEEPEST:
            raise ValueError("too deep")
        if self._kind == tokenize.STRING:
            return self._text()
        if self._kind == tokenize.NAME and self._next in _CONSTANTS:
            return _CONSTANTS[self._go_on()]
        if self._take("{"):
            return self._pairs(depth)
        if self._take("["):
            return self._items("]", depth)[0]
        if self._take("("):
            items, is_tuple = self._items(")", depth)
            return items if is_tuple or len(items) != 1 else items[0]
        sign = -1 if self._take("-") else 1
        if self._kind != tokenize.NUMBER:
            raise ValueError(self._next)
        number = ast.literal_eval(self._go_on())
        if not isinstance(number, (int, float)) or not math.isfinite(number):
            raise ValueError(number)
        return sign * number

    def _text(self) -> str:
        # Texts that stand side by side are one.
        found = []
        while self._kind == tokenize.STRING:
            with warnings.catch_warnings():  # of a backslash that escapes nothing
                warnings.simplefilter("ignore")
                found.append(ast.literal_eval(self._go_on()))
        if not all(isinstance(piece, str) for piece in found):
            raise ValueError("bytes")
        return "".join(found)

    def _items(self, close: str, depth: int) -> tuple[list[Any], bool]:
        # With whether a comma followed the last of them.
        found: list[Any] = []
        comma = True
        while not self._take(close):
            if not comma:
                raise ValueError(self._next)
            found.append(self._value(depth + 1))
            comma = self._take(",")
        return found, comma

    def _pairs(self, depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        comma = True
        while not self._take("}"):
            if not comma or self._kind != tokenize.STRING:
                raise ValueError(self._next)
            name = self._text()
            self._need(":")
            found[name] = self._value(depth + 1)
            comma = self._take(",")
        return found

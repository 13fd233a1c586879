"""Answers of a type: what `into=` of a call asks for, and what becomes of the answer.

The schema goes out as the response_format, in its strict form where it has one; each dialect has
its own field for that. When the answer has come to its end its text is read as JSON, checked, and
made an instance of the type, on CPython; with a dict for a schema it stays JSON, on both runtimes.

A schema whose root is no object, which servers refuse, goes out as the one property of an object,
and the value is taken out of it again.

Servers that do not know of structured outputs pass over the response_format, and many a model
writes its JSON into a fence then, or between words: that is read, too, for the schema says whether
it was meant. An answer that calls tools is none yet, and is not read.

Loaded with the first call that has `into=`.
"""

from thinwire.core._compat import MICROPYTHON, const, import_module, loads_whole, public
from thinwire.core.answer.completion import Completion, completion_of
from thinwire.core.answer.events import StreamComplete, StreamRestarted
from thinwire.core.conversation.json_schema import Misfit, check, prune, resolved, strict
from thinwire.core.error_kinds import ThinwireError
from thinwire.core.stream import ChatStream

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from typing import Any, Generic, TypeVar

    from thinwire.core.answer.completion import Choice
    from thinwire.core.answer.events import Event
    from thinwire.core.conversation.partial_json import PartialJSON
    from thinwire.core.exchange import Exchange
    from thinwire.core.request.call import Call
    from thinwire.core.routing.plan import Plan
    from thinwire.core.stream import OnDelta, OnRestart
    from thinwire.core.transport import Transport
    from thinwire.core.wire.reserve import Reserve

    T = TypeVar("T")
    Schema = dict[str, Any]

    class OfCompletion(Completion, Generic[T]): ...

    class OfStream(ChatStream, Generic[T]): ...

else:
    # What stands in the brackets is for type checkers.
    OfCompletion, OfStream, T = (Completion,), (ChatStream,), 0

_WRAP = "value"


@public
class ParseError(ThinwireError):
    """An answer came to its end, and is not what `into=` asked for. Not tried again.

    Attributes:
        kind: "parse".
        reason: why: "length" (cut for want of tokens), "content_filter", "refusal" (the model
            will not), or "invalid" (it is no JSON, or does not fit).
        path: where it does not fit, e.g. "cities[3].name"; "" for the whole.
        text: of the answer, or of the refusal.
        completion: the answer.
    """

    kind = "parse"

    def __init__(
        self, message: str, reason: str, text: str, completion: "Completion", path: str = ""
    ) -> None:
        super().__init__(message)
        self.reason = reason
        self.text = text
        self.completion = completion
        self.path = path
        self.model, self.deployment = completion.model, completion.deployment


@public
class ParsedCompletion(OfCompletion[T]):
    """An answer to a call with `into=`: a Completion, and what was made of it.

    Args:
        completion: the answer.
        parsed: see below.
        all_parsed: see below.

    Attributes:
        parsed: of the first choice, what `into=` asked for; None where the answer calls tools in
            its place.
        all_parsed: list of it for each of `choices`.
    """

    parsed: "T"
    all_parsed: "list[T]"

    def __init__(self, completion: "Completion", parsed: "T", all_parsed: "list[T]") -> None:
        for name, value in completion.__dict__.items():
            setattr(self, name, value)
        self.parsed = parsed
        self.all_parsed = all_parsed

    if not MICROPYTHON or TYPE_CHECKING:  # pragma: no branch (which has no such brackets)

        @classmethod
        def __class_getitem__(cls, kind: object) -> "type[ParsedCompletion[Any]]":
            """The class itself, for annotations such as ParsedCompletion[City]."""
            return cls


class Into:
    """What an answer is to become.

    Args:
        kind: a dict, the JSON schema; or a type (CPython, see cpython/type_schema.py).

    Raises:
        TypeError: it is neither.
    """

    def __init__(self, kind: "Any") -> None:
        self._kind = None
        if isinstance(kind, dict):
            if isinstance(kind.get("json_schema"), dict):
                raise TypeError("into= takes the JSON schema alone, not a whole response_format")
            schema: Schema = kind
        elif MICROPYTHON:  # pragma: no cover (MicroPython)
            raise TypeError("into= takes a dict here, a JSON schema")
        else:
            self._kind = kind
            schema = import_module("thinwire.cpython.type_schema").schema_of(kind)
        self._wrapped = not _is_object(schema)
        if self._wrapped:
            schema = _wrap(schema)
        self._schema = schema

    def response_format(self) -> "Schema":
        """The field that asks for it, in OpenAI's words."""
        schema, is_strict = self._schema, True
        try:
            schema = strict(schema)
        except ValueError:  # an object of any keys, and the like
            is_strict = False
        title = str(self._schema.get("title", ""))[:64]
        name = "".join([c if _is_plain(c) else "_" for c in title]) or "answer"
        shape = {"name": name, "schema": schema, "strict": is_strict}
        return {"type": "json_schema", "json_schema": shape}

    def parsed(self, completion: "Completion") -> "ParsedCompletion[Any]":
        """The answer, with what it was to become.

        Raises:
            ParseError: it is not that.
        """
        values = [self._read(choice, completion) for choice in completion.choices]
        return ParsedCompletion(completion, values[0], values)

    def unwrapped(self, value: "Any") -> "Any":
        """What of a value, which may be there in part only, was asked for."""
        return value.get(_WRAP) if self._wrapped and isinstance(value, dict) else value

    def _read(self, choice: "Choice", completion: "Completion") -> "Any":
        text, why = choice.content or "", choice.finish_reason
        if choice.tool_calls:
            return None
        if choice.refusal:
            raise ParseError("the model refuses", "refusal", choice.refusal, completion)
        if why == "length":
            said = "the answer was cut for want of tokens, before its JSON was whole"
            raise ParseError(said, why, text, completion)
        if why == "content_filter":
            raise ParseError("a content filter cut the answer", why, text, completion)
        try:
            value = value_of(text)
        except ValueError:
            said = "the answer is %s" % ("no JSON" if text else "empty")
            raise ParseError(said, "invalid", text, completion)
        try:
            return self._made(value)
        except RuntimeError as error:
            if "recursion" not in str(error):
                raise  # of the type's own code
            said = "the answer is nested too deeply"
            raise ParseError(said, "invalid", text, completion)
        except Misfit as error:
            path = error.path
            if self._wrapped and self._kind is None:  # it begins with our key
                path = path[len(_WRAP) :].lstrip(".")
            said = "the answer does not fit at %r: %s" % (path, error.why)
            failure = ParseError(said, "invalid", text, completion, path)
            failure.cause = error
            raise failure

    def _made(self, value: "Any") -> "Any":
        if self._wrapped and not (isinstance(value, dict) and _WRAP in value):
            value = {_WRAP: value}  # the server has passed over the schema
        prune(self._schema, value, self._schema)
        if self._kind is None:
            check(self._schema, value, self._schema)
            return self.unwrapped(value)
        value = self.unwrapped(value)
        return import_module("thinwire.cpython.type_values").convert(self._kind, value)


def _is_object(schema: "Schema") -> bool:
    root = resolved(schema, schema)
    return bool(root.get("type", "object" if "properties" in root else None) == "object")


def _wrap(schema: "Schema") -> "Schema":
    inner = {key: value for key, value in schema.items() if key not in ("$defs", "definitions")}
    result = {"type": "object", "properties": {_WRAP: inner}, "required": [_WRAP]}
    for home in ("$defs", "definitions"):
        if home in schema:
            result[home] = schema[home]
    return result


def _is_plain(character: str) -> bool:
    return character in "_-" or "0" <= character <= "9" or "a" <= character.lower() <= "z"


def value_of(text: str) -> object:
    """The JSON that a text is; or that stands in a fence in it; or the object or array that stands
    between words.

    Raises:
        ValueError: there is none.
    """
    fence, brace, bracket = text.find("```"), text.find("{"), text.find("[")
    places = [(0, len(text)), (text.find("\n", fence), text.rfind("```"))]
    if 0 <= bracket < brace or brace < 0:
        places.append((bracket, text.rfind("]") + 1))
    else:
        places.append((brace, text.rfind("}") + 1))
    for begin, end in places:
        if 0 <= begin < end:
            try:
                return loads_whole(text[begin:end].strip().encode())
            except ValueError:
                pass
    raise ValueError("there is no JSON")


@public
class ParsedStream(OfStream[T]):
    """An answer to a call with `into=` as it arrives: a ChatStream that reads it at its end.

    In place of StreamComplete the iteration raises ParseError where the answer is not what was
    asked for; else the event, and `completion`, have a ParsedCompletion.
    """

    _result: "ParsedCompletion[T] | None" = None
    _reader: "PartialJSON | None" = None
    _read = 0  # characters that the reader has seen
    _void: "Exchange | None" = None  # the attempt whose text does not count any more

    def __init__(
        self, transport: "Transport", plan: "Plan", buffers: "Reserve", seen: bool = True
    ) -> None:
        super().__init__(transport, plan, buffers, seen)
        self._into = _taken(plan.call)

    if not MICROPYTHON or TYPE_CHECKING:  # pragma: no branch (which has no such brackets)

        @classmethod
        def __class_getitem__(cls, kind: object) -> "type[ParsedStream[Any]]":
            """The class itself, for annotations such as ParsedStream[City]."""
            return cls

    @property
    def completion(self) -> "Completion":
        """See ChatStream; a ParsedCompletion once StreamComplete has been returned."""
        return self._result or completion_of(self._plan, self._exchange, self._end)

    @property
    def parsed(self) -> "T":
        """What the answer became.

        Raises:
            RuntimeError: it has not come to its end.
        """
        if self._result is None:
            raise RuntimeError("there is nothing yet: read the stream to its end")
        return self._result.parsed

    def partial(self) -> "Any":
        """What of the answer's JSON is closed so far: a dict or a list, of which objects and
        arrays that are still open are a part, with what of them is closed; None before there is
        any. A copy, to keep.
        """
        from thinwire.core.conversation import partial_json

        if self._reader is None:
            self._reader, self._read = partial_json.PartialJSON(), 0
        if self._exchange is self._void:
            return None
        text = self.completion.content or ""
        self._reader.feed(text[self._read :])
        self._read = len(text)
        return partial_json.copied(self._into.unwrapped(self._reader.value))

    async def _run(
        self,
        whole: bool,
        on_delta: "OnDelta | None" = None,
        on_restart: "OnRestart | None" = None,
    ) -> "Event | str | Completion | None":
        found = await super()._run(whole, on_delta, on_restart)
        if isinstance(found, StreamRestarted):
            self._reader, self._void = None, self._exchange
        elif isinstance(found, StreamComplete):
            try:
                self._result = self._into.parsed(found.completion)
            except Exception as error:
                await self.aclose()
                if isinstance(error, MemoryError):
                    raise self.out_of_memory(error)
                raise
            return StreamComplete(self._result)
        elif isinstance(found, Completion):
            return self._into.parsed(found)
        return found


def _taken(call: "Call") -> Into:
    # What a call wants, whose params ask for it from now on.
    into = Into(call.params.pop("into"))
    if "response_format" in call.params:
        raise ValueError("into= makes the response_format: give one of the two")
    if not call.keep:
        raise ValueError('into= needs the text of the answer, which keep="none" throws away')
    call.params["response_format"] = into.response_format()
    return into

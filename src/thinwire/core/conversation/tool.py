"""A tool: what the model is told of it, and the function that is called.

`tools=` of run_tools takes four forms, of which a chip needs no more than the first two:

  (definition, function)    a tool definition as chat takes it, and what is called
  Tool(function, ...)       with a limit of its own, or where the definition is to be made here
  function                  its definition is made of its signature and docstring (CPython)
  definition                of a tool that the server runs itself (`{"type": "web_search"}`)
"""

from thinwire.core import adapters
from thinwire.core._compat import MICROPYTHON, const, import_module, public

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import Any, TypeAlias

    from thinwire.core.adapters import Fill
    from thinwire.core.answer.tool_calls import ToolCall

    Function: TypeAlias = Callable[..., object]
    Definition: TypeAlias = Mapping[str, object]
    ToolLike: TypeAlias = "Tool | Function | Definition | tuple[Definition, Function]"

_NO_FUNCTION = (
    "tools[%d] has no function that could be called: write (definition, function), or"
    " Tool(function, ...)"
)
_NONE = {"type": "object", "properties": {}}
_NO_SCHEMA = (
    "tools[%d] is a function, and here it does not tell its schema: write (definition, function),"
    " or Tool(function, parameters={...})"
)


@public
class Tool:
    """A function that a model may ask for.

    Args:
        function: called with the arguments by their names, or, of a custom tool, with the input;
            plain or, for AsyncClient, async. On CPython AsyncClient calls a plain one in a thread,
            so that one that blocks holds nobody up; Client, and a chip, call it where they are.
        definition: the tool as the API has it, `{"type": "function", "function": {"name": ...,
            "parameters": {...}}}` or `{"type": "custom", "custom": {"name": ...}}`; None: it is
            made of what follows.
        name: None for the function's own.
        description: None for the function's docstring (CPython).
        parameters: JSON schema of the arguments, an object. None: made of the function's signature
            and docstring; on a chip, where functions tell nothing, for a function without any.
        timeout: seconds that one call may take, in place of the loop's; None: no limit of its own.
            What blocks without an await is not ended by it: a thread runs on, unheard.

    Attributes:
        name: what the model calls it.
        custom: whether it takes a free text.

    Raises:
        ValueError: no name that a model could call it by.
        TypeError: the function cannot be called.
    """

    def __init__(
        self,
        function: "Callable[..., object]",
        definition: "Mapping[str, object] | None" = None,
        *,
        name: "str | None" = None,
        description: "str | None" = None,
        parameters: "Mapping[str, object] | None" = None,
        timeout: "float | None" = None,
    ) -> None:
        if not callable(function):
            raise TypeError("a tool is called, and %r cannot be" % (function,))
        if definition is not None and not hasattr(definition, "keys"):
            raise TypeError("a tool's definition is a dict, and %r is none" % (definition,))
        self.function = function
        self.timeout = timeout
        self._fill: Fill | None = None
        if definition is None:
            if MICROPYTHON and not TYPE_CHECKING:  # pragma: no cover (MicroPython)
                body = {"name": getattr(function, "__name__", ""), "parameters": _NONE}
            else:
                body, self._fill = adapters.described(function, parameters is None)
            body["name"] = name or body["name"]
            if description is not None:
                body["description"] = description
            if parameters is not None:
                body["parameters"] = parameters
            definition = {"type": "function", "function": body}
        self.definition = definition
        self.custom = definition.get("type") == "custom"
        inner: Any = definition.get("custom" if self.custom else "function") or definition
        self.name: str = inner.get("name") or ""
        self._schema: Any = inner.get("parameters")
        if not self.name or "<" in self.name:
            raise ValueError("a tool needs a name, which %r has not: give name=" % (function,))

    def given(self, call: "ToolCall") -> "tuple[list[Any], dict[str, Any]]":
        """What the function is called with, by place and by name.

        Raises:
            ValueError: what the model gives is not what the function takes.
        """
        if self.custom:
            return [call.arguments_raw], {}
        if self._fill is not None:
            return self._fill(call)
        given: dict[str, Any] = call.arguments or {}
        _check(self._schema, given)
        return [], given

    def __repr__(self) -> str:
        return "Tool(%r)" % (self.name,)


def _check(schema: object, given: "dict[str, Any]") -> None:
    # Says what of the arguments does not fit. A schema that is none is the server's to refuse, and
    # a firmware may have been built without this.
    try:
        json_schema = import_module("thinwire.core.conversation.json_schema")
    except ImportError:
        return
    try:
        json_schema.check(schema, given, schema)
    except json_schema.Misfit:
        raise
    except (ValueError, TypeError, AttributeError):
        pass


def taken(tools: "Iterable[Any]") -> "tuple[list[Mapping[str, object]], dict[str, Tool]]":
    """The definitions that are sent, and the tools by name.

    Args:
        tools: in any of the forms above.

    Raises:
        TypeError: something else; a function without a definition, on a chip.
        ValueError: two of one name.
    """
    definitions: list[Mapping[str, object]] = []
    found: dict[str, Tool] = {}
    for tool in tools:
        if hasattr(tool, "keys"):
            if tool.get("type", "function") in ("function", "custom"):
                raise TypeError(_NO_FUNCTION % len(definitions))
            definitions.append(tool)
            continue
        if isinstance(tool, (tuple, list)):
            definition, function = tool
            tool = Tool(function, definition)
        elif not hasattr(tool, "definition"):
            if MICROPYTHON and not TYPE_CHECKING:  # pragma: no cover (MicroPython)
                raise TypeError(_NO_SCHEMA % len(definitions))
            tool = Tool(tool)
        if tool.name in found:
            raise ValueError("there are two tools of the name %r" % (tool.name,))
        definitions.append(tool.definition)
        found[tool.name] = tool
    return definitions, found

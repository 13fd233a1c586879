# Tools in the forms that they may have; tests/cpython/test_function_schema.py has functions.

from helpers import error_of

from thinwire.core.answer.tool_calls import ToolCall
from thinwire.core.conversation.json_schema import Misfit
from thinwire.core.conversation.tool import Tool, taken


def greet(name):
    return "Hello " + name


SCHEMA = {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}
GREET = {"type": "function", "function": {"name": "greet", "parameters": SCHEMA}}
SEARCH = {"type": "web_search"}


def test_a_tool_says_what_it_is():
    for tool in (
        Tool(greet, GREET),
        Tool(greet, name="greet", parameters=SCHEMA),
        Tool(greet, description="Greets.", parameters=SCHEMA, timeout=3),
    ):
        body = tool.definition["function"]
        assert (tool.name, body["name"], body["parameters"]) == ("greet", "greet", SCHEMA)
        assert repr(tool) == "Tool('greet')"
    assert body["description"] == "Greets."
    assert tool.timeout == 3


def test_tools_come_in_several_forms():
    tool = Tool(greet, name="other", parameters=SCHEMA)
    definitions, found = taken(
        [(GREET, greet), [dict(GREET, function={"name": "x"}), greet], tool]
    )
    assert definitions[0] is GREET
    assert definitions[2] is tool.definition
    assert sorted(found) == ["greet", "other", "x"]
    assert found["other"] is tool
    definitions, found = taken((SEARCH, (GREET, greet)))
    assert definitions == [SEARCH, GREET]
    assert list(found) == ["greet"]


def test_a_definition_may_be_flat_or_of_a_custom_tool():
    flat = Tool(greet, {"type": "function", "name": "greet", "parameters": SCHEMA})
    assert (flat.name, flat.custom) == ("greet", False)
    custom = Tool(greet, {"type": "custom", "custom": {"name": "say"}})
    assert (custom.name, custom.custom) == ("say", True)
    assert custom.given(ToolCall(0, "1", "say", "any words", True, "custom")) == (
        ["any words"],
        {},
    )


def test_arguments_are_checked_as_far_as_their_schema_can_be_read():
    tool = Tool(greet, GREET)
    assert tool.given(ToolCall(0, "1", "greet", '{"name": "A"}')) == ([], {"name": "A"})
    error_of(Misfit, tool.given, ToolCall(0, "1", "greet", '{"name": 1}'))
    error_of(Misfit, tool.given, ToolCall(0, "1", "greet", "{}"))
    for odd in ({"$ref": "#/nowhere"}, {"type": "object", "properties": 5}, None, 7):
        tool = Tool(greet, {"type": "function", "function": {"name": "f", "parameters": odd}})
        assert tool.given(ToolCall(0, "1", "f", '{"name": 1}')) == ([], {"name": 1})


def test_what_is_no_tool_is_refused():
    for error, tools, words in (
        (TypeError, [GREET], "tools[0] has no function"),
        (TypeError, [{"name": "f"}], "tools[0] has no function"),
        (TypeError, [(GREET, "greet")], "cannot be"),
        (TypeError, [(7, greet)], "is a dict"),
        (ValueError, [(GREET, greet), (GREET, greet)], "two tools of the name 'greet'"),
        (ValueError, [({"type": "function", "function": {}}, greet)], "needs a name"),
    ):
        assert words in str(error_of(error, taken, tools))
    error_of(ValueError, Tool, lambda: 1, parameters=SCHEMA)

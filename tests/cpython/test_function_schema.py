"""What a model is told of a function, and what its arguments become."""

import dataclasses
import enum
import functools
from typing import Annotated, Any, Literal, Optional, TypedDict

import msgspec
import pydantic
import pytest

from thinwire import Tool, ToolCall
from thinwire.core.conversation.json_schema import Misfit


class Color(enum.Enum):
    RED = "red"
    BLUE = "blue"


@dataclasses.dataclass
class Point:
    x: int
    y: int = 0


class Size(TypedDict, total=False):
    wide: float


class Order(pydantic.BaseModel):
    item: str
    count: int = pydantic.Field(1, ge=1)


class Box(msgspec.Struct):
    name: str


def parameters(function: Any) -> dict[str, Any]:
    found: dict[str, Any] = Tool(function).definition["function"]["parameters"]  # type: ignore[index]
    return found


def called(function: Any, arguments: str) -> Any:
    by_place, by_name = Tool(function).given(ToolCall(0, "1", "f", arguments))
    return function(*by_place, **by_name)


def test_a_function_with_all_that_there_is() -> None:
    def book(
        city: str,
        days: Annotated[int, "1 to 7"] = 1,
        color: Color = Color.RED,
        to: Point | None = None,
        size: Optional[Size] = None,
        orders: list[Order] = [],  # noqa: B006 - only read
        box: Box | None = None,
        *,
        kind: Literal["a", "b"],
        anything: Any = None,
        untyped=(),  # type: ignore[no-untyped-def]
    ) -> object:
        """Books.

        It takes its time.

        Args:
            city (str): where: a name
                or a code
            orders: what to bring

        Returns:
            All of it.
        """
        return city, days, color, to, size, orders, box, kind, anything, untyped

    body: Any = Tool(book).definition["function"]
    assert (body["name"], body["description"]) == ("book", "Books.\n\nIt takes its time.")
    schema = body["parameters"]
    assert (schema["type"], schema["required"]) == ("object", ["city", "kind"])
    assert schema["additionalProperties"] is False
    properties = schema["properties"]
    assert properties["city"] == {"type": "string", "description": "where: a name or a code"}
    assert properties["days"] == {"type": "integer", "description": "1 to 7", "default": 1}
    assert properties["color"] == {"type": "string", "enum": ["red", "blue"], "default": "red"}
    assert properties["kind"] == {"type": "string", "enum": ["a", "b"]}
    assert properties["orders"]["description"] == "what to bring"
    assert properties["untyped"] == {"default": []}
    assert set(schema["$defs"]) >= {"Point", "Size", "Box"}

    given = (
        '{"city": "Bern", "color": "blue", "to": {"x": 1}, "size": {"wide": 2}, "kind": "a",'
        ' "orders": [{"item": "tea"}], "box": {"name": "b"}, "invented": 1}'
    )
    found = called(book, given)
    assert found[:5] == ("Bern", 1, Color.BLUE, Point(1), {"wide": 2})
    assert found[5:] == ([Order(item="tea", count=1)], Box("b"), "a", None, ())
    for wrong, place in (
        ('{"city": "Bern"}', "kind"),
        ('{"city": 1, "kind": "a"}', "city"),
        ('{"city": "B", "kind": "c"}', "kind"),
        ('{"city": "B", "kind": "a", "orders": [{"item": "x", "count": 0}]}', "orders[0]"),
    ):
        with pytest.raises(Misfit) as error:
            called(book, wrong)
        assert error.value.path.startswith(place), error.value


class Shop:
    """A shop."""

    def sell(self, what: str, /, price: float = 1.5) -> object:
        """Sells.

        :param str what: the thing
            that is sold
        :param price: in euros
        :return: a bill
        """
        return self, what, price

    async def __call__(self, query: str) -> str:
        """Searches."""
        return query


class Silent:
    """Says nothing of its call."""

    def __call__(self) -> int:
        return 7


def test_methods_partials_and_objects() -> None:
    shop = Shop()
    sell: Any = Tool(shop.sell).definition["function"]
    assert (sell["name"], sell["description"]) == ("sell", "Sells.")
    assert sell["parameters"]["properties"] == {
        "what": {"type": "string", "description": "the thing that is sold"},
        "price": {"type": "number", "description": "in euros", "default": 1.5},
    }
    assert called(shop.sell, '{"what": "tea", "price": 2}') == (shop, "tea", 2)
    assert called(shop.sell, '{"what": "tea"}') == (shop, "tea", 1.5)
    with pytest.raises(Misfit, match="what: it is missing"):
        called(shop.sell, "{}")
    assert Tool(shop).definition["function"] == {
        "name": "Shop",
        "description": "Searches.",
        "parameters": {
            "type": "object",
            "properties": {"query": {"type": "string"}},
            "required": ["query"],
            "additionalProperties": False,
        },
    }
    silent: Any = Tool(Silent()).definition["function"]
    assert silent["description"] == "Says nothing of its call."
    half = functools.partial(functools.partial(shop.sell, "tea"), price=3)
    bound: Any = Tool(half).definition["function"]
    assert (bound["name"], bound["parameters"]["properties"]) == ("sell", {})
    assert called(half, "{}") == (shop, "tea", 3)


def test_a_place_that_is_not_given_has_its_default() -> None:
    def move(x: int = 1, y: int = 2, /) -> tuple[int, int]:
        return x, y

    assert called(move, '{"y": 5}') == (1, 5)


def test_the_call_and_what_has_no_parameter() -> None:
    def log(call: ToolCall, text: str, *more: int, **rest: object) -> object:
        return call.id, text, more, rest

    schema = parameters(log)
    assert list(schema["properties"]) == ["text"]
    assert schema["additionalProperties"] is True
    assert called(log, '{"text": "a", "b": 1}') == ("1", "a", (), {"b": 1})


def test_what_has_no_schema_is_said() -> None:
    def read(file: complex) -> None:
        """Reads."""

    def later(what: "Unknown") -> None:  # type: ignore[name-defined]  # noqa: F821
        """Waits."""

    with pytest.raises(TypeError, match=r"read: file: there is no JSON schema for .*complex"):
        Tool(read)
    with pytest.raises(TypeError, match="later: name 'Unknown' is not defined"):
        Tool(later)
    assert Tool(read, parameters={"type": "object"}).name == "read"


def test_a_function_without_words() -> None:
    def nothing(a, b=2):  # type: ignore[no-untyped-def]
        return a, b

    body: Any = Tool(nothing).definition["function"]
    assert "description" not in body
    assert body["parameters"]["properties"] == {"a": {}, "b": {"default": 2}}
    assert called(nothing, '{"a": [1]}') == ([1], 2)

"""cpython/type_schema: types of every kind as JSON schemas, and values as their instances."""

import datetime
import decimal
import enum
import json
import subprocess
import sys
import uuid
from dataclasses import dataclass, field
from typing import (
    Annotated,
    Any,
    Generic,
    Literal,
    NewType,
    NotRequired,
    Required,
    TypedDict,
    TypeVar,
)

import msgspec
import pydantic
import pytest
from pydantic import BaseModel, ConfigDict, Field

from thinwire.core.conversation.json_schema import Misfit, check, prune, strict
from thinwire.cpython.type_schema import schema_of
from thinwire.cpython.type_values import convert

T = TypeVar("T")


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


@dataclass
class Place:
    """Where something is."""

    lat: float
    lon: float = 0.0


@dataclass
class City:
    name: Annotated[str, "its official name"]
    size: int
    place: Place
    colour: Colour = Colour.RED
    nick: str | None = None
    tags: list[str] = field(default_factory=list)
    note: str = field(default="", metadata={"description": "whatever"})
    made: int = field(default=7, init=False)


class Row(TypedDict, total=False):
    id: Required[int]
    words: NotRequired[list[str]]
    other: "Row"


@dataclass
class Tree:
    value: int
    children: "list[Tree]" = field(default_factory=list)


class Address(BaseModel):
    street: str = Field(description="with its number", min_length=2)


class Person(BaseModel):
    model_config = ConfigDict(strict=True)

    name: str
    born: datetime.date
    homes: list[Address] = []
    pair: tuple[int, int] = (1, 2)


class Point(msgspec.Struct):
    x: int
    inner: "Point | None" = None


@dataclass
class Mixed:
    person: Address
    point: Point
    both: dict[str, Address]


@dataclass
class Box(Generic[T]):
    content: T
    more: list[T] = field(default_factory=list)


Kilos = NewType("Kilos", int)

# type, a value of JSON, what it becomes
GOOD: list[tuple[Any, Any, Any]] = [
    (str, "a", "a"),
    (int, 3, 3),
    (int, 3.0, 3),
    (float, 3, 3.0),
    (bool, True, True),
    (None, None, None),
    (Any, {"a": 1}, {"a": 1}),
    (object, 1, 1),
    (list, [1, "a"], [1, "a"]),
    (dict, {"a": 1}, {"a": 1}),
    (list[int], [1, 2], [1, 2]),
    (set[int], [1, 2], {1, 2}),
    (frozenset, [1], frozenset([1])),
    (tuple[int, str], [1, "a"], (1, "a")),
    (tuple[int, ...], [1, 2, 3], (1, 2, 3)),
    (dict[str, float], {"a": 1}, {"a": 1.0}),
    (int | None, None, None),
    (int | str, "1", "1"),
    (bool | int, 1, 1),
    (float | int, 1, 1),
    (Literal["a", 2], 2, 2),
    (Literal["a"], "a", "a"),
    (Colour, "blue", Colour.BLUE),
    (Annotated[int, "years"], 3, 3),
    (Kilos, 3, 3),
    (
        datetime.datetime,
        "2026-01-02T03:04:05+00:00",
        datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.UTC),
    ),
    (datetime.date, "2026-01-02", datetime.date(2026, 1, 2)),
    (
        uuid.UUID,
        "12345678-1234-5678-1234-567812345678",
        uuid.UUID("12345678-1234-5678-1234-567812345678"),
    ),
    (decimal.Decimal, "1.50", decimal.Decimal("1.50")),
    (Place, {"lat": 1, "height": 9}, Place(1.0)),
    (
        City,
        {"name": "Rom", "size": 2, "place": {"lat": 1, "lon": 2}, "colour": "blue"},
        City("Rom", 2, Place(1.0, 2.0), Colour.BLUE),
    ),
    (Row, {"id": 1, "other": {"id": 2, "x": 3}}, {"id": 1, "other": {"id": 2}}),
    (Tree, {"value": 1, "children": [{"value": 2}]}, Tree(1, [Tree(2)])),
    (Place | Tree, {"value": 1}, Tree(1)),
    (Tree | City, {"value": 1, "name": 2}, Tree(1)),
    (
        Person,
        {"name": "A", "born": "2000-01-02", "pair": [3, 4]},
        Person(name="A", born=datetime.date(2000, 1, 2), pair=(3, 4)),
    ),
    (list[Address], [{"street": "xy"}], [Address(street="xy")]),
    (Point, {"x": 1, "inner": {"x": 2}}, Point(1, Point(2))),
    (
        Mixed,
        {"person": {"street": "ab"}, "point": {"x": 1}, "both": {"k": {"street": "cd"}}},
        Mixed(Address(street="ab"), Point(1), {"k": Address(street="cd")}),
    ),
    (Box[int], {"content": 1, "more": [2]}, Box(1, [2])),
    (Box[Box[str]], {"content": {"content": "a"}}, Box(Box("a"))),
]

# Of these GOOD has keys that the schema does not have; `convert` leaves them out.
WIDER = (Place, Row, Tree | City)

# type, a value, the path of the error
BAD: list[tuple[Any, Any, str]] = [
    (str, 1, ""),
    (int, True, ""),
    (int, 1.5, ""),
    (float, "1", ""),
    (bool, 1, ""),
    (None, 0, ""),
    (list[int], [1, "a"], "[1]"),
    (list, {}, ""),
    (dict[str, int], {"a": "b"}, "a"),
    (dict, [], ""),
    (tuple[int, str], [1], ""),
    (Literal["a", 2], "b", ""),
    (Literal[1], True, ""),
    (Colour, "green", ""),
    (int | None, "a", ""),
    (int | str, [], ""),
    (datetime.date, "yesterday", ""),
    (decimal.Decimal, "a lot", ""),
    (Annotated[int, pydantic.Field(ge=3)], 2, ""),
    (Annotated[list[int], pydantic.Field(max_length=1)], [1, 2], ""),
    (Annotated[str, msgspec.Meta(min_length=2)], "a", ""),
    (City, {"name": "Rom", "size": 2}, "place"),
    (City, {"name": "Rom", "size": 2, "place": {"lat": "x"}}, "place.lat"),
    (list[Place], [{"lat": 1}, 2], "[1]"),
    (Row, {"words": []}, "id"),
    (Row, {"id": 1, "other": {"id": 2, "words": [3]}}, "other.words[0]"),
    (Person, {"name": "A", "born": "2000-01-02", "homes": [{"street": "x"}]}, "homes[0].street"),
    (list[Person], [{"name": 1, "born": "2000-01-02"}], "[0].name"),
    (Point, {"x": 1, "inner": {"x": "a"}}, "inner.x"),
    (Mixed, {"person": {"street": "ab"}, "point": {}, "both": {}}, "point"),
]


@pytest.mark.parametrize(("kind", "value", "want"), GOOD)
def test_a_value_becomes_an_instance_and_fits_the_schema(kind: Any, value: Any, want: Any) -> None:
    made = convert(kind, value)
    assert made == want
    assert type(made) is type(want)
    schema = schema_of(kind)
    json.dumps(schema)
    if kind not in WIDER:
        check(schema, value, schema)


@pytest.mark.parametrize(("kind", "value", "path"), BAD)
def test_what_does_not_fit_is_named_by_its_path(kind: Any, value: Any, path: str) -> None:
    with pytest.raises(Misfit) as caught:
        convert(kind, value)
    assert caught.value.path == path
    assert str(caught.value).startswith(path)


@pytest.mark.parametrize(
    "kind", [Place, City, Row, Tree, Person, Point, Box[int], Annotated[Place, "x"]]
)
def test_a_strict_schema_closes_each_object_and_requires_all(kind: Any) -> None:
    made = strict(schema_of(kind))
    objects = 0

    def look(schema: Any) -> None:
        nonlocal objects
        if isinstance(schema, list):
            for one in schema:
                look(one)
        if isinstance(schema, dict):
            if "$ref" in schema:
                assert list(schema) == ["$ref"]
                assert schema["$ref"].split("/")[-1] in made["$defs"]
            if "properties" in schema and schema.get("type") == "object":
                objects += 1
                assert schema["additionalProperties"] is False
                assert schema["required"] == list(schema["properties"])
            assert not {"default", "oneOf", "allOf", "minLength", "prefixItems"} & schema.keys()
            for one in schema.values():
                look(one)

    look(made)
    assert objects


def test_a_null_that_strictness_asked_for_becomes_the_default() -> None:
    schema = schema_of(City)
    value = {"name": "Rom", "size": 1, "place": {"lat": 1, "lon": None}}
    value.update(colour=None, nick=None, tags=None, note=None)
    check(strict(schema), value, strict(schema))
    prune(schema, value, schema)
    assert value == {"name": "Rom", "size": 1, "place": {"lat": 1}, "nick": None}
    assert convert(City, value) == City("Rom", 1, Place(1.0))


def test_a_decimal_may_come_as_a_number() -> None:
    assert convert(decimal.Decimal, 2) == decimal.Decimal(2)
    with pytest.raises(Misfit):
        convert(decimal.Decimal, True)


def test_the_words_of_a_dataclass() -> None:
    schema = schema_of(City)
    assert schema["properties"]["name"] == {"type": "string", "description": "its official name"}
    assert schema["properties"]["note"] == {"type": "string", "description": "whatever"}
    assert "made" not in schema["properties"]
    assert "description" not in schema
    assert schema["required"] == ["name", "size", "place"]
    assert schema["$defs"]["Place"]["description"] == "Where something is."
    assert schema["properties"]["colour"] == {"type": "string", "enum": ["red", "blue"]}


def test_two_types_of_one_name_have_a_definition_each() -> None:
    def other() -> Any:
        @dataclass
        class Place:
            street: str

        return Place

    class Holder(BaseModel):
        place: "PydanticPlace"

    class PydanticPlace(BaseModel):
        zip: int

    PydanticPlace.__name__ = "Place"
    Holder.model_rebuild(_types_namespace={"PydanticPlace": PydanticPlace})
    schema = schema_of(tuple[Place, other(), Holder])
    refs = [one["$ref"].split("/")[-1] for one in schema["prefixItems"][:2]]
    assert refs == ["Place", "Place_2"]
    assert set(schema["$defs"]["Place_2"]["properties"]) == {"street"}


def test_a_type_that_leads_back_to_itself() -> None:
    schema = schema_of(Tree)
    assert schema["properties"]["children"]["items"] == {"$ref": "#/$defs/Tree"}
    assert schema["$defs"]["Tree"]["title"] == "Tree"
    deep: dict[str, Any] = {"value": 0}
    for number in range(50):
        deep = {"value": number, "children": [deep]}
    assert convert(Tree, deep).children[0].value == 48


@pytest.mark.skipif(sys.version_info < (3, 12), reason="type aliases are of 3.12")
def test_a_type_alias() -> None:
    found: dict[str, Any] = {}
    exec("type Nest = int | list[Nest]", found)
    schema = schema_of(found["Nest"])
    assert schema["anyOf"][1] == {"type": "array", "items": {"$ref": "#/$defs/Nest"}}
    assert convert(found["Nest"], [1, [2, [3]]]) == [1, [2, [3]]]
    with pytest.raises(Misfit):
        convert(found["Nest"], [1, ["a"]])


@pytest.mark.parametrize(
    "kind", [bytes, dict[int, str], complex, print, list[bytes], Place(1), ["a"]]
)
def test_what_has_no_json_says_so(kind: Any) -> None:
    with pytest.raises(TypeError, match=r"JSON"):
        schema_of(kind)


def test_a_type_that_cannot_be_found_is_named() -> None:
    @dataclass
    class Lost:
        other: "Nowhere"  # type: ignore[name-defined]  # noqa: F821

    with pytest.raises(TypeError, match="Lost: name 'Nowhere' is not defined"):
        schema_of(Lost)


def test_a_class_that_refuses_its_values() -> None:
    @dataclass
    class Even:
        number: int

        def __post_init__(self) -> None:
            if self.number % 2:
                raise ValueError("it is odd")

    assert convert(list[Even], [{"number": 2}]) == [Even(2)]
    with pytest.raises(Misfit, match="it is odd") as caught:
        convert(list[Even], [{"number": 2}, {"number": 3}])
    assert caught.value.path == "[1]"


def test_a_dataclass_of_pydantic() -> None:
    @pydantic.dataclasses.dataclass
    class Size:
        width: Annotated[int, Field(gt=0)]

    assert schema_of(Size)["properties"]["width"]["exclusiveMinimum"] == 0
    assert convert(Size, {"width": 1}).width == 1
    with pytest.raises(Misfit) as caught:
        convert(Size, {"width": 0})
    assert caught.value.path == "width"


def test_who_has_no_models_loads_no_libraries_of_models() -> None:
    script = """
import dataclasses, sys
from thinwire.cpython.type_schema import schema_of
from thinwire.cpython.type_values import convert
A = dataclasses.make_dataclass("A", [("a", int)])
assert schema_of(A)["required"] == ["a"]
assert convert(A, {"a": 1}) == A(1)
print([name for name in ("pydantic", "msgspec", "annotated_types") if name in sys.modules])
"""
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout.strip() == "[]", done.stderr


def test_a_root_model_and_a_union_with_a_discriminator() -> None:
    class Numbers(pydantic.RootModel[list[int]]):
        pass

    class Cat(BaseModel):
        kind: Literal["cat"]
        lives: int = 9

    class Dog(BaseModel):
        kind: Literal["dog"]

    class Pets(BaseModel):
        pets: list[Annotated[Cat | Dog, Field(discriminator="kind")]]

    assert schema_of(Numbers)["type"] == "array"
    assert convert(Numbers, [1, 2]).root == [1, 2]
    schema = schema_of(Pets)
    value = {"pets": [{"kind": "cat", "lives": None}, {"kind": "dog"}]}
    check(strict(schema), value, strict(schema))
    prune(schema, value, schema)
    assert convert(Pets, value) == Pets(pets=[Cat(kind="cat"), Dog(kind="dog")])

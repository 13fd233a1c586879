"""Values of classes as values that JSON can carry."""

import dataclasses
import datetime
import enum
from pathlib import PurePosixPath
from typing import Any, NamedTuple

import msgspec
import pydantic
import pytest

from thinwire.cpython.plain import plain


class Color(enum.Enum):
    RED = "red"


@dataclasses.dataclass
class Point:
    x: int
    inner: Any = None


class Pair(NamedTuple):
    a: int
    b: object


class Model(pydantic.BaseModel):
    when: datetime.date


class Struct(msgspec.Struct):
    name: str
    point: Point


DAY = datetime.date(2030, 1, 2)
VALUES = [
    (None, None),
    (True, True),
    (Color.RED, "red"),
    (Point(1, Point(2)), {"x": 1, "inner": {"x": 2, "inner": None}}),
    (Pair(1, Color.RED), {"a": 1, "b": "red"}),
    (Model(when=DAY), {"when": "2030-01-02"}),
    (Struct("s", Point(1)), {"name": "s", "point": {"x": 1, "inner": None}}),
    ([Point(1), (2, {3})], [{"x": 1, "inner": None}, [2, [3]]]),
    ({1: DAY, Color.RED: PurePosixPath("/a")}, {"1": "2030-01-02", "red": "/a"}),
    (b"bytes", b"bytes"),
    (Point, Point),
]


@pytest.mark.parametrize(("value", "want"), VALUES, ids=lambda one: repr(one)[:30])
def test_plain(value: object, want: object) -> None:
    assert plain(value) == want

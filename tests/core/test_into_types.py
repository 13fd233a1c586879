"""`into=` with types, which are CPython's: pydantic, msgspec, dataclass, TypedDict and others."""

import asyncio
import json
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, TypedDict

import msgspec
import pytest
from pydantic import BaseModel, Field

from thinwire import (
    AsyncClient,
    Client,
    ContentDelta,
    Deployment,
    ParsedCompletion,
    ParsedStream,
    ParseError,
    SyncParsedStream,
)
from thinwire.testing import MockServer, text_reply


class Model(BaseModel):
    name: str = Field(min_length=2)
    tags: list[str] = []


class Struct(msgspec.Struct):
    name: str
    tags: list[str] = []


@dataclass
class Data:
    name: Annotated[str, Field(min_length=2)]
    tags: list[str] = field(default_factory=list)


class Typed(TypedDict, total=False):
    name: str
    tags: list[str]


KINDS = [Model, Struct, Data, Typed]


def asked(kind: Any, answer: object) -> tuple[Any, dict[str, Any]]:
    words = answer if isinstance(answer, str) else json.dumps(answer)
    with MockServer(default=text_reply(words)) as server:
        with Client("m", Deployment(server.base_url)) as client:
            completion = client.chat("Hi", into=kind)
        return completion.parsed, server.requests[0].json()


@pytest.mark.parametrize("kind", KINDS)
def test_an_answer_becomes_an_instance(kind: Any) -> None:
    parsed, sent = asked(kind, {"name": "Rome", "tags": None})
    if kind is Typed:
        assert parsed == {"name": "Rome"}
    else:
        assert isinstance(parsed, kind)
        assert parsed == kind(name="Rome", tags=[])
    shape = sent["response_format"]["json_schema"]
    assert shape["name"] == kind.__name__
    assert shape["strict"] is True
    assert shape["schema"]["required"] == ["name", "tags"]


@pytest.mark.parametrize("kind", KINDS)
def test_what_does_not_fit_is_named(kind: Any) -> None:
    with pytest.raises(ParseError) as caught:
        asked(kind, {"name": "Rome", "tags": ["a", 1]})
    assert caught.value.path == "tags[1]"
    assert caught.value.reason == "invalid"
    assert json.loads(caught.value.text) == {"name": "Rome", "tags": ["a", 1]}


@pytest.mark.parametrize(
    ("kind", "answer", "want"),
    [
        (list[Data], {"value": [{"name": "ab"}]}, [Data("ab")]),
        (list[Model], [{"name": "ab"}], [Model(name="ab")]),
        (Literal["a", "b"], {"value": "b"}, "b"),
        (int, "3", 3),
        (str, "Rome", None),
        (Data | None, {"value": None}, None),
        (Model | Data, {"value": {"name": "ab"}}, Model(name="ab")),
        (dict[str, int], {"a": 1}, {"a": 1}),
    ],
)
def test_types_that_are_no_object(kind: Any, answer: object, want: object) -> None:
    if want is None and kind is str:
        with pytest.raises(ParseError):
            asked(kind, answer)
        return
    assert asked(kind, answer)[0] == want


def test_a_bad_item_of_a_wrapped_list_has_its_own_path() -> None:
    with pytest.raises(ParseError) as caught:
        asked(list[Data], {"value": [{"name": "ab"}, {"name": "a"}]})
    assert caught.value.path == "[1].name"


@pytest.mark.parametrize("dialect", ["openai", "responses", "anthropic"])
@pytest.mark.parametrize("kind", [*KINDS, list[Data], Literal["a"]])
def test_each_wire_takes_the_schema(dialect: Any, kind: Any) -> None:
    with MockServer(strict=True) as server:
        place = Deployment(server.base_url, "k", "echo", dialect=dialect)
        with Client("m", place) as client:
            completion = client.chat("Hi", into=kind)
        assert server.errors == []
    if kind in KINDS:
        name = completion.parsed["name"] if kind is Typed else completion.parsed.name
        assert name == "text"
    else:
        assert completion.parsed in ("a", [Data("text", ["text"])], [Data("text")])


def test_what_no_json_is_for_is_refused_before_anything_is_sent() -> None:
    with MockServer() as server:
        with Client("m", Deployment(server.base_url)) as client:
            for kind in (bytes, print, dict[int, str]):
                with pytest.raises(TypeError, match="JSON"):
                    client.chat("Hi", into=kind)
        assert server.requests == []


def test_an_error_of_the_types_own_code_comes_out_as_it_is() -> None:
    @dataclass
    class Odd:
        name: str

        def __post_init__(self) -> None:
            raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"):
        asked(Odd, {"name": "a"})


def test_a_hundred_at_once() -> None:
    async def run() -> list[Data]:
        def script(request: Any) -> Any:
            number = request.json()["messages"][0]["content"]
            return text_reply(json.dumps({"name": "no " + number, "tags": []}))(request)

        async def one(client: AsyncClient, number: int) -> Data:
            async with client.stream(str(number), into=Data) as stream:
                async for event in stream:
                    if isinstance(event, ContentDelta):
                        assert set(stream.partial()) <= {"name", "tags"}
            return stream.parsed

        with MockServer(default=script) as server:
            async with AsyncClient("m", Deployment(server.base_url)) as client:
                return await asyncio.gather(*[one(client, number) for number in range(100)])

    assert asyncio.run(run()) == [Data("no %d" % number) for number in range(100)]


def test_a_class_stands_for_itself_in_brackets() -> None:
    assert ParsedCompletion[int] is ParsedCompletion
    assert ParsedStream[int] is ParsedStream
    assert SyncParsedStream[int] is SyncParsedStream

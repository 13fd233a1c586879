"""Functions as tools on CPython: a schema of their own, threads for those that block."""

import asyncio
import contextvars
import sys
import threading
from dataclasses import dataclass
from typing import Any

import pytest
from racing import Reply, Setting, run
from streams import ANSWER, DONE, call, chunk, sse

from thinwire import Client, Deployment, Tool, ToolCall
from thinwire.core import _cpython
from thinwire.core.conversation.tool import taken
from thinwire.testing import ScriptedReply, ScriptedTransport

STREAM = {"content-type": "text/event-stream"}
ONE = '{"a": 1}'
WHERE: contextvars.ContextVar[str] = contextvars.ContextVar("WHERE")


def setting(*names: str, arguments: str = ONE) -> Setting:
    calls = [sse(call(index, str(index), name, arguments)) for index, name in enumerate(names)]
    end = sse(chunk({}, "tool_calls")) + DONE
    replies = {"a": [Reply(*calls, end), Reply(ANSWER)]}
    return Setting(replies, hedge_after=None, fallbacks="")


def contents(completion: Any) -> list[Any]:
    return [one["content"] for one in completion.messages if one["role"] == "tool"]


@dataclass
class Point:
    x: int
    y: int = 0


def move(to: Point, call: ToolCall) -> Point:
    """Moves.

    Args:
        to: where
    """
    assert call.name == "move"
    return Point(to.x + 1, to.y)


def test_a_function_is_a_tool() -> None:
    end = sse(call(0, "1", "move", '{"to": {"x": 1}}'), chunk({}, "tool_calls")) + DONE
    replies = [ScriptedReply([data], 200, STREAM) for data in (end, ANSWER)]
    transport = ScriptedTransport(list(replies))
    with Client("a", Deployment("https://a.test/v1"), transport=transport) as client:
        completion = client.run_tools("hi", tools=[move])
    assert contents(completion) == ['{"x":2,"y":0}']


def test_a_function_may_be_described_otherwise() -> None:
    body: Any = Tool(move, name="go", description="Goes.").definition["function"]
    assert (body["name"], body["description"]) == ("go", "Goes.")
    assert list(body["parameters"]["properties"]) == ["to"]
    (definition,), found = taken([move])
    assert definition == found["move"].definition
    with pytest.raises(ValueError, match="needs a name"):
        taken([lambda: 1])


def test_arguments_that_do_not_fit_are_told() -> None:
    async def main() -> None:
        one = setting("move", arguments='{"to": {"x": "here"}}')
        completion = await one.client.run_tools("hi", tools=[move])
        (content,) = contents(completion)
        assert "the arguments do not fit: to.x: " in content

    run(main())


def test_functions_that_block_run_in_threads_with_the_context_of_the_call() -> None:
    async def main() -> None:
        one = setting("meet", "meet")
        both = threading.Barrier(2, timeout=20)
        WHERE.set("here")

        def meet(a: int) -> str:
            both.wait()
            return WHERE.get()

        completion = await one.client.run_tools("hi", tools=[meet])
        assert contents(completion) == ["here", "here"]

    run(main())


def test_what_they_raise_comes_through() -> None:
    class Stop(BaseException):
        pass

    async def main() -> None:
        def fail(a: int) -> None:
            raise StopIteration("over")

        completion = await setting("fail").client.run_tools("hi", tools=[fail])
        (content,) = contents(completion)
        assert content == '{"error":"RuntimeError: coroutine raised StopIteration"}'

        def stop(a: int) -> None:
            raise Stop

        with pytest.raises(Stop):
            await setting("stop").client.run_tools("hi", tools=[stop])

        def later(a: int) -> Any:
            return asyncio.sleep(0, "slept")

        assert contents(await setting("later").client.run_tools("hi", tools=[later])) == ["slept"]

    run(main())


def test_a_thread_that_is_late_is_left_to_itself() -> None:
    async def main() -> None:
        one, free = setting("hang"), threading.Event()

        def hang(a: int) -> None:
            free.wait(20)

        try:
            completion = await one.client.run_tools("hi", tools=[hang], timeout=0.01)
        finally:
            free.set()
        assert contents(completion) == ['{"error":"it took longer than 0.01 s"}']

    run(main())


def test_arguments_go_unchecked_where_a_firmware_has_no_checker(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    schema = {"type": "object", "properties": {"a": {"type": "integer"}}}
    tool = Tool(lambda a: a, name="f", parameters=schema)
    name = "thinwire.core.conversation.json_schema"
    monkeypatch.delitem(vars(_cpython)["_loaded"], name, raising=False)
    monkeypatch.setitem(sys.modules, name, None)
    assert tool.given(ToolCall(0, "1", "f", '{"a": "x"}')) == ([], {"a": "x"})

"""What a hostile answer costs grows with its size, not with its square: what is moved and which
lines run is counted, at n and at 2n.
"""

import json
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest

from thinwire.core.answer import completion, tool_calls
from thinwire.core.answer.answer import Answer
from thinwire.core.answer.assembler import CompletionAssembler
from thinwire.core.wire.sse import SSEParser

_N = 400
_RATIO = 2.3
Make = Callable[[int], bytes]


def event(obj: object) -> bytes:
    return b"data: " + json.dumps(obj).encode() + b"\n\n"


def chunk(delta: object, **more: object) -> dict[str, object]:
    return {"choices": [{"index": 0, "delta": delta, **more}]}


def fragments(make: "Callable[[int], tuple[object, object, object, object]]") -> Make:
    """A stream with one fragment of a tool call in each event."""

    def answer(n: int) -> bytes:
        return b"".join([event(chunk({"tool_calls": [fragment(*make(i))]})) for i in range(n)])

    return answer


def fragment(index: object, id: object, name: object, arguments: object) -> dict[str, object]:
    return {"index": index, "id": id, "function": {"name": name, "arguments": arguments}}


def all_in_one(n: int) -> bytes:
    return event(chunk({"tool_calls": [fragment(i, str(i), "f", "{}") for i in range(n)]}))


def texts(n: int) -> bytes:
    return b"".join([event(chunk({"content": f'"{i}'})) for i in range(n)])


def choices(n: int) -> bytes:
    one = {"delta": {"content": "a"}, "finish_reason": "stop"}
    return event({"choices": [{"index": i % 200, **one} for i in range(n)]})


ANSWERS: dict[str, Make] = {
    "calls": fragments(lambda i: (i, str(i), "f", "{}")),
    "calls without an index": fragments(lambda i: (None, str(i), "f", "{}")),
    "calls without an id": fragments(lambda i: (0, None, "f", "{}")),
    "calls under one index": fragments(lambda i: (0, str(i), "f", "{}")),
    "calls without a name": fragments(lambda i: (i, str(i), None, "{}")),
    "calls in one chunk": all_in_one,
    "fragments": fragments(lambda i: (0, None if i else "1", None if i else "f", "a")),
    "fragments with id and name": fragments(lambda i: (0, "1", "f", "a")),
    "fragments with other ids": fragments(lambda i: (0, str(i), None if i else "f", "a")),
    "fragments without a name": fragments(lambda i: (0, "1", None, "a")),
    "fragments of 100 calls in turn": fragments(lambda i: (i % 100, str(i % 100), "f", "a")),
    "a name that is repeated": fragments(lambda i: (0, None, "f", "{}" if i else '{"a":"')),
    "pieces of a name": fragments(lambda i: (0, "1", f"f{i}", "")),
    "names": fragments(lambda i: (0, None, f"f{i}", "")),
    "texts": texts,
    "choices": choices,
}


class Events(list[Any]):
    """A list that counts what it moves."""

    moved = 0

    def pop(self, index: Any = -1) -> Any:
        """See list.pop; what stands behind moves up."""
        self.moved += len(self) - 1 - index if index >= 0 else 0
        return super().pop(index)


class Cost:
    """Counts lines that run, and characters that are joined or parsed."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.lines = 0
        self.moved = 0
        join, parse = completion.TextBuffer.value, tool_calls.loads_whole

        def value(buffer: completion.TextBuffer) -> str:
            # One piece is handed out as it is.
            pieces = buffer.pieces()
            self.moved += sum(map(len, pieces)) if len(pieces) > 1 else 0
            return join(buffer)

        def loads_whole(data: "bytes | bytearray", deltas: bool = False) -> object:
            self.moved += len(data)
            return parse(data, deltas)

        monkeypatch.setattr(completion.TextBuffer, "value", value)
        monkeypatch.setattr(tool_calls, "loads_whole", loads_whole)

    def trace(self, frame: FrameType, event: str, argument: object) -> Any:
        """For sys.settrace."""
        self.lines += 1
        return self.trace


def cost_of(data: bytes, patch: pytest.MonkeyPatch) -> tuple[int, int]:
    with patch.context() as inside:
        cost = Cost(inside)
        answer = Answer()
        events = answer.assembler.events = Events()
        before = sys.gettrace()
        sys.settrace(cost.trace)
        try:
            read(answer, data)
        finally:
            sys.settrace(before)
    return cost.lines, cost.moved + events.moved


def read(answer: Answer, data: bytes) -> None:
    at = 0
    while at < len(data):
        buffer = answer.get_buffer()
        size = min(len(buffer), len(data) - at)
        buffer[:size] = data[at : at + size]
        answer.buffer_updated(size)
        at += size
        while answer.next_event() is not None:
            answer.assembler.finished()
    answer.assembler.completion(True)


@pytest.mark.parametrize("name", ANSWERS)
def test_twice_the_answer_is_twice_the_work(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    lines, moved = cost_of(ANSWERS[name](_N), monkeypatch)
    more_lines, more_moved = cost_of(ANSWERS[name](2 * _N), monkeypatch)
    assert more_lines <= _RATIO * lines, (lines, more_lines)
    assert more_moved <= _RATIO * max(moved, _N), (moved, more_moved)


def test_sixteen_thousand_calls_are_taken() -> None:
    assembler = CompletionAssembler()
    for i in range(16_000):
        assembler.receive(chunk({"tool_calls": [fragment(i, str(i), "f", "{}")]}))
    calls = assembler.completion(True).tool_calls
    assert [call.id for call in calls] == [str(i) for i in range(16_000)]


class Moves:
    """A view of a buffer that counts what is written to it."""

    def __init__(self, view: memoryview) -> None:
        self.view = view
        self.moved = 0

    def __getitem__(self, place: slice) -> memoryview:
        return self.view[place]

    def __setitem__(self, place: slice, data: memoryview) -> None:
        self.moved += len(data)
        self.view[place] = data


class Watched(SSEParser):
    """Counts what it moves."""

    def __init__(self, size: int) -> None:
        super().__init__(size, size)
        self.moves = Moves(self.view)
        self.view = self.moves  # type: ignore[assignment]


# What follows 1 MB of an event, byte by byte.
@pytest.mark.parametrize("rest", [b"x" * 900, b":\n" * 450, b"\n" + b"data:x\n" * 120])
def test_an_event_near_the_limit_is_not_moved_for_each_read(rest: bytes) -> None:
    limit = 1 << 20
    parser = Watched(limit)
    start = b"data: " + b"x" * (limit - 1000)
    parser.get_buffer()[: len(start)] = start
    parser.buffer_updated(len(start))
    for at in range(len(rest)):
        assert not parser.next_event()
        parser.get_buffer()[:1] = rest[at : at + 1]
        parser.buffer_updated(1)
    assert parser.moves.moved <= 2 * limit

"""Chunks that are read many at once must give what each gives that is parsed, wherever they are
cut, and change what the answer says as it goes just as they do."""

import json
import random
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from thinwire.core.answer.answer import Answer
from thinwire.core.answer.assembler import CompletionAssembler
from thinwire.core.answer.chunk_memo import ChunkMemo
from thinwire.core.errors import ThinwireError
from thinwire.cpython.codec.chunk_runs import ChunkRuns

Write = Callable[[Any], bytes]


def chunk(delta: Any, reason: Any = None, **more: Any) -> dict[str, Any]:
    choice = {"index": more.pop("choice", 0), "delta": delta, "finish_reason": reason}
    return {"id": "cmpl-1", "created": 1795000000, "model": "m", "choices": [choice], **more}


def text(words: str, **more: Any) -> dict[str, Any]:
    return chunk({"content": words}, **more)


def arguments(piece: str, index: int = 0) -> dict[str, Any]:
    return chunk({"tool_calls": [{"index": index, "function": {"arguments": piece}}]})


def begun(index: int = 0) -> dict[str, Any]:
    function = {"name": "f", "arguments": ""}
    return chunk({"tool_calls": [{"index": index, "id": f"c{index}", "function": function}]})


def tight(obj: Any) -> bytes:
    return json.dumps(obj, separators=(",", ":"), ensure_ascii=False).encode(errors="ignore")


def spaced(obj: Any) -> bytes:
    return json.dumps(obj).encode()


def events(chunks: list[Any], write: Write = tight, end: bytes = b"\n\n") -> bytes:
    datas = [one if isinstance(one, bytes) else write(one) for one in chunks]
    return b"".join([data if data[:1] in b":e" else b"data: " + data + end for data in datas])


WORDS = ["a", " b", 'q"q', "\n\n", "é", "😀", "c\\", "\t", "/", "\u2028", "d"]
STOP = [chunk({}, "stop"), b"[DONE]"]
NUMBERED = [
    {
        **text(word),
        "id": f"cmpl-{place}",
        "created": 1795000000 + place // 3,
        "sequence_number": place + 95,
    }
    for place, word in enumerate(WORDS * 2)
]
STREAMS: dict[str, list[Any]] = {
    "texts": [text(word) for word in WORDS * 2],
    "padded": [{**text(word), "obfuscation": "x" * (9 - len(word))} for word in WORDS * 2],
    "numbered": NUMBERED,
    "a number that is none": [
        *NUMBERED[:5],
        tight(NUMBERED[5]).replace(b":100}", b":0100}"),
        *NUMBERED[6:],
    ],
    "numbers of other kinds": [
        {**one, "sequence_number": value}
        for one, value in zip(
            NUMBERED,
            [1, 2, 3, 4, None, 5, 6, -7, 8.5, 9, True, "9", 10**30, 0, 7, 8],
            strict=False,
        )
    ],
    "ids of other kinds": [
        {**one, "id": value}
        for one, value in zip(NUMBERED, ["", "1", "2", "3", None, 4, "\\", "5", "6"], strict=False)
    ],
    "fields in two places": [
        {**text(word, id=f"{place}"), "x": {"id": "y"}} for place, word in enumerate(WORDS)
    ],
    "a number in another place": [
        tight({**text(word), "x": {"sequence_number": place}}) for place, word in enumerate(WORDS)
    ],
    "a key that is escaped": [
        tight({"x": {"content": f"no{place}"}, **text(word)}).replace(
            b'"delta":{"content"', b'"delta":{"c\\u006fntent"'
        )
        for place, word in enumerate(WORDS)
    ],
    "an id whose key is escaped": [
        tight({**text(word), "x": {"id": f"no{place}"}}).replace(b'{"id"', b'{"\\u0069d"', 1)
        for place, word in enumerate(WORDS)
    ],
    "reasoning, then text": [chunk({"reasoning": word}) for word in WORDS]
    + [text(word) for word in WORDS],
    "several choices": [text(word, choice=place % 2) for place, word in enumerate(WORDS)],
    "runs of choices": [text(word, choice=number) for number in (0, 1) for word in WORDS],
    "arguments": [begun(), arguments('{"a": "'), *map(arguments, WORDS), arguments('"}')],
    "arguments of two calls": [
        part
        for index in (0, 1)
        for part in (
            begun(index),
            *[arguments(one, index) for one in ('{"', "a", '":"', "b", '"}')],
        )
    ],
    "arguments with objects in them": [begun(), *map(arguments, '{"a":{"b":[{}]}}')],
    "halves of characters": [
        text(word) for word in ["a", "b", "c", "\ud83d", "\ude00", "d", "e", "\udc00", "f", "g"]
    ],
    "a half without the other": [*map(text, ["a", "b", "\ud83d", "c", "d"])],
    "halves of arguments": [
        begun(),
        *map(arguments, ['{"', "a", '":"', "b", "\ud83d", "c", "d", '"}']),
    ],
    "what is beside the text changes and changes back": [
        text("a", system_fingerprint="1"),
        text("b", system_fingerprint="1"),
        text("c", system_fingerprint="1"),
        {"choices": [], "system_fingerprint": "2"},
        text("d", system_fingerprint="1"),
    ],
    "counts": [text(word, usage={"completion_tokens": 1 + n}) for n, word in enumerate(WORDS)],
    "empty texts": [text(word) for word in ("a", "b", "c", "", "d", "", "e", "f")],
    "control characters": [
        tight(text(word)).replace(b"\\t", b"\t").replace(b"\\n", b"\x01") for word in WORDS * 2
    ],
    "a line end in a text": [*map(text, "abc"), tight(text("d")).replace(b'"d"', b'"d\nd"')],
    "a CR in a text": [*map(text, "abc"), tight(text("d")).replace(b'"d"', b'"d\rd"')],
    "no UTF-8": [*map(text, "abc"), tight(text("d")).replace(b'"d"', b'"\xff\xe4"'), text("e")],
    "escapes that are none": [*map(text, "abc"), tight(text("d")).replace(b'"d"', b'"\\x"')],
    "a text without an end": [*map(text, "abc"), tight(text("d")).partition(b'"d"')[0] + b'"d'],
    "an error": [*map(text, "abcd"), {"error": {"message": "no"}}],
    "an error in a chunk": [*map(text, "abcd"), {**text("e"), "error": "no"}],
    "comments": [part for word in WORDS for part in (text(word), b": alive\n\n")],
    "a comment before each": [b": alive\n" + events([text(word)]) for word in WORDS],
    "events of other types": [
        *map(text, "abc"),
        b'event: ping\ndata: {"x":1}\n\n',
        b"event: message\n" + events([text("d")]),
        b"event: other\n" + events([text("e")]),
        *map(text, "fgh"),
    ],
    "data of several lines": [
        tight(text(word)).replace(b',"model"', b',\ndata: "model"') for word in WORDS
    ],
    "no data line where one was": [
        *[tight(text(word)).replace(b',"model"', b',\ndata: "model"') for word in "abc"],
        tight(text("d")).replace(b',"model"', b',\n"model"'),
    ],
    "after the reason": [*map(text, "abc"), chunk({"content": "d"}, "stop"), *map(text, "efg")],
    "a mark in front": [b"\xef\xbb\xbf", *map(text, "abcd")],
}


class NoMemo(ChunkMemo):
    def matches(self, buffer: bytearray, start: int, end: int) -> bool:
        return False


class NoRuns(ChunkRuns):
    def read(self, parser: Any) -> bool:
        return False


def parsing(answer: Answer) -> Answer:
    """An answer that parses each chunk."""
    answer._memo, answer._runs = NoMemo(), NoRuns()  # noqa: SLF001
    return answer


def state(assembler: CompletionAssembler, whole: bool = False) -> Any:
    found = assembler.completion(whole)
    choices = [(one.index, one.content, one.reasoning_content, repr(one)) for one in found.choices]
    calls = [(call.id[:1], call.arguments_raw) for call in found.tool_calls]
    told = assembler.progress, assembler.finished(), assembler.finish_seen
    return found.id, found.extra, found.usage, choices, calls, told


def outcome(answer: Answer, pieces: list[bytes], texts_only: bool) -> list[Any]:
    """All that is told, with what was known at each event."""
    told: list[Any] = []
    answer.assembler.texts_only = texts_only
    try:
        for piece in [*pieces, b""]:
            if piece:
                room = answer.get_buffer()
                room[: len(piece)] = piece
            answer.buffer_updated(len(piece))
            while (event := answer.next_event()) is not None:
                shown = event if isinstance(event, str) else repr(event)
                told.append((shown, state(answer.assembler)))
                answer.assembler.progress = False
    except ThinwireError as error:
        told.append((type(error), str(error)))
    told.append((answer.end, state(answer.assembler, answer.end != "")))
    return told


def cuts(data: bytes, number: int) -> Iterator[list[bytes]]:
    yield [data]
    yield [data[at : at + 1] for at in range(len(data))]
    chance = random.Random(number)
    for _ in range(3):
        places = sorted(chance.sample(range(len(data)), 5))
        yield [data[a:b] for a, b in zip([0, *places], [*places, len(data)], strict=True) if b > a]


@pytest.mark.parametrize("name", STREAMS)
@pytest.mark.parametrize(
    ("end", "write", "ways"),
    [
        (b"\n\n", tight, (False, True)),
        (b"\n\n", spaced, (True,)),
        (b"\r\n\r\n", tight, (True,)),
        (b"\r\r", tight, (True,)),
    ],
)
def test_runs_give_what_parsing_gives(
    name: str, end: bytes, write: Write, ways: tuple[bool, ...]
) -> None:
    data = events(STREAMS[name] + STOP, write, end)
    for texts_only in ways:
        want = outcome(parsing(Answer()), [data], texts_only)
        for number, pieces in enumerate(cuts(data, len(data))):
            got = outcome(Answer(), pieces, texts_only)
            assert got == want, (name, number)


@pytest.mark.parametrize("name", ["texts", "numbered", "arguments"])
def test_every_cut_in_two(name: str) -> None:
    data = events(STREAMS[name][:5] + STOP)
    want = outcome(parsing(Answer()), [data], False)
    for place in range(1, len(data)):
        assert outcome(Answer(), [data[:place], data[place:]], False) == want, place


@pytest.mark.parametrize("name", ["arguments", "halves of arguments", "a half without the other"])
def test_so_it_is_where_the_text_is_not_kept(name: str) -> None:
    for write in (tight, spaced):
        data = events(STREAMS[name] + STOP, write)
        want = outcome(parsing(Answer(keep=False)), [data], False)
        assert outcome(Answer(keep=False), [data], False) == want


def parses(chunks: list[Any], monkeypatch: pytest.MonkeyPatch, **how: Any) -> int:
    """How many of the chunks of a stream are parsed."""
    count = 0
    receive = CompletionAssembler.receive

    def counting(self: CompletionAssembler, obj: dict[str, object]) -> None:
        nonlocal count
        count += 1
        receive(self, obj)

    monkeypatch.setattr(CompletionAssembler, "receive", counting)
    outcome(Answer(), [events(chunks, **how)], True)
    return count


@pytest.mark.parametrize(
    ("name", "most"), [("texts", 2), ("padded", 5), ("numbered", 5), ("arguments", 3)]
)
def test_few_chunks_are_parsed(name: str, most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    for end in (b"\n\n", b"\r\n\r\n"):
        assert parses(STREAMS[name], monkeypatch, end=end) <= most


def test_a_long_answer_is_read_piece_by_piece() -> None:
    data = events([text(f"word{place} ") for place in range(2000)] + STOP)
    answer = Answer()
    answer.assembler.texts_only = True
    waiting, told = 0, []
    at = 0
    while at < len(data) or not answer.end:
        room = answer.get_buffer()
        count = min(len(room), len(data) - at)
        room[:count] = data[at : at + count]
        answer.buffer_updated(count)
        at += count
        while (event := answer.next_event()) is not None:
            told.append(event)
            waiting = max(waiting, len(answer._runs.texts))  # noqa: SLF001
    assert "".join(map(str, told)) == "".join([f"word{place} " for place in range(2000)])
    assert 50 < waiting < 250

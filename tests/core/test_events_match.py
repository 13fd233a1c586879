"""`match` takes events apart by position and by name."""

import pytest

from thinwire import (
    Completion,
    ContentDelta,
    Event,
    ReasoningDelta,
    RefusalDelta,
    StreamComplete,
    ToolCallDelta,
    ToolCallStarted,
)
from thinwire.core.answer.assembler import CompletionAssembler

COMPLETION: Completion = CompletionAssembler().completion(False)


def by_position(event: Event) -> tuple[object, ...]:
    match event:
        case ContentDelta(text, choice):
            return "content", text, choice
        case ReasoningDelta(text, choice):
            return "reasoning", text, choice
        case RefusalDelta(text, choice):
            return "refusal", text, choice
        case ToolCallStarted(index, id, name, choice):
            return "started", index, id, name, choice
        case ToolCallDelta(index, arguments, choice):
            return "arguments", index, arguments, choice
        case StreamComplete(completion):
            return "complete", completion
        case _:
            return ()


def by_name(event: Event) -> tuple[object, ...]:
    match event:
        case ContentDelta(text=text, choice=choice):
            return "content", text, choice
        case ReasoningDelta(text=text, choice=choice):
            return "reasoning", text, choice
        case RefusalDelta(text=text, choice=choice):
            return "refusal", text, choice
        case ToolCallStarted(index=index, id=id, name=name, choice=choice):
            return "started", index, id, name, choice
        case ToolCallDelta(index=index, arguments=arguments, choice=choice):
            return "arguments", index, arguments, choice
        case StreamComplete(completion=completion):
            return "complete", completion
        case _:
            return ()


EVENTS = [
    (ContentDelta("a", 1), ("content", "a", 1)),
    (ReasoningDelta("a", 1), ("reasoning", "a", 1)),
    (RefusalDelta("a"), ("refusal", "a", 0)),
    (ToolCallStarted(2, "id", "f", 1), ("started", 2, "id", "f", 1)),
    (ToolCallDelta(2, "{", 1), ("arguments", 2, "{", 1)),
    (StreamComplete(COMPLETION), ("complete", COMPLETION)),
    (Event(), ()),
]


@pytest.mark.parametrize(("event", "want"), EVENTS)
def test_match_takes_events_apart(event: Event, want: tuple[object, ...]) -> None:
    assert by_position(event) == want
    assert by_name(event) == want


def test_match_compares_what_is_given() -> None:
    match ContentDelta("a"):
        case ContentDelta("b"):
            found = "b"
        case ContentDelta("a", choice=0):
            found = "a"
    assert found == "a"

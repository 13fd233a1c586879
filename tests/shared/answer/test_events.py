from thinwire.core.answer.events import (
    BaseEvent,
    ContentDelta,
    Event,
    ReasoningDelta,
    RefusalDelta,
    StreamComplete,
    StreamRestarted,
    TextDelta,
)
from thinwire.core.answer.tool_calls import ToolCallDelta, ToolCallStarted

# An event, one that differs, and what it prints as.
EVENTS = [
    (BaseEvent(), ContentDelta("a"), "BaseEvent()"),
    (TextDelta("a"), ContentDelta("a"), "TextDelta(text='a', choice=0)"),
    (ContentDelta("a"), ContentDelta("b"), "ContentDelta(text='a', choice=0)"),
    (ContentDelta("a", 1), ContentDelta("a"), "ContentDelta(text='a', choice=1)"),
    (ReasoningDelta("a"), ContentDelta("a"), "ReasoningDelta(text='a', choice=0)"),
    (RefusalDelta("a"), ReasoningDelta("a"), "RefusalDelta(text='a', choice=0)"),
    (
        ToolCallStarted(0, "call_1", "f"),
        ToolCallStarted(1, "call_1", "f"),
        "ToolCallStarted(index=0, id='call_1', name='f', choice=0)",
    ),
    (
        ToolCallDelta(0, "{"),
        ToolCallDelta(0, "{", 1),
        "ToolCallDelta(index=0, arguments='{', choice=0)",
    ),
    (
        StreamRestarted("b", "read", 3),
        StreamRestarted("b", "read", 4),
        "StreamRestarted(deployment='b', reason='read', void_chars=3)",
    ),
    (StreamComplete(1), StreamComplete(2), "StreamComplete(completion=1)"),
]


def copy_of(event):
    return type(event)(*[getattr(event, name) for name in event.__match_args__])


def test_events_print_their_fields():
    for event, _, want in EVENTS:
        assert repr(event) == want, repr(event)


def test_events_compare_by_value():
    for event, other, _ in EVENTS:
        assert event == copy_of(event)
        assert event != other
        assert event != "a"


def test_equal_events_have_equal_hashes():
    for event, _, _ in EVENTS:
        assert len({event: 1, copy_of(event): 2}) == 1


def test_events_that_say_the_same_of_another_kind_differ():
    assert StreamRestarted("b", "read", 3) != ToolCallStarted("b", "read", 3)
    assert ContentDelta("a") != ReasoningDelta("a")


def test_text_events_share_a_base():
    for kind in (ContentDelta, ReasoningDelta, RefusalDelta):
        assert isinstance(kind("a"), TextDelta)
        assert isinstance(kind("a"), Event)

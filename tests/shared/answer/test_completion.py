from thinwire.core._compat import has_half, loads
from thinwire.core.answer.completion import (
    BaseEvent,
    ContentDelta,
    DeltaText,
    Event,
    ReasoningDelta,
    RefusalDelta,
    StreamComplete,
    StreamRestarted,
    TextDelta,
    ToolCallDelta,
    ToolCallStarted,
)

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


SMILE = "\U0001f600"


def parsed(*escapes):
    # Texts as a server's JSON carries them, each in a delta of its own.
    deltas = []
    for escape in escapes:
        data = bytearray(b'{"content":"' + escape + b'"}')
        deltas.append(loads(data, 0, len(data), True)["content"])
    return deltas


# What the deltas are: what is handed out for each, and at the end.
CASES = (
    ([b"a", b"b"], ["a", "b", ""]),
    ([b""], ["", ""]),
    ([b"\\ud83d", b"\\ude00"], ["", SMILE, ""]),
    ([b"x\\ud83d", b"\\ude00y"], ["x", SMILE + "y", ""]),
    ([b"x\\ud83d", b"", b"\\ude00"], ["x", "", SMILE, ""]),
    ([b"\\ud83d\\ude00\\ud83d", b"\\ude00\\ud83d", b"\\ude00"], [SMILE, SMILE, SMILE, ""]),
    ([b"\\ud83d", b"\\ud83d", b"\\ude00"], ["", "\ufffd", SMILE, ""]),
    ([b"\\ud83d", b"a"], ["", "\ufffda", ""]),
    ([b"\\ud83d"], ["", "\ufffd"]),
    ([b"\\ude00"], ["\ufffd", ""]),
    ([b"a\\ude00b\\ud83dc"], ["a\ufffdb\ufffdc", ""]),
    ([b"\xed\x9f\xbf"], ["\ud7ff", ""]),
)


def test_halves_of_a_character_meet():
    for escapes, want in CASES:
        text = DeltaText()
        got = [text.add(words) for words in parsed(*escapes)]
        got.append(text.end())
        assert got == want, (escapes, got)
        assert text.value() == "".join(want)
        assert text.end() == ""


def test_every_cut_of_a_text_gives_the_text():
    units = [b"a", b"\\u00e9", b"\\ud83d", b"\\ude00", b"\\ud83d", b"\\udc69", b"z"]
    for cut in range(2 ** (len(units) - 1)):
        pieces = [units[0]]
        for i in range(1, len(units)):
            if cut >> (i - 1) & 1:
                pieces.append(b"")
            pieces[-1] += units[i]
        text = DeltaText()
        got = "".join([text.add(words) for words in parsed(*pieces)]) + text.end()
        assert got == "a\xe9" + SMILE + "\U0001f469z", pieces


def test_only_texts_of_deltas_keep_a_half():
    data = bytearray(b'{"content":"\\ud83d","id":"\\ud83d","parts":["\\ud83d"],"\\ud83d":1}')
    value = loads(data, 0, len(data), True)
    assert has_half(value["content"])
    assert value["id"] == "\ufffd"
    assert value["parts"] == ["\ufffd"]
    assert value["\ufffd"] == 1
    assert loads(data, 0, len(data))["content"] == "\ufffd"


def test_texts_without_a_half():
    for text in ("a", "ab", "\xe9", "\ud7ff", "\ue000", SMILE, "a" + SMILE, "\uffff"):
        assert not has_half(text), text


def test_whole_text_takes_the_place_of_a_half_that_waits():
    text = DeltaText()
    assert text.add_whole("a") == "a"
    assert text.add(parsed(b"\\ud83d")[0]) == ""
    assert text.add_whole("b") == "\ufffdb"
    assert text.value() == "a\ufffdb"

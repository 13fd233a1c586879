from thinwire.core._compat import has_half, loads
from thinwire.core.answer.completion import DeltaText

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

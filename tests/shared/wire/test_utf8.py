from helpers import feeds

from thinwire.core.wire import utf8

FFFD = b"\xef\xbf\xbd"

# The length of the sequence, or minus what to replace (Unicode, table 3-7).
SEQUENCES = [
    (b"a", 1),
    (b"\x7f", 1),
    (b"\x80", -1),
    (b"\xc0\xaf", -1),
    (b"\xc1\xbf", -1),
    (b"\xc2\x80", 2),
    (b"\xdf\xbf", 2),
    (b"\xc2", -1),
    (b"\xc2A", -1),
    (b"\xe0\x9f\xbf", -1),
    (b"\xe0\xa0\x80", 3),
    (b"\xe1\x80", -2),
    (b"\xe1\x80A", -2),
    (b"\xed\x9f\xbf", 3),
    (b"\xed\xa0\x80", -1),
    (b"\xef\xbf\xbd", 3),
    (b"\xf0\x8f\xbf\xbf", -1),
    (b"\xf0\x90\x80\x80", 4),
    (b"\xf1\x80\x80", -3),
    (b"\xf1\x80A", -2),
    (b"\xf4\x8f\xbf\xbf", 4),
    (b"\xf4\x90\x80\x80", -1),
    (b"\xf5\x80\x80\x80", -1),
    (b"\xff", -1),
]

# What replace_invalid makes of ill-formed input.
REPLACED = [
    (b"", b""),
    (b"abc", b"abc"),
    ("é你\U0001f600".encode(), "é你\U0001f600".encode()),
    (b"a\xffb", b"a" + FFFD + b"b"),
    (b"\xe4\xbd", FFFD),
    (b"\xe4\xbdA", FFFD + b"A"),
    (b"\xed\xa0\x80", FFFD * 3),
    (b"\xf0\x9f\x98\xf0\x9f\x98\x80", FFFD + b"\xf0\x9f\x98\x80"),
    # Unicode's own example, table 3-11.
    (b"\xe1\x80\xe2\xf0\x91\x92\xf1\xbf\x41", FFFD * 4 + b"A"),
]

HIGH, LOW = b"\xed\xa0\xbd", b"\xed\xb8\x80"  # of U+1F600, as CESU-8

JOINED = [
    (b"", b""),
    (b"abc", b"abc"),
    (HIGH + LOW, "\U0001f600".encode()),
    (b"a" + HIGH + LOW + b"b" + HIGH + LOW, "a\U0001f600b\U0001f600".encode()),
    (HIGH, FFFD),
    (LOW, FFFD),
    (LOW + HIGH, FFFD * 2),
    (HIGH + b"x" + LOW, FFFD + b"x" + FFFD),
    (HIGH + HIGH + LOW, FFFD + "\U0001f600".encode()),
    (b"\xed\xa0\x80\xed\xb0\x80", "\U00010000".encode()),
    (b"\xed\xaf\xbf\xed\xbf\xbf", "\U0010ffff".encode()),
    ("힣퀀".encode(), "힣퀀".encode()),  # Hangul with the same lead byte
]

ESCAPED = [
    (b'"abc"', b'"abc"'),
    (b'"' + HIGH + b'"', b'"\\ud83d"'),
    (HIGH + LOW, b"\\ud83d\\ude00"),
    ("힣".encode() + LOW, "힣".encode() + b"\\ude00"),
    (b"\xed\xbf\xbf", b"\\udfff"),
]

# Bytes to hold back at the end of what was read so far.
UNFINISHED = [
    (b"", 0),
    (b"abc", 0),
    (b"ab\xc3", 1),
    ("é".encode(), 0),
    (b"\xe4", 1),
    (b"a\xe4\xbd", 2),
    ("你".encode(), 0),
    (b"\xf0", 1),
    (b"\xf0\x9f", 2),
    (b"\xf0\x9f\x98", 3),
    ("\U0001f600".encode(), 0),
    (b"\x80", 0),
    (b"\x80\x80\x80\x80", 0),
    (b"\xc0", 0),
    (b"\xff", 1),
]


def test_sequence_lengths():
    for data, want in SEQUENCES:
        for tail in (b"", b"zz"):
            got = utf8.sequence_length(b"x" + data + tail, 1)
            assert got == want, (data, tail, got)


def test_ill_formed_sequences_are_replaced():
    for data, want in REPLACED:
        assert utf8.replace_invalid(data) == want, data
        assert utf8.replace_invalid(memoryview(data)) == want, data


def test_surrogate_pairs_are_joined():
    for data, want in JOINED:
        assert utf8.join_pairs(data) == want, data


def test_surrogates_are_escaped():
    for data, want in ESCAPED:
        assert utf8.escape_surrogates(data) == want, data


def test_unfinished_sequences():
    for data, want in UNFINISHED:
        got = utf8.unfinished(data + b"behind", len(data))
        assert got == want, (data, got)


def test_holding_back_never_cuts_a_character():
    text = "aé你\U0001f600" * 2
    for pieces in feeds(text.encode()):
        out, kept = "", b""
        for piece in pieces:
            data = kept + piece
            size = len(data) - utf8.unfinished(data, len(data))
            out, kept = out + str(data[:size], "utf-8"), data[size:]
        assert (out, kept) == (text, b"")


def test_surrogates_are_joined_in_all_strings_of_a_value():
    pair, lone = "\ud83d\ude00", "\ud83d"
    value = {pair: [pair, "a", 1, None, {"b": lone}], "c": 1.5}
    want = {"\U0001f600": ["\U0001f600", "a", 1, None, {"b": "\ufffd"}], "c": 1.5}
    assert utf8.join_surrogates(value) == want


def test_text_keeps_surrogates():
    for data, want in [
        (b"", []),
        (b"a\xc3\xa9", [0x61, 0xE9]),
        (b"\xed\xa0\x80!", [0xD800, 0x21]),
    ]:
        for kind in (bytes, bytearray):
            assert [ord(c) for c in utf8.text(kind(data))] == want, data

# What characters are, in UTF-8.

from thinwire.core.conversation.voice.characters import (
    before,
    code_at,
    flags_before,
    is_flag,
    is_small,
    joined,
)


def test_code_points_and_where_they_begin():
    text = "aß€🚀z"
    data = text.encode()
    at = 0
    for code in (0x61, 0xDF, 0x20AC, 0x1F680, 0x7A):
        assert code_at(data, at) == code
        following = at + len(chr(code).encode())
        assert before(data, following) == at
        at = following


def test_small_letters():
    for code in (0x61, 0x7A, 0xDF, 0xE4, 0xFF, 0x101, 0x13A, 0x14B, 0x17A, 0x3B1, 0x436, 0x45F):
        assert is_small(code), code
    for code in (0x41, 0x5A, 0x60, 0x7B, 0x31, 0xC4, 0xF7, 0x100, 0x139, 0x14A, 0x179, 0x391):
        assert not is_small(code), code
    for code in (0x416, 0x4E00, 0x1F600, 0x20):
        assert not is_small(code), code


def test_what_is_seen_as_one():
    for first, second in (
        (0x65, 0x301),
        (0x1F44B, 0x1F3FD),
        (0x1F469, 0x200D),
        (0x200D, 0x1F469),
        (0x915, 0x93F),
        (0x915, 0x94D),
        (0x915, 0x957),
        (0x915, 0x901),
        (0x915, 0x93C),
        (0xE01, 0xE33),
        (0x2764, 0xFE0F),
        (0x1F1E9, 0x1F1EA),
        (0xD83D, 0xDE00),
    ):
        assert joined(first, second), (first, second)
    for first, second in (
        (0x65, 0x66),
        (0x65, 0x4E00),
        (0x915, 0x916),
        (0x61, 0x1F1E9),
        (0xE01, 0xE02),
        (0x1F600, 0x1F600),
    ):
        assert not joined(first, second), (first, second)


def test_letters_of_flags_are_counted():
    data = "x🇩🇪🇫".encode()
    assert [flags_before(data, start, 13) for start in (0, 1, 5, 9, 13)] == [3, 3, 2, 1, 0]
    assert is_flag(0x1F1E6)
    assert not is_flag(0x1F200)

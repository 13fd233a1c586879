"""What characters are, where they stand as UTF-8: on MicroPython a character that is taken out of
a str becomes a name that is kept for ever, which a text in Chinese would fill a heap with
(docs/micropython.md); and nothing there knows more than ASCII.
"""

from thinwire.core._compat import const

# First and last of what belongs to the character in front of it (UAX #29, Extend): marks of Latin
# and all, of Cyrillic, Hebrew, Arabic, Thai; vowels and finals of Hangul; marks again, joiners,
# marks of symbols and of kana, variants, half marks; skins and tags of emoji.
_EXTENDERS = (
    (0x300, 0x36F),
    (0x483, 0x489),
    (0x591, 0x5C7),
    (0x610, 0x61A),
    (0x64B, 0x65F),
    (0xE31, 0xE31),
    (0xE33, 0xE3A),
    (0xE47, 0xE4E),
    (0x1160, 0x11FF),
    (0x1AB0, 0x1AFF),
    (0x1DC0, 0x1DFF),
    (0x200C, 0x200D),
    (0x20D0, 0x20FF),
    (0x302A, 0x302F),
    (0x3099, 0x309A),
    (0xDC00, 0xDFFF),  # the second half of a pair that was never joined
    (0xFE00, 0xFE0F),
    (0xFE20, 0xFE2F),
    (0x1F3FB, 0x1F3FF),
    (0xE0020, 0xE007F),
)
_JOINER = const(0x200D)
_FLAGS = const(0x1F1E6)
_LAST_FLAG = const(0x1F1FF)


def code_at(data: "bytes | bytearray", at: int) -> int:
    """The code point of the character that begins at `at`."""
    byte = data[at]
    if byte < 0x80:
        return byte
    if byte < 0xE0:
        return (byte & 31) << 6 | data[at + 1] & 63
    if byte < 0xF0:
        return (byte & 15) << 12 | (data[at + 1] & 63) << 6 | data[at + 2] & 63
    high = (byte & 7) << 18 | (data[at + 1] & 63) << 12
    return high | (data[at + 2] & 63) << 6 | data[at + 3] & 63


def before(data: "bytes | bytearray", at: int) -> int:
    """Where the character in front of `at` begins."""
    at -= 1
    while data[at] & 0xC0 == 0x80:
        at -= 1
    return at


def is_small(code: int) -> bool:
    """Whether a code point is a small letter: Latin, Greek or Cyrillic."""
    if code < 0x80:
        return 97 <= code <= 122
    if code < 0x100:
        return code >= 0xDF and code != 0xF7
    if code < 0x180:  # capital and small in turn; two stretches begin the other way round
        return bool(code & 1) != (0x139 <= code <= 0x148 or 0x179 <= code <= 0x17E)
    return 0x3AC <= code <= 0x3CE or 0x430 <= code <= 0x45F


def is_flag(code: int) -> bool:
    """Whether a code point is a letter of those that make a flag, two by two."""
    return _FLAGS <= code <= _LAST_FLAG


def flags_before(data: "bytes | bytearray", start: int, at: int) -> int:
    """How many letters of flags stand in front of `at`, not further back than `start`."""
    count = 0
    while at > start:
        at = before(data, at)
        if not is_flag(code_at(data, at)):
            break
        count += 1
    return count


def joined(first: int, second: int) -> bool:
    """Whether two code points that follow each other are parts of what is seen as one character,
    by the rules of UAX #29 that most texts need; of letters of flags, whether both are some."""
    if second < 0x300:
        return False
    if first == _JOINER:
        return True
    if 0x900 <= second <= 0xDFF:  # the scripts of India have their signs at the same places
        place = second & 0x7F
        return place <= 3 or place == 0x3C or 0x3E <= place <= 0x4D or 0x55 <= place <= 0x57
    if is_flag(second):
        return is_flag(first)
    return any(low <= second <= high for low, high in _EXTENDERS)

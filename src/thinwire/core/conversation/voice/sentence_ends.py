"""Whether a dot with a space behind it ends a sentence, or is only the last character of a word.

It is told by the word in front of the dot and by what follows, as in Kiss and Strunk,
"Unsupervised Multilingual Sentence Boundary Detection" (Computational Linguistics 32, 2006), with
short lists where they have training. In doubt two sentences stay one piece: a pause in the middle
of a sentence is heard more than one that is missing.

"""

from thinwire.core._compat import const
from thinwire.core.conversation.voice.characters import before, code_at, is_small

_LONGEST_WORD = const(24)  # bytes; nothing longer is an abbreviation
_DOT = const(0x2E)

# Words that stand in front of what they belong to. Of words that end sentences as well ("etc.",
# "Inc.", "Jr."), only a small letter behind the dot says that the sentence goes on.
_NEVER_LAST = (
    b" adm apl apt asst avv bijv bspw bzw capt cf cmdr col dipl dept dhr dott dr ehem etw evtl"
    b" exkl frl gen ggf gov hon hr hrsg ing ingl inkl insb lt maj mevr messrs mgr mlle mme mr mrs"
    b" ms msgr mt mx nat phil prof rep resp rer rev sen sgt sig sog sr sra srta ssa st supt"
    b" tzv usf vgl viz vs zgl zzgl "
)
_BEFORE_NUMBERS = (
    b" abb abs abt apr approx art aug bd ca ch chap dec dez eq est ex feb fig figs jan jul jun kap"
    b" lfd mar max min mind nos no nov nr num oct okt op par pp pt ref sec sep sept str tab tel"
    b" ver vol vols ziff "
)
# In German a number in front of a dot is an ordinal. So it is behind these words, and in front of
# a month; English May and March are left out, since they begin a sentence as well.
_BEFORE_ORDINALS = (
    b" der dem den des die das am im vom zum zur beim bis ab seit jeden jedem jeder jedes unser"
    b" mein dein sein ihr "
)
_MONTHS = b" jan feb m\xc3\xa4 apr mai jun jul aug sep okt oct nov dez dec "
_CLOCK = (b"a.m", b"p.m")
_APOSTROPHES = (0x27, 0x2019)
# Spaces, quotes and brackets of ASCII and Latin 1, and what begins an emphasis.
_OUTSIDE = (
    0x20,
    0x09,
    0x0A,
    0x0D,
    0x22,
    0x27,
    0x28,
    0x2A,
    0x3C,
    0x5B,
    0x5F,
    0x60,
    0x7B,
    0x7E,
    0xA0,
    0xA1,
    0xAB,
    0xBB,
    0xBF,
)


def dot_ends(data: "bytearray", start: int, dot: int, after: int, size: int) -> bool:
    """Whether a dot ends a sentence.

    Args:
        data: the text as UTF-8.
        start: where the sentence begins, at most at the dot.
        dot: where the dot is.
        after: where the next word begins, behind spaces.
        size: how much there is; three bytes of the next word, unless the text ends.
    """
    at = _word_start(data, start, dot)
    if dot - at > _LONGEST_WORD:
        return True
    word = bytes(data[at:dot]).lower()  # letters of ASCII on MicroPython, and all that is needed
    small = is_small(code_at(data, after))
    if word.strip(b"0123456789.,:") == b"":
        return not small and not (word and _is_ordinal(data, start, at, word, after, size))
    between = b" " + word + b" "
    if (
        _is_initial(word)
        or (b"." in word and word not in _CLOCK and _is_dotted(word))
        or between in _NEVER_LAST
        or (0x30 <= data[after] <= 0x39 and between in _BEFORE_NUMBERS)
    ):
        return False
    # A small letter goes on, but where sentences are begun with one.
    return not small or (is_small(code_at(data, start)) and between not in _BEFORE_NUMBERS)


def _word_start(data: "bytearray", start: int, end: int) -> int:
    # Behind the last space, bracket or quotation mark; an apostrophe stands inside of a word.
    at = end
    while at > start and end - at <= _LONGEST_WORD:
        earlier = before(data, at)
        code = code_at(data, earlier)
        if code in _APOSTROPHES and earlier > start:
            code = code_at(data, before(data, earlier))
        if code in _OUTSIDE or 0x2000 <= code <= 0x206F:
            break
        at = earlier
    return at


def _is_ordinal(
    data: "bytearray", start: int, at: int, word: bytes, after: int, size: int
) -> bool:
    # The number of an item in a list, or one that is read as an ordinal.
    if len(word) <= 3 and not _has_letter(data, start, at):
        return True
    if len(word) > 5 or (len(word) > 2 and b"." not in word):  # "24", and "24.12"
        return False
    month = bytes(data[after : min(after + 3, size)]).lower()
    if len(month) == 3 and b" " + month in _MONTHS:
        return True
    end = at
    while end > start and data[end - 1] in b" \t\r\n":
        end -= 1
    earlier = bytes(data[_word_start(data, start, end) : end]).lower()
    return b" " + earlier + b" " in _BEFORE_ORDINALS


def _has_letter(data: "bytearray", start: int, end: int) -> bool:
    for at in range(start, end):
        if data[at] > 0x7F or data[at] in b"0123456789" or 97 <= data[at] | 32 <= 122:
            return True
    return False


def _is_initial(word: bytes) -> bool:
    # One letter of a script that has capitals.
    if len(word) == 1:
        return 97 <= word[0] <= 122
    return len(word) == 2 and 0xC3 <= word[0] <= 0xD4


def _is_dotted(word: bytes) -> bool:
    # "U.S", "e.g", "Ph.D", "т.е": letters of which no more than two stand together.
    count = 0
    for byte in word:
        if byte == _DOT:
            count = 0
        elif byte & 0xC0 != 0x80:
            if byte < 0x80 and not 97 <= byte <= 122:
                return False
            count += 1
            if count > 2:
                return False
    return True

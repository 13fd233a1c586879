# UTF-8 repairs that CPython's codecs do in C and MicroPython's lack. Runtime-neutral on purpose:
# the tests hold them against CPython's own codecs.
#
# On MicroPython a str is UTF-8 inside, so a surrogate that json.loads let through sits in the
# text as three bytes ED A0..BF xx (CESU-8), two such in a row for one astral character.

_REPLACEMENT = b"\xef\xbf\xbd"


def sequence_length(data: "bytes | memoryview", at: int) -> int:
    """Length of the well-formed UTF-8 sequence at `at`, or minus the length of what to replace.

    The length to replace is that of the maximal subpart, as the WHATWG Encoding standard and
    CPython's "replace" handler count it (Unicode §3.9, table 3-7).
    """
    lead = data[at]
    if lead < 0x80:
        return 1
    if lead < 0xC2 or lead > 0xF4:
        return -1
    need = 2 if lead < 0xE0 else 3 if lead < 0xF0 else 4
    low = 0xA0 if lead == 0xE0 else 0x90 if lead == 0xF0 else 0x80
    high = 0x9F if lead == 0xED else 0x8F if lead == 0xF4 else 0xBF
    for k in range(1, need):
        if at + k >= len(data) or not low <= data[at + k] <= high:
            return -k
        low, high = 0x80, 0xBF
    return need


def unfinished(data: "bytes | memoryview", end: int) -> int:
    """How many bytes before `end` begin a sequence whose rest would follow; 0 to 3."""
    for back in range(1, min(3, end) + 1):
        byte = data[end - back]
        if byte & 0xC0 != 0x80:
            need = 1 if byte < 0xC2 else 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4
            return back if need > back else 0
    return 0


def replace_invalid(data: "bytes | memoryview") -> bytearray:
    """A copy of `data` in which each ill-formed sequence is U+FFFD."""
    out = bytearray()
    at = 0
    while at < len(data):
        size = sequence_length(data, at)
        out.extend(data[at : at + size] if size > 0 else _REPLACEMENT)
        at += abs(size)
    return out


def _surrogate(data: "bytes | bytearray", at: int) -> int:
    # The surrogate whose three bytes start at `at`, or 0.
    if at + 2 < len(data) and data[at] == 0xED and data[at + 1] >= 0xA0:
        return 0xD000 | (data[at + 1] & 0x3F) << 6 | data[at + 2] & 0x3F
    return 0


def _astral(high: int, low: int) -> bytes:
    code = 0x10000 + ((high & 0x3FF) << 10) + (low & 0x3FF)
    return bytes(
        (0xF0 | code >> 18, 0x80 | code >> 12 & 63, 0x80 | code >> 6 & 63, 0x80 | code & 63)
    )


def join_pairs(data: "bytes | bytearray") -> bytearray:
    """Joins pairs of surrogate sequences; a lone one becomes U+FFFD, as it has no text."""
    out = bytearray()
    at = 0
    while at < len(data):
        found = data.find(b"\xed", at)
        stop = found if found >= 0 else len(data)
        out.extend(data[at:stop])
        at = stop + _append_surrogate(data, stop, out) if found >= 0 else stop
    return out


def _append_surrogate(data: "bytes | bytearray", at: int, out: bytearray) -> int:
    # Appends what the sequence at `at` stands for; returns the number of bytes it took.
    first = _surrogate(data, at)
    second = _surrogate(data, at + 3)
    if 0xD800 <= first < 0xDC00 <= second:
        out.extend(_astral(first, second))
        return 6
    out.extend(_REPLACEMENT if first else data[at : at + 3])
    return 3


def escape_surrogates(data: bytes) -> bytearray:
    """JSON text in which raw surrogate sequences are written as \\udxxx escapes."""
    out = bytearray()
    at = 0
    while at < len(data):
        code = _surrogate(data, at)
        out.extend(("\\u%04x" % code).encode() if code else data[at : at + 1])
        at += 3 if code else 1
    return out


def join_surrogates(value: object) -> object:
    """`value` (from json.loads) with the surrogate pairs in all its strings joined."""
    if isinstance(value, str):
        data = value.encode("utf-8", "surrogatepass")
        return str(join_pairs(data), "utf-8") if data.find(b"\xed") >= 0 else value
    if isinstance(value, list):
        return [join_surrogates(item) for item in value]
    if isinstance(value, dict):
        return {join_surrogates(key): join_surrogates(item) for key, item in value.items()}
    return value

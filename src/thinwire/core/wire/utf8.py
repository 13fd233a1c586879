"""UTF-8 repairs that CPython's codecs do in C and MicroPython's lack. Runtime-neutral on purpose:
the tests hold them against CPython's own codecs.

Two faults occur in what is received. Bytes that are no UTF-8: each ill-formed sequence becomes
U+FFFD (Unicode §3.9, table 3-7, as the WHATWG Encoding standard and CPython's "replace" count).
And halves of an astral character, a surrogate each: on MicroPython a str is UTF-8 inside, so a
surrogate that json.loads let through sits in the text as three bytes ED A0..BF xx (CESU-8), two
such in a row for one character. Pairs are joined; a lone half has no text and becomes U+FFFD.
"""

_REPLACEMENT = b"\xef\xbf\xbd"

# Fields of a delta that hold a piece of a text.
_PIECES = tuple(
    "content text reasoning reasoning_content refusal arguments thinking partial_json".split()
)


def sequence_length(data: "bytes | memoryview", at: int) -> int:
    """Length of the well-formed UTF-8 sequence at `at`, or minus that of the ill-formed one.

    The latter is its maximal subpart: the bytes that could have begun a sequence.
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


def join_pairs(
    data: "bytes | bytearray", keep_low: bool = False, keep_high: bool = False
) -> bytearray:
    """Joins pairs of surrogate sequences; a lone one becomes U+FFFD, as it has no text.

    Args:
        data: UTF-8 that may hold surrogate sequences.
        keep_low: leave a lone low surrogate at the start as it is: its other half may have come
            before.
        keep_high: leave a lone high surrogate at the end as it is: its other half may come.
    """
    out = bytearray()
    at = 0
    while at < len(data):
        found = data.find(b"\xed", at)
        stop = found if found >= 0 else len(data)
        out.extend(data[at:stop])
        at = stop + 3
        first, second = _surrogate(data, stop), _surrogate(data, at)
        if 0xD800 <= first < 0xDC00 <= second:
            code = 0x10000 + ((first & 0x3FF) << 10) + (second & 0x3FF)
            out.append(0xF0 | code >> 18)
            for shift in (12, 6, 0):
                out.append(0x80 | code >> shift & 63)
            at += 3
        elif (
            not first
            or (keep_low and stop == 0 and first >= 0xDC00)
            or (keep_high and at == len(data) and first < 0xDC00)
        ):
            out.extend(data[stop:at])
        else:
            out.extend(_REPLACEMENT)
    return out


def escape_surrogates(data: bytes) -> bytearray:
    """JSON text in which raw surrogate sequences are written as \\udxxx escapes."""
    out = bytearray()
    at = 0
    while at < len(data):
        code = _surrogate(data, at)
        out.extend(("\\u%04x" % code).encode() if code else data[at : at + 1])
        at += 3 if code else 1
    return out


def text(data: "bytes | bytearray") -> str:
    """`data` as a str, lone surrogates as they are."""
    try:
        return str(data, "utf-8")
    except UnicodeError:  # CPython; MicroPython takes surrogates
        return str(data, "utf-8", "surrogatepass")


def join_surrogates(value: object, deltas: bool = False, edges: bool = False) -> object:
    """`value` (from json.loads) with the surrogate pairs in all its strings joined.

    Args:
        value: JSON value.
        deltas: in the fields that carry pieces of a text, keep a half at an edge of a piece: some
            servers cut between the halves of an astral character (answer/completion.py).
        edges: `value` stands in such a field.
    """
    if isinstance(value, str):
        data = value.encode("utf-8", "surrogatepass")
        return text(join_pairs(data, edges, edges)) if data.find(b"\xed") >= 0 else value
    if isinstance(value, list):
        return [join_surrogates(item, deltas, edges) for item in value]
    if isinstance(value, dict):
        return {
            join_surrogates(key): join_surrogates(item, deltas, deltas and key in _PIECES)
            for key, item in value.items()
        }
    return value

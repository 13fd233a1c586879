"""JSON by msgspec, for who has installed `thinwire[fast]`: faster than json's own parser, where a
chunk is not like the one before, or an answer comes whole.

What it takes gives what json gives: duplicate keys (the last one counts), integers of any size,
floats to the last bit. What it refuses, json is asked for, whose word counts: NaN and infinities,
control characters in a text, lone surrogates, invalid UTF-8, a byte order mark, whatever is no
JSON. orjson makes floats of large integers, without a word: so it is not used. How deep brackets
may nest depends on who parses them: where there are many, json does.
"""

import msgspec

_BRACKETS = 100

_decode = msgspec.json.Decoder().decode


def decode(data: bytes) -> object:
    """The JSON value that is all of `data`; ValueError where json has to say what it is."""
    if data.count(b"{") + data.count(b"[") > _BRACKETS:
        raise ValueError
    try:
        return _decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        raise ValueError from None

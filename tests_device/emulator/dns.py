"""A name server (RFC 1035) for which every name is one address."""

import struct

_A, _INTERNET = 1, 1
_ANSWER = 0x8180  # an answer, recursion as desired and available
_NAME_ABOVE = 0xC00C  # the name is the one of the question, at offset 12
_SECONDS = 60
_HEAD = 12


def answer(query: bytes, address: bytes) -> bytes:
    """What to say to a query of one name: `address` for IPv4, and that there is nothing else."""
    end = query.index(b"\0", _HEAD) + 5
    kind, _ = struct.unpack_from(">HH", query, end - 4)
    found = kind == _A
    head = query[:2] + struct.pack(">HHHHH", _ANSWER, 1, found, 0, 0)
    record = struct.pack(">HHHIH", _NAME_ABOVE, _A, _INTERNET, _SECONDS, 4) + address
    return head + query[_HEAD:end] + (record if found else b"")

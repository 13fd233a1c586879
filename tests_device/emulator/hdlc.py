"""PPP's frames on a serial line (RFC 1662): flags, escapes and a checksum around each packet."""

import re
import struct

_FLAG, _ESCAPE, _FLIP = b"~", b"}", 0x20
_START, _GOOD = 0xFFFF, 0xF0B8  # of the checksum
_LEAD = b"\xff\x03"  # all stations, unnumbered information
_ALL_CONTROLS = 0xFFFFFFFF


def _table() -> list[int]:
    table = []
    for value in range(256):
        for _ in range(8):
            value = value >> 1 ^ 0x8408 if value & 1 else value >> 1
        table.append(value)
    return table


_TABLE = _table()


def checksum(data: bytes) -> int:
    """The 16 bit FCS of RFC 1662, appendix C, before it is inverted for the wire."""
    value = _START
    for byte in data:
        value = value >> 8 ^ _TABLE[(value ^ byte) & 0xFF]
    return value


def frame(protocol: int, payload: bytes, controls: int = _ALL_CONTROLS) -> bytes:
    """One packet as it goes onto the line.

    Args:
        protocol: number of the protocol, e.g. 0x0021 for IP.
        payload: the packet.
        controls: bit n set: byte n, below 32, has to be escaped.
    """
    body = _LEAD + struct.pack(">H", protocol) + payload
    body += struct.pack("<H", checksum(body) ^ 0xFFFF)
    special = _FLAG + _ESCAPE + bytes(n for n in range(32) if controls >> n & 1)
    pattern = b"[" + re.escape(special) + b"]"
    escaped = re.sub(pattern, lambda found: _ESCAPE + bytes([found[0][0] ^ _FLIP]), body)
    return _FLAG + escaped + _FLAG


class Deframer:
    """Finds the packets in what the line brings.

    Attributes:
        damaged: frames that were dropped because of their checksum.
    """

    def __init__(self) -> None:
        self.damaged = 0
        self._rest = b""

    def feed(self, data: bytes) -> list[tuple[int, bytes]]:
        """Takes bytes; returns (protocol, payload) for each frame that they complete."""
        *frames, self._rest = (self._rest + data).split(_FLAG)
        return [packet for raw in frames if raw and (packet := self._packet(raw))]

    def _packet(self, raw: bytes) -> tuple[int, bytes] | None:
        body = re.sub(rb"}(.)", lambda found: bytes([found[1][0] ^ _FLIP]), raw, flags=re.DOTALL)
        if len(body) < 4 or checksum(body) != _GOOD:
            self.damaged += 1
            return None
        body = body[:-2].removeprefix(_LEAD)
        # A protocol below 256 may come as one byte: the last byte of a number is odd.
        size = 1 if body[0] & 1 else 2
        return int.from_bytes(body[:size], "big"), body[size:]

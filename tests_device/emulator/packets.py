"""IPv4, UDP and TCP packets (RFC 791, 768, 9293), as much of them as a PPP line carries."""

import dataclasses
import struct

TCP, UDP = 6, 17
FIN, SYN, RST, PSH, ACK = 0x01, 0x02, 0x04, 0x08, 0x10


@dataclasses.dataclass(frozen=True)
class Packet:
    """An IPv4 packet."""

    source: bytes
    target: bytes
    protocol: int
    payload: bytes


@dataclasses.dataclass(frozen=True)
class Datagram:
    """What UDP adds to a packet."""

    source_port: int
    target_port: int
    data: bytes


@dataclasses.dataclass(frozen=True)
class Segment:
    """What TCP adds to a packet."""

    source_port: int
    target_port: int
    sequence: int
    acknowledged: int
    flags: int
    window: int
    data: bytes = b""
    options: bytes = b""


def checksum(data: bytes) -> int:
    """The Internet checksum (RFC 1071)."""
    if len(data) % 2:
        data += b"\0"
    total: int = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total ^ 0xFFFF


def pack(packet: Packet) -> bytes:
    """The bytes of an IPv4 packet."""
    size = 20 + len(packet.payload)
    # No fragments, 64 hops.
    start = struct.pack(">BBHHHBBH", 0x45, 0, size, 0, 0x4000, 64, packet.protocol, 0)
    head = start + packet.source + packet.target
    return head[:10] + struct.pack(">H", checksum(head)) + head[12:] + packet.payload


def unpack(data: bytes) -> Packet | None:
    """The packet in `data`; None if it is no whole IPv4 packet."""
    if len(data) < 20 or data[0] >> 4 != 4:
        return None
    head, size = (data[0] & 15) * 4, int.from_bytes(data[2:4], "big")
    more, offset = data[6] & 0x20, int.from_bytes(data[6:8], "big") & 0x1FFF
    if size > len(data) or more or offset:
        return None
    return Packet(data[12:16], data[16:20], data[9], data[head:size])


def unpack_datagram(packet: Packet) -> Datagram:
    """What UDP says in `packet`."""
    source, target, size = struct.unpack_from(">HHH", packet.payload)
    return Datagram(source, target, packet.payload[8:size])


def udp(source: bytes, target: bytes, datagram: Datagram) -> bytes:
    """A packet that carries `datagram`. No checksum: IPv4 lets UDP do without."""
    ports = (datagram.source_port, datagram.target_port)
    head = struct.pack(">HHHH", *ports, 8 + len(datagram.data), 0)
    return pack(Packet(source, target, UDP, head + datagram.data))


def unpack_segment(packet: Packet) -> Segment:
    """What TCP says in `packet`."""
    source, target, sequence, acknowledged, start, flags, window = struct.unpack_from(
        ">HHIIBBH", packet.payload
    )
    size = (start >> 4) * 4
    options, data = packet.payload[20:size], packet.payload[size:]
    return Segment(source, target, sequence, acknowledged, flags, window, data, options)


def tcp(source: bytes, target: bytes, segment: Segment) -> bytes:
    """A packet that carries `segment`."""
    head = struct.pack(
        ">HHIIBBHHH",
        segment.source_port,
        segment.target_port,
        segment.sequence & 0xFFFFFFFF,
        segment.acknowledged & 0xFFFFFFFF,
        (20 + len(segment.options)) << 2,
        segment.flags,
        segment.window,
        0,
        0,
    )
    body = head + segment.options + segment.data
    pseudo = source + target + struct.pack(">HH", TCP, len(body))
    total = struct.pack(">H", checksum(pseudo + body))
    return pack(Packet(source, target, TCP, body[:16] + total + body[18:]))


_END, _PADDING, _LARGEST = 0, 1, 2
_UNSAID = 536  # RFC 9293, 3.7.1


def say_largest(size: int) -> bytes:
    """The option by which a SYN says how much data one segment may bring."""
    return struct.pack(">BBH", _LARGEST, 4, size)


def largest_segment(options: bytes) -> int:
    """How much data one segment may bring, by the options of a SYN."""
    while options and options[0] != _END:
        if options[0] == _LARGEST:
            return int.from_bytes(options[2:4], "big")
        size = 1 if options[0] == _PADDING else max(2, int.from_bytes(options[1:2], "big"))
        options = options[size:]
    return _UNSAID

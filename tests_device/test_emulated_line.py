"""The line of the emulated chip, without the chip: frames, negotiation, packets, names."""

import struct

import pytest
from emulator import dns, packets
from emulator.hdlc import Deframer, checksum, frame
from emulator.packets import Datagram, Packet, Segment
from emulator.ppp import CHIP, GATEWAY, Peer

LCP, IPCP, IP = 0xC021, 0x8021, 0x0021
REQUEST, ACK, NAK, REJECT, TERMINATE, TERMINATED = range(1, 7)
AWKWARD = bytes(range(256)) + b"}}~~\x7d\x5e"


def test_checksum_of_the_standard_text() -> None:
    # CRC-16/X-25 of "123456789" is 0x906E: the same sum, inverted.
    assert checksum(b"123456789") ^ 0xFFFF == 0x906E


@pytest.mark.parametrize("controls", [0, 0xFFFFFFFF, 0x000A0000])
def test_a_frame_survives_every_split(controls: int) -> None:
    line = frame(IP, AWKWARD, controls) + frame(LCP, b"second", controls)
    assert len([byte for byte in line if byte < 32 and controls >> byte & 1]) == 0
    for at in range(len(line) + 1):
        deframer = Deframer()
        found = [*deframer.feed(line[:at]), *deframer.feed(line[at:])]
        assert found == [(IP, AWKWARD), (LCP, b"second")], at
        assert deframer.damaged == 0


def test_a_damaged_frame_is_dropped_and_the_next_one_found() -> None:
    damaged = frame(IP, b"one").replace(b"one", b"onf")
    deframer = Deframer()
    assert deframer.feed(damaged + b"~~x~" + frame(IP, b"two")) == [(IP, b"two")]
    assert deframer.damaged == 2


class Line:
    """A chip's side of the line that a test speaks for."""

    def __init__(self) -> None:
        self.downs = 0
        self.packets: list[bytes] = []
        self._said = Deframer()
        self._heard: list[tuple[int, bytes]] = []
        self.peer = Peer(self._hear, self.packets.append, self._down)

    def _hear(self, data: bytes) -> None:
        self._heard += self._said.feed(data)

    def _down(self) -> None:
        self.downs += 1

    def say(self, protocol: int, code: int, data: bytes) -> list[tuple[int, int, bytes]]:
        """Sends one control packet; returns (protocol, code, data) of the answers."""
        self.peer.receive(frame(protocol, struct.pack(">BBH", code, 7, 4 + len(data)) + data))
        answers = [(one, said[0], said[4:]) for one, said in self._heard]
        self._heard.clear()
        return answers


def test_lcp_accepts_what_it_knows_and_rejects_the_rest() -> None:
    line = Line()
    known, unknown = bytes([2, 6, 0, 0, 0, 0]), bytes([13, 3, 6])
    assert line.say(LCP, REQUEST, known + unknown) == [(LCP, REJECT, unknown)]
    answers = line.say(LCP, REQUEST, known)
    assert answers[0] == (LCP, ACK, known)
    assert [answer[:2] for answer in answers] == [(LCP, ACK), (LCP, REQUEST)]


def test_ipcp_gives_the_chip_its_address_and_asks_once() -> None:
    line = Line()
    asked = bytes([3, 6, 0, 0, 0, 0])
    answers = line.say(IPCP, REQUEST, asked)
    assert answers[0] == (IPCP, NAK, bytes([3, 6]) + CHIP)
    assert answers[1] == (IPCP, REQUEST, bytes([3, 6]) + GATEWAY)
    assert line.say(IPCP, REQUEST, bytes([3, 6]) + CHIP) == [(IPCP, ACK, bytes([3, 6]) + CHIP)]


def test_an_end_is_confirmed_and_told() -> None:
    line = Line()
    assert line.say(LCP, TERMINATE, b"") == [(LCP, TERMINATED, b"")]
    assert line.downs == 1


def test_an_echo_is_answered_and_a_strange_protocol_rejected() -> None:
    line = Line()
    assert line.say(LCP, 9, bytes(4)) == [(LCP, 10, bytes(4))]
    ((protocol, code, _),) = line.say(0x8057, REQUEST, b"")  # IPv6
    assert (protocol, code) == (LCP, 8)


def test_packets_come_back_as_they_were() -> None:
    segment = Segment(1, 2, 0xFFFFFFFF, 4, packets.SYN, 6, b"odd", packets.say_largest(800))
    packed = packets.tcp(CHIP, GATEWAY, segment)
    packet = packets.unpack(packed)
    assert packet is not None
    assert packets.checksum(packed[:20]) == 0
    assert packets.unpack_segment(packet) == segment
    assert packets.largest_segment(segment.options) == 800
    datagram = Datagram(53, 1024, b"data")
    packet = packets.unpack(packets.udp(GATEWAY, CHIP, datagram))
    assert packet is not None
    assert packets.unpack_datagram(packet) == datagram


NO_PACKETS = [b"", b"\x45" * 10, b"\x60" + bytes(39)]


@pytest.mark.parametrize("data", NO_PACKETS)
def test_what_is_no_packet_is_none(data: bytes) -> None:
    assert packets.unpack(data) is None


def test_a_fragment_is_none() -> None:
    whole = packets.pack(Packet(CHIP, GATEWAY, packets.UDP, b"12345678"))
    assert packets.unpack(whole[:6] + b"\x20\x00" + whole[8:]) is None


SIZES = [
    (b"", 536),
    (b"\x01\x01\x02\x04\x03\x20", 800),
    (b"\x03\x03\x00\x00", 536),
    (b"\x08", 536),
]


@pytest.mark.parametrize(("options", "size"), SIZES)
def test_the_largest_segment_is_found_among_options(options: bytes, size: int) -> None:
    assert packets.largest_segment(options) == size


def test_every_name_is_one_address() -> None:
    query = b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x03api\x07example\x00"
    said = dns.answer(query + b"\x00\x01\x00\x01", GATEWAY)
    assert said[:2] == b"\x12\x34"
    assert said.endswith(GATEWAY)
    assert said[6:8] == b"\x00\x01"
    nothing = dns.answer(query + b"\x00\x1c\x00\x01", GATEWAY)  # IPv6
    assert nothing[6:8] == b"\x00\x00"

"""The other end of the chip's PPP line (RFC 1661 LCP, RFC 1332 IPCP), as far as lwIP asks."""

import struct
from collections.abc import Callable, Iterator

from emulator.hdlc import Deframer, frame

CHIP = bytes([10, 0, 0, 2])
GATEWAY = bytes([10, 0, 0, 1])

_LCP, _IPCP, _IP = 0xC021, 0x8021, 0x0021
_REQUEST, _ACK, _NAK, _REJECT, _TERMINATE, _TERMINATED = range(1, 7)
_PROTOCOL_REJECT, _ECHO, _ECHOED = 8, 9, 10

# Options of LCP: largest packet, control characters, magic number, compressed fields.
_LARGEST, _CONTROLS, _MAGIC, _SHORT_PROTOCOL, _SHORT_ADDRESS = 1, 2, 5, 7, 8
# Options of IPCP: the chip's address and two name servers; each has one value here.
_ADDRESS = 3
_GIVEN = {_ADDRESS: CHIP, 129: GATEWAY, 131: GATEWAY}

Option = tuple[int, bytes, bytes]  # its number, its value, and all of it as it came


class Peer:
    """Negotiates, and passes IP packets on.

    Args:
        send: called with bytes for the line.
        on_packet: called with each IP packet of the chip.
        on_down: called when the chip ends the connection or makes a new one.
    """

    def __init__(
        self,
        send: Callable[[bytes], None],
        on_packet: Callable[[bytes], None],
        on_down: Callable[[], None],
    ) -> None:
        self._line = send
        self._on_packet = on_packet
        self._on_down = on_down
        self._deframer = Deframer()
        self._controls = 0xFFFFFFFF
        self._asked = False  # for the chip's consent to our address

    def receive(self, data: bytes) -> None:
        """Takes bytes from the line."""
        for protocol, payload in self._deframer.feed(data):
            if protocol == _IP:
                self._on_packet(payload)
            elif protocol in (_LCP, _IPCP) and len(payload) >= 4:
                code, identifier, size = struct.unpack_from(">BBH", payload)
                answer = self._lcp if protocol == _LCP else self._ipcp
                answer(code, identifier, payload[4:size])
            else:
                self._control(_LCP, _PROTOCOL_REJECT, 1, struct.pack(">H", protocol) + payload)

    def send_packet(self, packet: bytes) -> None:
        """Sends an IP packet to the chip."""
        self._line(frame(_IP, packet, self._controls))

    def _lcp(self, code: int, identifier: int, data: bytes) -> None:
        if code == _REQUEST:
            self._lcp_request(identifier, data)
        elif code == _TERMINATE:
            self._control(_LCP, _TERMINATED, identifier, b"")
            self._start_anew()
        elif code == _ECHO:
            self._control(_LCP, _ECHOED, identifier, bytes(4))

    def _lcp_request(self, identifier: int, data: bytes) -> None:
        known = (_LARGEST, _CONTROLS, _MAGIC, _SHORT_PROTOCOL, _SHORT_ADDRESS)
        if refused := b"".join(raw for kind, _, raw in options(data) if kind not in known):
            self._control(_LCP, _REJECT, identifier, refused)
            return
        self._start_anew()
        self._control(_LCP, _ACK, identifier, data)
        # Ours: nothing has to be escaped for us.
        self._control(_LCP, _REQUEST, 1, bytes([_CONTROLS, 6]) + bytes(4))
        for kind, value, _ in options(data):
            if kind == _CONTROLS:
                self._controls = int.from_bytes(value, "big")

    def _start_anew(self) -> None:
        self._controls = 0xFFFFFFFF
        self._asked = False
        self._on_down()

    def _ipcp(self, code: int, identifier: int, data: bytes) -> None:
        if code != _REQUEST:
            return
        asked = list(options(data))
        refused = b"".join(raw for kind, _, raw in asked if kind not in _GIVEN)
        other = [kind for kind, value, _ in asked if kind in _GIVEN and value != _GIVEN[kind]]
        if refused:
            self._control(_IPCP, _REJECT, identifier, refused)
        elif other:
            given = b"".join(bytes([kind, 6]) + _GIVEN[kind] for kind in other)
            self._control(_IPCP, _NAK, identifier, given)
        else:
            self._control(_IPCP, _ACK, identifier, data)
        # Once only: a request in an open connection would make lwIP negotiate all over again.
        if not self._asked:
            self._asked = True
            self._control(_IPCP, _REQUEST, 1, bytes([_ADDRESS, 6]) + GATEWAY)

    def _control(self, protocol: int, code: int, identifier: int, data: bytes) -> None:
        head = struct.pack(">BBH", code, identifier, 4 + len(data))
        self._line(frame(protocol, head + data))


def options(data: bytes) -> Iterator[Option]:
    """The options of a request, one after the other."""
    at = 0
    while at + 2 <= len(data):
        size = max(2, data[at + 1])
        yield data[at], data[at + 2 : at + size], data[at : at + size]
        at += size

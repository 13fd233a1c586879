"""The network that the chip sees at the end of its PPP line: this computer's loopback.

10.0.0.1 is 127.0.0.1, port by port, and every name leads there. No other address answers, and
nothing of it needs rights or touches the system's network.
"""

import asyncio
import contextlib
import threading
from collections.abc import Iterator, Mapping

from emulator import dns, packets
from emulator.packets import ACK, SYN, TCP, UDP, Datagram, Segment
from emulator.ppp import CHIP, GATEWAY, Peer
from emulator.tcp_relay import Relay

_LOOPBACK = "127.0.0.1"
_DNS = 53
_CHUNK = 65536
_LONGEST_S = 10


class Network:
    """What is behind one line.

    Args:
        line: where bytes for the chip are written.
        redirected: ports that lead to another port of this computer.
    """

    def __init__(self, line: asyncio.StreamWriter, redirected: Mapping[int, int]) -> None:
        self._peer = Peer(line.write, self._packet, self._down)
        self._redirected = redirected
        self._relays: dict[tuple[int, int], Relay] = {}
        self._connecting: set[asyncio.Task[None]] = set()

    async def serve(self, line: asyncio.StreamReader) -> None:
        """Takes what the chip sends, until the line is cut or the task cancelled."""
        try:
            while data := await line.read(_CHUNK):
                self._peer.receive(data)
        finally:
            for task in self._connecting:
                task.cancel()
            self._down()

    def _packet(self, data: bytes) -> None:
        packet = packets.unpack(data)
        if packet is None or packet.target != GATEWAY:
            return
        if packet.protocol == UDP:
            self._datagram(packets.unpack_datagram(packet))
        elif packet.protocol == TCP:
            self._segment(packets.unpack_segment(packet))

    def _datagram(self, query: Datagram) -> None:
        if query.target_port == _DNS:
            said = Datagram(_DNS, query.source_port, dns.answer(query.data, GATEWAY))
            self._peer.send_packet(packets.udp(GATEWAY, CHIP, said))

    def _segment(self, segment: Segment) -> None:
        key = (segment.source_port, segment.target_port)
        relay = self._relays.get(key)
        if relay is not None:
            relay.receive(segment)
        elif segment.flags & (SYN | ACK) == SYN:
            relay = Relay(segment, self._send, lambda: self._forget(key))
            self._relays[key] = relay
            port = self._redirected.get(segment.target_port, segment.target_port)
            task = asyncio.create_task(_connect(relay, port))
            self._connecting.add(task)
            task.add_done_callback(self._connecting.discard)

    def _forget(self, key: tuple[int, int]) -> None:
        self._relays.pop(key, None)

    def _send(self, segment: Segment) -> None:
        self._peer.send_packet(packets.tcp(GATEWAY, CHIP, segment))

    def _down(self) -> None:
        for relay in list(self._relays.values()):
            relay.abandon()


async def _connect(relay: Relay, port: int) -> None:
    try:
        await asyncio.get_running_loop().create_connection(lambda: relay, _LOOPBACK, port)
    except OSError:
        relay.refuse()


@contextlib.contextmanager
def network(port: int, redirected: Mapping[int, int]) -> Iterator[None]:
    """Be the network of the chip whose line is a TCP port of this computer, in a thread.

    Args:
        port: of the chip's line.
        redirected: ports of 10.0.0.1 that are another port of 127.0.0.1; may change meanwhile.
    """
    loop = asyncio.new_event_loop()
    living = loop.create_task(_live(port, redirected))
    thread = threading.Thread(target=_run, args=(loop, living), name="network of the chip")
    thread.start()
    try:
        yield
    finally:
        loop.call_soon_threadsafe(living.cancel)
        thread.join(_LONGEST_S)


async def _live(port: int, redirected: Mapping[int, int]) -> None:
    reader, writer = await asyncio.open_connection(_LOOPBACK, port)
    try:
        await Network(writer, redirected).serve(reader)
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


def _run(loop: asyncio.AbstractEventLoop, living: "asyncio.Task[None]") -> None:
    with contextlib.suppress(asyncio.CancelledError, ConnectionError):
        loop.run_until_complete(living)
    loop.close()

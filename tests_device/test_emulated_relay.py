"""TCP connections of the emulated chip, carried on by sockets: as the chip sees them."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from emulator.packets import ACK, FIN, PSH, RST, SYN, Segment, say_largest
from emulator.tcp_relay import Relay, reset_by_closing

LIMIT_S = 10
START = 0xFFFFFFF0  # sequence numbers wrap in every test
Talk = Callable[["Peer", asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Peer:
    """The chip's TCP, as a test plays it."""

    def __init__(self) -> None:
        self.got: asyncio.Queue[Segment] = asyncio.Queue()
        self.over = asyncio.Event()
        self.sequence = START
        self.window = 4000
        opening = Segment(5000, 80, START, 0, SYN, self.window, b"", say_largest(100))
        self.relay = Relay(opening, self.got.put_nowait, self.over.set)
        self.sequence += 1
        self.received = b""
        self.next = 0

    def say(self, data: bytes = b"", flags: int = ACK) -> None:
        number = self.sequence & 0xFFFFFFFF
        self.relay.receive(Segment(5000, 80, number, self.next, flags, self.window, data))
        self.sequence += len(data) + bool(flags & FIN)

    async def hear(self) -> Segment:
        return await asyncio.wait_for(self.got.get(), LIMIT_S)

    async def opened(self) -> None:
        said = await self.hear()
        assert said.flags == SYN | ACK
        assert said.acknowledged & 0xFFFFFFFF == (START + 1) & 0xFFFFFFFF
        self.next = said.sequence + 1
        self.say()

    async def hear_data(self, size: int) -> None:
        """Takes what comes in order until it is so much, and acknowledges it."""
        while len(self.received) < size:
            said = await self.hear()
            if said.data and said.sequence == self.next:
                self.received += said.data
                self.next += len(said.data)
                self.say()


def play(talk: Talk) -> None:
    """Runs `talk` between a chip and a server that has taken its connection."""

    async def main() -> None:
        taken: asyncio.Queue[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = asyncio.Queue()
        server = await asyncio.start_server(lambda *pair: taken.put_nowait(pair), "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        peer = Peer()
        await asyncio.get_running_loop().create_connection(lambda: peer.relay, "127.0.0.1", port)
        reader, writer = await asyncio.wait_for(taken.get(), LIMIT_S)
        await peer.opened()
        try:
            await asyncio.wait_for(talk(peer, reader, writer), 3 * LIMIT_S)
        finally:
            peer.relay.abandon()
            writer.close()
            server.close()
            await asyncio.sleep(0.01)  # for the transports to close

    asyncio.run(main())


def test_both_directions_and_an_orderly_end() -> None:
    async def talk(peer: Peer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer.say(b"hello", ACK | PSH)
        assert await asyncio.wait_for(reader.readexactly(5), LIMIT_S) == b"hello"
        writer.write(bytes(range(250)))
        await peer.hear_data(250)
        assert peer.received == bytes(range(250))
        peer.say(flags=ACK | FIN)
        assert await asyncio.wait_for(reader.read(), LIMIT_S) == b""
        writer.close()
        while not (said := await peer.hear()).flags & FIN:
            pass
        peer.next = said.sequence + 1
        peer.say()
        await asyncio.wait_for(peer.over.wait(), LIMIT_S)

    play(talk)


def test_what_the_chip_dropped_comes_again() -> None:
    async def talk(peer: Peer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"x" * 100 + b"y" * 50)
        while not (await peer.hear()).data:
            pass  # the first one, which we drop
        await peer.hear_data(150)
        assert peer.received == b"x" * 100 + b"y" * 50

    play(talk)


def test_no_more_than_the_window_and_the_segment_size() -> None:
    async def talk(peer: Peer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer.window = 150
        peer.say()
        writer.write(b"z" * 1000)
        sizes: list[int] = []
        while sum(sizes) < 150:
            sizes.append(len((await peer.hear()).data))
        assert [size for size in sizes if size] == [100, 50]
        assert peer.got.empty()

    play(talk)


def test_data_out_of_order_and_twice_is_passed_on_once() -> None:
    async def talk(peer: Peer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer.say(b"first ")
        peer.sequence -= 6
        peer.say(b"first ")
        peer.sequence += 5
        peer.say(b"lost?")
        peer.sequence -= 10
        peer.say(b"then ")
        assert await asyncio.wait_for(reader.readexactly(11), LIMIT_S) == b"first then "

    play(talk)


def test_a_chip_that_resets_is_a_server_that_sees_it() -> None:
    async def talk(peer: Peer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer.say(flags=RST)
        await asyncio.wait_for(peer.over.wait(), LIMIT_S)
        with pytest.raises(ConnectionResetError):
            await asyncio.wait_for(reader.read(), LIMIT_S)

    play(talk)


def test_a_server_that_resets_is_a_chip_that_sees_it() -> None:
    async def talk(peer: Peer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        reset_by_closing(writer.transport)
        writer.transport.abort()
        while not (await peer.hear()).flags & RST:
            pass
        assert peer.over.is_set()

    play(talk)


def test_a_server_that_reads_nothing_closes_the_window_and_opens_it_again() -> None:
    async def talk(peer: Peer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        sent = 0
        window = 1
        while window and sent < 64 * 2**20:
            peer.say(b"w" * 1000)
            sent += 1000
            window = (await peer.hear()).window
        assert window == 0
        got = 0
        while got < sent:
            got += len(await asyncio.wait_for(reader.read(2**20), LIMIT_S))
        while not (await peer.hear()).window:
            pass

    play(talk)


def test_nobody_there_is_a_reset() -> None:
    async def main() -> None:
        peer = Peer()
        peer.relay.refuse()
        said = await peer.hear()
        assert said.flags & RST
        assert said.acknowledged & 0xFFFFFFFF == (START + 1) & 0xFFFFFFFF
        assert peer.over.is_set()

    asyncio.run(main())

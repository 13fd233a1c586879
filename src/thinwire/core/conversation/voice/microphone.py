"""A microphone, as a recording that begins and ends by itself: what is heard goes out while it is
heard, as a WAV file whose length nobody knows yet.

The samples are 16 bits wide, signed, little-endian, as `machine.I2S(bits=16)` and
`arecord -f S16_LE` give them. Whether somebody speaks is told by how much each eighth of them
differs from the one before, so that a microphone's own offset does not count.
"""

from thinwire.core._compat import const, is_awaitable, public

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from collections.abc import AsyncIterable, Callable
    from typing import Any, Protocol

    from thinwire.core.transport import Transport

    class FillsBuffers(Protocol):
        """What fills a buffer, plain or async; 0 at the end."""

        def readinto(self, __buffer: memoryview) -> object: ...

    class ReadsLater(Protocol):
        """asyncio.StreamReader fits."""

        async def read(self, __count: int) -> bytes: ...

    Samples = FillsBuffers | ReadsLater | AsyncIterable[bytes]

_BLOCK = const(1024)  # bytes that are looked at together: 32 ms at 16 kHz
_LOUD = const(2)  # blocks in a row that are speech: one alone is a click
_EACH = const(16)  # bytes from one sample that is looked at to the next
# Of a length that is not known: ffmpeg, which most servers read with, reads to the end then
# (libavformat/wavdec.c), and so do sox and libsndfile.
_UNKNOWN = b"\xff\xff\xff\xff"


@public
class Microphone:
    """What is said, from its first sound to the silence behind it; again and again.

    `await wait()` until somebody speaks, and hand it to `client.transcribe` then, or iterate it:
    the first block is the head of a WAV file. A block is the caller's until the next is asked for.

    Args:
        source: what the samples come from: what has `readinto(buffer)`, plain or async (an open
            file, asyncio.StreamReader(machine.I2S(...)) on a chip); what has an async `read(n)`
            (asyncio.StreamReader); an async iterable of bytes.
        rate: samples per second.
        channels: 1 or 2.
        button: called for each block, says whether a button is held down: then what is said
            meanwhile is recorded, and silence ends nothing. None: by the voice.
        threshold: the level from which on it is speech.
        silence: seconds of silence that end it.
        longest: seconds, at most, after which it ends in any case.
        before: seconds that are kept from before it got loud, since speech begins softly.
        live: whether the source goes on by itself, so that what is said while nobody listens is
            dropped and not listened to later.

    Attributes:
        level: of the last block, 0 for silence, some thousands for a voice that is near: what a
            threshold is chosen by.
        echo: by which the threshold is multiplied, while a loudspeaker is heard as well.
        transport: of a client; where it is set, others have their turn after each block that a
            plain `readinto` has given.
    """

    def __init__(
        self,
        source: "Samples",
        *,
        rate: int = 16000,
        channels: int = 1,
        button: "Callable[[], object] | None" = None,
        threshold: int = 500,
        silence: float = 0.8,
        longest: float = 30,
        before: float = 0.25,
        live: bool = False,
    ) -> None:
        self.rate = rate
        self.live = live
        self.channels = channels
        self.level = 0
        self.echo = 1
        self.transport: Transport | None = None
        known = hasattr(source, "readinto") or hasattr(source, "read")
        self._source: Any = source if known else source.__aiter__()  # type: ignore[union-attr]
        self._button = button
        self._threshold = threshold
        second = rate * channels * 2
        self._silence = int(silence * second)
        self._longest = int(longest * second)
        # A ring of blocks: the newest ones while it waits, one after the other later.
        self._slots = max(int(before * second) // _BLOCK + 1, _LOUD)
        self._ring = memoryview(bytearray(self._slots * _BLOCK))
        self._slot = 0  # that is filled next
        self._kept = 0  # blocks in the ring that have not been given out
        self._filled = 0  # bytes of the slot
        self._rest: memoryview | bytes = b""  # of a block of an iterable
        self._loud = 0
        self._speaking = False
        self._head = True
        self._ended = False  # the source has
        self._quiet = self._given = 0

    @property
    def has_button(self) -> bool:
        """Whether a button says when to listen."""
        return self._button is not None

    @property
    def speaking(self) -> bool:
        """Whether a recording has begun, and is not over."""
        return self._speaking

    async def wait(self) -> bool:
        """Waits until somebody speaks, or holds the button; what comes meanwhile is dropped.

        Returns:
            False when the source has ended before.
        """
        while not self._speaking and not self._ended:
            if await self._fill() < _BLOCK:
                break
            if self._button is not None:
                self._speaking = bool(self._button())
                self._kept = 1  # what was said before is nobody's
            else:
                self._loud = self._loud + 1 if self._is_loud() else 0
                self._speaking = self._loud >= _LOUD
                self._kept = min(self._kept + 1, self._slots)
            self._next_slot()
        self._head = True
        self._quiet = self._given = 0
        return self._speaking

    async def drop(self) -> None:
        """Reads what nobody wants to hear, until it is cancelled or the source ends."""
        while await self._fill() == _BLOCK:
            self._next_slot()

    def forget(self) -> None:
        """Ends a recording of which nobody wants the rest."""
        self._speaking = False
        self._loud = self._kept = 0

    def __aiter__(self) -> "Microphone":
        return self

    async def __anext__(self) -> "bytes | memoryview":
        if not self._speaking:
            raise StopAsyncIteration
        if self._head:
            self._head = False
            return self._wav()
        if self._kept:
            at = (self._slot - self._kept) % self._slots * _BLOCK
            self._kept -= 1
            self._given += _BLOCK
            return self._ring[at : at + _BLOCK]
        count = 0
        if not self._over():
            count = await self._fill()
        at = self._slot * _BLOCK
        if not count:
            self.forget()
            raise StopAsyncIteration
        if self._button is None:
            self._quiet = 0 if self._is_loud() else self._quiet + count
        self._given += count
        self._next_slot()
        return self._ring[at : at + count]

    def _over(self) -> bool:
        if self._given >= self._longest or self._ended:
            return True
        if self._button is not None:
            return not self._button()
        return self._quiet >= self._silence

    def _next_slot(self) -> None:
        self._slot = (self._slot + 1) % self._slots
        self._filled = 0

    def _is_loud(self) -> bool:
        block = self._ring[self._slot * _BLOCK :]
        total = number = earlier = 0
        for at in range(0, self._filled - 1, _EACH):
            sample = block[at] | block[at + 1] << 8
            if sample > 32767:
                sample -= 65536
            if number:
                total += abs(sample - earlier)
            earlier = sample
            number += 1
        self.level = total // (number - 1) if number > 1 else 0
        return self.level >= self._threshold * self.echo

    def _wav(self) -> bytes:
        # RIFF, with one chunk that says how the samples are, and one that has them.
        rate, channels = self.rate, self.channels
        return b"".join(
            (
                b"RIFF" + _UNKNOWN + b"WAVEfmt \x10\0\0\0\1\0",
                channels.to_bytes(2, "little"),
                rate.to_bytes(4, "little"),
                (rate * channels * 2).to_bytes(4, "little"),
                (channels * 2).to_bytes(2, "little") + b"\x10\0data" + _UNKNOWN,
            )
        )

    async def _fill(self) -> int:
        # Fills the slot; less than a block only at the end of the source. Who is cancelled in the
        # middle of it goes on where it was.
        start = self._slot * _BLOCK
        while self._filled < _BLOCK and not self._ended:
            count = await self._read(self._ring[start + self._filled : start + _BLOCK])
            self._filled += count
            self._ended = not count
        return self._filled

    async def _read(self, buffer: memoryview) -> int:
        source = self._source
        if self._rest:
            return self._take(buffer)
        if hasattr(source, "readinto"):
            count = source.readinto(buffer)
            if is_awaitable(count):
                count = await count
            elif self.transport is not None:
                await self.transport.sleep_ms(0)
            return count  # type: ignore[no-any-return]
        if hasattr(source, "read"):
            self._rest = await source.read(len(buffer))
        else:
            try:
                self._rest = memoryview(await source.__anext__())
            except StopAsyncIteration:
                return 0
        return self._take(buffer)

    def _take(self, buffer: memoryview) -> int:
        count = min(len(self._rest), len(buffer))
        buffer[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count

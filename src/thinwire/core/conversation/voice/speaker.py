"""A loudspeaker: what takes sound as it arrives, whole samples at a time, and counts it."""

from thinwire.core._compat import const, import_module, public
from thinwire.core.errors import StreamError

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from thinwire.core.transport import Transport

_PARTS = const(10)  # of a second
_RIFF = const(12)  # bytes: RIFF, a length, WAVE
_CHUNK = const(8)  # bytes: what is in it, a length


@public
class Speaker:
    """Where sound goes.

    Args:
        sink: what has `write`, see AsyncClient.speak (asyncio.StreamWriter(machine.I2S(...), {})
            on a chip, an open file, a pipe, a stream); or a callable that takes a memoryview,
            plain or async.
        byte_rate: bytes that last a second. The default is that of samples of 16 bits at 24 kHz,
            which is how OpenAI's "pcm" comes.
        frame: bytes that belong together: the sink is never given a part of them. 1 for what is
            compressed.
        wav: whether each sound is a WAV file, of which the sink wants the samples only.
        held: bytes that the sink takes before it has played them, e.g. ibuf= of machine.I2S: so
            much of what it took has not been heard.
        stop: called, plain or async, when it has to be silent at once, whatever the sink holds.

    Attributes:
        taken: bytes that the sink has taken.
    """

    def __init__(
        self,
        sink: "Any",
        *,
        byte_rate: int = 48000,
        frame: int = 2,
        wav: bool = False,
        held: int = 0,
        stop: "Callable[[], object] | None" = None,
    ) -> None:
        self.byte_rate = byte_rate
        self.held = held
        self.stop = stop
        self.taken = 0
        self._sink = sink
        self._wav = wav
        self._part = bytearray(frame)  # a frame that is not whole yet
        # So much is given to the sink at a time that little of it is heard after an interruption.
        self._most = max(byte_rate // _PARTS // frame, 1) * frame
        self.begin()

    def begin(self) -> None:
        """Another sound follows: what was not whole of the last one is dropped."""
        self._filled = 0  # of the part
        self._head = bytearray()  # of a WAV file, as far as it was read
        self._wanted = _RIFF if self._wav else 0  # bytes of it, 0 in the samples
        self._skipped = 0  # bytes of a chunk that nobody wants

    async def take(self, piece: memoryview, transport: "Transport") -> None:
        """Hands a piece on, and returns when the sink has it.

        Raises:
            StreamError: it is to be a WAV file, and is none; and what the sink raises.
        """
        while self._wanted and piece:
            piece = self._after_head(piece)
        part, filled = self._part, self._filled
        if filled:
            count = min(len(part) - filled, len(piece))
            part[filled : filled + count] = piece[:count]
            piece = piece[count:]
            self._filled = filled + count
            if self._filled < len(part):
                return
            self._filled = 0
            await self._hand(memoryview(part), transport)
        rest = len(piece) % len(part)
        whole = len(piece) - rest
        if rest:
            part[:rest] = piece[whole:]
            self._filled = rest
        for at in range(0, whole, self._most):
            await self._hand(piece[at : min(at + self._most, whole)], transport)

    async def _hand(self, piece: memoryview, transport: "Transport") -> None:
        # Here, and not above: one import in another takes a chip's stack.
        written = import_module("thinwire.core.services.speech").written
        await written(self._sink, piece, transport)
        self.taken += len(piece)

    def _after_head(self, piece: memoryview) -> memoryview:
        # Reads the chunks of a WAV file up to its samples.
        if self._skipped:
            count = min(self._skipped, len(piece))
            self._skipped -= count
            return piece[count:]
        count = min(self._wanted - len(self._head), len(piece))
        self._head.extend(piece[:count])
        if len(self._head) == self._wanted:
            head, self._head = bytes(self._head), bytearray()
            if self._wanted == _RIFF:
                if head[:4] + head[8:] != b"RIFFWAVE":
                    raise StreamError("the sound is no WAV file")
                self._wanted = _CHUNK
            elif head[:4] == b"data":
                self._wanted = 0
            else:
                size = int.from_bytes(head[4:], "little")
                self._skipped = size + (size & 1)
        return piece[count:]

# A voice assistant on the emulated board, which has no I2S: what stands for it here gives and
# takes whole samples, as many as there is room for, as the firmware's does.

import gc
import io
import os

from thinwire import AsyncClient, Deployment, Timeouts

_POLL = 3  # ioctl's request
_QUIET = bytes(512)
_LOUD = (b"\x00\x10" * 8 + b"\x00\xf0" * 8) * 16
_FOLDER = "voice"


class Ear:
    """What was heard: the number of bytes, and a sum of them; and the least heap meanwhile."""

    def __init__(self):
        self.bytes = 0
        self.sum = 0
        self.free = 1 << 30

    def hear(self, piece):
        self.bytes += len(piece)
        self.sum = (self.sum + sum(piece)) & 0xFFFFFF
        gc.collect()
        self.free = min(self.free, gc.mem_free())


EAR = Ear()
BLOCKS = []  # that the microphone hears; silence after them
LOOKS = []  # at the button: 1 while it is held, a larger number once so many bytes were heard


class I2S(io.IOBase):
    RX = 1
    TX = 2
    MONO = 0

    def __init__(self, number, **options):
        self._busy = False

    def ioctl(self, request, flags):
        # Every second look it is not ready.
        self._busy = not self._busy
        return 0 if request != _POLL or self._busy else flags

    def readinto(self, buffer):
        if len(buffer) % 2:
            raise OSError(22)
        count = min(len(buffer), 512)
        buffer[:count] = (BLOCKS.pop(0) if BLOCKS else _QUIET)[:count]
        return count

    def write(self, piece):
        if len(piece) % 2:
            raise OSError(22)
        count = min(len(piece), 300)
        EAR.hear(memoryview(piece)[:count])
        return count


class Pin:
    """A button, see LOOKS."""

    IN = PULL_UP = 0

    def __init__(self, *given):
        pass

    def value(self):
        if not LOOKS or (LOOKS[0] > 1 and EAR.bytes < LOOKS[0]):
            return 1
        return 0 if LOOKS.pop(0) else 1


class Board:
    def __init__(self):
        self.microphone = self.speaker = {"id": 0, "sck": 0, "ws": 0, "sd": 0}


def board_program(source):
    # thinwire_board/voice.py, with what stands for I2S here.
    place = {"__name__": "voice"}
    exec(source, place)
    place["I2S"] = I2S
    place["Pin"] = Pin
    return place


def client_for(base_url):
    patient = Timeouts(connect=30, first_token=60, progress=60)
    plain = {"allow_insecure_http": True}  # the machine it runs on is another one to the board
    names = {"board": "m", "transcribe": "ears", "speak": "mouth"}
    models = {name: Deployment(base_url, "k", model, **plain) for name, model in names.items()}
    return AsyncClient("board", models, timeouts=patient)


def forget():
    try:
        for name in os.listdir(_FOLDER):
            os.remove(_FOLDER + "/" + name)
        os.rmdir(_FOLDER)
    except OSError:
        pass


async def speak(base_url, source, rounds, looks=None):
    """Rounds of the board's program: what it heard, what was heard of it, and free heap, before
    and at least while it spoke."""
    forget()
    program = board_program(source)
    settings = {"voice": {}, "system": "Be brief."}
    if looks is not None:
        settings["voice"]["button"] = 1
        LOOKS.extend(looks)
    for _ in range(1 if looks else rounds):
        BLOCKS.extend([_QUIET] * 4 + [_LOUD] * 8 + [_QUIET] * 50)

    async with client_for(base_url) as client:
        await client.load()
        gc.collect()
        before = gc.mem_free()
        voice = program["assistant"](client, settings, Board())
        await voice.run(rounds)
        kept = await voice.talk.messages("voice")
    forget()
    return {
        "kept": [message["content"] for message in kept],
        "bytes": EAR.bytes,
        "sum": EAR.sum,
        "free": [before, EAR.free],
    }


async def counted(base_url, source):
    """One round: how many bytes were heard, and the least heap that was free."""
    found = await speak(base_url, source, 1)
    return [found["bytes"], found["free"][1]]

"""I2S of a board: the microphone's samples come from microphone.pcm, as fast as they are read, and
with "endless" in hardware.json silence after them; what the loudspeaker gets is written to
speaker.pcm. Both take whole samples only, and may take less than a piece, as the firmware's do.
"pressed" is a list of the looks at a button: 1 while it is held; a larger number is 1 once the
loudspeaker got so many bytes, and 0 until then.
"""

import io
import os

from hardware import behaviour, note

_POLL = 3  # ioctl's request, and its flags
_IN = 1
_OUT = 4
_AT_ONCE = 600  # bytes

_pressed = behaviour().get("pressed", [])
_endless = behaviour().get("endless")


class Pin:
    OUT = 1
    IN = 0
    PULL_UP = 2

    def __init__(self, name, mode=None, pull=None, value=None):
        self._name = name
        if mode == Pin.OUT:
            note("pin", name, value)

    def value(self, on=None):
        if on is None:
            return 0 if _held() else 1
        note("pin", self._name, on)


def _held():
    if not _pressed or (_pressed[0] > 1 and os.stat("speaker.pcm")[6] < _pressed[0]):
        return False
    return bool(_pressed.pop(0))


class I2S(io.IOBase):
    RX = 1
    TX = 2
    MONO = 0

    def __init__(self, id, sck, ws, sd, mode, bits, format, rate, ibuf):
        note("i2s", id, "in" if mode == I2S.RX else "out", bits, rate, ibuf)
        name, how = ("microphone.pcm", "rb") if mode == I2S.RX else ("speaker.pcm", "wb")
        self._file = open(name, how)  # noqa: SIM115 - as long as the board is on

    def ioctl(self, request, flags):
        return flags & (_IN | _OUT) if request == _POLL else 0

    def readinto(self, buffer):
        _check(len(buffer))
        count = self._file.readinto(buffer)
        if not count and _endless:
            count = len(buffer)
            buffer[:] = bytes(count)
        return count

    def write(self, piece):
        _check(len(piece))
        count = min(len(piece), _AT_ONCE)
        self._file.write(memoryview(piece)[:count])
        self._file.flush()
        return count


def _check(size):
    if size % 2:
        raise OSError(22)


class ADC:
    def __init__(self, channel):
        note("adc", channel)

    def read_u16(self):
        return 14000  # 0.705 V


class RTC:
    def datetime(self, moment):
        note("clock", *moment[:3])

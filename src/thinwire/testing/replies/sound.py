"""Sound that can be read: what the mock server says, and hears.

Samples of 16 bits. Each byte of a text, in UTF-8, is a note whose loudness is the byte, and the
last sample of a note is silence. So it is told from silence as a voice is, stretches of it may be
lost, and what was played or recorded is compared as a text.
"""

import sys
from array import array

from thinwire._public import public

_STEP = 64  # of loudness, from one byte to the next
_HALF_WAVE = 8  # samples
_HEAD = 44  # bytes of a WAV file in front of its samples


@public
def sound_of(text: str, *, samples: int = 16) -> bytes:
    """What a text sounds like to the mock server: PCM, 16 bits, one channel, little-endian.

    Args:
        samples: to a byte of the text; more take longer.
    """
    found = array("h")
    for byte in text.encode():
        for number in range(samples - 1):
            loud = (byte + 1) * _STEP
            found.append(-loud if number // _HALF_WAVE % 2 else loud)
        found.append(0)
    return _little(found).tobytes()


@public
def text_of_sound(sound: bytes) -> str:
    """The text that a sound, or a WAV file of it, was made from; silence says nothing."""
    if sound[:4] == b"RIFF":
        sound = sound[_HEAD:]
    samples = array("h")
    samples.frombytes(sound[: len(sound) // 2 * 2])
    text = bytearray()
    note = 0
    for sample in _little(samples):
        loud = abs(sample)
        if loud != note:
            if note:
                text.append(min(note // _STEP, 256) - 1 & 255)
            note = loud
    if note:
        text.append(min(note // _STEP, 256) - 1 & 255)
    return text.decode("utf-8", "replace")


def wav_head(rate: int = 24000) -> bytes:
    """The head of a WAV file whose length is not known, as servers stream it."""
    unknown = b"\xff\xff\xff\xff"
    return b"".join(
        [
            b"RIFF" + unknown + b"WAVEfmt \x10\0\0\0\1\0\1\0",
            rate.to_bytes(4, "little") + (rate * 2).to_bytes(4, "little"),
            b"\2\0\x10\0data" + unknown,
        ]
    )


def _little(samples: "array[int]") -> "array[int]":
    if sys.byteorder == "big":
        samples.byteswap()
    return samples

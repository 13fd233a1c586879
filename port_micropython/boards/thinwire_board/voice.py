"""A voice assistant: a microphone (an INMP441, say) and an amplifier (a MAX98357A) at I2S. What is
said goes up while it is said, and each sentence of the answer is heard as it comes: nothing of it
is in memory, but for what I2S holds.

Without a button it listens by itself; with one it listens while the button is held, and pressing
it interrupts.
"""

import asyncio

from machine import I2S, Pin

from thinwire import Conversation, JSONLHistory, Microphone, Speaker, Voice

_FOLDER = "voice"
_MESSAGES = 20  # that the model gets
_HEARD = 16000  # samples per second: what models listen to
_SAID = 24000  # and what OpenAI's "pcm" has
_HELD = 8192  # bytes in either direction: a quarter of a second, a sixth of one
_THRESHOLD = 500


async def run(client, settings, board):
    """Listens and answers; "times" in the settings ends it."""
    voice = assistant(client, settings, board)
    print("hold the button" if voice.microphone.has_button else "say something")
    await voice.run(settings.get("times"))


def assistant(client, settings, board):
    """The Voice that the settings describe."""
    wanted = settings.get("voice", {})
    rate = wanted.get("rate", _SAID)
    hears = i2s(wanted.get("microphone", board.microphone), I2S.RX, _HEARD)
    says = i2s(wanted.get("speaker", board.speaker), I2S.TX, rate)
    microphone = Microphone(
        asyncio.StreamReader(hears),
        rate=_HEARD,
        button=button(wanted["button"]) if "button" in wanted else None,
        threshold=wanted.get("threshold", _THRESHOLD),
        live=True,
    )
    return Voice(
        Conversation(
            client,
            system=settings.get("system"),
            history=JSONLHistory(_FOLDER),
            max_messages=settings.get("max_messages", _MESSAGES),
        ),
        microphone,
        Speaker(Amplifier(says), byte_rate=2 * rate, held=_HELD),
        session="voice",
        transcribe=options(settings, "transcribe", ("language", "prompt")),
        speak=options(settings, "speak", ("voice", "instructions", "speed")),
        ahead=wanted.get("ahead", 0),
        on_heard=lambda text: print(">", text),
        on_said=lambda sentence: print(sentence.strip()),
        on_error=lambda error: print("failed:", error),
    )


def i2s(pins, mode, rate):
    """One direction of I2S, 16 bits and one channel.

    Args:
        pins: dict of the numbers `id`, `sck`, `ws`, `sd`.
    """
    return I2S(
        pins["id"],
        sck=Pin(pins["sck"]),
        ws=Pin(pins["ws"]),
        sd=Pin(pins["sd"]),
        mode=mode,
        bits=16,
        format=I2S.MONO,
        rate=rate,
        ibuf=_HELD,
    )


def button(number):
    """Whether the button between a pin and ground is held down, as a function."""
    pin = Pin(number, Pin.IN, Pin.PULL_UP)
    return lambda: not pin.value()


def options(settings, name, others):
    """Options of the calls of one kind: the deployment of that name, and fields of the API."""
    given = settings.get(name, {})
    found = {field: given[field] for field in others if field in given}
    found["model"] = name
    return found


class Amplifier:
    """I2S as a sink. asyncio.StreamWriter.write would block once, and then copy what it is given
    (extmod/asyncio/stream.py): here a piece is written from where it stands."""

    def __init__(self, says):
        self._writer = asyncio.StreamWriter(says)

    async def write(self, piece):
        """Returns when I2S has all of it."""
        self._writer.out_buf = piece
        await self._writer.drain()

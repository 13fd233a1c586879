# A recording that begins and ends by itself.

import asyncio

from helpers import Later
from racing import run

from thinwire.core.conversation.voice.microphone import Microphone

BLOCK = 1024
QUIET = bytes(BLOCK)
LOUD = (b"\x00\x10" * 8 + b"\x00\xf0" * 8) * 32  # 4096 and -4096, eight each
HEAD = (
    b"RIFF\xff\xff\xff\xffWAVEfmt \x10\0\0\0\1\0\1\0\x80>\0\0\0}\0\0\2\0\x10\0data\xff\xff\xff\xff"
)


class File:
    # A source that gives what it has in pieces of `size` bytes; `later`: it has to be awaited.
    def __init__(self, data, size=BLOCK, later=False):
        self.data = data
        self.at = 0
        self.size = size
        self.later = later

    def readinto(self, buffer):
        count = min(len(buffer), len(self.data) - self.at, self.size)
        buffer[:count] = self.data[self.at : self.at + count]
        self.at += count
        return self.wait(count) if self.later else count

    async def wait(self, count):
        await asyncio.sleep(0)
        return count


class Stream:
    def __init__(self, data):
        self.file = File(data, 100)

    async def read(self, count):
        buffer = bytearray(count)
        found = self.file.readinto(memoryview(buffer))
        return bytes(buffer[:found])


async def rest(microphone):
    found = bytearray()
    async for block in microphone:
        found.extend(block)
    return bytes(found)


async def recording(microphone):
    # What one recording holds, without its head; None if there is none.
    if not await microphone.wait():
        return None
    found = await rest(microphone)
    assert found[:44] == HEAD, found[:44]
    return found[44:]


def recordings(source, count=3, **options):
    async def main():
        microphone = Microphone(source, **options)
        found = []
        for _ in range(count):
            found.append(await recording(microphone))
        return found

    return run(main())


def test_speech_is_recorded_from_before_its_beginning_to_silence():
    sound = QUIET * 20 + LOUD * 5 + QUIET * 40
    # Seven blocks are kept from before, two of speech show that it is some; 25 of silence end it.
    want = QUIET * 6 + LOUD * 5 + QUIET * 25
    for source in (File(sound), File(sound, later=True), File(sound, 7), Stream(sound)):
        assert recordings(source) == [want, None, None]
    blocks = [sound[at : at + 1500] for at in range(0, len(sound), 1500)]
    assert recordings(Later(blocks)) == [want, None, None]


def test_one_after_the_other():
    sound = QUIET * 10 + LOUD * 3 + QUIET * 30 + LOUD * 4 + QUIET * 30
    found = recordings(File(sound), silence=0.1, before=0)
    assert found == [LOUD * 3 + QUIET * 4, LOUD * 4 + QUIET * 4, None], [len(one) for one in found]


def test_a_click_is_no_speech():
    assert recordings(File((QUIET * 3 + LOUD) * 5 + QUIET), 1) == [None]


def test_what_breaks_off_is_a_recording_too():
    assert recordings(File(LOUD * 3 + LOUD[:10]), 2, before=0.04) == [LOUD * 3 + LOUD[:10], None]
    assert recordings(File(LOUD * 2), 2, before=0.04) == [LOUD * 2, None]
    assert recordings(File(LOUD + LOUD[:9]), 1) == [None]
    assert recordings(File(b""), 1) == [None]


def test_nobody_speaks_for_ever():
    found = recordings(File(LOUD * 100), 2, longest=1, before=0)
    assert [len(one) // BLOCK for one in found] == [32, 32]


def test_a_button_says_when_to_listen():
    held = [False, False, True, True, True, False, False, True, True, False]
    sound = b"".join([bytes([number, 0]) * 512 for number in range(10)])

    def button():
        return held.pop(0) if held else False

    found = recordings(File(sound), 3, button=button)
    # The block in which it was pressed counts; silence ends nothing.
    blocks = [[one[at] for at in range(0, len(one), BLOCK)] for one in found[:2]]
    assert blocks == [[2, 3, 4], [6, 7]], blocks
    assert found[2] is None
    assert Microphone(File(b""), button=button).has_button
    assert not Microphone(File(b"")).has_button


def test_the_level_is_that_of_the_sound_and_not_of_an_offset():
    async def level(block, **options):
        microphone = Microphone(File(block), threshold=9000)
        assert not await microphone.wait()
        return microphone.level

    for block, want in (
        (QUIET * 2, 0),
        (LOUD * 2, 8192),
        (b"\x00\x10" * 1024, 0),
        (b"\xff\xff" * 1024, 0),
    ):
        assert run(level(block)) == want


def test_an_echo_raises_the_threshold():
    async def main():
        microphone = Microphone(File(LOUD * 4), threshold=8000, before=0)
        microphone.echo = 2
        assert not await microphone.wait()
        microphone = Microphone(File(LOUD * 4), threshold=8000, before=0)
        assert await microphone.wait()
        assert microphone.speaking

    run(main())


def test_what_nobody_wants_is_dropped():
    async def main():
        microphone = Microphone(File(LOUD * 5 + LOUD[:7], later=True), before=0)
        await microphone.drop()
        assert not await microphone.wait()
        microphone = Microphone(File(LOUD * 5 + QUIET * 30), before=0)
        assert await microphone.wait()
        assert await microphone.wait()  # it goes on, until somebody listens
        microphone.forget()
        assert await rest(microphone) == b""
        assert len(await recording(microphone)) == BLOCK * (3 + 25)

    run(main())


def test_who_is_cancelled_in_the_middle_of_a_block_loses_nothing():
    class Halting(File):
        def __init__(self, data):
            super().__init__(data, 100)
            self.halted = asyncio.Event()
            self.go_on = asyncio.Event()

        def readinto(self, buffer):
            return self.halt(buffer)

        async def halt(self, buffer):
            if self.at == 300:
                self.halted.set()
                await self.go_on.wait()
            return super().readinto(buffer)

    async def main():
        source = Halting(LOUD * 3)
        microphone = Microphone(source, before=0.04)
        task = asyncio.create_task(microphone.wait())
        await source.halted.wait()
        task.cancel()
        await asyncio.sleep(0)
        source.go_on.set()
        assert await recording(microphone) == LOUD * 3

    run(main())


def test_others_have_their_turn():
    class Told:
        turns = 0

        async def sleep_ms(self, ms):
            self.turns += 1

    async def main():
        microphone = Microphone(File(QUIET * 5))
        microphone.transport = Told()
        assert not await microphone.wait()
        assert microphone.transport.turns == 6

    run(main())


def test_two_channels_have_another_head():
    async def main():
        microphone = Microphone(File(LOUD * 4), rate=48000, channels=2, before=0)
        assert await microphone.wait()
        return bytes(await microphone.__anext__())

    assert run(main())[22:36] == b"\x02\x00\x80\xbb\x00\x00\x00\xee\x02\x00\x04\x00\x10\x00"

# Where sound goes: whole samples, without heads, counted.

from helpers import error_of, feeds
from racing import run

from thinwire.core.conversation.voice.speaker import Speaker
from thinwire.core.errors import StreamError

WAV = b"RIFF\xff\xff\xff\xffWAVEfmt \x10\0\0\0\1\0\1\0\xc0]\0\0\x80\xbb\0\0\2\0\x10\0"
LIST = b"LIST\x05\0\0\0INFO?\0"


class Sink:
    def __init__(self, frame):
        self.frame = frame
        self.got = b""

    def write(self, piece):
        assert len(piece) > 0
        assert len(piece) % self.frame == 0, len(piece)
        self.got += bytes(piece)


def played(parts, frame=2, **options):
    sink = Sink(frame)

    async def main():
        speaker = Speaker(sink, frame=frame, **options)
        for part in parts:
            await speaker.take(memoryview(part), None)
        assert speaker.taken == len(sink.got)
        return sink.got

    return run(main())


def test_samples_are_whole():
    sound = bytes(range(24))
    for frame in (1, 2, 4):
        for parts in feeds(sound):
            assert played(parts, frame) == sound
    assert played([sound[:7]]) == sound[:6]
    assert played([sound[:1], sound[1:2], sound[2:3], b"", sound[3:9]], 4) == sound[:8]


def test_the_head_of_a_wav_file_is_not_played():
    sound = bytes(range(1, 7))
    for head in (WAV + b"data\xff\xff\xff\xff", WAV + LIST + b"data\x06\0\0\0"):
        for parts in feeds(head + sound):
            assert played(parts, wav=True) == sound
    assert played([WAV]) == WAV
    error_of(StreamError, played, [b"ID3" + WAV], wav=True)


def test_each_sound_has_its_own():
    sink = Sink(2)

    async def main():
        speaker = Speaker(sink, wav=True)
        for sound in (b"abc", b"de"):
            speaker.begin()
            await speaker.take(memoryview(WAV + b"data\3\0\0\0" + sound), None)
        assert sink.got == b"abde"
        assert speaker.taken == 4

    run(main())


def test_a_sink_may_be_called():
    got = []

    async def later(piece):
        got.append(bytes(piece))

    async def main():
        for sink in (later, lambda piece: got.append(bytes(piece))):
            await Speaker(sink).take(memoryview(b"ab"), None)

    run(main())
    assert got == [b"ab", b"ab"]

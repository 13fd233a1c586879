# A sentence that is said, and how much of it was heard.

import asyncio

from racing import run
from streams import ONCE, deployments
from voices import Ear, Reply, Studio, sound_of

from thinwire.core.client import AsyncClient
from thinwire.core.conversation.voice.speaker import Speaker
from thinwire.core.conversation.voice.utterance import Pace, Utterance, is_said, plain


def test_markdown_is_not_said():
    for piece, want in (
        ("**Yes** and `no`. \n", "Yes and no."),
        ("## A title\n\n", "A title"),
        ("2 * 3 = 6 #1", "2 * 3 = 6 #1"),
    ):
        assert plain(piece) == want


def test_signs_alone_are_not_said():
    for text in ("a", "5", "- é", "好", "नमस्ते", "ـس", "“x”"):
        assert is_said(text), text
    for text in ("", "---", "😀 👍🏽!", "…", "→ • —", "。！", "*_`#\n"):
        assert not is_said(text), text


def test_a_pace_is_learned():
    pace = Pace(Speaker(print, byte_rate=300))
    assert pace.of(30) == 600
    for _ in range(20):
        pace.learn(500, 100)
    assert 140 < pace.of(30) < 160


def utterance(studio, speaker, piece, before=None, options=None):
    client = AsyncClient("a", deployments("a"), transport=studio, retry=ONCE)
    return Utterance(client, speaker, piece, piece.strip(), options or {}, Pace(speaker), before)


def test_what_was_heard_is_counted_in_words():
    async def main():
        gate = asyncio.Event()
        studio = Studio(sounds={"One two three.": Reply(sound_of("One two"), gate, b"\0\0" * 7)})
        speaker = Speaker(Ear(), byte_rate=30)
        speaker.taken = 1000
        one = utterance(studio, speaker, "One two three. ")
        one.silent = 5
        assert one.heard_chars(2000) == 0
        for _ in range(50):
            await asyncio.sleep(0)
        # Seven of 15 characters at the pace that is likely; the eighth is a space.
        assert [one.heard_chars(1000 + count) for count in (0, 6, 8, 13, 14)] == [0, 4, 4, 4, 8]
        assert not one.is_heard(5000)
        gate.set()
        await one.wait()
        assert one.error is None
        assert (one.ended, one.chars) == (True, 20)
        found = [one.heard_chars(1000 + count) for count in (6, 14, 27, 28, 99)]
        assert found == [4, 8, 15, 20, 20]

    run(main())


def test_texts_without_spaces_are_counted_in_characters():
    async def main():
        studio = Studio()
        speaker = Speaker(Ear(), byte_rate=90)
        one = utterance(studio, speaker, "你好世界。")
        await one.wait()
        assert [one.heard_chars(count) for count in (0, 12, 29, 30)] == [0, 2, 4, 5]
        assert one.is_heard(30)

    run(main())


def test_one_is_heard_after_the_other():
    async def main():
        ear = Ear(1)
        studio = Studio()
        speaker = Speaker(ear)
        first = utterance(studio, speaker, "One. ")
        second = utterance(studio, speaker, "Two. ", first)
        third = utterance(studio, speaker, "Three. ", second)
        await ear.halted.wait()
        for _ in range(50):
            await asyncio.sleep(0)
        assert ear.words == ""
        ear.go_on.set()
        await third.wait()
        assert ear.words == "One.Two.Three."

    run(main())


def test_none_is_heard_after_one_that_failed():
    async def main():
        ear = Ear()
        studio = Studio(sounds={"One.": Reply(status=500)})
        speaker = Speaker(ear)
        first = utterance(studio, speaker, "One. ")
        second = utterance(studio, speaker, "Two. ", first)
        await second.wait()
        assert first.error is second.error
        assert ear.words == ""
        await second.stop()

    run(main())

# A voice assistant: it listens, answers aloud and can be interrupted.

import asyncio
import json

from helpers import error_of
from racing import run
from streams import ONCE, deployments
from voices import LOUD, QUIET, SPOKEN, Ear, Recorded, Reply, Studio, answer, voice_of

from thinwire.core.client import AsyncClient
from thinwire.core.conversation.conversation import Conversation
from thinwire.core.conversation.voice.microphone import Microphone
from thinwire.core.conversation.voice.speaker import Speaker
from thinwire.core.conversation.voice.voice import Voice
from thinwire.core.errors import ReadError, StatusError, StreamInterrupted
from thinwire.core.sync import Client
from thinwire.testing.scripted import ScriptedTransport


async def kept(voice):
    messages = await voice.talk.messages()
    return [message["content"] for message in messages]


async def error_in(kind, coroutine):
    try:
        await coroutine
    except kind as error:
        return error
    assert False, "nothing was raised"


def test_what_is_said_is_answered_aloud():
    async def main():
        studio = Studio(["It is noon. Have lunch!", "Bye."], ["What time is it?", " Bye\n"])
        ear = Ear()
        voice = voice_of(studio, [SPOKEN, SPOKEN], ear)
        await voice.run()
        assert ear.words == "It is noon.Have lunch!Bye."
        first = ["text", "chat", "It is noon.", "Have lunch!"]
        assert studio.asked == first + ["text", "chat", "Bye."]
        want = ["What time is it?", "It is noon. Have lunch!", "Bye", "Bye."]
        assert await kept(voice) == want
        assert voice.heard_chars == 4
        await studio.settled()
        return studio

    studio = run(main())
    recording = studio.sent[0]
    assert b'filename="audio.wav"' in recording
    assert b"RIFF" in recording
    assert LOUD * 3 in recording
    speech = json.loads(studio.sent[2])
    assert (speech["response_format"], speech["voice"]) == ("pcm", "alloy")


def test_options_go_where_they_belong():
    async def main():
        heard, said = [], []

        async def hear(words):
            heard.append(words)

        studio = Studio(["Well, yes. No."], ["Hi"])
        voice = voice_of(
            studio,
            [SPOKEN],
            transcribe={"language": "en"},
            speak={"voice": "nova", "response_format": None, "speed": 2},
            session="s",
            first=1,
            on_heard=hear,
            on_said=said.append,
            spoken=lambda piece: piece.upper(),
        )
        await voice.run(1)
        assert (heard, said) == (["Hi"], ["Well, ", "yes. ", "No."])
        assert b'name="language"\r\n\r\nen' in studio.sent[0]
        speech = json.loads(studio.sent[2])
        assert speech == {"input": "WELL, ", "voice": "nova", "speed": 2, "model": "a"}
        assert len(await voice.talk.messages("s")) == 2
        completion = await voice_of(Studio(["Yes."])).answer("Hi", temperature=0)
        assert completion.content == "Yes."

    run(main())


def test_the_next_sentence_is_asked_for_while_one_is_heard():
    async def main(ahead):
        ear = Ear(4)
        studio = Studio([answer("One. Two. Three. ", "Four.")])
        voice = voice_of(studio, ear=ear, ahead=ahead)
        task = asyncio.create_task(voice.answer("Hi"))
        await ear.halted.wait()
        for _ in range(50):
            await asyncio.sleep(0)
        asked = list(studio.asked)
        heard = ear.words
        ear.go_on.set()
        await task
        assert ear.words == "One.Two.Three.Four."
        await studio.settled()
        return asked, heard

    assert run(main(1)) == (["chat", "One.", "Two."], "One")
    assert run(main(0)) == (["chat", "One."], "One")


def test_code_and_signs_are_not_said():
    async def main():
        content = "---\nLook: \n```py\nx = 1. Yes\n```\n**Done**. 😀\n# `End`\n\n*"
        studio, ear = Studio([content]), Ear()
        voice = voice_of(studio, ear=ear)
        await voice.answer("Hi")
        assert studio.asked == ["chat", "Look:", "Done. 😀", "End"]
        assert voice.heard_chars == len(content)
        assert (await kept(voice))[1] == content

    run(main())


def test_an_interruption_keeps_what_was_heard():
    async def main(content, halt, want, **options):
        # Interrupted in front of the character of number `halt`.
        ear = Ear(halt)
        studio = Studio([content])
        voice = voice_of(studio, ear=ear, **options)
        task = asyncio.create_task(voice.answer("Hi"))
        await ear.halted.wait()
        await voice.interrupt()
        completion = await task
        await studio.settled()
        await voice.interrupt()
        assert len(ear.words) == halt - 1
        assert completion is not None
        assert voice.heard_chars == len(want)
        if want:
            assert await kept(voice) == ["Hi", want]
            assert (await voice.talk.messages())[1]["_interrupted"]
        else:
            assert await kept(voice) == []

    # In the middle of the second sentence: "Two thr" of it was heard, one word and a half.
    run(main("One. Two three. Four.", 12, "One. Two "))
    # A sentence of one word is heard as far as it was; nothing of a question nobody was answered.
    run(main("One. Two.", 4, "One"))
    run(main("One. Two.", 1, ""))
    # While a sentence waits for its turn.
    run(main("One. Two. Three. Four.", 2, "O"))
    # While the answer still comes; what comes later is never asked for.
    run(main(answer("One. Two. T", asyncio.Event(), "hree."), 6, "One. T"))
    # What the loudspeaker holds has not been heard.
    run(main("One. Two three.", 14, "One. Two ", held=8))
    run(main("One. Two.", 8, "", held=100))


def test_who_interrupts_the_last_word_is_heard():
    async def main():
        class Pausing(Studio):
            reached = None

            async def sleep_ms(self, ms, until=None):
                self.pauses.append(ms)
                self.reached.set()
                for _ in range(1000):
                    if until.aborted:
                        return
                    await asyncio.sleep(0)
                raise AssertionError("not called off")

        studio = Pausing(["One two."])
        studio.reached = asyncio.Event()
        told = []
        voice = voice_of(studio, held=8, stop=lambda: told.append("stop"))
        task = asyncio.create_task(voice.answer("Hi"))
        await studio.reached.wait()
        assert studio.pauses == [8 * 1000 // 30]
        assert voice.heard_chars == 4
        await voice.interrupt()
        await task
        assert voice.heard_chars == 4
        assert told == ["stop"]
        assert (await kept(voice))[1] == "One "

    run(main())


def test_who_speaks_interrupts():
    async def main():
        ear = Ear(5)
        studio = Studio(["One. Two.", "Three."], ["Hi", "Stop"])
        voice = voice_of(studio, [SPOKEN, ear.halted, SPOKEN], ear, interruptible=True)
        await voice.run()
        assert ear.words == "One.Three."
        assert await kept(voice) == ["Hi", "One. ", "Stop", "Three."]
        assert voice.microphone.echo == 1
        await studio.settled()
        # What interrupted is what is listened to next: nothing of it is lost.
        assert LOUD * 4 in studio.sent[-3]

    run(main())


def test_an_echo_interrupts_nothing():
    async def main():
        soft = bytes([part // 8 for part in LOUD])
        ear = Ear()
        studio = Studio(["One. Two."], ["Hi"])
        voice = voice_of(studio, [SPOKEN, soft * 40], ear, interruptible=True, echo=50)
        await voice.run(1)
        assert ear.words == "One.Two."

    run(main())


def test_a_button_interrupts():
    async def main():
        held = [True, False]
        ear = Ear(5)

        def button():
            return held.pop(0) if held else False

        studio = Studio(["One. Two.", "Three."], ["Hi", "Stop"])
        source = [QUIET * 2, ear.halted, QUIET * 4]
        voice = voice_of(studio, source, ear, button=button)
        task = asyncio.create_task(voice.run())
        await ear.halted.wait()
        held[:] = [False, True, True, False]
        await task
        assert ear.words == "One.Three."
        assert await kept(voice) == ["Hi", "One. ", "Stop", "Three."]

    run(main())


def test_what_a_live_microphone_hears_meanwhile_is_dropped():
    async def main(live):
        studio = Studio(["One.", "Two."], ["Hi", "Later"])
        ear = Ear(4)
        voice = voice_of(studio, [SPOKEN, ear.halted, SPOKEN], ear, live=live)
        task = asyncio.create_task(voice.run())
        await ear.halted.wait()
        for _ in range(50):
            await asyncio.sleep(0)
        ear.go_on.set()
        await task
        await studio.settled()
        return ear.words

    assert run(main(True)) == "One."
    assert run(main(False)) == "One.Two."


def test_nothing_said_and_nothing_understood():
    async def main():
        studio = Studio([], ["", " \n"])
        voice = voice_of(studio, [SPOKEN, SPOKEN])
        assert await voice.listen() == ""
        await voice.run()
        assert await voice.listen() is None
        assert studio.asked == ["text", "text"]

    run(main())


def test_an_answer_that_fails_is_told_after_what_was_whole():
    async def main():
        ear = Ear()
        studio = Studio([answer("One. Two. Thr", ReadError("cut"))])
        voice = voice_of(studio, ear=ear)
        await error_in(StreamInterrupted, voice.answer("Hi"))
        assert ear.words == "One.Two."
        assert await kept(voice) == []
        await studio.settled()

    run(main())


def test_a_sentence_that_cannot_be_said_ends_the_answer():
    async def main(**options):
        ear = Ear()
        studio = Studio(
            [answer("One. Two. Three. ", "Four. Five.")], sounds={"Two.": Reply(status=500)}
        )
        voice = voice_of(studio, ear=ear, **options)
        await error_in(StatusError, voice.answer("Hi"))
        assert ear.words == "One."
        assert await kept(voice) == ["Hi", "One. "]
        assert "Four." not in studio.asked
        await studio.settled()
        await error_in(StatusError, voice.say("Two."))

    run(main())
    run(main(ahead=0))


def test_an_error_of_the_sink_is_the_callers():
    async def main():
        def broken(piece):
            raise KeyError("mine")

        voice = voice_of(Studio(["One. Two."]), ear=broken)
        await error_in(KeyError, voice.answer("Hi"))
        assert await kept(voice) == []

    run(main())


def test_a_microphone_that_fails_ends_the_answer():
    class Broken:
        def __init__(self, halted):
            self.halted = halted

        def __aiter__(self):
            return self

        async def __anext__(self):
            await self.halted.wait()
            raise KeyError("mine")

    async def main(**options):
        ear = Ear(5)
        studio = Studio([answer("One. Two. T", asyncio.Event())])
        client = AsyncClient("a", deployments("a"), transport=studio, retry=ONCE)
        microphone = Microphone(Broken(ear.halted), live=True)
        voice = Voice(Conversation(client), microphone, Speaker(ear, byte_rate=30), **options)
        await error_in(KeyError, voice.answer("Hi"))
        assert await kept(voice) == ["Hi", "One. "]
        await studio.settled()

    run(main())
    run(main(interruptible=True))


def test_a_round_that_fails_is_told_and_the_next_one_follows():
    async def main():
        told = []

        async def later(error):
            told.append(error)

        for tell in (told.append, later):
            studio = Studio([Reply(status=500), "Yes."], [Reply(status=400), "Hi", "Ho"])
            ear = Ear()
            voice = voice_of(studio, [SPOKEN] * 3, ear, on_error=tell)
            await voice.run()
            assert ear.words == "Yes."
            assert [error.status for error in told] == [400, 500]
            assert await kept(voice) == ["Ho", "Yes."]
            told.clear()
        await error_in(StatusError, voice_of(Studio([], [Reply(status=400)]), [SPOKEN]).run())

    run(main())


def test_an_answer_that_starts_anew_is_said_from_its_beginning():
    async def main():
        ear = Ear(5)
        studio = Studio(
            [answer("One. Two. T", ear.halted, ReadError("cut")), "Three. Four."],
        )
        client = AsyncClient(
            "a",
            deployments("a", "b"),
            {"a": ["b"]},
            transport=studio,
            retry=ONCE,
            on_interrupt="restart",
        )
        voice = Voice(Conversation(client), Microphone(Recorded()), Speaker(ear, byte_rate=30))
        await voice.answer("Hi")
        assert ear.words == "One.Three.Four."
        assert voice.heard_chars == len("Three. Four.")
        assert await kept(voice) == ["Hi", "Three. Four."]
        await studio.settled()

    run(main())


def test_one_voice_says_one_thing_at_a_time():
    async def main():
        ear = Ear(1)
        voice = voice_of(Studio(["One."]), ear=ear)
        task = asyncio.create_task(voice.answer("Hi"))
        await ear.halted.wait()
        await error_in(RuntimeError, voice.say("Two."))
        ear.go_on.set()
        await task
        assert ear.words == "One."
        assert await voice.say("Two.") == 4

    run(main())


def test_a_text_is_said_without_being_asked():
    async def main():
        ear = Ear(13)
        studio = Studio()
        voice = voice_of(studio, ear=ear)
        task = asyncio.create_task(voice.say("Hello. You there. Now."))
        await ear.halted.wait()
        await voice.interrupt()
        assert await task == len("Hello. You ")
        ear.halt = 0
        assert await voice.say("Yes. No.") == 8
        assert ear.words == "Hello.You thYes.No."
        await studio.settled()

    run(main())


def test_who_is_cancelled_leaves_nothing_behind():
    async def main():
        ear = Ear(5)
        studio = Studio(["One. Two. Three."], ["Hi"])
        voice = voice_of(studio, [SPOKEN, asyncio.Event()], ear, interruptible=True)
        task = asyncio.create_task(voice.run())
        await ear.halted.wait()
        task.cancel()
        await error_in(asyncio.CancelledError, task)
        await studio.settled()
        assert voice.microphone.echo == 1
        # And it can go on.
        studio.chats = ["Four."]
        await voice.answer("Ho")
        assert ear.words == "One.Four."

    run(main())


def test_long_answers_keep_little():
    async def main():
        ear = Ear()
        most = [0]

        def said(piece):
            most[0] = max(most[0], len(voice._utterances))  # noqa: SLF001 - what is kept

        sentence = "This is a sentence of some length. "
        voice = voice_of(Studio([answer(*[sentence] * 100)]), ear=ear, on_said=said, held=50)
        await voice.answer("Hi")
        assert most[0] <= 4
        assert voice.heard_chars == len(sentence) * 100
        assert ear.words == sentence.strip() * 100

    run(main())


def test_a_client_that_does_one_thing_at_a_time_is_refused():
    client = Client("a", deployments("a"), transport=ScriptedTransport([]))

    class Talk:
        pass

    talk = Talk()
    talk.client = client
    error_of(TypeError, Voice, talk, Microphone(Recorded()), Speaker(print))

"""A voice assistant: what is said into a microphone is written down, answered, and said aloud.

  wait      until somebody speaks, or presses the button
  listen    what is said goes up while it is said; its text comes back
  answer    the answer comes in sentences, and each is said: the sound of the next one is fetched
            while one is heard, and the text of those behind it is not read before that
  interrupt by whoever speaks or presses meanwhile, or by a call: all of it ends at once, and the
            conversation keeps what was heard

Sound goes from the network to the loudspeaker, and from the microphone to the network, through the
buffers that are there in any case. What is held of an answer is two sentences.
"""

from thinwire.core._compat import const, is_awaitable, public
from thinwire.core.conversation.voice.beside import Beside
from thinwire.core.conversation.voice.sentences import sentences
from thinwire.core.conversation.voice.utterance import Pace, Utterance, is_said, plain
from thinwire.core.error_kinds import ThinwireError
from thinwire.core.request.http_request import Abortable

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from thinwire.core.answer.completion import Completion
    from thinwire.core.answer.events import StreamRestarted
    from thinwire.core.conversation.conversation import Conversation
    from thinwire.core.conversation.turn import Turn
    from thinwire.core.conversation.voice.microphone import Microphone
    from thinwire.core.conversation.voice.sentences import AsyncSentencesOf
    from thinwire.core.conversation.voice.speaker import Speaker

_ECHO = const(4)


@public
class Voice:
    """Somebody to talk to.

    Args:
        talk: the Conversation; its client is asked for texts and sounds as well.
        microphone, speaker: see there.
        session: of the conversation.
        transcribe: options of AsyncClient.transcribe, e.g. {"model": "ears", "language": "en"}.
        speak: options of AsyncClient.speak, e.g. {"model": "mouth", "voice": "nova"}; its
            response_format is "pcm" where nothing is said.
        interruptible: whether who speaks into the microphone, or presses its button, interrupts an
            answer; None: where the microphone has a button.
        echo: how much louder a voice has to be that interrupts, since the loudspeaker is heard as
            well (Microphone.echo).
        ahead: how many sounds are asked for while one is heard: 1, or 0, which makes pauses and
            takes one connection less.
        longest, first: of the sentences, see there.
        spoken: called with a sentence (and never with code in a block), gives what is said of it,
            "" for nothing; None: all of it, but for Markdown's `**`, backticks and headings.
        on_heard: called with the text of what was said into the microphone, plain or async.
        on_said: called with each sentence when it is asked for, plain or async.
        on_error: called with a ThinwireError that ended a round of `run`, which then goes on;
            plain or async. None: `run` raises it.

    Attributes:
        heard_chars: how many characters of the answer have been heard.

    Raises:
        TypeError: the client does one thing at a time.
    """

    def __init__(
        self,
        talk: "Conversation",
        microphone: "Microphone",
        speaker: "Speaker",
        *,
        session: str = "",
        transcribe: "dict[str, Any] | None" = None,
        speak: "dict[str, Any] | None" = None,
        interruptible: "bool | None" = None,
        echo: int = _ECHO,
        ahead: int = 1,
        longest: int = 240,
        first: "int | None" = None,
        spoken: "Callable[[str], str] | None" = None,
        on_heard: "Callable[[str], object] | None" = None,
        on_said: "Callable[[str], object] | None" = None,
        on_error: "Callable[[ThinwireError], object] | None" = None,
    ) -> None:
        self._transport = talk.client.transport
        if not self._transport.concurrent:
            raise TypeError("Voice needs an AsyncClient")
        self.talk = talk
        self.microphone = microphone
        self.speaker = speaker
        self.session = session
        microphone.transport = self._transport
        self._transcribe: dict[str, Any] = {"filename": "audio.wav"}
        self._transcribe.update(transcribe or {})
        self._speak = {"response_format": "pcm"}
        self._speak.update(speak or {})
        self._interruptible = microphone.has_button if interruptible is None else interruptible
        self._echo = echo
        self._ahead = ahead
        self._longest = longest
        self._first = first
        self._spoken = spoken
        self._on_heard = on_heard
        self._on_said = on_said
        self._on_error = on_error
        self._turn: Turn | None = None
        self._utterances: list[Utterance] = []  # that have not been heard to their end
        self._before = 0  # characters of the answer that have, and stand before them
        self._pace = Pace(speaker)
        self._speaking = False
        self._stopped = True  # nothing is said, or no more
        self._barged = False  # by who spoke into the microphone
        self._rest = Abortable()

    @property
    def heard_chars(self) -> int:
        """See Voice."""
        played = self._played()
        return self._before + sum([one.heard_chars(played) for one in self._utterances])

    async def run(self, rounds: "int | None" = None) -> None:
        """Listens and answers, again and again, until the microphone's source ends.

        Args:
            rounds: how often; None for ever.

        Raises:
            ThinwireError: without `on_error`; see `listen` and `answer`.
        """
        while rounds is None or rounds > 0:
            try:
                text = await self.listen()
                if text is None:
                    break
                if text:
                    await self.answer(text)
            except ThinwireError as error:
                if self._on_error is None:
                    raise
                await _told(self._on_error, error)
            rounds = None if rounds is None else rounds - 1

    async def listen(self) -> "str | None":
        """What is said next, "" if nothing of it was understood; None when the microphone's source
        has ended.

        Raises: see AsyncClient.transcribe.
        """
        if not await self.microphone.wait():
            return None
        try:
            sound: Any = self.microphone
            found = await self.talk.client.transcribe(sound, **self._transcribe)
        finally:
            self.microphone.forget()
        text: str = found.text.strip()
        if text and self._on_heard is not None:
            await _told(self._on_heard, text)
        return text

    async def answer(self, message: "Any", **params: "Any") -> "Completion | None":
        """Asks, and says the answer aloud.

        Args:
            message: see Conversation.send.
            **params: of this turn, see Conversation.stream.

        Returns:
            The answer as it stands when all of it was said, or when it was interrupted.

        Raises:
            ThinwireError: the answer failed, after its whole sentences were said, and the
                conversation is as it was; or a sentence cannot be said, and the conversation has
                what was heard before. What the microphone's source raises, likewise. And what
                Conversation.stream raises.
            RuntimeError: it is speaking already.
        """
        turn = self.talk.stream(message, session=self.session, **params)
        pieces = sentences(
            turn, longest=self._longest, first=self._first, on_restart=self._restart
        )
        async with turn:
            failure = await self._say_all(pieces, turn)
            if failure is not None:
                await turn.interrupt(heard_chars=self.heard_chars)
        if failure is not None:
            raise failure
        return turn.completion

    async def say(self, text: str) -> int:
        """Says a text that nobody has asked for; it can be interrupted as an answer can.

        Returns:
            How many of its characters were heard.

        Raises: see AsyncClient.speak.
        """
        failure = await self._say_all(sentences(_Once(text), longest=self._longest), None)
        if failure is not None:
            raise failure
        return self.heard_chars

    async def interrupt(self) -> None:
        """Ends what is said, at once, from any task but the one that the loudspeaker's sink runs
        in. The conversation keeps what was heard of it. Nothing happens when nothing is said."""
        if self._stopped:
            return
        self._stopped = True
        turn = self._turn
        await self._stop_all()
        heard = self.heard_chars
        self._rest.abort()
        if self.speaker.stop is not None:
            await _told(self.speaker.stop)
        if turn is not None:
            await turn.interrupt(heard_chars=heard)

    async def _say_all(
        self, pieces: "AsyncSentencesOf", turn: "Turn | None"
    ) -> "Exception | None":
        # Gives why a sentence cannot be said; what the pieces raise comes as it is.
        if self._speaking:
            raise RuntimeError("this voice is speaking already")
        self._speaking = True
        self._turn = turn
        self._utterances = []
        self._before = 0
        self._rest = Abortable()
        self._stopped = self._barged = False
        beside: Beside | None = None
        failure: Exception | None = None
        broken: ThinwireError | None = None
        try:
            if self._interruptible or self.microphone.live:
                self.microphone.echo = 1 if self.microphone.has_button else self._echo
                beside = Beside(self._transport, self._watch())
            try:
                async for piece in pieces:
                    await self._begin(piece, pieces.code)
                    if self._stopped or self._failure() is not None:
                        break
            except ThinwireError as error:
                broken = error  # which can wait for what was whole to be said
            failure = await self._until_said()
        finally:
            self.microphone.echo = 1
            await self._stop_all()
            if beside is not None:
                # Who has interrupted goes on to the end of that.
                await (beside.wait() if self._barged else beside.stop())
                failure = failure or beside.error
            self._stopped = True
            self._speaking = False
            self._turn = None
        if broken is not None and failure is None:
            try:
                raise broken
            finally:
                broken = None  # or its traceback would keep it alive
        return failure

    async def _begin(self, piece: str, code: bool) -> None:
        # Asks for the sound of a sentence, once no more than `ahead` others are not over.
        said = "" if code else (self._spoken or plain)(piece)
        if not is_said(said):
            if self._utterances:
                self._utterances[-1].silent += len(piece)
            else:
                self._before += len(piece)
            return
        while not self._stopped:
            at_work = [one for one in self._utterances if not one.ended]
            if len(at_work) <= self._ahead:
                break
            await at_work[0].wait()
        if self._stopped or self._failure() is not None:
            return
        if self._on_said is not None:
            await _told(self._on_said, piece)
        utterances = self._utterances
        while len(utterances) > 1 and utterances[0].is_heard(self._played()):
            self._before += utterances.pop(0).chars
        before = utterances[-1] if utterances else None
        client, speaker = self.talk.client, self.speaker
        utterances.append(Utterance(client, speaker, piece, said, self._speak, self._pace, before))

    async def _until_said(self) -> "Exception | None":
        for utterance in list(self._utterances):
            await utterance.wait()
            if utterance.error is not None:
                return utterance.error
        if not self._stopped:
            speaker = self.speaker
            await self._transport.sleep_ms(speaker.held * 1000 // speaker.byte_rate, self._rest)
        if not self._stopped:
            self._before += sum([utterance.chars for utterance in self._utterances])
            self._utterances = []
        return None

    def _failure(self) -> "Exception | None":
        for utterance in self._utterances:
            if utterance.error is not None:
                return utterance.error
        return None

    def _played(self) -> int:
        return self.speaker.taken - self.speaker.held

    async def _restart(self, event: "StreamRestarted") -> None:
        # What was said of the answer is void.
        await self._stop_all()
        self._utterances = []
        self._before = 0

    async def _stop_all(self) -> None:
        # From the last one on: one is heard as soon as the one before has ended.
        for utterance in reversed(list(self._utterances)):
            await utterance.stop()

    async def _watch(self) -> None:
        # Beside what is said: for who interrupts it, or so that nothing old is listened to.
        try:
            if not self._interruptible:
                await self.microphone.drop()
                return
            if not await self.microphone.wait():
                return
        except Exception:  # nobody could interrupt any more
            self._barged = True
            await self.interrupt()
            raise
        self._barged = True
        await self.interrupt()


class _Once:
    # A text as an async source of sentences.
    def __init__(self, text: str) -> None:
        self._texts = [text]

    def __aiter__(self) -> "_Once":
        return self

    async def __anext__(self) -> str:
        if not self._texts:
            raise StopAsyncIteration
        return self._texts.pop()


async def _told(function: "Callable[..., object]", *given: object) -> None:
    found = function(*given)
    if is_awaitable(found):
        await found  # type: ignore[misc]

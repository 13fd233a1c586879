# What the tests of voices share: a studio that answers chats, writes down what it is sent, and
# says what it is asked to: each byte of a text is a sample, so that what was played can be read.

import asyncio
import json

from racing import drained
from streams import ONCE, STOP, deployments, sse, text

from thinwire.core.client import AsyncClient
from thinwire.core.conversation.conversation import Conversation
from thinwire.core.conversation.voice.microphone import Microphone
from thinwire.core.conversation.voice.speaker import Speaker
from thinwire.core.conversation.voice.voice import Voice
from thinwire.core.errors import ReadError
from thinwire.core.transport import Response, Transport

DONE = b"data: [DONE]\n\n"
QUIET = bytes(1024)
LOUD = (b"\x00\x10" * 8 + b"\x00\xf0" * 8) * 32
SPOKEN = QUIET * 3 + LOUD * 4 + QUIET * 30
TYPES = {
    "completions": "text/event-stream",
    "transcriptions": "application/json",
    "speech": "audio/pcm",
}


def sound_of(words):
    return b"".join([bytes((byte, 0)) for byte in words.encode()])


def words_of(sound):
    return str(bytes([sound[at] for at in range(0, len(sound), 2)]), "utf-8")


class Reply(Response):
    # Pieces: bytes, an exception to raise, an asyncio.Event to wait for. `status` of an error.
    def __init__(self, *pieces, status=200):
        self.pieces = list(pieces)
        self.status = status
        self.kind = ""
        self.closed = False

    def header(self, name):
        return self.kind if name.lower() == "content-type" else None

    def receive(self, buffer):
        if not self.pieces:
            return 0
        piece = self.pieces.pop(0)
        if isinstance(piece, Exception):
            raise piece
        if not isinstance(piece, bytes):
            self.pieces.insert(0, piece)
            return None
        count = min(len(piece), len(buffer))
        buffer[:count] = piece[:count]
        if count < len(piece):
            self.pieces.insert(0, piece[count:])
        return count

    async def wait(self, deadline_ms):
        await self.pieces[0].wait()
        if self.closed:
            raise ReadError("the stream was closed", None, True)
        self.pieces.pop(0)

    async def aclose(self):
        self.closed = True
        for piece in self.pieces:
            if hasattr(piece, "set"):
                piece.set()


def answer(*pieces):
    # An answer whose pieces come one by one; an Event among them is waited for.
    return Reply(
        *[sse(text(one)) if isinstance(one, str) else one for one in pieces], sse(STOP) + DONE
    )


class Studio(Transport):
    # Gives the answers in `chats` and `heard` one after the other, texts or Replies; `sounds` has
    # Replies in place of the sound of a sentence.
    name = "studio"
    concurrent = True

    def __init__(self, chats=(), heard=(), sounds=None):
        self.chats = list(chats)
        self.heard = list(heard)
        self.sounds = sounds or {}
        self.asked = []  # what for, with the sentence
        self.sent = []
        self.replies = []
        self.tasks = []
        self.pauses = []

    async def send(self, request):
        kind = request.target.rpartition("/")[2]
        body = await drained(request.body)
        request.sent(self.now_ms())
        self.sent.append(body)
        if kind == "completions":
            self.asked.append("chat")
            found = self.chats.pop(0)
            reply = answer(found) if isinstance(found, str) else found
        elif kind == "transcriptions":
            self.asked.append("text")
            found = self.heard.pop(0)
            document = json.dumps({"text": found}).encode() if isinstance(found, str) else b""
            reply = Reply(document) if isinstance(found, str) else found
        else:
            words = json.loads(body)["input"]
            self.asked.append(words)
            reply = self.sounds.get(words) or Reply(sound_of(words))
        reply.kind = TYPES[kind]
        self.replies.append(reply)
        return reply

    async def sleep_ms(self, ms, until=None):
        self.pauses.append(ms)
        await asyncio.sleep(0)

    def now_ms(self):
        return 0

    def spawn(self, coroutine):
        self.tasks.append(asyncio.create_task(coroutine))
        return self.tasks[-1]

    def signal(self):
        return asyncio.Event()

    async def aclose(self):
        pass

    async def settled(self):
        # Nothing goes on, and nothing is open.
        for _ in range(20):
            await asyncio.sleep(0)
        assert [task for task in self.tasks if not task.done()] == []
        assert [reply for reply in self.replies if not reply.closed] == []


class Ear:
    # Hears what is played; at the character of number `halt` it says so, and takes it only when it
    # is told to go on; once.
    def __init__(self, halt=0):
        self.sound = b""
        self.halt = halt
        self.halted = asyncio.Event()
        self.go_on = asyncio.Event()

    async def __call__(self, piece):
        if len(self.sound) // 2 + 1 == self.halt:
            self.halt = 0
            self.halted.set()
            await self.go_on.wait()
        self.sound += bytes(piece)

    @property
    def words(self):
        return words_of(self.sound)


class Recorded:
    # A microphone's source: sounds, and Events that are waited for in between.
    def __init__(self, *sounds):
        self.sounds = list(sounds)

    def __aiter__(self):
        return self

    async def __anext__(self):
        while self.sounds and not isinstance(self.sounds[0], bytes):
            await self.sounds.pop(0).wait()
        if not self.sounds:
            raise StopAsyncIteration
        return self.sounds.pop(0)


def voice_of(studio, source=(), ear=None, byte_rate=30, held=0, stop=None, button=None, **options):
    """A voice in a studio: what is said takes two bytes a character, 30 in a second."""
    client = AsyncClient("a", deployments("a"), transport=studio, retry=ONCE)
    microphone = Microphone(
        Recorded(*source), before=0, button=button, live=options.pop("live", False)
    )
    speaker = Speaker(ear or Ear(), byte_rate=byte_rate, held=held, stop=stop)
    return Voice(Conversation(client), microphone, speaker, **options)

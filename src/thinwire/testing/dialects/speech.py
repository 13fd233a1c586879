"""OpenAI's /audio/speech: a text, and what it sounds like (`sound_of`), streamed piece by piece.

The scripts of a chat answer here as well: their text is heard in place of the one asked for.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from thinwire.testing.dialects.chat import refusal as refusal
from thinwire.testing.dialects.shapes import anything, fields, number, one_of, text
from thinwire.testing.replies.chunks import json_bytes
from thinwire.testing.replies.completion import MockCompletion
from thinwire.testing.replies.reply import MockReply, with_content_type
from thinwire.testing.replies.sound import sound_of, wav_head
from thinwire.testing.replies.steps import Send, Step, Wait
from thinwire.testing.server.request import RecordedRequest

_TYPES = {
    "mp3": "audio/mpeg",
    "opus": "audio/opus",
    "aac": "audio/aac",
    "flac": "audio/flac",
    "wav": "audio/wav",
    "pcm": "audio/pcm",
}
_FIELDS = {
    "model": text,
    "input": text,
    "voice": anything,  # a name, or an object with an id
    "instructions": text,
    "response_format": one_of(*_TYPES),
    "speed": number,
    "stream_format": one_of("sse", "audio"),
}


def check(payload: Mapping[str, Any], request: RecordedRequest) -> None:
    """See MockWire."""
    fields(payload, "", _FIELDS, ("input",))


def as_chat(payload: Mapping[str, Any]) -> dict[str, Any]:
    """See MockWire: whoever speaks says the text."""
    return {"messages": [{"role": "user", "content": payload.get("input", "")}]}


def reply(completion: MockCompletion, request: RecordedRequest) -> MockReply:
    """See MockWire."""
    if completion.error is not None:
        return completion.whole(json_bytes(completion.error))
    wanted = request.json().get("response_format", "mp3") if request.body_whole else "mp3"
    made = completion.streamed(lambda: _steps(completion, wanted))
    wire = with_content_type(completion.wire, _TYPES.get(wanted, "audio/mpeg"))
    return MockReply(made.status, made.steps, **wire)


def _steps(completion: MockCompletion, wanted: str) -> Iterator[Step]:
    if wanted == "wav":
        yield Send(wav_head())
    for delta in completion.deltas:
        if completion.delay_ms:
            yield Wait(completion.delay_ms)
        sound = sound_of(str(delta.get("content") or ""))
        if sound:
            yield Send(sound)
    yield from completion.ending or ()

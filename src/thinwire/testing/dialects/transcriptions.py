"""OpenAI's /audio/transcriptions and /audio/translations: a form with a recording, and its text.

The scripts of a chat answer here as well, with their text. Without one it hears what `sound_of`
has said.
"""

from collections.abc import Mapping
from typing import Any

from thinwire.testing.dialects import Problem
from thinwire.testing.dialects.chat import refusal as refusal
from thinwire.testing.replies.chunks import json_bytes, message_of
from thinwire.testing.replies.completion import MockCompletion
from thinwire.testing.replies.reply import MockReply, with_content_type
from thinwire.testing.replies.sound import text_of_sound
from thinwire.testing.server.request import RecordedRequest

_FORMATS = ("json", "text", "srt", "verbose_json", "vtt", "diarized_json")


def check(payload: Mapping[str, Any], request: RecordedRequest) -> None:
    """See MockWire."""
    if not isinstance(payload.get("file"), bytes):
        raise Problem("you must provide a file", "file", "missing_required_parameter")
    wanted = payload.get("response_format", "json")
    if wanted not in _FORMATS:
        raise Problem(f"Invalid value: {wanted!r}.", "response_format", "invalid_value")


def as_chat(payload: Mapping[str, Any]) -> dict[str, Any]:
    """See MockWire: whoever speaks says what is in the recording."""
    text = text_of_sound(payload.get("file", b""))
    return {"messages": [{"role": "user", "content": text}]}


def reply(completion: MockCompletion, request: RecordedRequest) -> MockReply:
    """See MockWire."""
    wanted = request.form().get("response_format", "json")
    text = message_of(completion.deltas).get("content") or ""
    if completion.error is not None:
        return completion.whole(json_bytes(completion.error))
    if str(wanted).endswith("json"):
        return completion.whole(json_bytes({"text": text}), completion.ending)
    made = completion.whole(text.encode(), completion.ending)
    wire = with_content_type({"framing": "length", **completion.wire}, "text/plain; charset=utf-8")
    return MockReply(made.status, made.steps, **wire)

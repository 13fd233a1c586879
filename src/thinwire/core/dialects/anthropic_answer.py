"""The events of Anthropic's Messages API, made chunks of: what reads them is the same for all
wires.

A message is content blocks (text, thinking, calls, what tools of the server did), one after the
other, each begun, grown by deltas, and stopped. `message_delta` has the stop_reason and counts,
`message_stop` is the end; there is no `[DONE]`. Events that nobody knows are signs of life, but
for `ping`, which only keeps a connection open. A server that does not stream sends the message as
one document.

Thoughts are signed, and go back as they came and where they stood: the order of a message's blocks
is kept beside it, in `_anthropic`, without texts that it has anyway.
"""

from thinwire.core._compat import const, has_half, loads_whole
from thinwire.core.answer import chunk
from thinwire.core.answer.answer import Answer
from thinwire.core.errors import StreamError

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from typing import Any

    from thinwire.core.errors import StatusError
    from thinwire.core.wire.reserve import Reserve

_STATUSES = (
    ("invalid_request_error", 400),
    ("authentication_error", 401),
    ("billing_error", 402),
    ("permission_error", 403),
    ("not_found_error", 404),
    ("request_too_large", 413),
    ("rate_limit_error", 429),
    ("api_error", 500),
    ("timeout_error", 504),
    ("overloaded_error", 529),
)
_OURS = ("text", "thinking", "tool_use")  # blocks that chats have a place for
# What the prompt is made of, in three counts that exclude each other.
_PROMPT = ("input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens")


class _Block:
    # A block that is arriving. `call`: its place among the calls, -1: it is none; `note`: what is
    # to be sent back; `told`: whether some of its text or arguments was; `pieces`: of JSON.
    def __init__(self, kind: object, note: "dict[str, Any]") -> None:
        self.kind = kind
        self.note = note
        self.call = -1
        self.told = False
        self.pieces: list[str] = []


class AnthropicAnswer(Answer):
    """See Answer; a message is one choice."""

    def __init__(
        self,
        keep: bool = True,
        buffers: "Reserve | None" = None,
        buffer: "bytearray | None" = None,
    ) -> None:
        super().__init__(keep, buffers, buffer)
        self._keep = keep
        self._blocks: dict[int, _Block] = {}  # those under way, by their index
        self._order: list[dict[str, Any]] = []  # notes of all, in their order
        self._noted = False  # they were told
        self._calls = 0
        self._usage: dict[str, object] = {}

    def take(self, obj: object, event: str) -> None:
        """See Answer.take.

        Raises:
            StatusError: the message failed; StreamError: it is none.
        """
        fields = chunk.mapping(obj)
        kind = fields.get("type") or event
        if not fields and (event.startswith("content_") or event == "message_delta"):
            raise StreamError("an event is not JSON: " + chunk.one_line(chunk.word(obj), 80))
        if kind == "content_block_delta":
            self._grow(self._block(fields), chunk.mapping(fields.get("delta")))
        elif kind == "content_block_start":
            self._begin(_place(fields), chunk.mapping(fields.get("content_block")))
        elif kind == "content_block_stop":
            self._end(_place(fields))
        elif kind == "message_delta":
            self._stopped(chunk.mapping(fields.get("delta")), fields)
        elif kind == "message_start":
            self._meet(chunk.mapping(fields.get("message")))
        elif kind == "message_stop":
            self._finish()
        elif kind == "message" and "content" in fields:  # of a server that does not stream
            self._meet(fields)
            place = 0
            for block in chunk.objects(fields["content"]):
                self._begin(place, chunk.mapping(block))
                self._end(place)
                place += 1  # noqa: SIM113 - no pair for each block on a chip
            self._stopped(fields, fields)
        elif kind == "error":
            raise _error(obj)
        elif "choices" in fields or "error" in fields or isinstance(obj, list):
            super().take(obj, event)  # in the words of chats
        elif kind != "ping":  # which is no progress
            self.assembler.alive = True

    def _meet(self, message: "dict[str, object]") -> None:
        told: dict[str, object] = {"id": message.get("id"), "model": message.get("model")}
        told["choices"] = []
        self._count(message, told)
        self.take_chunk(told)

    def _block(self, fields: "dict[str, object]") -> _Block:
        # The block that a delta is about; made where its beginning was left out.
        index = _place(fields)
        if index not in self._blocks:
            kind = chunk.mapping(fields.get("delta")).get("type")
            thinks = kind in ("thinking_delta", "signature_delta")
            self._begin(index, {"type": "thinking" if thinks else "text"})
        return self._blocks[index]

    def _begin(self, index: int, entry: "dict[str, object]") -> None:
        kind = entry.get("type")
        note: dict[str, Any] = {"type": kind}
        block = self._blocks[index] = _Block(kind, note)
        if kind == "text":
            note["chars"] = 0
            self._say(block, "content", entry.get("text"))
            for mark in chunk.objects(entry.get("citations")):
                self._cite(mark)
        elif kind == "thinking":
            note["chars"] = 0
            self._say(block, "reasoning_content", entry.get("thinking"))
            self._sign(block, entry.get("signature"))
        elif kind == "tool_use":
            note["id"] = entry.get("id")
            block.call = self._calls
            self._calls += 1
            call: dict[str, object] = {"index": block.call, "id": entry.get("id")}
            call["type"] = "function"
            call["function"] = {"name": entry.get("name")}
            self._tell({"tool_calls": [call]})
            if entry.get("input"):  # whole, as in a document
                self._argue(block, chunk.other_kinds().json_text(entry["input"]))
        else:
            note.update(entry)  # goes back as it came
            self.assembler.alive = True
        if self._keep:
            self._order.append(note)

    def _grow(self, block: _Block, delta: "dict[str, object]") -> None:
        if "text" in delta:
            self._say(block, "content", delta["text"])
        elif "partial_json" in delta:
            piece = chunk.word(delta["partial_json"])
            if block.call >= 0:
                self._argue(block, piece)
            else:
                self.assembler.alive = True
                if self._keep:
                    block.pieces.append(piece)
        elif "thinking" in delta:
            self._say(block, "reasoning_content", delta["thinking"])
        elif "signature" in delta:
            self._sign(block, delta["signature"])
        elif "citation" in delta:
            self._cite(delta["citation"])
        else:
            self.assembler.alive = True
            if self._keep and block.kind not in _OURS:
                _add(block.note, delta)

    def _end(self, index: int) -> None:
        block = self._blocks.pop(index, None)
        if block is None:
            return
        if block.call >= 0 and not block.told:
            self._argue(block, "{}")
        if block.pieces:
            try:
                block.note["input"] = loads_whole("".join(block.pieces).encode())
            except ValueError:
                raise StreamError("the input of a tool is not JSON: " + block.pieces[0][:80])

    def _say(self, block: _Block, name: str, text: object) -> None:
        text = chunk.word(text)
        if not text:
            return
        block.note["chars"] = chunk.integer(block.note.get("chars"), 0) + len(text)
        if block.told and self.on_chunk is None and not has_half(text):
            # Most deltas are these: no chunk is made that nobody looks at.
            kind = "content" if name == "content" else "reasoning"
            event: Any = self.assembler.add(kind, 0, text)
            self.assembler.events.append(event)
            return
        block.told = True
        self._tell({name: text})

    def _sign(self, block: _Block, signature: object) -> None:
        self.assembler.alive = True
        if signature and self._keep:
            known = chunk.word(block.note.get("signature"))
            block.note["signature"] = known + chunk.word(signature)

    def _argue(self, block: _Block, piece: str) -> None:
        if piece and block.told and self.on_chunk is None and not has_half(piece):
            self.assembler.add_arguments(0, block.call, piece)
        elif piece:
            block.told = True
            self._tell({"tool_calls": [{"index": block.call, "function": {"arguments": piece}}]})

    def _cite(self, mark: object) -> None:
        fields = chunk.mapping(mark)
        if fields.get("url"):
            mark = {"type": "url_citation", "url_citation": fields}
        self._tell({"annotations": [mark]})

    def _tell(self, delta: "dict[str, object]") -> None:
        self.take_chunk({"choices": [{"index": 0, "delta": delta}]})

    def _stopped(self, said: "dict[str, object]", fields: "dict[str, object]") -> None:
        # `fields` has the counts, `said` why the message ended: then it is whole but for its end.
        # Several may come, and those before tell counts only.
        delta: dict[str, object] = {}
        if said.get("stop_reason") or said is fields:
            for index in list(self._blocks):
                self._end(index)
            if not self._noted and [note for note in self._order if _has_more(note)]:
                self._noted = True
                delta["_anthropic"] = self._order
        choice: dict[str, object] = {"index": 0, "delta": delta}
        choice["finish_reason"] = choice["native_finish_reason"] = said.get("stop_reason")
        for name in ("stop_sequence", "stop_details"):
            if said.get(name):
                choice[name] = said[name]
        told: dict[str, object] = {"choices": [choice]}
        self._count(fields, told)
        self.take_chunk(told)

    def _count(self, fields: "dict[str, object]", told: "dict[str, object]") -> None:
        # Later counts are of the whole message; what they do not repeat, or have as 0, stands.
        for name, value in chunk.mapping(fields.get("usage")).items():
            if value or (value is not None and name not in self._usage):
                self._usage[name] = value
        if self._usage:
            usage = dict(self._usage)
            prompt, cached, written = [chunk.integer(usage.get(name), 0) for name in _PROMPT]
            output = chunk.integer(usage.get("output_tokens"), 0)
            usage["prompt_tokens"] = prompt + cached + written
            usage["completion_tokens"] = output
            usage["total_tokens"] = prompt + cached + written + output
            usage["prompt_tokens_details"] = {"cached_tokens": cached}
            told["usage"] = usage
            told["service_tier"] = usage.get("service_tier")

    def _finish(self) -> None:
        self.finish()
        if self._says_nothing():
            raise StreamError("the stream ended before any delta")


def _place(fields: "dict[str, object]") -> int:
    # Which block an event is about; those of a server that does not say so are one.
    return chunk.integer(fields.get("index"), -1)


def _has_more(note: "dict[str, Any]") -> bool:
    # Whether a block has something that a chat's message has no place for.
    return note["type"] not in ("text", "tool_use") and len(note) > 1


def _add(note: "dict[str, Any]", delta: "dict[str, object]") -> None:
    # A delta of a block that is none of ours, e.g. of what is left of a long conversation: texts
    # grow, all else is said anew.
    for name, value in delta.items():
        if name != "type" and value is not None:
            known = note.get(name)
            if isinstance(known, str) and isinstance(value, str):
                value = known + value
            note[name] = value


def _error(obj: object) -> "StatusError":
    kind = chunk.mapping(chunk.mapping(obj).get("error")).get("type")
    return chunk.error_from(obj, dict(_STATUSES).get(chunk.word(kind), 200))

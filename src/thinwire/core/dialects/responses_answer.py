"""The events of OpenAI's Responses API, made chunks of: what reads them is the same for all wires.

An answer is a list of output items (reasoning, messages, calls), each added, grown by deltas, and
done; events say by `output_index` whose they are. Gateways change an item's id from one event to
the next, so ids count for nothing. `response.completed`, `incomplete` or `failed` is the end, and
there is no `[DONE]`. Servers leave out what they like: an item of which no delta came is taken
from its `done`, or from the last event; so are all where none came, or from the one document of a
server that does not stream.

The events of a whole response repeat what is known: its instructions and tools, at the end the
answer. Where the receive buffer would grow for one of them, its long texts are taken out of it
while it arrives.
"""

from thinwire.core._compat import const
from thinwire.core.answer import chunk
from thinwire.core.answer.answer import Answer
from thinwire.core.errors import StreamError

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from thinwire.core.errors import StatusError
    from thinwire.core.wire.reserve import Reserve

_FAILED = ("failed", "cancelled")
_SERVERS = ("id", "status")  # what of an item only its server understands
_BETWEEN = "\n\n"  # parts of a summary, and the reasoning of two items
# The types of items that are calls, and the field with what is called for.
_CALLS = (("function_call", "arguments"), ("custom_tool_call", "input"))
# Events with a whole text: what item it is of, and the field that it stands in.
_TEXTS = {
    "output_text.done": ("message", "text"),
    "refusal.done": ("message", "refusal"),
    "function_call_arguments.done": ("function_call", "arguments"),
    "custom_tool_call_input.done": ("custom_tool_call", "input"),
}
# Events of a whole response, those at its start, and those that repeat the text of an item.
_WHOLE = " created queued in_progress completed incomplete "
_START = " created queued in_progress "
_REPEATS = (
    " output_text.done refusal.done content_part.done output_item.done"
    " function_call_arguments.done custom_tool_call_input.done "
)
_LONG = const(512)  # bytes of a text that is worth taking out of an event
_ESCAPE = const(6)  # bytes of the longest escape


class _Item:
    # An output item that is arriving. `told`: characters of it that were handed out; `call`: its
    # place among the calls, -1: it is none.
    def __init__(self, kind: object) -> None:
        self.kind = kind
        self.told = 0
        self.call = -1
        self.done = False

    def is_untold(self) -> bool:
        # Whether nothing is known of it but that it is there.
        return not self.told and not self.done


class ResponsesAnswer(Answer):
    """See Answer; a response is one choice."""

    def __init__(
        self,
        keep: bool = True,
        buffers: "Reserve | None" = None,
        buffer: "bytearray | None" = None,
    ) -> None:
        super().__init__(keep, buffers, buffer)
        self._keep = keep
        self._items: dict[int, _Item] = {}  # by their place in the output
        self._order: list[dict[str, object]] = []  # what was done, to be sent back likewise
        self._others: list[object] = []  # done, and none of ours
        self._calls = 0
        self._met = False  # the id and the model were told
        self._thought = False  # reasoning was told, ...
        self._gap = False  # ... and what comes next is another part of it
        self._said_last = False  # the last item is a message or a call, and was told by deltas
        self._cut_from = -1  # where texts of the line are looked for next, -1: it is another line
        self._inside = False  # of a text, whose beginning was taken out

    def take(self, obj: object, event: str) -> None:
        """See Answer.take.

        Raises:
            StatusError: the response failed; StreamError: it is not the whole answer.
        """
        self._cut_from = -1
        fields = chunk.mapping(obj)
        kind = fields.get("type")
        if not isinstance(kind, str) or (kind != "error" and not kind.startswith("response.")):
            kind = event
        what = kind[9:] if kind.startswith("response.") else ""
        if what == "output_text.delta":
            self._say(fields, "message", "content")
        elif what == "function_call_arguments.delta":
            self._argue(self._item(fields, "function_call"), fields.get("delta"))
        elif what in ("reasoning_summary_text.delta", "reasoning_text.delta"):
            self._say(fields, "reasoning", "reasoning_content")
        elif what == "refusal.delta":
            self._say(fields, "message", "refusal")
        elif what == "custom_tool_call_input.delta":
            self._argue(self._item(fields, "custom_tool_call"), fields.get("delta"))
        elif what == "output_item.added":
            self._begin(fields)
        elif what == "output_item.done":
            self._done(self._item(fields, None), chunk.mapping(fields.get("item")))
        elif what in _TEXTS:
            self._whole(fields, what)
        elif what == "reasoning_summary_part.added":
            self._gap = self._thought
        elif what == "output_text.annotation.added":
            self._tell({"annotations": [_annotation(fields.get("annotation"))]})
        elif what in ("completed", "incomplete", "failed", "cancelled"):
            self._end(chunk.mapping(fields.get("response")), what)
        elif kind == "error":
            raise _error(fields or {"error": obj})
        elif fields.get("object") == "response":  # of a server that does not stream
            self._end(fields, "completed")
        elif what:
            self.assembler.alive = True  # a tool that the server runs, for instance
            self._meet(chunk.mapping(fields.get("response")))
        elif "choices" in fields or "error" in fields or isinstance(obj, list):
            super().take(obj, event)  # in the words of chats

    def get_buffer(self) -> memoryview:
        """See Answer.get_buffer."""
        if self.parser.is_filling():
            self._thin()
        return super().get_buffer()

    def _untold(self) -> "list[int]":
        return [place for place, item in self._items.items() if item.is_untold()]

    def _item(self, fields: "dict[str, object]", kind: "str | None") -> _Item:
        # The item that an event is about; made where its beginning was left out.
        place = chunk.integer(fields.get("output_index"), -1)
        item = self._items.get(place)
        if item is None or (item.kind != kind and kind is not None):
            item = self._items[place] = _Item(kind)
        return item

    def _begin(self, fields: "dict[str, object]") -> None:
        entry = chunk.mapping(fields.get("item"))
        place = chunk.integer(fields.get("output_index"), -1)
        item = self._items[place] = _Item(chunk.word(entry.get("type")))
        self._said_last = False
        self._gap = self._thought
        if item.kind in dict(_CALLS):
            self._call(item, entry)
        self.assembler.alive = True

    def _say(self, fields: "dict[str, object]", kind: str, name: str) -> None:
        text = fields.get("delta")
        item = self._item(fields, kind)
        item.told += len(text) if isinstance(text, str) else 1
        self._said_last = kind == "message"  # what is encrypted comes with the end of reasoning
        self._tell({name: self._part(text) if kind == "reasoning" else text}, fields)

    def _whole(self, fields: "dict[str, object]", what: str) -> None:
        # A text is whole: who has sent no delta of it says it here.
        self.assembler.alive = True
        kind, field = _TEXTS[what]
        item = self._items.get(chunk.integer(fields.get("output_index"), -1))
        if item is not None and item.kind == kind and fields.get(field) and item.is_untold():
            delta = dict(fields)
            delta["delta"] = fields[field]
            delta["type"] = "response." + what.replace(".done", ".delta")
            self.take(delta, "")

    def _part(self, text: object) -> object:
        # A piece of reasoning, apart from the part before.
        if self._gap and isinstance(text, str):
            text = _BETWEEN + text
        self._gap, self._thought = False, True
        return text

    def _tell(self, delta: "dict[str, object]", fields: "dict[str, object] | None" = None) -> None:
        choice: dict[str, object] = {"index": 0, "delta": delta}
        if fields is not None and fields.get("logprobs"):
            choice["logprobs"] = {"content": fields["logprobs"]}
        self.take_chunk({"object": "chat.completion.chunk", "choices": [choice]})

    def _meet(self, response: "dict[str, object]") -> None:
        if response and not self._met:
            self._met = True
            self.take_chunk(_chunk(response, []))

    def _call(self, item: _Item, entry: "dict[str, object]") -> None:
        # Begins the call that an item is.
        item.call = self._calls
        self._calls += 1
        body: dict[str, object] = {"name": entry.get("name")}
        call = {"index": item.call, "id": entry.get("call_id") or entry.get("id")}
        if item.kind == "custom_tool_call":
            call["type"] = call_field = "custom"
        else:
            call["type"] = call_field = "function"
        call[call_field] = body
        self._tell({"tool_calls": [call]})

    def _argue(self, item: _Item, piece: object) -> None:
        if item.call < 0:
            self._call(item, {})
        item.told += 1
        self._said_last = True
        call: dict[str, object] = {"index": item.call}
        if item.kind == "custom_tool_call":
            call["custom"] = {"input": piece}
        else:
            call["function"] = {"arguments": piece}
        self._tell({"tool_calls": [call]})

    def _done(self, item: _Item, entry: "dict[str, object]") -> None:
        # An item is whole: hands out what no delta has told, and takes note of its place.
        kind = entry.get("type")
        if item.done or not isinstance(kind, str):
            return
        item.done = True
        item.kind = kind
        field = dict(_CALLS).get(kind)
        if field is not None:
            if item.call < 0:
                self._call(item, entry)
            if not item.told and entry.get(field):
                self._argue(item, entry[field])
            theirs = _SERVERS + ("name", field)
            call = {name: entry[name] for name in entry if entry[name] and name not in theirs}
            self._note(call)
            return
        parts = chunk.objects(entry.get("content"))
        if kind == "message":
            for part in parts if not item.told else ():
                fields = chunk.mapping(part)
                text = fields.get("text")
                item.told += len(text) if isinstance(text, str) else 0
                marks = [_annotation(one) for one in chunk.objects(fields.get("annotations"))]
                delta = {"content": text, "refusal": fields.get("refusal"), "annotations": marks}
                self._tell(delta, fields)
            note: dict[str, object] = {"type": kind, "chars": item.told}
            if entry.get("phase") is not None:
                note["phase"] = entry["phase"]
            self._note(note)
        elif kind == "reasoning":
            summary = chunk.objects(entry.get("summary"))
            for part in (parts or summary) if not item.told else ():
                self._gap = self._thought
                self._tell({"reasoning_content": self._part(chunk.text([part]))})
            thought = {name: entry[name] for name in entry if entry[name] and name not in _SERVERS}
            thought["summary"] = summary
            if len(thought) > 2:
                self._note(thought)
        elif kind == "image_generation_call" and isinstance(entry.get("result"), str):
            head = "data:image/%s;base64," % (entry.get("output_format") or "png")
            image = {"url": head + chunk.text(entry["result"])}
            self._tell({"images": [{"type": "image_url", "image_url": image}]})
        else:
            self.assembler.alive = True
            if self._keep:
                self._others.append(entry)

    def _note(self, note: "dict[str, object]") -> None:
        self.assembler.alive = True
        if self._keep:
            self._order.append(note)

    def _end(self, response: "dict[str, object]", how: str) -> None:
        output = chunk.objects(response.get("output"))
        all_of_it, untold = not self._items, self._untold()
        for place in range(len(output) if all_of_it or untold else 0):
            entry = chunk.mapping(output[place])
            if all_of_it or (place in untold and self._items[place].kind == entry.get("type")):
                self._done(self._item({"output_index": place}, None), entry)
        status = chunk.word(response.get("status")) or how
        if status in _FAILED or how in _FAILED:
            raise _error({"error": response.get("error") or "the response was " + status})
        if status not in ("completed", "incomplete"):
            raise StreamError("the response is %s: thinwire does not wait for it" % status)
        reason = chunk.word(chunk.mapping(response.get("incomplete_details")).get("reason"))
        finish = "tool_calls" if self._calls else "stop"
        if status == "incomplete":
            finish = reason or status  # the assembler has the words of chats for it
        delta: dict[str, object] = {}
        notes = [note for note in self._order if note["type"] == "reasoning" or len(note) > 2]
        if notes or (self._thought and self._keep):
            delta["_responses"] = self._order
        choice: dict[str, object] = {"index": 0, "delta": delta, "finish_reason": finish}
        choice["native_finish_reason"] = reason or status
        if self._others:
            choice["output_items"] = self._others
        result = _chunk(response, [choice])
        result["service_tier"] = response.get("service_tier")
        result["usage"] = _counts(chunk.mapping(response.get("usage")))
        self.take_chunk(result)
        self.finish()

    def _thin(self) -> None:
        # Takes long texts out of a line that repeats what is known, as far as it has come.
        parser = self.parser
        if parser._data:  # noqa: SLF001 - JSON over several lines: nobody sends it so
            return
        start = parser.line_start()
        if self._cut_from < 0:
            what = " %s " % parser.event[9:]
            if what in _REPEATS:
                secret = parser.buffer.find(b'"encrypted_content"', start, parser.line_end())
                known = self._said_last and secret < 0
            else:
                known = what in _START or (
                    what in _WHOLE and bool(self._items) and not self._untold()
                )
            if not known:
                return
            self._cut_from, self._inside = 0, False
        at = start + self._cut_from
        while True:
            end = parser.line_end()
            if not self._inside:
                at = parser.buffer.find(b'"', at, end) + 1
                if not at:
                    self._cut_from = end - start
                    return
            stop = _string_end(parser.buffer, at, end)
            self._inside = stop < 0
            if self._inside:
                stop = _whole_end(parser.buffer, at, end)
            if stop - at > _LONG:
                parser.cut(at, stop - at)
                stop = at
            if self._inside:
                self._cut_from = stop - start
                return
            at = stop + 1


def _string_end(buffer: bytearray, at: int, end: int) -> int:
    # Where the text that goes on at `at` has its quote, -1 if that has not come.
    while True:
        stop = buffer.find(b'"', at, end)
        back = stop
        while back > at and buffer[back - 1] == 0x5C:
            back -= 1
        if stop < 0 or (stop - back) % 2 == 0:
            return stop
        at = stop + 1


def _whole_end(buffer: bytearray, at: int, end: int) -> int:
    # The last place before `end` that is neither within an escape nor within a character.
    stop = end
    found = buffer.rfind(b"\\", max(at, end - _ESCAPE), end)
    while found >= at and buffer[found] == 0x5C:
        stop = found
        found -= 1
    if stop == end:
        while stop > at and buffer[stop - 1] & 0xC0 == 0x80:
            stop -= 1
        if stop > at and buffer[stop - 1] >= 0xC0:
            stop -= 1
    return stop


def _chunk(response: "dict[str, object]", choices: "list[object]") -> "dict[str, object]":
    return {
        "id": response.get("id"),
        "object": "chat.completion.chunk",
        "created": response.get("created_at"),
        "model": response.get("model"),
        "choices": choices,
    }


def _annotation(value: object) -> object:
    # Chats nest what an annotation says in a field that is named like its type.
    fields = chunk.mapping(value)
    kind = fields.get("type")
    if not isinstance(kind, str) or kind in fields:
        return value
    return {"type": kind, kind: {name: fields[name] for name in fields if name != "type"}}


def _counts(usage: "dict[str, object]") -> "dict[str, object]":
    # In the words of chats; what is not ours, e.g. a price, stays.
    names = {"input_tokens": "prompt_tokens", "output_tokens": "completion_tokens"}
    names["input_tokens_details"] = "prompt_tokens_details"
    names["output_tokens_details"] = "completion_tokens_details"
    return {names.get(name, name): value for name, value in usage.items()}


def _error(fields: "dict[str, object]") -> "StatusError":
    error = chunk.error(fields) or chunk.error_from(fields, 200)
    # Codes of a request that is at fault, where no status says so.
    if error.kind == "server":
        if "policy" in error.code:
            error.kind = "content_filter"
        elif True in [word in error.code for word in ("invalid", "image", "mismatch")]:
            error.kind = "bad_request"
    return error

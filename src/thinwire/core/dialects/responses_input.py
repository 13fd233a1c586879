"""Messages of a chat as the input items of OpenAI's Responses API.

  system, developer, user   a message of the same role, wherever it stands; parts are renamed
  assistant                 a message, and an item for each of its calls
  tool                      the output of a call, text or parts

An answer is several items there: reasoning, then what it led to, perhaps several times. The API
wants each reasoning item right before what followed it, so the order of an answer's items is kept
beside its message, in `_responses` (responses_answer.py), and followed for the server that gave
it. All ids of its own are left out: with `store: false` nothing is found by them (vercel/ai#7543).

What has no `role`, or a `type` that Responses knows and chats do not, is taken for an item of
Responses and goes as it is. Sources stay where they are, and are read while they are sent.
"""

from thinwire.core._compat import const
from thinwire.core.dialects.replay import calls_of
from thinwire.core.errors import EncodeError

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

_ID = const(64)  # characters that the API takes in a call's id; other servers give longer ones


class Inputs:
    """The items that messages make; can be walked as often as they can.

    Args:
        messages: any iterable of message dicts and Completions.
        origin: of the server that they go to; see Completion.origin.
    """

    def __init__(self, messages: "Any", origin: str) -> None:
        self._messages = messages
        self._origin = origin
        self.stored = getattr(messages, "stored", False)  # see JSONEncoder

    def __iter__(self) -> "Iterator[object]":
        return InputWalk(self._messages, self._origin)

    def __repr__(self) -> str:
        return repr(self._messages)


class InputWalk:
    """One walk through the messages; holds the items of one message at a time.

    Errors of the iteration: EncodeError names the message that has no place in this API.
    """

    def __init__(self, messages: "Any", origin: str) -> None:
        self._messages = iter(messages)
        self._origin = origin
        self._number = -1
        self._ready: list[object] = []
        self._custom: list[object] = []  # ids of the last calls whose tool takes any text
        self.stored = getattr(messages, "stored", False)

    def __iter__(self) -> "InputWalk":
        return self

    def __next__(self) -> object:
        while not self._ready:
            self._number += 1
            self._take(next(self._messages))
        return self._ready.pop(0)

    def __repr__(self) -> str:
        return repr(self._messages)

    def close(self) -> None:
        """Closes what is walked through, e.g. a file."""
        if hasattr(self._messages, "close"):
            self._messages.close()

    def _take(self, message: "Any") -> None:
        if hasattr(message, "to_message"):
            message = message.to_message()
        role = message.get("role") if hasattr(message, "get") else None
        if role in ("system", "developer", "user"):
            content = parts(message.get("content"), "input_text")
            self._ready.append({"type": "message", "role": role, "content": content})
        elif role == "assistant":
            self._answer(message)
        elif role == "tool":
            id = message.get("tool_call_id")
            kind = "custom_tool_call_output" if id in self._custom else "function_call_output"
            output = parts(message.get("content"), "input_text")
            self._ready.append({"type": kind, "call_id": fitting_id(id), "output": output})
        elif role is None:
            self._ready.append(message)
        else:
            text = "a message of role %r has no place here: use role 'tool' and tool_calls"
            raise EncodeError(text % (role,), "messages[%d].role" % self._number)

    def _answer(self, message: "Any") -> None:
        content = parts(message.get("content"), "output_text")
        if not content and message.get("refusal"):
            content = [{"type": "refusal", "refusal": message["refusal"]}]
        calls = calls_of(message)
        self._custom = [call.get("id") for call in calls if call.get("type") == "custom"]
        order: Any = ()
        if message.get("_origin") == self._origin:
            order = message.get("_responses") or ()
        lengths = [entry.get("chars", 0) for entry in order]
        if not isinstance(content, str) or sum(lengths) != len(content):
            lengths = []  # it was written anew: all of it stands where the first was
        before: list[object] = []  # reasoning, which has to be followed by something
        for entry in order:
            kind = entry.get("type")
            found: dict[str, object] | None = None
            if kind == "reasoning":
                before.append(entry)
            elif kind == "message":
                size = entry.get("chars", 0) if lengths else None
                found, content = _said(content, size, entry.get("phase"))
            else:
                meant = [call for call in calls if call.get("id") == entry.get("call_id")]
                if meant:
                    calls.remove(meant[0])
                    found = dict(entry)  # a namespace, for instance
                    found.update(_called(meant[0]))
            if found is not None:
                self._ready += before
                self._ready.append(found)
                before = []
        if content:
            self._ready.append({"type": "message", "role": "assistant", "content": content})
        for call in calls:
            self._ready.append(_called(call))


def _said(
    content: "Any", size: "int | None", phase: object
) -> "tuple[dict[str, object] | None, Any]":
    # The message that has the first `size` characters, or all, and what is left; None: no message.
    if not content or size == 0:
        return None, content
    rest: Any = ""
    if size is not None:
        content, rest = content[:size], content[size:]
    item: dict[str, object] = {"type": "message", "role": "assistant", "content": content}
    if phase is not None:
        item["phase"] = phase
    return item, rest


def _called(call: "Any") -> "dict[str, object]":
    id = fitting_id(call.get("id"))
    if call.get("type") == "custom":
        body, field, kind, default = call.get("custom"), "input", "custom_tool_call", ""
    else:
        body, field, kind, default = call.get("function"), "arguments", "function_call", "{}"
    body = body or {}
    item = {"type": kind, "call_id": id, "name": body.get("name")}
    item[field] = body.get(field) or default
    return item


def parts(content: "Any", text_type: str) -> "Any":
    """A message's content: a text or a source as it is, parts by their names in this API.

    Args:
        text_type: what a text is: "input_text", or "output_text" of the assistant's.
    """
    if content is None:
        return ""
    if not isinstance(content, (list, tuple)):
        return content
    return [_part(one, text_type) for one in content]


def _part(part: "Any", text_type: str) -> "Any":
    if isinstance(part, str):
        return {"type": text_type, "text": part}
    kind = part.get("type") if hasattr(part, "get") else None
    if kind == "text":
        return {"type": text_type, "text": part.get("text")}
    if kind == "image_url":
        image = part.get("image_url")
        fields = image if hasattr(image, "get") else {"url": image}
        detail = fields.get("detail") or "auto"
        return {"type": "input_image", "image_url": fields.get("url"), "detail": detail}
    if kind == "file":
        result: dict[str, object] = {"type": "input_file"}
        result.update(part.get("file") or {})
        return result
    if kind == "input_audio":
        return {"type": kind, "input_audio": part.get("input_audio")}
    return part


def fitting_id(id: "Any") -> object:
    """The id of a call, made shorter where the API would refuse it; the same for the same."""
    if isinstance(id, str) and len(id) > _ID:
        return id[: _ID // 2] + id[-_ID // 2 :]
    return id

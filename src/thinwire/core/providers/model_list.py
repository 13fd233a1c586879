"""Lists of models, as servers give them: read entry by entry while they arrive, since OpenRouter's
has half a megabyte, and a chip has no room for that.

An entry is an object in a list that is the document, or stands in it under any name: `data`
(OpenAI and most), `models` (Ollama's tags, LM Studio, Gemini's own), both at once (llama.cpp,
where the two are merged by id), or the bare list (Together, GitHub). What is left when the entries
are cut out is small: there a server says whether another page follows (Anthropic).

What an entry says has a dozen names; the tables below list them, in the order in which they
count. They were read in the documentation of the providers, and in the answers of real servers,
which tests/shared/providers/test_model_list.py has in their shapes.
"""

import json

from thinwire.core._compat import const, public
from thinwire.core.errors import StreamError

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_DEEPEST = const(32)
_ENTRY_LIMIT = const(65536)  # bytes of one entry; a longer one is passed over
_REST_LIMIT = const(65536)  # bytes of all that is no entry
_MOST = const(100000)  # entries
_SHOWN = const(1024)  # bytes
_LONGEST = const(1000000000)  # tokens that a context may have
_GAP = const(64)  # bytes between two entries, most often
_IDS = ("id", "model", "name", "key", "model_name", "slug")
_NAMES = ("display_name", "displayName", "name")
_LENGTHS = (
    "context_length",
    "context_window",
    "max_model_len",
    "max_context_length",
    "n_ctx",
    "max_input_tokens",
    "inputTokenLimit",
    "availableContextTokens",
    "n_ctx_train",
)
_TOOLS = (
    "tools",
    "tool_use",
    "tool_calling",
    "function_calling",
    "FunctionCalling",
    "trained_for_tool_use",
)
_VISION = ("vision", "image_input", "multimodal")
_REASONING = ("reasoning", "thinking", "reasoning_effort", "include_reasoning", "effort")
# Where more of an entry stands.
_INNER = (
    "capabilities",
    "meta",
    "details",
    "limits",
    "model_info",
    "top_provider",
    "model_spec",
    "architecture",
)
_MODALITIES = ("input_modalities", "supported_input_modalities", "inputModalities")


@public
class ModelEntry:
    """A model that a server has.

    Attributes:
        id: what a Deployment names it by.
        name: for people; the id where the server gives no other.
        context_length: tokens that fit into it, None where the server does not say.
        tools, vision, reasoning: whether it calls functions, takes images, and can be made to
            reason; None where the server does not say.
        listed: whether it is in a server's list; False for one of a fallback list.
    """

    def __init__(
        self,
        id: str,
        name: str = "",
        context_length: "int | None" = None,
        tools: "bool | None" = None,
        vision: "bool | None" = None,
        reasoning: "bool | None" = None,
        listed: bool = True,
    ) -> None:
        self.id = id
        self.name = name or id
        self.context_length = context_length
        self.tools = tools
        self.vision = vision
        self.reasoning = reasoning
        self.listed = listed

    def merge(self, other: "ModelEntry") -> None:
        """Takes over what only another entry for the same model says."""
        if self.name == self.id:
            self.name = other.name
        for field in ("context_length", "tools", "vision", "reasoning"):
            if getattr(self, field) is None:
                setattr(self, field, getattr(other, field))

    def __repr__(self) -> str:
        said = [repr(self.id)]
        for field in ("context_length", "tools", "vision", "reasoning"):
            value = getattr(self, field)
            if value is not None:
                said.append("%s=%r" % (field, value))
        return "ModelEntry(%s%s)" % (", ".join(said), "" if self.listed else ", listed=False")


def entry_of(value: object) -> "ModelEntry | None":
    """What an entry of a list says, or None if it names no model.

    Args:
        value: parsed JSON, not trusted.
    """
    if isinstance(value, str) and value:
        return ModelEntry(value)
    if not isinstance(value, dict):
        return None
    id = _text(value, _IDS)
    if not id:
        return None
    places: list[dict[str, Any]] = [value]
    for inner in _INNER:
        if isinstance(value.get(inner), dict):
            places.append(value[inner])
            if isinstance(value[inner].get("capabilities"), dict):  # Venice's model_spec
                places.append(value[inner]["capabilities"])
    serving = value.get("providers")  # Hugging Face: who serves it
    for one in serving if isinstance(serving, list) else []:
        if isinstance(one, dict):
            places.append(one)
    return ModelEntry(
        id,
        _text(value, _NAMES),
        _length(places),
        _flag(places, _TOOLS),
        _sees(places),
        _flag(places, _REASONING),
    )


def _text(value: "dict[str, Any]", names: "tuple[str, ...]") -> str:
    for name in names:
        found = value.get(name)
        if isinstance(found, str) and found:
            return found
    return ""


def _length(places: "list[dict[str, Any]]") -> "int | None":
    for name in _LENGTHS:
        for place in places:
            found = place.get(name)
            if isinstance(found, str) and 0 < len(found) < 16:
                # Not isdigit: "\u00b2" is a digit to it.
                found = int(found) if min(found) >= "0" and max(found) <= "9" else None
            if isinstance(found, (int, float)) and not isinstance(found, bool):
                if 1 <= found < _LONGEST:  # not what is endless
                    return int(found)
    return None


def _flag(places: "list[dict[str, Any]]", names: "tuple[str, ...]") -> "bool | None":
    # True where one place says yes, else False where one says no.
    result = None
    for place in places:
        for name in names:
            for key in (name, "supports_" + name, "supports" + name[:1].upper() + name[1:]):
                found = place.get(key)
                if isinstance(found, dict):  # Anthropic: {"supported": true}
                    found = found.get("supported")
                if isinstance(found, bool):
                    result = result or found
        # A list of what a request may have is complete, one of capabilities is not: llama.cpp's
        # says "completion" of a model that calls tools.
        for key, whole in (("supported_parameters", True), ("capabilities", False)):
            found = place.get(key)
            if isinstance(found, list):
                words = [one.replace("-", "_") for one in found if isinstance(one, str)]
                if [name for name in names if name in words]:
                    return True
                if whole and result is None:
                    result = False
    return result


def _sees(places: "list[dict[str, Any]]") -> "bool | None":
    for place in places:
        for key in _MODALITIES:
            found = place.get(key)
            if isinstance(found, list):
                return "image" in found
        found = place.get("modality")  # "text+image->text"
        if isinstance(found, str) and "->" in found:
            return "image" in found.partition("->")[0]
        if place.get("type") == "vlm":
            return True
    return _flag(places, _VISION)


class ListReader:
    """Finds the entries of a list in the bytes of a document as they come.

    Attributes:
        entries: list of ModelEntry, in the server's order.
        skipped: entries that name no model, or are too long or no JSON.
    """

    def __init__(self) -> None:
        self.entries: list[ModelEntry] = []
        self._places: dict[str, ModelEntry] = {}  # by id
        self.skipped = 0
        self.begin()

    def begin(self) -> None:
        """Another document follows, the next page of the same list."""
        self._stack = ""  # brackets that are open
        self._inside = False  # of an entry
        self._quoted = False  # in a string
        self._escaped = False  # behind a backslash
        self._entry = bytearray()
        self._rest = bytearray()

    def feed(self, data: bytearray, end: int) -> None:
        """Takes the first `end` bytes of `data`.

        Raises:
            StreamError: it is no list, or one without bounds.
        """
        at = start = 0
        while at < end:
            if self._escaped:
                self._escaped = False
                at += 1
                continue
            if self._quoted:  # most of a list is descriptions
                quote = data.find(b'"', at, end)
                slash = data.find(b"\\", at, end if quote < 0 else quote)
                self._escaped = slash >= 0
                if slash >= 0:
                    at = slash + 1
                elif quote >= 0:
                    self._quoted = False
                    at = quote + 1
                else:
                    at = end
                continue
            byte = data[at]
            if byte == 0x22:
                self._quoted = True
            elif byte == 0x7B or byte == 0x5B:  # { [
                if byte == 0x7B and not self._inside and self._stack in ("[", "{["):
                    self._keep(data, start, at)
                    self._inside = True
                    start = at
                self._stack += "{" if byte == 0x7B else "["
                if len(self._stack) > _DEEPEST:
                    raise StreamError("the list of models is nested too deeply")
            elif byte == 0x7D or byte == 0x5D:  # } ]
                self._stack = self._stack[:-1]
                if self._inside and self._stack in ("[", "{["):
                    self._keep(data, start, at + 1)
                    self._take()
                    start = at + 1
            at += 1
        self._keep(data, start, end)

    def finish(self, wrong: "Callable[[str, object], StreamError]") -> "dict[str, Any]":
        """Ends the document, and takes entries that are plain names.

        Args:
            wrong: makes the error of words and of what there was; see Reply.wrong.

        Returns:
            What stands beside the list, {} for a bare one.

        Raises:
            StreamError: it is no list of models.
        """
        try:
            rest = json.loads(bytes(self._rest).decode())
        except (ValueError, RuntimeError):
            rest = None
        lists = [rest]
        if isinstance(rest, dict):
            lists = [rest.get("data"), rest.get("models")]
        lists = [one for one in lists if isinstance(one, list)]
        if self._stack or not (lists or self.entries):
            raise wrong("the answer is no list of models", bytes(self._rest[:_SHOWN]))
        for one in lists:
            for name in one:
                self._add(name)
        return rest if isinstance(rest, dict) else {}

    def _keep(self, data: bytearray, start: int, end: int) -> None:
        if start < end:
            if not self._inside:
                if len(self._rest) + end - start > _REST_LIMIT:
                    raise StreamError("the answer is no list of models, and has no end")
                self._rest.extend(memoryview(data)[start:end])
            elif len(self._entry) <= _ENTRY_LIMIT:
                self._entry.extend(memoryview(data)[start:end])

    def _take(self) -> None:
        # An entry is whole: null stands in its place, and in that of all in a row.
        self._inside = False
        entry, self._entry = self._entry, bytearray()
        gap = bytes(self._rest[-_GAP:])
        before = gap.rstrip()
        if before.endswith(b",") and before[:-1].rstrip().endswith(b"null"):
            size = len(gap) - len(before[:-1].rstrip())
            self._rest = self._rest[:-size]
        else:
            self._keep(bytearray(b"null"), 0, 4)
        try:
            found = json.loads(bytes(entry).decode()) if len(entry) <= _ENTRY_LIMIT else None
        except (ValueError, RuntimeError):
            found = None
        self._add(found or 0)

    def _add(self, value: object) -> None:
        if value is None:  # the place of an entry that was taken
            return
        entry = entry_of(value)
        if entry is None or len(self.entries) >= _MOST:
            self.skipped += 1
        elif entry.id in self._places:
            self._places[entry.id].merge(entry)
        else:
            self._places[entry.id] = entry
            self.entries.append(entry)

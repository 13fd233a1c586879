"""Reasoning in tags: `<think>...</think>` in the content of servers that do not parse it
(docs/wire.md C60). Loaded where `Deployment(think_tags=...)` asks for it.

  content    `<think>` begins reasoning, wherever it stands
  reasoning  `</think>` ends it; another `<think>` in it is text; without its end all is reasoning

Nothing but the tags is taken out, blanks are left as they are. A tag may be cut anywhere: what can
be its beginning is held back, and nothing else. What comes in a field for reasoning stays that.

Chat templates like DeepSeek R1's open the tag in the prompt, so that the answer has `</think>`
alone. What stands before it is reasoning if none of it was handed out, as in an answer of one
piece. Text that was handed out cannot be taken back: then the tag is left in it, for everyone to
see. "inside" says of a deployment that its answers begin in their reasoning, unless a field had
some.

What a server said goes back to it as it came, tags and all, since some models want it so; others
get the content alone (dialects/replay.py).
"""

from thinwire.core._compat import const
from thinwire.core.answer.assembler import CompletionAssembler
from thinwire.core.answer.completion import DeltaText
from thinwire.core.answer.events import ContentDelta, ReasoningDelta

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from collections.abc import Callable

    from thinwire.core.answer.completion import Choice
    from thinwire.core.answer.events import Event

_OPEN = const("<think>")
_CLOSE = const("</think>")


class ThinkingAssembler(CompletionAssembler):
    """A CompletionAssembler that finds the tags; see there."""

    inside = False

    def add(self, kind: str, index: int, text: str) -> "Event | str | None":
        """See CompletionAssembler.add."""
        if kind != "content":
            return super().add(kind, index, text)
        choice = self._choice(index)
        if choice.finish_reason is not None:
            self._go_on(choice)
        self.progress = True  # it may all be held back
        choice.content_text.add(text)
        return None

    def _delta(self, choice: "Choice", delta: "dict[str, object]") -> None:
        super()._delta(choice, delta)
        if delta.get("content"):
            self.progress = True

    def _new_choice(self, index: int) -> "Choice":
        choice = super()._new_choice(index)
        choice.content_text = text = TaggedText(choice, self._queue, self.inside)
        if self._keep:
            choice.blocks = text.blocks
        return choice


class InsideAssembler(ThinkingAssembler):
    """The same for answers that begin in their reasoning."""

    inside = True


class TaggedText(DeltaText):
    """The content of a choice. It queues the events of what it is given itself, and so returns no
    text to be handed out.

    Args:
        choice: whose content it is; its reasoning gets what is in tags.
        tell: takes kind, text and choice of an event.
        inside: whether the text begins in its reasoning.

    Attributes:
        blocks: [where in the content it stood, beginning and end in the reasoning, whether there
            was an opening tag] for each piece of reasoning; an end of -1 is still to come.
    """

    def __init__(self, choice: "Choice", tell: "Callable[..., None]", inside: bool) -> None:
        super().__init__(choice.content_text.buffer is not None)
        self._reasoning = choice.reasoning_text
        self._index = choice.index
        self._tell = tell
        self._held = ""
        self._inside = inside
        self._fresh = True  # nothing was looked at
        self._thinking = False
        self.blocks: list[list[int]] = []

    def add(self, delta: str) -> str:
        """See DeltaText.add."""
        text, self._held = self._held + delta, ""
        if text and self._fresh:
            text = self._start(text)
        while text:
            tag = _CLOSE if self._thinking else _OPEN
            at = text.find(tag)
            if at < 0:
                cut = _tag_start(text, tag)
                self._say(text[:cut])
                self._held = text[cut:]
                break
            self._say(text[:at])
            if self._thinking:
                self._close()
            else:
                self._open(True)
            text = text[at + len(tag) :]
        return ""

    def end(self) -> str:
        """See DeltaText.end."""
        held, self._held = self._held, ""
        if held and self._fresh and self._inside:
            self._open(False)
        self._say(held)
        self._tell(ContentDelta, super().end(), self._index)
        return ""

    def _start(self, text: str) -> str:
        # At the start another tag may stand than the one to expect. Returns what is left to do.
        inside = self._inside and not self._reasoning.chars  # else somebody has split it already
        other = _OPEN if inside else _CLOSE
        if text != other and other.startswith(text):
            self._held = text
            return ""
        self._fresh = False
        at = text.find(other)
        if inside:
            self._open(at == 0)
            return text[len(other) :] if at == 0 else text
        if at >= 0 and _OPEN not in text[:at]:
            self._open(False)
            self._say(text[:at])
            self._close()
            text = text[at + len(other) :]
        return text

    def _open(self, tagged: bool) -> None:
        self._thinking = True
        self.blocks.append([self.chars, self._reasoning.chars, -1, int(tagged)])

    def _close(self) -> None:
        self._thinking = False
        self.blocks[-1][2] = self._reasoning.chars

    def _say(self, text: str) -> None:
        if self._thinking:
            self._tell(ReasoningDelta, self._reasoning.add(text), self._index)
        else:
            self._tell(ContentDelta, super().add(text), self._index)


def _tag_start(text: str, tag: str) -> int:
    # Where the beginning of a tag stands at the end of a text without one; its end for nowhere.
    at = text.rfind("<")
    return at if at >= 0 and tag.startswith(text[at:]) else len(text)


def parted(choice: "Choice") -> "tuple[list[list[object]], str]":
    """A choice's reasoning: what of it stood in the content, with its tags, as [place in the
    content, text] each; and the rest."""
    reasoning, at = choice.reasoning_text.value(), 0
    inside: list[list[object]] = []
    beside = []
    for place, start, end, tagged in choice.blocks:
        text = _OPEN if tagged else ""
        text += reasoning[start:] if end < 0 else reasoning[start:end] + _CLOSE
        inside.append([place, text])
        beside.append(reasoning[at:start])
        at = len(reasoning) if end < 0 else end
    return inside, "".join(beside) + reasoning[at:]

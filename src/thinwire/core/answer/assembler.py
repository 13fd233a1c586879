"""The answer, put together chunk by chunk. The assembler is passive: it takes parsed chunks,
queues the events they cause and can give the completion as it stands at any time, so that an
interrupted answer is still an answer's beginning and not lost.
"""

from thinwire.core._compat import const
from thinwire.core.answer import chunk
from thinwire.core.answer.completion import (
    Choice,
    Completion,
    ContentDelta,
    ReasoningDelta,
    RefusalDelta,
)
from thinwire.core.answer.delta_text import DeltaText

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from thinwire.core.answer.completion import Event
    from thinwire.core.answer.keep import Keeper
    from thinwire.core.answer.tool_calls import ToolCall, ToolCallAssembler


class Draft:
    """A choice that is still arriving.

    Args:
        index: the server's number for it.
        keeper: what becomes of its texts; None: they are kept in memory.
    """

    def __init__(self, index: int, keeper: "Keeper | None" = None) -> None:
        self.index = index
        self.content = self._text("content", keeper)
        self.reasoning = self._text("reasoning", keeper)
        self.refusal = self._text("refusal", keeper)
        self.reasoning_details: list[object] = []
        self.logprobs: dict[str, list[object]] = {}
        self.begun = False  # a delta has said something
        self.finish_reason: str | None = None
        self._keeper = keeper
        self._tool_calls: ToolCallAssembler | None = None

    def tool_calls(self) -> "ToolCallAssembler":
        """Its tool calls; made, and their module loaded, at the first fragment of one."""
        if self._tool_calls is None:
            from thinwire.core.answer.tool_calls import ToolCallAssembler

            self._tool_calls = ToolCallAssembler(self.index, self._keeper)
        return self._tool_calls

    def calls(self, complete: bool) -> "list[ToolCall]":
        """Its tool calls so far; see ToolCallAssembler.calls."""
        return [] if self._tool_calls is None else self._tool_calls.calls(complete)

    def _text(self, kind: str, keeper: "Keeper | None") -> DeltaText:
        return DeltaText(keeper.buffer(kind, self.index) if keeper is not None else None)


class CompletionAssembler:
    """Turns chunks into events and a completion.

    Args:
        keeper: what becomes of the texts; None: they are kept in memory.

    Attributes:
        events: list of events not yet taken; the caller takes them from the front.
        provider: see Completion.
    """

    def __init__(self, keeper: "Keeper | None" = None) -> None:
        self._keeper = keeper
        self.events: list[Event] = []
        self._drafts: list[Draft] = []
        self._usage: dict[str, object] = {}
        self._id = ""
        self._model = ""
        self._service_tier: str | None = None
        self.provider = ""
        self._finish_seen = False

    def receive(self, obj: "dict[str, object]") -> None:
        """Takes one chunk, or a whole completion (`message` in place of `delta`)."""
        for choice in chunk.choices(obj):
            draft = self._draft(chunk.integer(choice.get("index"), 0))
            # The message of a server that does not stream; one that repeats what its deltas said
            # is not to be said twice.
            message = {} if draft.begun else chunk.mapping(choice.get("message"))
            self._delta(draft, chunk.mapping(choice.get("delta")) or message)
            if self._keeper is None:
                _keep_lists(draft, choice)
            reason = choice.get("finish_reason")
            if isinstance(reason, str) and reason:
                self._finish(draft, reason)
        self._usage = chunk.usage(obj) or self._usage
        self._id = self._id or chunk.text(obj.get("id"))
        self._model = self._model or chunk.text(obj.get("model"))
        self._service_tier = chunk.text(obj.get("service_tier")) or self._service_tier
        self.provider = chunk.text(obj.get("provider")) or self.provider

    def finished(self) -> bool:
        """Whether each choice that began has its finish_reason, and there is one."""
        if not self._finish_seen:  # asked for each chunk: without a list, while it can be told
            return False
        return None not in [draft.finish_reason for draft in self._drafts]

    def content_chars(self) -> int:
        """Number of characters of content so far, of all choices."""
        return sum([draft.content.chars for draft in self._drafts])

    def completion(self, complete: bool) -> Completion:
        """The answer as it stands.

        Args:
            complete: whether it has come to its end.
        """
        drafts = sorted(self._drafts, key=_index) or [Draft(0)]
        result = Completion(tuple([Choice(draft, complete) for draft in drafts]))
        result.complete = complete
        result.usage = self._usage
        result.cost = self._usage.get("cost")
        result.id = self._id
        result.upstream_model = self._model
        result.service_tier = self._service_tier
        result.provider = self.provider
        return result

    def _draft(self, index: int) -> Draft:
        for draft in self._drafts:
            if draft.index == index:
                return draft
        self._drafts.append(Draft(index, self._keeper))
        return self._drafts[-1]

    def add(self, kind: str, index: int, words: str) -> None:
        """Takes the text of a chunk that has nothing else.

        Args:
            kind: "content" or "reasoning".
            index: of the choice.
        """
        draft = self._draft(index)
        if kind == "content":
            self.events.append(ContentDelta(draft.content.add_whole(words), index))
        else:
            self.events.append(ReasoningDelta(draft.reasoning.add_whole(words), index))

    def _delta(self, draft: Draft, delta: "dict[str, object]") -> None:
        draft.begun = draft.begun or bool(delta)
        words = draft.reasoning.add(chunk.reasoning(delta))
        if words:
            self.events.append(ReasoningDelta(words, draft.index))
        words = draft.content.add(chunk.text(delta.get("content")))
        if words:
            self.events.append(ContentDelta(words, draft.index))
        words = draft.refusal.add(chunk.text(delta.get("refusal")))
        if words:
            self.events.append(RefusalDelta(words, draft.index))
        for call in chunk.calls(delta):
            draft.tool_calls().receive(chunk.mapping(call), self.events)
        if self._keeper is None:
            draft.reasoning_details.extend(chunk.objects(delta.get("reasoning_details")))

    def _finish(self, draft: Draft, reason: str) -> None:
        # A half of a character that is still held back is all there will be of it.
        draft.finish_reason = reason
        self._finish_seen = True
        texts = (
            (draft.reasoning, ReasoningDelta),
            (draft.content, ContentDelta),
            (draft.refusal, RefusalDelta),
        )
        for text, kind in texts:
            left = text.end()
            if left:
                self.events.append(kind(left, draft.index))


def _keep_lists(draft: Draft, choice: "dict[str, object]") -> None:
    for name, entries in chunk.mapping(choice.get("logprobs")).items():
        draft.logprobs.setdefault(name, []).extend(chunk.objects(entries))


def _index(draft: Draft) -> int:
    return draft.index

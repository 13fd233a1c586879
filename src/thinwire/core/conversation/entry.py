"""A turn's part in a history: what is read before the request, what is written after the answer.

Before it nothing is written, so that a turn that fails leaves the history as it was. What belongs
to a turn is written at once, by one `append`; by one `replace` where the turn has summed up what
is older. An own history may have coroutines for methods.
"""

from thinwire.core._compat import const, is_awaitable
from thinwire.core.conversation.prompt import system_message
from thinwire.core.conversation.sessions import Place
from thinwire.core.conversation.trimming import Part, Sent, summary_message, summary_of
from thinwire.core.errors import EncodeError

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from typing import Any

    from thinwire.core.conversation.conversation import Conversation


async def settled(result: object) -> "Any":
    """What a callable of the user's gave, awaited where it has to be."""
    return await result if is_awaitable(result) else result  # type: ignore[misc]


class Entry(Place):
    """See above; one at a time in each session.

    Args:
        talk: the conversation.
        message: the user's.
        session: name of the session.
        profile: what is added to the prompt.
    """

    def __init__(
        self, talk: "Conversation", message: "dict[str, Any]", session: str, profile: str
    ) -> None:
        super().__init__(session)
        self._talk = talk
        self.message = message
        self._profile = profile
        self._history: Any = ()
        self._start = 0
        self._summary: str | None = None

    async def begin(self) -> "Any":
        """Waits for the session; the messages to send, None if that was called off meanwhile.

        Raises:
            RuntimeError: the conversation is closed; see Sessions.enter.
            TypeError: the summary is no text.
        """
        talk = self._talk
        if not await talk.sessions.enter(self):
            return None
        talk.check()
        history = self._history = await settled(talk.history.read(self.session))
        summary = summary_of(history)
        first = 0 if summary is None else 1
        limits, recent = talk.limits, history
        if talk.summarize is None and limits.messages and hasattr(history, "newest"):
            # One more than fits: so what is all of them is told from what is not.
            recent = history.newest(limits.messages)
        start = first if limits.none else limits.start(recent, self.message)
        if talk.summarize is not None and start > first:
            # Down to a half: or each turn would have to sum up one more.
            start = limits.start(history, self.message, 2)
            text = await settled(talk.summarize(Part(history, 0, start)))
            if text is not None:
                if not isinstance(text, str):
                    raise TypeError("summarize gives a str or None, not %r" % (text,))
                self._summary = summary = text
        self._start = start
        head = system_message(talk.system, self._profile, summary)
        sent = Sent(recent, start, None, head, (self.message,))
        return list(sent) if isinstance(history, (list, tuple)) else sent

    async def keep(self, messages: "list[dict[str, Any]]") -> "dict[str, Any]":
        """Writes a turn: the user's message and what follows it.

        Returns:
            The user's message as it was written.
        """
        question = storable(messages[0], False)
        try:
            await self._write([question] + messages[1:])
        except EncodeError:
            # A source that cannot be read any more, or has to be awaited, is no text of a file.
            rest = storable(question, True)
            if rest is question:
                raise
            question = rest
            await self._write([question] + messages[1:])
        self._talk.sessions.remember(self)
        return question

    async def _write(self, messages: "list[dict[str, Any]]") -> None:
        history = self._talk.history
        if self._summary is None:
            await settled(history.append(self.session, messages))
        else:
            head = summary_message(self._summary) if self._summary else None
            whole = Part(self._history, self._start, None, head, messages)
            await settled(history.replace(self.session, whole))

    async def amend(self, count: int, messages: "list[dict[str, Any]]") -> bool:
        """Writes a turn anew that is the last of its session; False, and nothing, if it is not.

        Args:
            count: how many messages it has now.
            messages: those in their place.
        """
        talk = self._talk
        place = Place(self.session)
        try:
            await talk.sessions.enter(place)
            if not talk.sessions.is_latest(self):
                return False
            history = await settled(talk.history.read(self.session))
            total = 0
            for _ in history:
                total += 1
            await settled(
                talk.history.replace(self.session, Part(history, 0, total - count, None, messages))
            )
            return True
        finally:
            talk.sessions.leave(place)

    def leave(self) -> None:
        """Lets the next turn of the session begin. Idempotent."""
        self._history = ()
        self._talk.sessions.leave(self)


def storable(message: "dict[str, Any]", without: bool) -> "dict[str, Any]":
    """A message of the user's as a history can have it: what can be read only once is named in
    its place.

    Args:
        without: name all that is read while it is sent.

    Returns:
        The very message where there is none.
    """
    content = message["content"]
    if _holds(content, without):
        if isinstance(content, list):
            kept = [
                {"type": "text", "text": "(%s, not kept)" % part.get("type")}
                if _holds(part, without)
                else part
                for part in content
            ]
        else:
            kept = "(text, not kept)"  # type: ignore[assignment]
        message = dict(message)
        message["content"] = kept
    return message


def _holds(value: "Any", without: bool) -> bool:
    # Whether there is a source in it that is not to be kept.
    if isinstance(value, list):
        return True in [_holds(one, without) for one in value]
    if hasattr(value, "keys"):
        return True in [_holds(one, without) for one in value.values()]
    return hasattr(value, "open") and (without or not getattr(value, "replayable", True))

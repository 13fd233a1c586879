"""Turns of a conversation: each is asked with what came before it, and is remembered.

It holds together what others do: `entry` reads and writes the history, `trimming` says how much of
it is sent, `prompt` what stands in front, `sessions` whose turn it is, `turn` what becomes of an
answer that is not heard to its end. The client asks.
"""

from thinwire.core._compat import MICROPYTHON, const, import_module, public
from thinwire.core.conversation import prompt
from thinwire.core.conversation.entry import Entry, settled
from thinwire.core.conversation.sessions import Sessions
from thinwire.core.conversation.trimming import Limits
from thinwire.core.conversation.turn import Turn

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from typing import Any, Self, Unpack

    from thinwire.core.answer.completion import Completion
    from thinwire.core.client import AsyncClient
    from thinwire.core.conversation.history import History
    from thinwire.core.conversation.tool import ToolLike
    from thinwire.core.conversation.tool_loop import OnEvent
    from thinwire.core.conversation.tool_run import Approve
    from thinwire.core.request.call import ChatParams
    from thinwire.core.request.sources import Source
    from thinwire.core.routing.policy import OnInterrupt, RetryPolicy, Timeouts
    from thinwire.core.stream import OnDelta, OnRestart

    Said = str | Source | Sequence[Mapping[str, object]] | Mapping[str, object]
    Summarize = Callable[[Iterable[dict[str, Any]]], object]
    Profile = str | Mapping[str, object] | None

    class TurnParams(ChatParams, total=False):
        """What each call of a client takes, and each of a loop of tools."""

        model: str | None
        timeouts: Timeouts | float | None
        retry: RetryPolicy | int | None
        hedge_after: float | None
        on_interrupt: OnInterrupt | None
        extra_body: Mapping[str, object] | None
        extra_headers: Mapping[str, str] | None
        max_rounds: int
        approve: Approve | None
        timeout: float | None

    class SendParams(TurnParams, total=False):
        """The same where an answer is waited for."""

        on_restart: OnRestart | None
        on_event: OnEvent | None


_OF_TOOLS = ("max_rounds", "approve", "timeout", "on_event")


@public
class Conversation:
    """Conversations with one assistant, any number of sessions at a time.

    Use it with `async with`, or call `aclose()`. It neither makes nor closes client and history.

    Attributes:
        history: where the messages are kept.
    """

    _blocking = False  # of the client

    def __init__(
        self,
        client: "AsyncClient",
        *,
        system: object = None,
        profile: "Profile" = None,
        history: "History | None" = None,
        max_messages: "int | None" = None,
        max_chars: "int | None" = None,
        summarize: "Summarize | None" = None,
        tools: "Iterable[ToolLike] | None" = None,
        max_sessions: int = 1000,
        **params: "Unpack[TurnParams]",
    ) -> None:
        """Makes a conversation; nothing is sent or read.

        Args:
            client: an AsyncClient.
            system: what stands in front of each request: a str; or a TextFile or path object,
                which is read anew for each request, and fails the turn (EncodeError) while it is
                not there. It is not part of the history.
            profile: what is added to it: a str, or a dict that has it as "system_prompt".
            history: where messages are kept: a JSONLHistory, a SQLiteHistory, an own one; None
                for a MemoryHistory.
            max_messages: how many are sent at most, the new one included and the system's not;
                None for all.
            max_chars: of how many characters those may be in all, see docs/conversation.md.
            summarize: called, plain or async, with the messages that are not sent any more, before
                the turn is asked; gives the text that takes their place, in the request and in the
                history; "" drops them, None keeps them in the history, unsent.
            tools: what the model may call, see `run_tools`; None for none.
            max_sessions: of how many sessions the last turn may be interrupted after its end.
            **params: of each call: model, timeouts, retry, temperature and so on; with tools also
                max_rounds, approve, timeout, see `run_tools`.

        Raises:
            TypeError: a Client, whose conversation is a SyncConversation; an impossible prompt.
            ValueError: a limit below 1.
        """
        if getattr(client, "_blocking", self._blocking) != self._blocking:
            raise TypeError("Conversation is for AsyncClient, SyncConversation for Client")
        if history is None:
            history = import_module("thinwire.core.conversation.history").MemoryHistory()
        self.history: History = history
        self.client = client
        self.system = prompt.settled(system)
        self._profile = prompt.profile_text(profile)
        self.limits = Limits(max_messages, max_chars)
        self.summarize = summarize
        self._tools = tools
        self._params = params
        self.sessions = Sessions(client.transport, max_sessions)
        self._turns: list[Callable[[], Turn | None]] = []  # that are open
        self._closed = False

    async def send(
        self,
        message: "Said",
        *,
        session: str = "",
        on_delta: "OnDelta | None" = None,
        tools: "Iterable[ToolLike] | None" = None,
        profile: "Profile" = None,
        **params: "Unpack[SendParams]",
    ) -> "Completion":
        """Says something, and waits for the whole answer.

        A turn that fails or is cancelled leaves the history as it was.

        Args:
            message: what the user says: a str, a list of content parts, or a message of the
                user's as a dict; a string of it may be a source.
            session: name of the session; turns of one session wait for one another, in order.
            on_delta: called with each piece of text as it arrives; see AsyncClient.chat.
            tools, profile: in place of the conversation's; `tools=[]` for none.
            **params: of this call; see `__init__`. With tools also those of `run_tools`.

        Raises:
            ThinwireError, ValueError, TypeError: see AsyncClient.chat.
            RuntimeError: closed; or a turn of this session is open in the very task or thread.
        """
        entry = self._entry(message, session, profile)
        options = self._options(tools, params)
        options["on_delta"] = on_delta
        asks = False
        try:
            messages = await entry.begin()
            ask = self.client.run_tools if "tools" in options else self.client.chat
            asks = True
            completion: Completion = await settled(ask(messages, session=session, **options))
            asks = False
            added = list(getattr(completion, "messages", ())) or [completion.to_message()]
            await entry.keep([entry.message] + added)
        except MemoryError as error:
            # That of a call is the client's to judge: it may be one of `on_delta`.
            raise error if asks else self.out_of_memory(error)
        finally:
            entry.leave()
        return completion

    def stream(
        self,
        message: "Said",
        *,
        session: str = "",
        tools: "Iterable[ToolLike] | None" = None,
        profile: "Profile" = None,
        **params: "Unpack[TurnParams]",
    ) -> Turn:
        """Says something; nothing happens before the turn is iterated.

        Args, raises: see `send`.

        Returns:
            Turn, to be used with `async with` and `async for`.
        """
        entry = self._entry(message, session, profile)
        return Turn(self, entry, self._options(tools, params))

    async def messages(self, session: str = "") -> "list[dict[str, Any]]":
        """The messages of a session that are in the history, as a list; `history.read` gives them
        without holding all of them."""
        return list(await settled(self.history.read(session)))

    async def reset(self, session: str = "") -> None:
        """Forgets a session, once the turns before are through."""
        place = Entry(self, {}, session, "")
        try:
            await self.sessions.enter(place)
            await settled(self.history.delete(session))
            self.sessions.forget(session)
        finally:
            place.leave()

    async def aclose(self) -> None:
        """Ends the turns that are open, as `Turn.aclose` does, and refuses others. Idempotent.

        A `send` goes on to its end. Client and history are left as they are.
        """
        self._closed = True
        for known in list(self._turns):
            turn = known()
            if turn is not None:
                await turn.aclose()

    async def __aenter__(self) -> "Self":
        return self

    async def __aexit__(
        self, kind: object = None, error: object = None, trace: object = None
    ) -> None:
        await self.aclose()

    def out_of_memory(self, error: BaseException) -> BaseException:
        """The error to raise in place of a MemoryError of ours."""
        return self.client._reserve.out_of_memory(error)  # noqa: SLF001 - above the client

    def check(self) -> None:
        """Raises RuntimeError: the conversation is closed."""
        if self._closed:
            raise RuntimeError("the conversation is closed")

    def opened(self, turn: Turn) -> "Callable[[], Turn | None]":
        """Notes an open turn; gives what `closed` takes. One that its caller forgets is let go."""
        known: Callable[[], Turn | None] = _reference(turn)
        self._turns.append(known)
        return known

    def closed(self, known: "Callable[[], Turn | None]") -> None:
        """A turn is not open any more."""
        self._turns.remove(known)

    def open(self, messages: "Any", session: str, options: "dict[str, Any]") -> "Any":
        """A stream, with tools a loop of streams, for messages of a session."""
        ask = self.client.stream_tools if "tools" in options else self.client.stream
        return ask(messages, session=session, **options)

    def _entry(self, message: "Said", session: str, profile: "Profile") -> Entry:
        self.check()
        text = self._profile if profile is None else prompt.profile_text(profile)
        return Entry(self, said(message), session, text)

    def _options(
        self, tools: "Iterable[ToolLike] | None", params: "Mapping[str, Any]"
    ) -> "dict[str, Any]":
        options: dict[str, Any] = dict(self._params)
        options.update(params)
        if "keep" in options:
            raise TypeError("a conversation keeps the text of its answers: keep= is not for it")
        used = self._tools if tools is None else tools
        if used:
            options["tools"] = used
        elif self._tools:  # a turn without them
            for name in _OF_TOOLS:
                options.pop(name, None)
        return options


def _reference(turn: Turn) -> "Callable[[], Turn | None]":
    # A chip's classes have no __del__ that would let the session go: there it is kept.
    return (lambda: turn) if MICROPYTHON else import_module("weakref").ref(turn)


def said(message: "Any") -> "dict[str, Any]":
    """What the user says, as a message.

    Raises:
        TypeError, ValueError: it is none of the user's.
    """
    if hasattr(message, "keys"):
        if message.get("role") != "user":
            raise ValueError("a turn begins with a message of the user's, not %r" % (message,))
        return dict(message)
    if isinstance(message, (list, tuple)):
        return {"role": "user", "content": list(message)}
    if isinstance(message, str) or (hasattr(message, "open") and hasattr(message, "replayable")):
        return {"role": "user", "content": message}
    raise TypeError("a turn is a str or a list of parts, not %r" % (message,))

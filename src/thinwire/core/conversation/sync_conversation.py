"""A conversation without an event loop: the same, over a client whose coroutines never suspend."""

from thinwire.core._compat import const, public
from thinwire.core.conversation.conversation import Conversation
from thinwire.core.sync import run

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any, Self, Unpack

    from thinwire.core.answer.completion import Completion
    from thinwire.core.answer.events import Event
    from thinwire.core.conversation.conversation import (
        Profile,
        Said,
        SendParams,
        Summarize,
        TurnParams,
    )
    from thinwire.core.conversation.history import History
    from thinwire.core.conversation.tool import ToolLike
    from thinwire.core.conversation.turn import Turn
    from thinwire.core.stream import OnDelta
    from thinwire.core.sync import Client

    class Options(TurnParams, total=False):
        """See Conversation."""

        system: object
        profile: Profile
        history: History | None
        max_messages: int | None
        max_chars: int | None
        summarize: Summarize | None
        tools: Iterable[ToolLike] | None
        max_sessions: int


class _Talk(Conversation):
    _blocking = True

    def open(self, messages: "Any", session: str, options: "dict[str, Any]") -> "Any":
        # The stream that the blocking one stands for: the turn pumps it.
        return super().open(messages, session, options)._stream  # noqa: SLF001


@public
class SyncTurn:
    """One turn as it arrives: an iterator of events, StreamComplete last; see Turn."""

    def __init__(self, turn: "Turn") -> None:
        self._turn = turn

    @property
    def completion(self) -> "Completion | None":
        """See Turn.completion."""
        return self._turn.completion

    @property
    def end(self) -> str:
        """See Turn.end."""
        return self._turn.end

    def __enter__(self) -> "Self":
        run(self._turn.__aenter__())
        return self

    def __exit__(self, kind: object = None, error: object = None, trace: object = None) -> None:
        run(self._turn.__aexit__(kind, error, trace))

    def __iter__(self) -> "SyncTurn":
        return self

    def __next__(self) -> "Event":
        try:
            found = run(self._turn.__anext__())
            if found is None:
                raise MemoryError
            return found  # type: ignore[return-value]
        except StopAsyncIteration:
            pass
        except MemoryError as error:
            raise self._turn.out_of_memory(error)
        raise StopIteration

    def interrupt(self, heard_chars: "int | None" = None) -> None:
        """See Turn.interrupt; from any thread. A thread that reads meanwhile is woken, and is the
        one that keeps what was heard."""
        run(self._turn.interrupt(heard_chars))

    def close(self) -> None:
        """See Turn.aclose; from any thread."""
        run(self._turn.aclose())


@public
class SyncConversation:
    """Conversations over a Client; see Conversation.

    Threads may share it as far as they may share the client, which does one call at a time for
    each of them: turns of one session wait for one another, in order.
    """

    def __init__(self, client: "Client", **options: "Unpack[Options]") -> None:
        """See Conversation; `summarize` and the methods of an own history are plain."""
        self._talk = _Talk(client, **options)  # type: ignore[arg-type]  # its client blocks

    def send(
        self,
        message: "Said",
        *,
        session: str = "",
        on_delta: "OnDelta | None" = None,
        tools: "Iterable[ToolLike] | None" = None,
        profile: "Profile" = None,
        **params: "Unpack[SendParams]",
    ) -> "Completion":
        """See Conversation.send."""
        return run(  # type: ignore[return-value]
            self._talk.send(
                message, session=session, on_delta=on_delta, tools=tools, profile=profile, **params
            )
        )

    def stream(
        self,
        message: "Said",
        *,
        session: str = "",
        tools: "Iterable[ToolLike] | None" = None,
        profile: "Profile" = None,
        **params: "Unpack[TurnParams]",
    ) -> SyncTurn:
        """See Conversation.stream; to be used with `with` and `for`."""
        return SyncTurn(
            self._talk.stream(message, session=session, tools=tools, profile=profile, **params)
        )

    def messages(self, session: str = "") -> "list[dict[str, Any]]":
        """See Conversation.messages."""
        return run(self._talk.messages(session))  # type: ignore[return-value]

    def reset(self, session: str = "") -> None:
        """See Conversation.reset."""
        run(self._talk.reset(session))

    def close(self) -> None:
        """See Conversation.aclose; from any thread."""
        run(self._talk.aclose())

    def __enter__(self) -> "Self":
        return self

    def __exit__(self, kind: object = None, error: object = None, trace: object = None) -> None:
        self.close()

"""One turn of a session at a time, in the order they were asked for.

A session is in memory while somebody is at work in it, or waits. What stays is who was the last
there, which matters to a turn that is interrupted after its end, of a bounded number of sessions.
Whoever waits has a place in the session's queue, and the first place is at work. With a transport
that runs tasks the wait is its `signal`; a blocking one has threads, and the wait is a lock of
theirs. Where the one who would wait is the very one who is at work, it is an error and no
standstill.
"""

from thinwire.core._compat import const, import_module, is_awaitable, threads

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from typing import Any

    from thinwire.core.transport import Transport


class Place:
    """One who is to be at work in a session.

    Args:
        session: its name.

    Attributes:
        called_off: whether the wait has been ended from outside.
    """

    def __init__(self, session: str) -> None:
        self.session = session
        self.called_off = False
        self.number = 0  # among those who wrote
        self.who: object = None  # the task or thread, while it is at work or waits
        self.signal: Any = None  # is set when this is the first, or called off

    def call_off(self) -> None:
        """Ends the wait, from any task or thread, also before it has begun."""
        # This first and then the signal, `wait` the other way round: one sees the other.
        self.called_off = True
        if self.signal is not None:
            self.signal.set()


class Sessions:
    """The queues of the sessions that are at work.

    Args:
        transport: of the client; see `Transport.concurrent`.
        most: of how many sessions the last turn is remembered, once it is through.
    """

    def __init__(self, transport: "Transport", most: int = 1) -> None:
        self._transport = transport
        self._most = most
        self._count = 0
        self._latest: dict[str, int] = {}  # number of the last
        self._queues: dict[str, list[Place]] = {}
        self._lock: Any = Unshared() if threads is None else threads.allocate_lock()

    def __len__(self) -> int:
        return len(self._queues)

    async def enter(self, place: Place) -> bool:
        """Waits behind those who came before; False if that was called off meanwhile.

        `leave` has to follow in any case.

        Raises:
            RuntimeError: whoever is at work there is the caller's own task or thread.
        """
        concurrent = self._transport.concurrent
        place.who = _task() if concurrent else 0 if threads is None else threads.get_ident()
        with self._lock:
            queue = self._queues.get(place.session)
            if queue is None:
                queue = self._queues[place.session] = []
            if queue:
                if place.who is not None and queue[0].who == place.who:
                    raise RuntimeError("a turn of session %r is open here" % place.session)
                place.signal = self._transport.signal() if concurrent else Gate()
            queue.append(place)
        while queue[0] is not place and not place.called_off:
            waiting = place.signal.wait()
            if is_awaitable(waiting):
                await waiting
        return not place.called_off

    def leave(self, place: Place) -> None:
        """Gives a place back, and calls the next. Idempotent."""
        with self._lock:
            queue = self._queues.get(place.session)
            if queue is None or place not in queue:
                return
            queue.remove(place)
            place.who = None
            if not queue:
                del self._queues[place.session]
            elif queue[0].signal is not None:
                queue[0].signal.set()

    def remember(self, place: Place) -> None:
        """Notes who was the last to write in a session; another session is forgotten for it."""
        latest = self._latest
        with self._lock:
            latest.pop(place.session, None)
            if len(latest) >= self._most:
                # The one longest untouched on CPython, any on a chip, where dicts have no order.
                latest.pop(next(iter(latest)))
            self._count += 1
            latest[place.session] = place.number = self._count

    def is_latest(self, place: Place) -> bool:
        """Whether nobody has written in a session since, as far as is known."""
        return self._latest.get(place.session) == place.number

    def forget(self, session: str) -> None:
        """Nothing that is written there can be changed any more."""
        with self._lock:
            self._latest.pop(session, None)


class Gate:
    """A Signal that blocks the thread that waits; is given once."""

    def __init__(self) -> None:
        self._lock: Any = threads.allocate_lock()
        self._lock.acquire()

    def set(self) -> None:
        """Wakes whoever waits."""
        try:
            self._lock.release()
        except RuntimeError:
            pass  # it was given before

    def wait(self) -> None:
        """Returns once set."""
        self._lock.acquire()


class Unshared:
    """Stands for a lock where there are no threads."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, *details: object) -> None:
        pass


def _task() -> object:
    # None where the loop is not asyncio's: then a standstill is not seen.
    try:
        return import_module("asyncio").current_task()
    except RuntimeError:
        return None

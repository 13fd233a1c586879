"""The servers that play the faults of faults.py, one script for each turn of each leg."""

import contextlib
import dataclasses
import socket
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator

from support.certificates import authority
from support.fault import Fault
from support.fault_settings import RESCUE
from support.places import places

from thinwire.testing import MockReply, MockServer, RecordedRequest, Script, text_reply

TURN = "x-turn"


class Scripts:
    """One script for all models that plays the turn a request belongs to.

    Args:
        early: see `WireOptions`.
    """

    def __init__(self, early: int | None = None) -> None:
        self.early = early
        self._queues: dict[str, list[Script]] = {}

    def add(self, turn: str, *scripts: Script) -> None:
        """What is played to a turn, one after the other, the last again and again."""
        self._queues[turn] = list(scripts)

    def __call__(self, request: RecordedRequest) -> MockReply:
        """The reply."""
        queue = self._queues[request.header(TURN) or ""]
        script = queue.pop(0) if len(queue) > 1 else queue[0]
        return script if isinstance(script, MockReply) else script(request)


@dataclasses.dataclass(frozen=True)
class Servers:
    """All of them.

    Args:
        running: by name.
        scripts: of those that play faults.
        places: where nobody answers.
        ca: certificate of the CA that the right ones are signed by, DER.
    """

    running: dict[str, MockServer]
    scripts: dict[str, Scripts]
    places: dict[str, tuple[str, int]]
    ca: bytes

    def url(self, fault: Fault) -> str:
        """Base URL of what plays a fault."""
        if not fault.place:
            return self.running[fault.server].base_url
        host, port = self.places[fault.script]
        # A key goes by http to addresses of this machine only.
        secure = fault.server.startswith("tls") or not host[0].isdigit()
        return f"http{'s' if secure else ''}://{host}:{port}/v1"

    def requests(self) -> dict[str, dict[str, list[RecordedRequest]]]:
        """What was seen, by turn and name of the server."""
        seen: dict[str, dict[str, list[RecordedRequest]]] = defaultdict(lambda: defaultdict(list))
        for name, server in self.running.items():
            for request in server.requests:
                seen[request.header(TURN) or ""][name].append(request)
        return seen


@contextlib.contextmanager
def servers() -> Iterator[Servers]:
    """Starts them; they stop at the end."""
    trusted = authority()
    contexts = {
        "plain": None,
        "early": None,
        "head": None,
        "tls head": trusted.server("127.0.0.1"),
        "backup": None,
        "tls": trusted.server("127.0.0.1"),
        "unknown CA": authority().server("127.0.0.1"),
        "wrong name": trusted.server("example.test"),
        "expired": trusted.server("127.0.0.1", expired=True),
    }
    scripts = {"plain": Scripts(), "early": Scripts(early=1), "tls": Scripts()}
    scripts |= {"head": Scripts(early=0), "tls head": Scripts(early=0)}
    with contextlib.ExitStack() as stack:
        running = {
            name: stack.enter_context(MockServer(ssl_context=context))
            for name, context in contexts.items()
        }
        for name, script in scripts.items():
            running[name].reply("*", script)
        running["backup"].reply("*", text_reply(RESCUE))
        nobody = stack.enter_context(places())
        here = {name: ("127.0.0.1", server.port) for name, server in running.items()}
        slam = {"slam": stack.enter_context(_slamming())}
        yield Servers(running, scripts, {**here, **nobody, **slam}, trusted.der)


@contextlib.contextmanager
def _slamming() -> Iterator[tuple[str, int]]:
    # Accepts each connection, and closes it at once.
    listener = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=_slam, args=(listener.accept,), daemon=True)
    thread.start()
    try:
        yield listener.getsockname()
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()
        listener.close()


def _slam(accept: Callable[[], tuple[socket.socket, object]]) -> None:
    while True:
        try:
            connection, _ = accept()
        except OSError:  # shut down
            return
        connection.close()

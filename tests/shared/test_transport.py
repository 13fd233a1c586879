from helpers import error_of

from thinwire.core.answer.error_response import readinto
from thinwire.core.request.http_request import Request
from thinwire.core.sync import run
from thinwire.core.transport import Response, Signal, Task, Transport


def test_the_interface_itself_does_nothing():
    transport, response = Transport(), Response()
    error_of(NotImplementedError, transport.now_ms)
    error_of(NotImplementedError, response.header, "a")
    error_of(NotImplementedError, response.receive, memoryview(bytearray(1)))
    error_of(NotImplementedError, response.wait, None)
    for call in (
        transport.send(Request("GET", "https", "a.test", 443, "/", "a.test", [], None)),
        transport.sleep_ms(1),
        transport.aclose(),
        response.aclose(),
    ):
        error_of(NotImplementedError, run, call)


class Behind(Response):
    # Its bodies stand behind framing, each as its turn comes; None: not arrived yet.
    def __init__(self, pieces):
        self.pieces = pieces
        self.waits = []

    def receive(self, buffer):
        piece = self.pieces.pop(0)
        if not piece:
            return None if piece is None else 0
        buffer[self.offset : self.offset + len(piece)] = piece
        return len(piece)

    async def wait(self, deadline_ms):
        self.waits.append(deadline_ms)


def test_readinto_waits_and_reads_to_the_front():
    response = Behind([b"ab", None, None, b"cd", b"efg", b""])
    found, buffer = [], bytearray(8)
    for offset in (0, 2, 3, 3):
        response.offset = offset
        count = run(readinto(response, memoryview(buffer), 7))
        found.append(bytes(buffer[:count]))
    assert found == [b"ab", b"cd", b"efg", b""], found
    assert response.waits == [7, 7], response.waits


def test_the_interface_itself_starts_nothing():
    transport = Transport()
    assert not transport.concurrent
    error_of(NotImplementedError, transport.spawn, None)
    error_of(NotImplementedError, transport.signal)
    for call in (Task().cancel, Signal().set, Signal().clear):
        error_of(NotImplementedError, call)
    error_of(NotImplementedError, run, Signal().wait())

from helpers import error_of

from thinwire.core.request.http_request import Request
from thinwire.core.sync import run
from thinwire.core.transport import Response, Signal, Task, Transport


def test_the_interface_itself_does_nothing():
    transport, response = Transport(), Response()
    error_of(NotImplementedError, transport.now_ms)
    error_of(NotImplementedError, response.header, "a")
    for call in (
        transport.send(Request("GET", "https", "a.test", 443, "/", "a.test", [], None)),
        transport.sleep_ms(1),
        transport.aclose(),
        response.readinto(memoryview(bytearray(1)), None),
        response.aclose(),
    ):
        error_of(NotImplementedError, run, call)


def test_the_interface_itself_starts_nothing():
    transport = Transport()
    assert not transport.concurrent
    error_of(NotImplementedError, transport.spawn, None)
    error_of(NotImplementedError, transport.signal)
    for call in (Task().cancel, Signal().set, Signal().clear):
        error_of(NotImplementedError, call)
    error_of(NotImplementedError, run, Signal().wait())

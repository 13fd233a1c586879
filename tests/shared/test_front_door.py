# The public modules, as a program on either runtime uses them.

import thinwire
import thinwire.transport
from thinwire.core import transport
from thinwire.core._compat import MICROPYTHON
from thinwire.core.errors import StatusError
from thinwire.core.request.http_request import Request

OWN = ("SocketTransport",) if MICROPYTHON else ("HTTPXTransport", "SocketTransport")


def refused(module, name):
    try:
        getattr(module, name)
    except AttributeError as error:
        return str(error)
    return ""


def test_every_name_is_loaded_when_it_is_asked_for():
    for name in thinwire.__all__:
        assert getattr(thinwire, name) is getattr(thinwire, name), name
    assert thinwire.StatusError is StatusError


def test_a_name_that_is_none_is_refused():
    for module in (thinwire, thinwire.transport):
        for name in ("Clint", "core.errors", ""):
            assert repr(name) in refused(module, name), name


def test_the_transports_are_those_of_the_runtime():
    shared = ["Abortable", "Request", "Response", "Signal", "Task", "Transport"]
    assert sorted(thinwire.transport.__all__) == sorted(shared + list(OWN))
    for name in ("Response", "Signal", "Task", "Transport"):
        assert getattr(thinwire.transport, name) is getattr(transport, name), name
    assert thinwire.transport.Request is Request
    for name in OWN:
        assert getattr(thinwire.transport, name).__name__ == name
    assert not MICROPYTHON or refused(thinwire.transport, "HTTPXTransport")

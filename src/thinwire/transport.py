"""Transports: what carries a request to a server and its answer back.

A client makes its own. HTTPXTransport (CPython) and SocketTransport hold options for one: hand an
instance to AsyncClient(transport=...) or Client(transport=...), which closes it. To bring another
way, subclass Transport, whose docstring is the contract.

Both are loaded when they are named.
"""

from thinwire.core._compat import MICROPYTHON, const, import_module
from thinwire.core.request.http_request import Abortable as Abortable
from thinwire.core.request.http_request import Request as Request
from thinwire.core.transport import Response as Response
from thinwire.core.transport import Signal as Signal
from thinwire.core.transport import Task as Task
from thinwire.core.transport import Transport as Transport

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from thinwire.cpython.httpx.options import HTTPXTransport as HTTPXTransport
    from thinwire.cpython.sockets.transport import SocketTransport as SocketTransport

if MICROPYTHON:
    _HOMES = {"SocketTransport": "thinwire_device.socket_transport"}
else:
    _HOMES = {
        "HTTPXTransport": "thinwire.cpython.httpx.options",
        "SocketTransport": "thinwire.cpython.sockets.transport",
    }


def __dir__() -> "list[str]":
    return ["Abortable", "Request", "Response", "Signal", "Task", "Transport"] + list(_HOMES)


if not TYPE_CHECKING:  # or a misspelt name would be one to a type checker

    def __getattr__(name):
        if name == "__all__":
            return __dir__()
        if name in _HOMES:
            return getattr(import_module(_HOMES[name]), name)
        raise AttributeError("module 'thinwire.transport' has no attribute %r" % name)

"""Transports: what carries a request to a server and its answer back.

A client makes its own. To bring another, subclass Transport, whose docstring is the contract, and
hand an instance to AsyncClient(transport=...) or Client(transport=...).

On CPython there are AsyncHTTPXTransport and HTTPXTransport, on MicroPython there is
SocketTransport. They are loaded when they are named.
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
    from thinwire_device.socket_transport import SocketTransport as SocketTransport

    from thinwire.cpython.httpx.transport import AsyncHTTPXTransport as AsyncHTTPXTransport
    from thinwire.cpython.httpx.transport import HTTPXTransport as HTTPXTransport

if MICROPYTHON:
    _HOME, _NAMES = "thinwire_device.socket_transport", ["SocketTransport"]
else:
    _HOME, _NAMES = "thinwire.cpython.httpx.transport", ["AsyncHTTPXTransport", "HTTPXTransport"]


def __dir__() -> "list[str]":
    return ["Abortable", "Request", "Response", "Signal", "Task", "Transport"] + _NAMES


if not TYPE_CHECKING:  # or a misspelt name would be one to a type checker

    def __getattr__(name):
        if name == "__all__":
            return __dir__()
        if name in _NAMES:
            return getattr(import_module(_HOME), name)
        raise AttributeError("module 'thinwire.transport' has no attribute %r" % name)

"""Sockets of our own in the place of httpx, as what a client has that is given no transport: so
every test of a client is one of them as well.

As a program it runs another one so: on_sockets.py SCRIPT ARGUMENT...
"""

import os
import runpy
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from thinwire.core import adapters
from thinwire.core.transport import Transport
from thinwire.transport import SocketTransport


def default_transport(
    blocking: bool, verify: Any = True, cadata: Any = None, add_ca: Any = None, _: Any = None
) -> Transport:
    """As core/adapters.py's, but of sockets."""
    return SocketTransport(verify, cadata, add_ca).open(blocking)


def install(replace: Callable[[Any, str, Any], object] = setattr) -> None:
    """Makes it so, by `replace`."""
    replace(adapters, "default_transport", default_transport)


if __name__ == "__main__":
    install()
    sys.argv = sys.argv[1:]
    sys.path[0] = os.fspath(Path(sys.argv[0]).parent)
    runpy.run_path(sys.argv[0], run_name="__main__")

"""The transports over httpx: what a client uses on CPython unless it is given another."""

import sys

if sys.platform == "emscripten":
    raise ImportError(
        "Pyodide has no sockets: give the client a transport= of your own, over its fetch"
    )

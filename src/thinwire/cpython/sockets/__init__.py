"""SocketTransport on CPython: HTTP/1.1 over sockets of our own, for asyncio and blocking.

  transport.py    the options, and one exchange from the first byte out to the head
  dial.py         name lookup, the race of addresses, a proxy's tunnel, TLS
  connection.py   a connection: a socket and TLS above it, neither of which ever waits
  pool.py         connections that wait for their next request
  waits.py        all that waits, on asyncio; blocking.py: the same without

Everything but waits.py and blocking.py is written once for both.
"""

import sys

if sys.platform == "emscripten":
    raise ImportError(
        "Pyodide has no sockets: give the client a transport= of your own, over its fetch"
    )

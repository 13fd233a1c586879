"""Puts a network backend of ours under an httpx client, and takes lost connections out of it."""

from typing import TypeVar

import httpx

# Of what httpcore's connections hold; see `drop`.
_INNER, _STREAM = "_connection", "_network_stream"

_Client = TypeVar("_Client", httpx.Client, httpx.AsyncClient)


def with_backend(client: _Client, backend: object) -> _Client:
    """`client`, new and ours, whose sockets come from `backend`; those to proxies as well.

    httpcore takes a backend as an argument, httpx hands none through: hence the private names.
    Where a version of httpx has others, the client works on with httpx's own timeouts;
    tests/cpython/test_transport_conformance.py would notice.
    """
    for transport in (client._transport, *client._mounts.values()):
        pool = getattr(transport, "_pool", None)
        if hasattr(pool, "_network_backend"):
            pool._network_backend = backend  # type: ignore[union-attr]
    return client


async def drop(client: httpx.AsyncClient, stream: object) -> None:
    """Closes the connection of `client` that `stream` belongs to, and frees its place in the pool.

    httpcore 1.0 loses sight of a connection whose request is cancelled when it has just been made,
    or in the middle of closing: it is neither idle nor closed, and keeps its place for ever.
    """
    for transport in (client._transport, *client._mounts.values()):
        for connection in getattr(getattr(transport, "_pool", None), "connections", ()):
            if getattr(getattr(connection, _INNER, None), _STREAM, None) is stream:
                await connection.aclose()

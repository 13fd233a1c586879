"""Puts a network backend of ours under an httpx client."""

from typing import TypeVar

import httpx

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

"""The httpx client a user brings: of httpx, or of httpx2, which goes by the same names."""

import sys
from typing import Any

import httpx

from thinwire.core.errors import ConnectError

_MODULES = ("httpx", "httpx2")


def check_client(client: object, blocking: bool) -> None:
    """Refuses what cannot carry a request.

    Args:
        client: is given as `http_client`.
        blocking: it is for Client; else for AsyncClient.

    Raises:
        TypeError: it is no client of the kind that is needed.
    """
    wanted, other = ("Client", "AsyncClient") if blocking else ("AsyncClient", "Client")
    if is_client(client, wanted):
        return
    said = f"http_client of {wanted} takes an httpx.{wanted}, or one of httpx2"
    if is_client(client, other):
        raise TypeError(f"{said}: {type(client).__module__}.{other} belongs to thinwire.{other}")
    raise TypeError(f"{said}, not {type(client).__name__}")


def is_client(client: object, name: str) -> bool:
    """Whether it is a Client or an AsyncClient (`name`) of httpx or httpx2."""
    # Whoever has made an httpx2 client has loaded httpx2.
    modules = [httpx, sys.modules.get("httpx2")]
    return any(isinstance(client, getattr(one, name, ())) for one in modules if one is not None)


def usable(client: Any) -> Any:
    """The user's client, for the next request.

    Raises:
        ConnectError: it has been closed.
    """
    if client.is_closed:
        error = ConnectError("http_client is closed: its owner has closed it")
        error.kind = "encode"  # no server's fault: neither tried again nor held against one
        raise error
    return client


def below_closed(client: Any) -> list[Any]:
    """The transports of a client that was closed while it was at work, to be closed once more:
    what connected meanwhile is still open, and httpx closes nothing the second time."""
    found = (client._transport, *client._mounts.values())  # noqa: SLF001
    return [one for one in found if one is not None]


def response_of(error: BaseException, request: httpx.Request) -> httpx.Response | None:
    """The response to `request` that a hook of the user's has made an error of, as httpx's
    raise_for_status does; None where it is another error, or of another request.
    """
    if "HTTPStatusError" not in names_of(error) or error.request is not request:  # type: ignore[attr-defined]
        return None
    response: httpx.Response = error.response  # type: ignore[attr-defined]
    return response


def names_of(error: BaseException) -> list[str]:
    """Names of the classes of an error that are httpx's or httpx2's, its own first."""
    classes = type(error).__mro__
    return [one.__name__ for one in classes if one.__module__.partition(".")[0] in _MODULES]

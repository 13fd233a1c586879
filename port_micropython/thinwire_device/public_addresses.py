"""`allow_private=False` on a chip: what core/providers/public_only.py says of the addresses that a
name was found to have. Loaded for requests that ask for it.
"""

import socket

from micropython import const

from thinwire.core.providers.public_only import require

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from typing import Any

    from thinwire.core.request.http_request import Request
    from thinwire_device.dns import Address


def check(request: "Request", addresses: "list[Address]") -> None:
    """Lets through the addresses of a request's host, if all of them are public.

    Raises:
        ConnectError: see public_only.require.
    """
    # Chips have an address as text, the unix port has bytes.
    found: list[Any] = [address[4] for address in addresses]
    require(request.host, [_text(one)[0] for one in found])


def _text(found: "Any") -> "Any":
    return found if isinstance(found, tuple) else socket.sockaddr(found)[1:]  # type: ignore[attr-defined]  # the unix port alone

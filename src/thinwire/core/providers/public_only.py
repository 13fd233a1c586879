"""`allow_private=False`: a name leads where its owner says, and he may say otherwise a moment
later. So a transport looks it up once, holds all that it finds to the rule here, and connects to
these very addresses (no DNS rebinding). What else could look the name up, a proxy, an http_client
of the user's, a transport of his own, is refused when the client is made.

Loaded for deployments with that option; addresses.py has what an address is.
"""

from thinwire.core._compat import const
from thinwire.core.errors import ConnectError
from thinwire.core.providers.addresses import is_public

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from collections.abc import Iterable

    from thinwire.core.routing.deployment import Deployment
    from thinwire.core.transport import Transport


def check(transport: "Transport", deployment: "Deployment") -> None:
    """Whether a transport can keep to the rule for a deployment.

    It says so by `check_pins(place)`, of a URL or a Request, which raises `refused(...)` where
    somebody else looks the name up; None where nobody ever does. One without it is not trusted.

    Raises:
        ValueError: somebody else would look the name up.
    """
    asked = getattr(transport, "check_pins", _unknown)
    if asked is not None:
        asked(deployment.url)


def _unknown(place: object) -> None:
    raise refused("an own transport")


def refused(who: str) -> ValueError:
    """The error to raise where `who` would look a name up."""
    return ValueError(
        "allow_private=False cannot be had with %s, which looks names up itself: drop one" % who
    )


def require(host: str, addresses: "Iterable[str | bytes]") -> None:
    """Lets through what a name was found to be, if all of it is public.

    Args:
        addresses: as text, or as 4 or 16 bytes.

    Raises:
        ConnectError: it is not; of kind "address": nothing is tried again. Which address it was is
            nobody's business who only knows the name.
    """
    for address in addresses:
        if not is_public(address):
            error = ConnectError(
                "%s is not allowed: it leads to an address that is not public, and"
                " allow_private=False" % host
            )
            error.kind = "address"
            raise error

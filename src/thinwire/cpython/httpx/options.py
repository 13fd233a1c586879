"""HTTPXTransport as a user makes it: how httpx is to connect. transport.py has what does it."""

import os
import ssl
from http.cookiejar import CookieJar, DefaultCookiePolicy

import httpx

from thinwire._public import public
from thinwire.core.providers.public_only import refused
from thinwire.core.request.http_request import Request
from thinwire.core.routing.deployment import URL
from thinwire.core.transport import Transport
from thinwire.cpython import trust
from thinwire.cpython.clock import idle_seconds
from thinwire.cpython.httpx.clients import check_client
from thinwire.cpython.httpx.proxy import Proxies

_KEEPALIVE = 32


@public
class HTTPXTransport:
    """httpx as the transport of a client, and how it is to connect.

    Belongs to the client that it is given to, which closes it.

    Args:
        verify, cadata, add_ca: whom to trust, see AsyncClient; an ssl.SSLContext for `verify` says
            what nothing else here does (client certificates, versions).
        proxy: URL of a proxy, or an httpx.Proxy; without it the environment's proxy variables
            count, as they are now (docs/connections.md).
        http_client: own httpx.AsyncClient, or httpx.Client for Client, of httpx or httpx2; not
            closed by us. It brings all of the other options.
        idle_s: how many seconds a connection may wait for the next call; None for 30.

    Raises:
        TypeError: an option of a kind it cannot have.
        ValueError: options that exclude each other, CA certificates that cannot be read, or a
            proxy that cannot be used.

    Attributes:
        http_client: the user's own client, or None.
        proxies: of our clients; None beside one of the user's, which has its own.
        idle_s: how long a connection is kept that nobody uses, in seconds.
    """

    def __init__(
        self,
        verify: "bool | str | os.PathLike[str] | bytes | ssl.SSLContext" = True,
        cadata: bytes | str | list[bytes] | None = None,
        add_ca: bytes | str | list[bytes] | None = None,
        *,
        proxy: object = None,
        http_client: object = None,
        idle_s: float | None = None,
    ) -> None:
        trusted = {"cadata": cadata, "add_ca": add_ca}
        given = [] if verify is True else ["verify"]
        given += [name for name, value in trusted.items() if value is not None]
        self.http_client = http_client
        self.proxies: Proxies | None = None
        self.idle_s = idle_seconds(idle_s)
        self._opened = False
        self._context: ssl.SSLContext | None = None
        if http_client is not None:
            others = {"proxy": proxy, "idle_s": idle_s}
            given += [name for name, value in others.items() if value is not None]
            if given:
                raise ValueError(f"http_client brings its own settings: drop {', '.join(given)}")
            return
        self.proxies = Proxies(proxy)
        if given:
            self._context = trust.context_for(verify, cadata, add_ca)
        elif trust.named_by_environment():
            self._context = trust.shared_context()

    def open(self, blocking: bool) -> Transport:
        """The transport for a Client, if `blocking`, or an AsyncClient; called by the client.

        Raises:
            TypeError: the http_client is not of its kind.
            ValueError: it belongs to another client.
        """
        from thinwire.cpython.httpx.transport import AsyncTransport, BlockingTransport

        if self._opened:
            raise ValueError("this HTTPXTransport belongs to a client already: make one for each")
        if self.http_client is not None:
            check_client(self.http_client, blocking)
        self._opened = True
        return BlockingTransport(self) if blocking else AsyncTransport(self)

    def check_pins(self, place: URL | Request) -> None:
        """See check in core/providers/public_only.py."""
        if self.proxies is None:
            raise refused("http_client=")
        proxy, shown = self.proxies.proxy_for(place)
        if proxy is not None:
            raise refused(shown)

    def client_arguments(self, proxy: object) -> dict[str, object]:
        """Arguments for httpx.Client and httpx.AsyncClient.

        Args:
            proxy: what its requests go through, or None.
        """
        # No cookies: the contract of a Transport. An httpx client would keep them.
        cookies = CookieJar(policy=DefaultCookiePolicy(allowed_domains=[]))
        limits = httpx.Limits(
            max_connections=None,
            max_keepalive_connections=_KEEPALIVE,
            keepalive_expiry=self.idle_s,
        )
        return {
            "verify": self._context or trust.shared_context(),
            "proxy": proxy,
            "trust_env": False,  # what the environment says was read when the client was made
            "cookies": cookies,
            "limits": limits,
            "timeout": None,
        }

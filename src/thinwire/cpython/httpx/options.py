"""How httpx is to connect: certificates, proxy, an own client."""

import ssl
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any

import httpx

from thinwire.cpython import trust
from thinwire.cpython.httpx.clients import check_client
from thinwire.cpython.httpx.proxy import Proxies

_KEEPALIVE = 32
_IDLE_S = 30.0  # httpx's own 5 s are shorter than a thought between two turns
_DEFAULTS = {"verify": True, "insecure": False}
_OF_TRUST = ("verify", "insecure", "cadata", "add_ca", "ssl_context")


class Options:
    """Checked transport options of a client (AsyncClient describes them).

    Args:
        options: by name; absent ones have their defaults.
        blocking: they are Client's.

    Attributes:
        http_client: the user's own client, or None.
        proxies: of our clients; None beside one of the user's, which has its own.

    Raises:
        TypeError: an option of a kind it cannot have.
        ValueError: options that exclude each other, CA certificates that cannot be read, or a
            proxy that cannot be used.
    """

    def __init__(self, options: dict[str, Any], blocking: bool = False) -> None:
        if options.get("pin") is not None:
            raise ValueError("pin is for MicroPython: here an ssl_context can hold to one key")
        self.http_client = options.get("http_client")
        self.proxies: Proxies | None = None
        self._idle_s = _seconds(options.get("idle_s"))
        given = [name for name in _OF_TRUST if _is_given(name, options)]
        if self.http_client is not None:
            given += [name for name in ("proxy", "idle_s") if options.get(name) is not None]
            if given:
                raise ValueError(f"http_client brings its own settings: drop {', '.join(given)}")
            check_client(self.http_client, blocking)
        else:
            self.proxies = Proxies(options.get("proxy"))
        self._context: ssl.SSLContext | None = None
        if given:
            self._context = trust.context_for(options)
        elif self.http_client is None and trust.named_by_environment():
            self._context = trust.shared_context()

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
            keepalive_expiry=self._idle_s,
        )
        return {
            "verify": self._context or trust.shared_context(),
            "proxy": proxy,
            "trust_env": False,  # what the environment says was read when the client was made
            "cookies": cookies,
            "limits": limits,
            "timeout": None,
        }


def _is_given(name: str, options: dict[str, Any]) -> bool:
    value, default = options.get(name), _DEFAULTS.get(name)
    return value is not default and not (value is None and name not in options)


def _seconds(idle_s: object) -> float:
    if idle_s is None:
        return _IDLE_S
    if isinstance(idle_s, bool) or not isinstance(idle_s, (int, float)) or not idle_s >= 0:
        raise ValueError(f"idle_s takes seconds, 0 or more, not {idle_s!r}")
    return idle_s

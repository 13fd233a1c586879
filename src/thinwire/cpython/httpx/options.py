"""How httpx is to connect: certificates, proxy, an own client."""

import os
import ssl
from functools import cache
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any

import httpx

from thinwire.cpython.httpx.proxy import check_proxy

_KEEPALIVE = 32
_IDLE_S = 30.0  # httpx's own 5 s are shorter than a thought between two turns
_VARIABLES = ("SSL_CERT_FILE", "SSL_CERT_DIR")


class Options:
    """Checked transport options of a client (AsyncClient describes them).

    Args:
        options: by name; absent ones have their defaults.

    Raises:
        ValueError: options that exclude each other, an unreadable CA file, a proxy that cannot be
            used.
    """

    def __init__(self, options: dict[str, object]) -> None:
        self._verify = options.get("verify", True)
        self._ssl_context = options.get("ssl_context")
        self._proxy = options.get("proxy")
        self._cadata: Any = options.get("cadata")
        self._insecure = bool(options.get("insecure")) or self._verify is False
        self._idle_s = options.get("idle_s")
        self.http_client = options.get("http_client")
        if options.get("pin") is not None:
            raise ValueError("pin is for MicroPython: here an ssl_context can hold to one key")
        given = [name for name in ("ssl_context", "proxy", "cadata") if options.get(name)]
        if self.http_client is not None and (given or self._insecure):
            raise ValueError(f"http_client brings its own settings: drop {given or 'insecure'}")
        if self.http_client is None:
            check_proxy(self._proxy)
        if self._ssl_context is not None and (self._cadata or self._verify is not True):
            raise ValueError("ssl_context already says what to verify: drop verify and cadata")

    def client_arguments(self) -> dict[str, object]:
        """Arguments for httpx.Client and httpx.AsyncClient."""
        # No cookies: the contract of a Transport. An httpx client would keep them.
        cookies = CookieJar(policy=DefaultCookiePolicy(allowed_domains=[]))
        limits = httpx.Limits(
            max_connections=None,
            max_keepalive_connections=_KEEPALIVE,
            keepalive_expiry=_IDLE_S if self._idle_s is None else self._idle_s,  # type: ignore[arg-type]
        )
        return {
            "verify": self._context(),
            "proxy": self._proxy,
            "cookies": cookies,
            "limits": limits,
            "timeout": None,
        }

    def _context(self) -> ssl.SSLContext:
        if isinstance(self._ssl_context, ssl.SSLContext):
            return self._ssl_context
        if self._insecure:
            return httpx.create_ssl_context(verify=False)
        if isinstance(self._verify, str):
            try:
                return ssl.create_default_context(cafile=self._verify)
            except OSError as error:
                said = f"verify={self._verify!r}: cannot load CA certificates: {error}"
                raise ValueError(said) from error
        if self._cadata:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            for cadata in self._cadata if isinstance(self._cadata, list) else [self._cadata]:
                is_pem = cadata.startswith(b"-----")
                context.load_verify_locations(cadata=cadata.decode("ascii") if is_pem else cadata)
            return context
        return _default_context(*[os.environ.get(name) for name in _VARIABLES])


@cache
def _default_context(*where: str | None) -> ssl.SSLContext:
    # Built once for each value of the variables, which httpx reads, and shared: it costs 19 ms.
    return httpx.create_ssl_context(verify=True, trust_env=True)

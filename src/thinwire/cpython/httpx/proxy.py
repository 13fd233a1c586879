"""Which proxy a request goes through: that of `proxy=`, else what the environment says. Both are
read and checked when a client is made: httpx would complain at the first call, in words of its
own, and show the password.
"""

from importlib.util import find_spec

import httpx

from thinwire.core.request.http_request import Request
from thinwire.core.routing.deployment import URL
from thinwire.cpython.proxies import EnvironmentProxies, checked, from_environment, shown

_SCHEMES = ("http", "https", "socks5", "socks5h")


class Proxies:
    """The proxies of a client.

    Args:
        proxy: URL, or Proxy of httpx or httpx2; None: what the environment names, or, on macOS and
            Windows, the system's settings.
        by_environment: whether that counts.

    Raises:
        TypeError: it is of another kind.
        ValueError: no usable URL, or SOCKS without the package that httpx needs for it; what was
            given is shown without user and password, and where it stands.
    """

    def __init__(self, proxy: object, by_environment: bool = True) -> None:
        if not isinstance(proxy, (str, httpx.URL, type(None))) and not _is_proxy(proxy):
            raise TypeError(f"proxy takes a URL, not {type(proxy).__name__}")
        self._given = proxy
        self._shown = ""
        self._environment = EnvironmentProxies({})
        if proxy is not None:
            self._shown = _check(str(getattr(proxy, "url", proxy)), "proxy=")
            return
        if by_environment:
            self._environment = from_environment()
        for named in self._environment.named():
            _check(named.url, f"{named.variable}=")

    def proxy_for(self, request: URL | Request) -> tuple[object | None, str]:
        """What httpx takes as the proxy of a request, and how to call it in words; None and "" for
        no proxy."""
        if self._given is not None:
            return self._given, self._shown
        found = self._environment.proxy_for(request.scheme, request.host, request.port)
        if found is None:
            return None, ""
        return found.url, shown(found.url, f"{found.variable}=")


def _is_proxy(given: object) -> bool:
    # Of httpx, or of httpx2, which looks the same.
    return hasattr(given, "url") and hasattr(given, "raw_auth")


def _check(text: str, name: str) -> str:
    found = checked(text, name, _SCHEMES)
    if found.scheme.startswith("socks") and find_spec("socksio") is None:
        said = "for SOCKS httpx needs a package more: pip install socksio"
        raise ValueError(f"{found.shown}: {said}")
    return found.shown

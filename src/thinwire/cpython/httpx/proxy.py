"""Proxies, checked when a client is made: httpx would complain at the first call, in words of its
own, and show the password.
"""

from importlib.util import find_spec
from urllib.request import getproxies

import httpx

_SCHEMES = ("http", "https", "socks5", "socks5h")
_OF_ENVIRONMENT = ("http", "https", "all")  # those that httpx asks for


def check_proxy(proxy: object) -> None:
    """Refuses a proxy that cannot be used; without one, what the environment names.

    Args:
        proxy: URL, or Proxy of httpx or httpx2, or None.

    Raises:
        ValueError: no usable URL, or SOCKS without the package that httpx needs for it; what was
            given is shown without user and password.
    """
    if proxy is not None:
        _check(str(getattr(proxy, "url", proxy)), "proxy=")
        return
    found = getproxies()
    for scheme in _OF_ENVIRONMENT:
        if found.get(scheme):
            text = found[scheme]
            _check(text if "://" in text else f"http://{text}", f"{scheme.upper()}_PROXY=")


def is_proxy(given: object) -> bool:
    """Whether it is a Proxy of httpx, or of httpx2, which looks the same."""
    return hasattr(given, "url") and hasattr(given, "raw_auth")


def _check(text: str, name: str) -> None:
    scheme, mark, rest = text.partition("://")
    _, at, host = rest.rpartition("@")
    shown = f"{name}{scheme}{mark}{'***@' if at else ''}{host}"
    try:
        url = httpx.URL(text)
        port = url.port
    except (httpx.InvalidURL, ValueError, TypeError):
        raise ValueError(f"{shown}: no URL that can be used, e.g. http://host:3128") from None
    if url.scheme not in _SCHEMES:
        raise ValueError(f"{shown}: a proxy's URL begins with {'://, '.join(_SCHEMES)}://")
    if not url.host:
        raise ValueError(f"{shown}: names no host")
    if port is not None and not 0 < port < 65536:
        raise ValueError(f"{shown}: a port is a number from 1 to 65535")
    if url.scheme.startswith("socks") and find_spec("socksio") is None:
        raise ValueError(f"{shown}: for SOCKS httpx needs a package more: pip install socksio")

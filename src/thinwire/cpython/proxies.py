"""Which proxy the environment names for an address, by the rules that curl and Go agree on. No
HTTP library has a say here, so that every transport that can have a proxy does the same.

`HTTPS_PROXY`, `HTTP_PROXY` and, for both, `ALL_PROXY` name proxies; `NO_PROXY` names what is asked
without one, with commas between:

  *                    everything
  host .host *.host    this host, and all below it
  host:8080            only at this port; also with an address, [::1]:8080
  10.1.2.3 ::1 [::1]   this address
  10.0.0.0/8 fd00::/8  the addresses of a network

A variable in lower case wins over the same one in upper case, also where it is empty. Addresses
and networks are compared with addresses, never with names: nothing is looked up. What is none of
these matches nothing. This machine itself (localhost, 127.0.0.1, ::1) is never asked through a
proxy of the environment. Names are compared without case and without a dot at their end.
"""

import ipaddress
import os
from base64 import b64encode
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class Proxy(NamedTuple):
    """A proxy.

    Attributes:
        scheme, host, port: where it is; an IPv6 host stands without brackets.
        authorization: what it is told who asks, or "".
        shown: where its name stands, and the name without user and password.
    """

    scheme: str
    host: str
    port: int
    authorization: str
    shown: str


class Named(NamedTuple):
    """A proxy and where its name stands.

    Attributes:
        url: of the proxy, with a scheme.
        variable: of the environment, in the spelling that was found.
    """

    url: str
    variable: str


class Proxies:
    """The proxies of a client, read and checked now.

    Args:
        url: of the one for all; None: what the environment names, or, on macOS and Windows, the
            system's settings.
        schemes: that a proxy may have.
        by_environment: whether that counts.

    Raises:
        TypeError: the URL is none of text.
        ValueError: no usable URL; it is shown without user and password, and where it stands.
    """

    def __init__(
        self, url: str | None, schemes: tuple[str, ...], by_environment: bool = True
    ) -> None:
        self._given = None if url is None else checked(url, "proxy=", schemes)
        by_environment = by_environment and url is None
        self._environment = from_environment() if by_environment else EnvironmentProxies({})
        named = self._environment.named()
        self._checked = {one: checked(one.url, f"{one.variable}=", schemes) for one in named}

    def proxy_for(self, scheme: str, host: str, port: int) -> Proxy | None:
        """See EnvironmentProxies.proxy_for."""
        if self._given is not None or not self._checked:
            return self._given
        found = self._environment.proxy_for(scheme, host, port)
        return None if found is None else self._checked[found]


def shown(url: str, name: str) -> str:
    """A proxy in words: where its name stands, and the name without user and password."""
    scheme, mark, rest = url.partition("://")
    _, at, host = rest.rpartition("@")
    return f"{name}{scheme}{mark}{'***@' if at else ''}{host}"


def checked(url: str, name: str, schemes: tuple[str, ...]) -> Proxy:
    """The proxy that a URL names.

    Args:
        name: where the URL stands.
        schemes: that it may have.

    Raises:
        TypeError: it is no text.
        ValueError: it cannot be used.
    """
    if not isinstance(url, str):
        raise TypeError(f"proxy takes a URL, not {type(url).__name__}")
    said = shown(url, name)
    try:
        parts = urlsplit(url)
        host, place = parts.hostname, parts.netloc.rpartition("@")[2]
    except ValueError:
        raise ValueError(f"{said}: no URL that can be used, e.g. http://host:3128") from None
    if parts.scheme not in schemes:
        raise ValueError(f"{said}: a proxy's URL begins with {'://, '.join(schemes)}://")
    if not host:
        raise ValueError(f"{said}: names no host")
    port = place.rpartition("]")[2].partition(":")[2]
    if port and not port.removeprefix("-").isdecimal():
        raise ValueError(f"{said}: no URL that can be used, e.g. http://host:3128")
    if port and not 0 < int(port) < 65536:
        raise ValueError(f"{said}: a port is a number from 1 to 65535")
    authorization = ""
    if parts.username is not None:
        pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        authorization = f"Basic {b64encode(pair.encode()).decode()}"
    default = 443 if parts.scheme == "https" else 80
    return Proxy(parts.scheme, host, int(port or default), authorization, said)


def from_environment() -> "EnvironmentProxies":
    """What the environment says now or, where that is nothing, the system's settings."""
    found = EnvironmentProxies(os.environ)
    if not found.named():
        system = {f"{scheme}_proxy": url for scheme, url in getproxies().items()}
        found = EnvironmentProxies(system)
    return found


class EnvironmentProxies:
    """What an environment says about proxies. It is read once, here.

    Args:
        environment: variables by name, e.g. os.environ.
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._named: dict[str, Named] = {}
        for scheme in ("http", "https", "all"):
            variable = _variable(environment, f"{scheme}_proxy")
            url = environment.get(variable, "").strip()
            # A web server hands a request's header `Proxy` to a CGI script as HTTP_PROXY
            # (CVE-2016-1000110).
            if url and not (variable == "HTTP_PROXY" and "REQUEST_METHOD" in environment):
                self._named[scheme] = Named(url if "://" in url else f"http://{url}", variable)
        entries = environment.get(_variable(environment, "no_proxy"), "")
        self._without = [_Entry(one) for one in entries.replace(",", " ").split()]
        if any(one.host == "*" and one.port is None for one in self._without):
            self._named = {}

    def named(self) -> list[Named]:
        """All that may be used, to be checked."""
        return list(self._named.values())

    def proxy_for(self, scheme: str, host: str, port: int) -> Named | None:
        """The proxy for an address, None where it is asked without one.

        Args:
            scheme: "http" or "https".
            host: name or address; an IPv6 address with or without brackets.
        """
        found = self._named.get(scheme) or self._named.get("all")
        if found is None:
            return None
        host = _plain(host)
        address = _address(host)
        if _is_here(host, address) or any(one.has(host, address, port) for one in self._without):
            return None
        return found


class _Entry:
    # One of NO_PROXY's.
    def __init__(self, text: str) -> None:
        self.port: int | None = None
        self.network: ipaddress.IPv4Network | ipaddress.IPv6Network | None = None
        try:
            self.network = ipaddress.ip_network(text.strip("[]"), strict=False)
        except ValueError:
            host, mark, port = text.rpartition(":")
            if mark and host and port.isascii() and port.isdigit():
                text, self.port = host, int(port)
        self.host = _plain(text.removeprefix("*.").lstrip("."))
        self.address = _address(self.host)

    def has(self, host: str, address: _Address | None, port: int) -> bool:
        if self.port is not None and self.port != port:
            return False
        if address is not None:
            in_network = self.network is not None and address in self.network
            return self.host == "*" or address == self.address or in_network
        return self.host == "*" or (
            bool(self.host) and (host == self.host or host.endswith(f".{self.host}"))
        )


def _variable(environment: Mapping[str, str], name: str) -> str:
    return name if name in environment else name.upper()


def _plain(host: str) -> str:
    return host.strip("[]").rstrip(".").lower()


def _address(host: str) -> _Address | None:
    try:
        found = ipaddress.ip_address(host)
    except ValueError:
        return None
    return getattr(found, "ipv4_mapped", None) or found


def _is_here(host: str, address: _Address | None) -> bool:
    if address is not None:
        return address.is_loopback or address.is_unspecified
    return host == "localhost" or host.endswith(".localhost")  # RFC 6761 §6.3

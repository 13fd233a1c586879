# Base URLs, parsed and checked once, when a deployment is made: what could smuggle a header, leak
# a key or surprise later (userinfo, fragments, spaces) is refused before anything is sent.
# RFC 3986 §3, only as much of it as a base URL needs; MicroPython has no urllib.


class URL:
    """A checked http or https address.

    Attributes:
        scheme: "http" or "https".
        host: name or address; an IPv6 literal without its brackets.
        port: TCP port, the scheme's own when the text names none.
        path: path without a trailing slash, "" for the root.
        query: text after "?", without it; "" when there is none.
    """

    def __init__(self, text: str) -> None:
        self.scheme, rest = _split_scheme(text)
        _refuse_odd_characters(text)
        rest, _, self.query = rest.partition("?")
        authority, slash, path = rest.partition("/")
        self.path = (slash + path).rstrip("/")
        self.host, self.port = _split_authority(authority, 443 if self.scheme == "https" else 80)

    def target(self, suffix: str) -> str:
        """Request target for `suffix` below this base, e.g. "/v1/chat/completions"."""
        return self.path + suffix + ("?" + self.query if self.query else "")

    def authority(self) -> str:
        """Value of the Host header: brackets for IPv6, no default port (RFC 9110 §7.2)."""
        host = "[" + self.host + "]" if ":" in self.host else self.host
        default = 443 if self.scheme == "https" else 80
        return host if self.port == default else "%s:%d" % (host, self.port)

    def __str__(self) -> str:
        return "%s://%s%s" % (self.scheme, self.authority(), self.target(""))


def _split_scheme(text: object) -> "tuple[str, str]":
    if not isinstance(text, str) or not text:
        raise ValueError("base_url is empty: give e.g. 'https://api.openai.com/v1'")
    scheme, mark, rest = text.partition("://")
    if not mark or scheme.lower() not in ("http", "https"):
        raise ValueError("base_url must start with http:// or https://")
    return scheme.lower(), rest


def _refuse_odd_characters(text: str) -> None:
    for character in text:
        if character <= " " or character >= "\x7f" or character in '"<>\\^`{|}':
            raise ValueError("base_url has the character %r, which a URL cannot carry" % character)
    if "#" in text:
        raise ValueError("base_url has a fragment ('#...'), which is never sent: take it out")


def _split_authority(text: str, port: int) -> "tuple[str, int]":
    if "@" in text:
        raise ValueError("base_url holds a user name or password: use api_key or extra_headers")
    host, rest = text, ""
    if text.startswith("["):
        host, end, rest = text[1:].partition("]")
        if not end or ":" not in host:
            raise ValueError("base_url has brackets, but no IPv6 address in them")
    elif ":" in text:
        host, _, rest = text.partition(":")
        rest = ":" + rest
    if not host or "[" in host or "]" in host:
        raise ValueError("base_url names no host, or not one that can be looked up")
    return host, _port(rest, port)


def _port(text: str, default: int) -> int:
    if text in ("", ":"):
        return default
    digits = text[1:]
    if text[0] != ":" or not digits.isdigit() or not 0 < int(digits) < 65536:
        raise ValueError("base_url has no valid port after its host")
    return int(digits)

"""Deployments: one place each that can serve a model. Checked and frozen when made, so that a
mistake shows at construction and not in the middle of a conversation.

What a base URL could do harm with (smuggle a header, leak a key, surprise later: userinfo,
fragments, spaces) is refused before anything is sent. RFC 3986 §3, only as much of it as a base
URL needs; MicroPython has no urllib.
"""

from thinwire.core._compat import const, public, set_field, warn
from thinwire.core.routing.policy import limits, retries
from thinwire.core.wire.http1_request import check_header

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, Literal

    from thinwire.core.routing.policy import RetryPolicy, Timeouts

    Framing = Literal["auto", "chunked", "length"]


_TARGET = "/chat/completions"


class URL:
    """A checked http or https address. Its str shows no query.

    Attributes:
        scheme: "http" or "https".
        host: name or address; an IPv6 literal without its brackets.
        port: TCP port, the scheme's own when the text names none.
        path: path without a trailing slash, "" for the root.
        query: text after "?", without it; "" when there is none.
    """

    def __init__(self, text: str) -> None:
        if not isinstance(text, str) or not text:
            raise ValueError("base_url is empty: give e.g. 'https://api.openai.com/v1'")
        scheme, mark, rest = text.partition("://")
        self.scheme = scheme.lower()
        if not mark or self.scheme not in ("http", "https"):
            shown = text.partition("?")[0].rpartition("@")[2]
            raise ValueError("base_url %r does not start with http:// or https://" % shown)
        for character in text:
            if character <= " " or character >= "\x7f" or character in '"<>\\^`{|}':
                shown = "base_url has the character %r, which a URL cannot carry"
                raise ValueError(shown % character)
        if "#" in text:
            raise ValueError("base_url has a fragment ('#...'), which is never sent: take it out")
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

    def origin(self) -> str:
        """Scheme, host and port, which say whose server it is (RFC 6454 §4)."""
        return "%s://%s" % (self.scheme, self.authority().lower())

    def __str__(self) -> str:
        # Some providers take the key as a query parameter.
        shown = "%s://%s%s" % (self.scheme, self.authority(), self.path)
        return shown + "?***" if self.query else shown


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
    if rest in ("", ":"):
        return host, port
    digits = rest[1:]
    if rest[0] != ":" or not digits.isdigit() or not 0 < int(digits) < 65536:
        raise ValueError("base_url has no valid port after its host: %r" % text)
    return host, int(digits)


@public
class Deployment:
    """One place that can serve a model: base URL, key, upstream id.

    Args:
        base_url: http(s) address up to and including the version, e.g.
            "https://openrouter.ai/api/v1"; "/chat/completions" is added. One that ends in that
            already is taken without it, with a warning.
        api_key: sent as "Authorization: Bearer ..."; None or "" for servers that need none.
        model: id the server knows the model by; None: the public name is sent.
        extra_headers: added to each request; they win over thinwire's own of the same name.
        extra_body: added to each request body where the caller gave no such field.
        stream_usage: ask for token counts (`stream_options: {"include_usage": true}`); False for
            servers that refuse the field.
        framing: how a request says where it ends. "auto": with a Content-Length if its first
            block is all of it (64 KiB, on a chip what fits into the send buffer behind the head),
            else chunked, until the server shows that it wants a length. "chunked": always so.
            "length": always with a Content-Length; a larger request is then encoded once more
            beforehand, to be counted.
        timeouts: limits for attempts at this deployment in place of the client's; a number is the
            total.
        retry: retries at this deployment in place of the client's; a number is the attempts.
        provider_order: for OpenRouter, the providers behind it to ask, in this order.
        allow_fallbacks: whether OpenRouter may ask others, too; None: only when several are
            named, so that one name locks.
        session_affinity: ask the provider of the session's last answer first, since it holds the
            session's prompt in its cache (a sticky session); for OpenRouter, and calls with
            `session=`.

    Raises:
        ValueError: the URL, the key or a header cannot be used; the key is never in the message.
        TypeError: timeouts or retry of another kind.

    Immutable. Its repr shows no key and no header values.
    """

    base_url: str
    api_key: "str | None"
    model: "str | None"
    extra_headers: "dict[str, str]"
    extra_body: "dict[str, Any]"
    stream_usage: bool
    framing: "Framing"
    timeouts: "Timeouts | None"
    retry: "RetryPolicy | None"
    provider_order: "tuple[str, ...]"
    allow_fallbacks: "bool | None"
    session_affinity: bool
    url: URL

    def __init__(
        self,
        base_url: str,
        api_key: "str | None" = None,
        model: "str | None" = None,
        *,
        extra_headers: "Mapping[str, str] | None" = None,
        extra_body: "Mapping[str, object] | None" = None,
        stream_usage: bool = True,
        framing: "Framing" = "auto",
        timeouts: "Timeouts | float | None" = None,
        retry: "RetryPolicy | int | None" = None,
        provider_order: "list[str] | tuple[str, ...]" = (),
        allow_fallbacks: "bool | None" = None,
        session_affinity: bool = False,
    ) -> None:
        if isinstance(provider_order, str):
            raise TypeError("provider_order must be a list of names, not a string")
        if framing not in ("auto", "chunked", "length"):
            text = "framing must be 'auto', 'chunked' or 'length', not %r"
            raise ValueError(text % (framing,))
        set_field(self, "framing", framing)
        url = URL(base_url)
        if url.path.endswith(_TARGET):
            url.path = url.path[: -len(_TARGET)]
            warn("base_url ends in %s, which thinwire adds itself: leave it out" % _TARGET)
        set_field(self, "url", url)
        set_field(self, "base_url", base_url)
        set_field(self, "api_key", api_key)
        set_field(self, "model", model)
        set_field(self, "extra_headers", dict(extra_headers or {}))
        set_field(self, "extra_body", dict(extra_body or {}))
        set_field(self, "stream_usage", stream_usage)
        set_field(self, "timeouts", limits(timeouts))
        set_field(self, "retry", retries(retry))
        set_field(self, "provider_order", tuple(provider_order))
        set_field(self, "allow_fallbacks", allow_fallbacks)
        set_field(self, "session_affinity", session_affinity)
        self.headers()  # refuses what no header can carry

    def headers(self) -> "list[tuple[str, str]]":
        """Headers that belong to this deployment: authorization, then the extra ones.

        Raises:
            ValueError: a name or value that no header can carry; values are not repeated.
        """
        pairs = list(self.extra_headers.items())
        names = [name.lower() for name, _ in pairs]
        if self.api_key and "authorization" not in names:
            pairs.append(("Authorization", "Bearer " + self.api_key))
        for name, value in pairs:
            check_header(name, value)
        return pairs

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError("Deployment is immutable: make a new one instead of setting " + name)

    def __delattr__(self, name: str) -> None:
        raise AttributeError("Deployment is immutable")

    def __repr__(self) -> str:
        address = self.base_url.partition("?")[0] + ("?***" if self.url.query else "")
        key = "None" if not self.api_key else "'***'"
        return "Deployment(%r, api_key=%s, model=%r)" % (address, key, self.model)

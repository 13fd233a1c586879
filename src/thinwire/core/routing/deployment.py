"""Deployments: one place each that can serve a model. Checked and frozen when made, so that a
mistake shows at construction and not in the middle of a conversation.

What a base URL could do harm with (smuggle a header, leak a key, surprise later: userinfo,
fragments, spaces) is refused before anything is sent. RFC 3986 §3, only as much of it as a base
URL needs; MicroPython has no urllib.
"""

from thinwire.core._compat import const, import_module, is_awaitable, public, set_field, warn
from thinwire.core.routing.policy import Timeouts, limits, retries
from thinwire.core.wire.http1_request import check_headers

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from typing import Any, Literal, Unpack

    from thinwire.core.providers.options import MoreOptions, Options
    from thinwire.core.routing.policy import RetryPolicy

    Framing = Literal["auto", "chunked", "length"]
    ThinkTags = Literal["inside"] | bool
    Credentials = Callable[[], "str | Awaitable[str | None] | None"]
    DialectName = Literal["openai", "anthropic", "responses"]

# What a server may speak, each a module of core/dialects, and what it adds to a base URL.
DIALECTS = (
    ("openai", "/chat/completions"),
    ("anthropic", "/messages"),
    ("responses", "/responses"),
)
_LONGEST = const(
    8000
)  # what a server has to take (RFC 9110 §4.1); HTTP libraries have limits, too
_HEX = "0123456789abcdefABCDEF"


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
        if len(text) > _LONGEST:
            raise ValueError("base_url has more than %d characters" % _LONGEST)
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
        if not end or not _is_ipv6(host):
            raise ValueError("base_url has brackets, but no IPv6 address in them")
    elif ":" in text:
        host, _, rest = text.partition(":")
        rest = ":" + rest
    if not text.startswith("[") and ("[" in text or "]" in text or not _is_name(host)):
        raise ValueError("base_url names no host, or not one that can be looked up")
    if rest in ("", ":"):
        return host, port
    digits = rest[1:]
    if rest[0] != ":" or not digits.isdigit() or not 0 < int(digits) < 65536:
        raise ValueError("base_url has no valid port after its host: %r" % text)
    return host, int(digits)


def _is_name(host: str) -> bool:
    # Whether it can be looked up: four numbers that are an address (RFC 3986 §3.2.2), or labels of
    # 1 to 63 characters (RFC 1035 §2.3.4). Anything else would be found out by the first call.
    labels = host.split(".")
    if len(labels) == 4 and "".join(labels).isdigit():
        return _is_ipv4(labels)
    if len(labels) > 1 and not labels[-1]:
        labels.pop()  # the root's dot
    return len(host) < 254 and all(0 < len(label) < 64 for label in labels)


def _is_ipv4(parts: "list[str]") -> bool:
    for part in parts:
        if not part.isdigit() or int(part) > 255 or part != str(int(part)):
            return False
    return len(parts) == 4


def _is_ipv6(text: str) -> bool:
    # RFC 4291 §2.2; a zone behind it is the caller's system's.
    text = text.partition("%")[0]
    head, _, last = text.rpartition(":")
    if "." in last:
        if not _is_ipv4(last.split(".")):
            return False
        text = head + ":0:0"
    left, gap, right = text.partition("::")
    groups = (left.split(":") if left else []) + (right.split(":") if right else [])
    for group in groups:
        if not 0 < len(group) < 5 or [c for c in group if c not in _HEX]:
            return False
    return len(groups) < 8 if gap else len(groups) == 8


@public
class Deployment:
    """One place that can serve a model: base URL, key, upstream id.

    Args:
        base_url: http(s) address up to and including the version, e.g.
            "https://openrouter.ai/api/v1"; "/chat/completions" is added. One that ends in that
            already is taken without it, with a warning. None: where `provider=` is.
        api_key: sent as "Authorization: Bearer ..."; None or "" for servers that need none. Or a
            callable that gives it, for tokens that expire, asked before each attempt; plain or,
            for AsyncClient, async. It is to cache, and no clock but `total` runs meanwhile. What
            it raises ends the call, and reaches the caller as it is.
        model: id the server knows the model by; None: the public name is sent.
        extra_headers: added to each request; they win over thinwire's own of the same name.
        extra_body: added to each request body where the caller gave no such field.
        stream_usage: ask for token counts (`stream_options: {"include_usage": true}`); False for
            servers that refuse the field. None, here and below: as is known of the provider.
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
        think_tags: True: what its model writes in `<think>...</think>` is reasoning, and no
            content; for servers that do not find it themselves. Nothing but the tags is taken out.
            "inside": its answers begin in their reasoning, since the chat template has opened the
            tag already (DeepSeek R1, QwQ, Qwen3 Thinking); all of an answer without `</think>`
            is reasoning then. With True, what stands before a `</think>` without a `<think>` is
            reasoning only if none of it was handed out yet, as in an answer of one piece;
            otherwise the text keeps it, tag and all.
        dialect: what its server speaks: "openai" (chat completions), "anthropic" (messages) or
            "responses" (OpenAI's Responses API); None: "openai".
        **more: what few deployments need, see MoreOptions in core/providers/options.py.

    Raises:
        ValueError: the URL, the key or a header cannot be used; the key is never in the message.
        TypeError: the key, timeouts or retry of another kind; an option that there is not.

    Attributes:
        provider: name of the company or program whose API it is, "" where that is not known.
        options: what `**more` said, or what is known of the provider; None for nothing.
        usual_timeouts: limits where nobody has set any; None: Timeouts().

    Immutable. Its repr shows no key and no header values.
    """

    base_url: str
    api_key: "str | Credentials | None"
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
    think_tags: "ThinkTags"
    dialect: "DialectName"
    provider = ""
    options: "Options | None" = None
    usual_timeouts: "Timeouts | None" = None
    url: URL

    def __init__(
        self,
        base_url: "str | None" = None,
        api_key: "str | Credentials | None" = None,
        model: "str | None" = None,
        *,
        extra_headers: "Mapping[str, str] | None" = None,
        extra_body: "Mapping[str, object] | None" = None,
        stream_usage: "bool | None" = None,
        framing: "Framing | None" = None,
        timeouts: "Timeouts | float | None" = None,
        retry: "RetryPolicy | int | None" = None,
        provider_order: "list[str] | tuple[str, ...]" = (),
        allow_fallbacks: "bool | None" = None,
        session_affinity: bool = False,
        think_tags: "ThinkTags | None" = None,
        dialect: "DialectName | None" = None,
        **more: "Unpack[MoreOptions]",
    ) -> None:
        for name, value in (("base_url", base_url), ("api_key", api_key), ("model", model)):
            if isinstance(value, (bytes, bytearray)):
                raise TypeError("%s is bytes, and has to be text: %s.decode()" % (name, name))
        if not isinstance(model, (str, type(None))):
            raise TypeError("model takes a str or None, not %s" % type(model).__name__)
        # Whose it is may be known, and with that what suits it.
        known: dict[str, Any] = {}
        settle: Any = None
        if more or base_url is None or str(base_url)[:5].lower() == "https":
            try:
                settle = import_module("thinwire.core.providers.options").settle
            except ImportError:  # of a firmware that was built without
                if more or base_url is None:
                    raise
        if settle is not None:
            base_url, known, options = settle(base_url, api_key, model, dialect, more)
            set_field(self, "options", options)
            set_field(self, "provider", known["provider"])
            if options is not None:
                extra_headers, extra_body = options.merged(extra_headers, extra_body)
            if "first_token" in known:
                set_field(self, "usual_timeouts", Timeouts(first_token=known["first_token"]))
        if dialect is None:
            dialect = known.get("dialect", "openai")
        if stream_usage is None:
            stream_usage = known.get("stream_usage", True)
        if framing is None:
            framing = known.get("framing", "auto")
        if think_tags is None:
            think_tags = known.get("think_tags", False)
        if isinstance(provider_order, str):
            raise TypeError("provider_order must be a list of names, not a string")
        if framing not in ("auto", "chunked", "length"):
            text = "framing must be 'auto', 'chunked' or 'length', not %r"
            raise ValueError(text % (framing,))
        set_field(self, "framing", framing)
        if think_tags not in (False, True, "inside"):
            raise ValueError("think_tags must be True, False or 'inside', not %r" % (think_tags,))
        set_field(self, "think_tags", think_tags)
        target = dict(DIALECTS).get(dialect)
        if target is None:
            names = ", ".join([repr(one) for one, _ in DIALECTS])
            raise ValueError("dialect %r is not known: known are %s" % (dialect, names))
        set_field(self, "dialect", dialect)
        url = URL(base_url)  # type: ignore[arg-type]  # `settle` has seen to it
        if url.path.endswith(target):
            url.path = url.path[: -len(target)]
            warn("base_url ends in %s, which thinwire adds itself: leave it out" % target)
        if not url.path and dialect == "anthropic":
            url.path = "/v1"  # its own clients are told the host alone
        if not callable(api_key):
            check_key(api_key, "a str, a callable or None")
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
        check_headers(list(self.extra_headers.items()))
        # Whether it may lead there; of https to most names, and of this machine, it is known.
        host, strict = url.host, self.options is not None and self.options.allow_private is False
        doubtful = url.scheme == "http" or ":" in host or host[0].isdigit()
        doubtful = doubtful or host[:8].lower() in ("metadata", "instance")
        if strict or (doubtful and host not in ("localhost", "127.0.0.1")):
            import_module("thinwire.core.providers.addresses").check(self)

    async def credentials(self) -> "str | None":
        """The key for the next attempt, from an `api_key` that is a callable.

        Raises:
            TypeError, ValueError: what it gives is no key, or one that no header can carry.
        """
        key: Any = self.api_key()  # type: ignore[operator, misc]
        if is_awaitable(key):
            key = await key
        check_key(key, "a callable that gives a str or None")
        return key  # type: ignore[no-any-return]

    def headers(self, name: str = "", value: str = "") -> "list[tuple[str, str]]":
        """Headers that belong to this deployment: the extra ones and, where none of them has its
        name, the one in which a dialect sends the key.
        """
        pairs = list(self.extra_headers.items())
        if value and name.lower() not in [one.lower() for one, _ in pairs]:
            pairs.append((name, value))
        return pairs

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError("Deployment is immutable: make a new one instead of setting " + name)

    def __delattr__(self, name: str) -> None:
        raise AttributeError("Deployment is immutable")

    def __repr__(self) -> str:
        address = self.base_url.partition("?")[0] + ("?***" if self.url.query else "")
        key = "None" if not self.api_key else "'***'"
        return "Deployment(%r, api_key=%s, model=%r)" % (address, key, self.model)


def check_key(key: object, takes: str) -> None:
    """Refuses what is no key, or cannot be sent as one.

    Raises:
        TypeError, ValueError: see Deployment; the key is not in the message.
    """
    if key is not None and not isinstance(key, str):
        raise TypeError("api_key takes %s, not %s" % (takes, type(key).__name__))
    if key and key != key.strip():
        raise ValueError(
            "api_key begins or ends with white space, which the header Authorization cannot"
            " carry (pasted, or the line end of a file?): strip it"
        )
    check_headers([("Authorization", key or "")])

"""Secrets: which fields hold one, and in what forms it may turn up again.

A field is a header, or a part of a query; its name tells whether it holds a secret. Servers, and
what stands before them, repeat in their errors what they were sent, some of it in other forms: so
every such value that a request carries is looked for wherever something is shown or written.
Errors and logs use it (routing/recovery.py), and recordings (testing/recording/redaction.py).

Loaded with the first error.
"""

from thinwire.core._compat import const, from_base64

_SHORTEST = const(8)  # a shorter value is also a word: to take "ollama" out of a text hurts
_WORDS = "auth key token secret cookie session signature password credential litellm".split()
_NAMES = ("sig", "code")  # in the query: Azure's SAS and Functions
_DUMMIES = ("lm-studio", "sk-no-key-required", "no-key-required", "not-needed")
_PLAIN = "-._~"  # beside letters and digits, what a URL carries as it is (RFC 3986 §2.3)


def is_secret(name: str) -> bool:
    """Whether a header or a query field of this name holds a secret.

    Rate limits speak of tokens, too, but count them.
    """
    name = name.lower()
    if "ratelimit" in name.replace("-", "").replace("_", ""):
        return False
    for word in _WORDS:
        if word in name:
            return True
    return name in _NAMES


def secrets(headers: "list[tuple[str, str]]", query: str = "", key: object = None) -> "list[str]":
    """Every text that must not be shown, the longest first.

    Args:
        headers: (name, value) pairs of a request.
        query: of its target.
        key: that is in one of the headers, whatever that is called.
    """
    found: list[str] = []
    if isinstance(key, str):
        _add(found, key)
    for name, value in headers:
        if is_secret(name):
            for word in _words(value):
                _add(found, word)
    for field in query.split("&"):
        name, _, value = field.partition("=")
        if is_secret(unquoted(name)):
            _add(found, value)
            _add(found, unquoted(value))
    found.sort(key=len)
    found.reverse()
    return found


def unquoted(text: str) -> str:
    """A part of a query without its percent-encoding, as far as it is ASCII (RFC 3986 §2.1)."""
    parts = text.split("%")
    result = parts[0]
    for part in parts[1:]:
        try:
            code = int(part[:2], 16) if len(part) > 1 else 0
        except ValueError:
            code = 0
        result += chr(code) + part[2:] if 32 <= code < 127 else "%" + part
    return result


def _words(value: str) -> "list[str]":
    # What in a header's value is secret by itself: the key behind its scheme, a user's password,
    # the values of cookies.
    found = [value]
    scheme, _, rest = value.partition(" ")
    if rest and "=" not in scheme:
        found.append(rest)
    if scheme.lower() == "basic":
        found.extend(_of_basic(rest))
    for part in value.split(";"):
        found.append(part.partition("=")[2])
    return found


def _of_basic(text: str) -> "list[str]":
    # User and password, and the password alone (RFC 7617 §2).
    try:
        pair = str(from_base64(text), "utf-8")
    except ValueError:
        return []
    return [pair, pair.partition(":")[2]]


def _add(found: "list[str]", secret: str) -> None:
    # ... with the forms it may have in a URL or in JSON.
    secret = secret.strip()
    if len(secret) < _SHORTEST or secret.lower() in _DUMMIES:
        return
    for form in (secret, _quoted(secret, "%%%02X"), _quoted(secret, "%%%02x")):
        if form not in found:
            found.append(form)
    if "/" in secret:
        found.append(secret.replace("/", "\\/"))


def _quoted(text: str, form: str) -> str:
    result = ""
    for c in text:
        plain = "a" <= c <= "z" or "A" <= c <= "Z" or "0" <= c <= "9" or c in _PLAIN
        result += c if plain else "".join([form % byte for byte in c.encode()])
    return result

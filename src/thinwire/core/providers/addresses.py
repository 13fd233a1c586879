"""What a host is, by its words alone: nothing is looked up here. And the rule that a deployment's
URL is held to when it is made.

  https   to anywhere
  http    to this machine; to a private name or address without a key; elsewhere, and with a key,
          only with allow_insecure_http=True
  never   to link-local addresses and the metadata services of clouds, which give credentials to
          whoever asks, unless allow_private=True

With allow_private=False only what is public passes; public_only.py holds the addresses of names
to it.

An address may be written in many ways: what the system's resolver takes for one is read as it
would (`0177.1`, `2130706433`, `0x7f.1`: inet_aton), and an IPv6 address that stands for an IPv4
one is what that is (mapped, NAT64, 6to4). Ranges: the IANA registries of special-purpose addresses
for IPv4 and IPv6 (RFC 6890). Loaded for http, and for hosts that may be addresses; a chip forgets
the module then.
"""

from thinwire.core._compat import const, forget_module

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from thinwire.core.routing.deployment import Deployment

_PRIVATE = (".local", ".lan", ".internal", ".home.arpa")
# 169.254.169.254 and its like are link-local; these are not: of Alibaba, Oracle, Azure; of AWS
# and Google.
_METADATA_V4 = ("100.100.100.200", "192.0.0.192", "168.63.129.16")
_METADATA_V6 = ("fd00:ec2:0:0:0:0:0:254", "fd20:ce:0:0:0:0:0:254")
_METADATA_NAMES = ("metadata", "metadata.google.internal", "instance-data", "metadata.goog")
_KEY_HEADERS = ("authorization", "proxy-authorization", "api-key", "x-api-key", "cookie")


def check(deployment: "Deployment") -> None:
    """Holds the URL of a deployment to the rule above.

    Raises:
        ValueError: it does not pass; says what to write.
    """
    forget_module(__name__)  # asked once for each deployment
    url, options = deployment.url, deployment.options
    private = None if options is None else options.allow_private
    insecure = options is not None and options.allow_insecure_http
    what = kind(url.host)
    where = "base_url %s://%s: %s is not allowed: " % (url.scheme, url.authority(), url.host)
    if private is False:
        if not is_usual(url.host):
            raise ValueError(
                where + "an address is written as 192.0.2.1 or [2001:db8::1], a name without a dot"
                " at its end, where allow_private=False"
            )
        if what not in ("public", "name"):
            raise ValueError(where + "it is %s, and allow_private=False" % _WORDS[what])
    elif what in ("link-local", "metadata") and not private:
        raise ValueError(
            where + "it is %s, which gives secrets to whoever asks; allow_private=True if that is"
            " meant" % _WORDS[what]
        )
    if url.scheme == "https" or what == "loopback" or insecure:
        return
    if what in ("private", "link-local", "metadata"):
        if not _has_key(deployment):
            return
        raise ValueError(
            where + "the API key would go over the network as plain text (http): use https, leave"
            " the key out, or say allow_insecure_http=True"
        )
    raise ValueError(
        where + "http is read, and changed, by whoever stands between: use https, or say"
        " allow_insecure_http=True"
    )


_WORDS = {
    "loopback": "this machine",
    "private": "a private name or address",
    "link-local": "a link-local address",
    "metadata": "a metadata service",
    "shared": "an address shared by a provider's customers (RFC 6598)",
    "multicast": "a multicast address",
    "reserved": "a reserved address",
}


def _has_key(deployment: "Deployment") -> bool:
    options, query = deployment.options, "&" + deployment.url.query.lower()
    if deployment.api_key or getattr(options, "api_key_env", None):
        return True
    if "key=" in query or "token=" in query:  # some take it there
        return True
    return any(name.lower() in _KEY_HEADERS for name in deployment.extra_headers)


def kind(host: str) -> str:
    """What a host is: "public", "loopback", "private", "link-local", "metadata", "shared" (carrier
    grade NAT), "multicast" or "reserved"; "name": only looking it up would tell.

    Args:
        host: name or address; IPv6 without brackets.
    """
    host = host.lower()
    if ":" in host:
        groups = _ipv6(host)
        return "reserved" if groups is None else _kind_of_groups(groups)
    plain = host[:-1] if host.endswith(".") else host
    number = _ipv4(plain)
    if number is not None:
        return _kind_of_bytes(number)
    if plain == "localhost" or plain.endswith(".localhost"):  # RFC 6761 §6.3
        return "loopback"
    if plain in _METADATA_NAMES:
        return "metadata"
    if "." not in plain:
        return "private"
    for end in _PRIVATE:
        if plain.endswith(end):
            return "private"
    return "name"


def is_usual(host: str) -> bool:
    """Whether a host is written as everybody writes it, so that nobody takes it for another."""
    host = host.lower()
    if ":" in host:
        groups = _ipv6(host)
        return groups is not None and "%" not in host and not _inner(groups)
    for character in host:
        if character not in "abcdefghijklmnopqrstuvwxyz0123456789.-_":
            return False
    if host.endswith("."):
        return False
    number = _ipv4(host)
    if number is not None:
        return host == _text(number)
    # No name ends in a number: that is an address which nobody reads (WHATWG URL, host parsing).
    last = host.rpartition(".")[2]
    return not (last.isdigit() or last.startswith("0x"))


def is_public(address: "str | bytes") -> bool:
    """Whether an address, as a resolver gives it, is one of the internet's own, and does not stand
    for another.

    Args:
        address: as text, or as 4 or 16 bytes.
    """
    if isinstance(address, str):
        found = _ipv6(address) if ":" in address else _ipv4(address)
        if found is None:
            return False
    else:
        found = list(address)
        if len(found) == 16:
            found = [found[i] * 256 + found[i + 1] for i in range(0, 16, 2)]
    if len(found) == 4:
        return _kind_of_bytes(found) == "public"
    return _kind_of_groups(found) == "public" and not _inner(found)


def _ipv4(host: str) -> "list[int] | None":
    # inet_aton: one to four numbers, decimal, octal or hexadecimal; the last fills what is left.
    parts = host.split(".")
    if len(parts) > 4:
        return None
    result: list[int] = []
    for place in range(len(parts)):
        value = _number(parts[place])
        left = 4 - place if place == len(parts) - 1 else 1  # bytes it may fill
        if value is None or value >= 1 << 8 * left:
            return None
        while left:
            left -= 1
            result.append((value >> 8 * left) & 255)
    return result


def _number(text: str) -> "int | None":
    base, digits, known = 10, text, "0123456789"
    if text.startswith("0x"):
        base, digits, known = 16, text[2:] or "0", "0123456789abcdef"
    elif text.startswith("0"):
        base, known = 8, "01234567"
    if not digits or len(digits) > 32 or [one for one in digits if one not in known]:
        return None
    return int(digits, base)


def _ipv6(text: str) -> "list[int] | None":
    # The 8 groups, without the zone (RFC 4291 §2.2, RFC 4007 §11).
    text = text.partition("%")[0].lower()
    head, _, last = text.rpartition(":")
    if "." in last:
        four = _ipv4(last)
        if four is None:
            return None
        text = "%s:%x:%x" % (head, four[0] * 256 + four[1], four[2] * 256 + four[3])
    left, gap, right = text.partition("::")
    try:
        before = [int(group, 16) for group in left.split(":")] if left else []
        after = [int(group, 16) for group in right.split(":")] if right else []
    except ValueError:
        return None
    missing = 8 - len(before) - len(after)
    if missing < (1 if gap else 0) or (missing and not gap):
        return None
    groups = before + [0] * missing + after
    return None if [group for group in groups if not 0 <= group < 65536] else groups


def _text(four: "list[int]") -> str:
    return ".".join([str(one) for one in four])


def _kind_of_bytes(four: "list[int]") -> str:
    a, b, c, d = four
    if a == 127 or a == b == c == d == 0:  # 0.0.0.0 leads here as well
        return "loopback"
    if a == 10 or (a == 172 and 16 <= b < 32) or (a == 192 and b == 168):
        return "private"
    if a == 169 and b == 254:
        return "link-local"
    if _text(four) in _METADATA_V4:
        return "metadata"
    if a == 100 and 64 <= b < 128:
        return "shared"
    if 224 <= a < 240:
        return "multicast"
    if a == 0 or a >= 240:
        return "reserved"
    # Protocol assignments, documentation, the 6to4 relay, benchmarks.
    if (a == 192 and b == 0 and c in (0, 2)) or (a == 192 and b == 88 and c == 99):
        return "reserved"
    if (a == 198 and b in (18, 19)) or (a == 198 and b == 51 and c == 100):
        return "reserved"
    return "reserved" if (a == 203 and b == 0 and c == 113) else "public"


def _kind_of_groups(groups: "list[int]") -> str:
    inner, first = _inner(groups), groups[0]
    if inner:
        return _kind_of_bytes(inner)
    if not any(groups[:7]) and groups[7] < 2:  # ::1, and :: as 0.0.0.0
        return "loopback"
    if ":".join(["%x" % group for group in groups]) in _METADATA_V6:
        return "metadata"
    if first >> 6 in (0x3FB, 0x3FA):  # fe80::/10; and fec0::/10, which was site-local
        return "private" if first >= 0xFEC0 else "link-local"
    if first >> 9 == 0x7E:
        return "private"
    if first >> 8 == 0xFF:
        return "multicast"
    # Only 2000::/3 is given out; of it not Teredo and other protocols, nor documentation.
    if first >> 13 != 1 or (first == 0x2001 and (groups[1] < 0x200 or groups[1] == 0xDB8)):
        return "reserved"
    return "reserved" if first == 0x3FFF and groups[1] < 0x1000 else "public"


def _inner(groups: "list[int]") -> "list[int]":
    # The IPv4 address that an IPv6 one stands for, [] where it does not.
    first, second, at = groups[0], groups[1], 6
    if not any(groups[:4]):
        # ::ffff:a.b.c.d (mapped), ::ffff:0:a.b.c.d (RFC 2765), ::a.b.c.d (RFC 4291 §2.5.5.1)
        known = (groups[4], groups[5]) in ((0, 0xFFFF), (0xFFFF, 0), (0, 0))
        if not known or not any(groups[4:7]):
            return []
    elif first == 0x64 and second == 0xFF9B:
        pass  # NAT64 (RFC 6052, RFC 8215)
    elif first == 0x2002:
        at = 1  # 6to4 (RFC 3056)
    elif not (groups[4] & 0xFDFF == 0 and groups[5] == 0x5EFE):  # ISATAP (RFC 5214)
        return []
    high, low = groups[at], groups[at + 1]
    return [high >> 8, high & 255, low >> 8, low & 255]

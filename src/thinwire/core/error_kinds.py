"""What kind of error it is, in one word, and what each kind leads to.

The status says half of it; the other half, which is in codes and words, is in
wire/error_words.py.

docs/routing.md shows what follows as a table, generated from the tuples here.

  RETRY_ON           the same deployment once more, after a wait (routing/policy.py)
  FALLBACK_ON        the next deployment of the chain; a caller may ask for more kinds
  FALLBACK_OPTIONAL  those: mistakes that another deployment may not share
  COOLDOWN_ON        repeated, the deployment is left alone for a while (routing/health.py)

Errors of kind "context_length" and "content_filter" go to lists of their own (routing/router.py).
"""

from thinwire.core._compat import const

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from typing import Literal

    Kind = Literal[
        "connect",
        "write",
        "read",
        "timeout",
        "stream",
        "tool_calls",
        "rate_limit",
        "overloaded",
        "server",
        "conflict",
        "too_early",
        "certificate",
        "auth",
        "quota",
        "not_found",
        "model_not_found",
        "too_large",
        "bad_request",
        "redirect",
        "context_length",
        "content_filter",
    ]
    # Those, and what no server is asked again for.
    ErrorKind = Kind | Literal["error", "encode", "interrupted"]

# Below HTTP: each may go better the next time.
_EXCHANGE: "tuple[Kind, ...]" = ("connect", "write", "read", "timeout", "stream")
_BUSY: "tuple[Kind, ...]" = ("rate_limit", "overloaded", "server")
# 409 and 425 (RFC 8470) speak of this moment, not of the deployment.
_MOMENT: "tuple[Kind, ...]" = ("conflict", "too_early")

RETRY_ON = _EXCHANGE + _BUSY + _MOMENT
# The answer was whole, and is paid for: another model may do better, the same hardly.
FALLBACK_ON: "tuple[Kind, ...]" = RETRY_ON + ("certificate", "tool_calls")
COOLDOWN_ON = _EXCHANGE + _BUSY
FALLBACK_OPTIONAL: "tuple[Kind, ...]" = (
    "auth",
    "quota",
    "not_found",
    "model_not_found",
    "too_large",
    "bad_request",
    "redirect",
    "context_length",
    "content_filter",
)

_STATUSES: "tuple[tuple[int, Kind], ...]" = (
    (401, "auth"),
    (402, "quota"),
    (403, "auth"),
    (404, "not_found"),
    (408, "timeout"),
    (409, "conflict"),
    (413, "too_large"),
    (425, "too_early"),
    (429, "rate_limit"),
    (529, "overloaded"),
)


def kind_of_status(status: int) -> "Kind":
    """What an HTTP status says alone; "bad_request" and "server" for any other."""
    for known, kind in _STATUSES:
        if status == known:
            return kind
    if 300 <= status < 400:
        return "redirect"
    return "bad_request" if 400 <= status < 500 else "server"

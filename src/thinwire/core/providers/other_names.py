"""What a section of a configuration comes to, whatever words it is written in: Deployment's, those
of HTTP libraries (one limit for each wait, tries after the first), or of the application NEXUS3.
"""

from thinwire.core._compat import const
from thinwire.core.providers.schema import below

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from thinwire.core.providers.config_file import Document
    from thinwire.core.providers.schema import Walk

# Names that mean the same: NEXUS3's, and three for a model's id.
_OTHER_NAMES = (
    ("auth_method", "auth"),
    ("verify_ssl", "verify"),
    ("ssl_ca_cert", "add_ca"),
    ("id", "model"),
    ("model_id", "model"),
)
_WAITS = ("connect", "first_token", "progress", "liveness", "upload")


def plain(section: "Document", path: str, walk: "Walk") -> "Document":
    """A provider's or a model's section in the words of Deployment; limits and retries as objects.

    Args:
        path: of the section.
        walk: is told what is said twice.
    """
    found = {name: value for name, value in section.items() if value is not None}
    for other, name in _OTHER_NAMES:
        if other in found:
            if name in found:
                walk.add(below(path, other), "says the same as %s: keep one" % name)
            found[name] = found.pop(other)
    if "api_key" in found and "api_key_env" in found:
        walk.add(path, "has api_key and api_key_env: keep one")
    found.pop("context_window", None)
    found.pop("guidance", None)
    wait, tries = found.pop("request_timeout", None), found.pop("max_retries", None)
    growth = found.pop("retry_backoff", None)
    for name, number in (("timeouts", "total"), ("retry", "attempts")):
        if name in found:
            found[name] = numbered(found[name], number)
    if wait is not None:
        found["timeouts"] = merged(waits(wait), found.get("timeouts", {}))
    if tries is not None or growth is not None:
        found["retry"] = merged(tried(tries, growth), found.get("retry", {}))
    if isinstance(found.get("reasoning"), bool) and found.pop("reasoning"):
        found["params"] = merged({"reasoning_effort": "high"}, found.get("params", {}))
    return found


def waits(seconds: float) -> "Document":
    """Timeouts of who thinks of one limit for each single wait, as HTTP libraries do."""
    return dict.fromkeys(_WAITS, seconds)


def tried(again: "int | None", growth: "float | None" = None) -> "Document":
    """A RetryPolicy of who counts how often it is tried again.

    Args:
        growth: NEXUS3's growth of a wait that begins at one second and has one of chance in it.
    """
    found: Document = {} if again is None else {"attempts": again + 1}
    if growth is not None:
        found.update({"base": 2, "cap": 10, "multiplier": growth, "jitter": "equal"})
    return found


def numbered(value: object, name: str) -> "Document":
    """An object's fields, or a number, which stands for the field `name`."""
    if isinstance(value, dict):
        return value
    return {} if value is None else {name: value}


def merged(base: "Document", over: "Document") -> "Document":
    """`base` with what `over` says: objects field by field, anything else in its place."""
    found = dict(base)
    for name, value in over.items():
        before = found.get(name)
        if isinstance(before, dict) and isinstance(value, dict):
            value = merged(before, value)
        found[name] = value
    return found

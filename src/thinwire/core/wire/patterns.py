"""Patterns of names, as those of models: `*` stands for any text. A chip has no fnmatch."""

from thinwire.core._compat import const

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from collections.abc import Iterable


def matches(model: str, patterns: "Iterable[str]") -> bool:
    """Whether the first of `patterns` that fits says so: "gpt-5*" does, "!gpt-5-chat*" says no.

    Compared with the whole id and, since some servers put its maker before it ("openai/"), with
    what is behind the last "/"; without regard to case.

    Args:
        model: a model's id.
    """
    whole = model.lower()
    last = whole.rpartition("/")[2]
    for pattern in patterns:
        wanted = pattern.lstrip("!").lower()
        if _fits(whole, wanted) or _fits(last, wanted):
            return not pattern.startswith("!")
    return False


def _fits(name: str, pattern: str) -> bool:
    pieces = pattern.split("*")
    if len(pieces) == 1:
        return name == pattern
    if not name.startswith(pieces[0]):
        return False
    at = len(pieces[0])
    for piece in pieces[1:-1]:
        found = name.find(piece, at)
        if found < 0:
            return False
        at = found + len(piece)
    return name[at:].endswith(pieces[-1])

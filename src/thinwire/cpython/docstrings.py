"""What a docstring says of a function and of its parameters, in the three styles there are:

Google   Args:                NumPy   Parameters            Sphinx   :param city: where
             city: where              ----------                     :param int days: how many
             days (int): how          city : str
                 many                     where
"""

import re

_GOOGLE = re.compile(r"^(Args|Arguments|Parameters|Params|Keyword Args|Keyword Arguments):\s*$")
_SECTION = re.compile(r"^[A-Z][A-Za-z ]*:\s*$")
_ITEM = re.compile(r"^\*{0,2}(\w+)\s*(?:\([^)]*\))?\s*:\s*(.*)$")
_NUMPY_ITEM = re.compile(r"^\*{0,2}(\w+(?:\s*,\s*\w+)*)\s*(?::.*)?$")
_SPHINX = re.compile(r"^:(?:param|parameter|arg|argument)\s+(?:[^:]*\s)?\*{0,2}(\w+)\s*:\s*(.*)$")
_FIELD = re.compile(r"^:\w+[^:]*:")


def parted(doc: str) -> tuple[str, dict[str, str]]:
    """What a docstring says before its sections; and of each parameter.

    Args:
        doc: as inspect.getdoc gives it, "" for none.
    """
    lines = doc.splitlines()
    first = len(lines)
    found: dict[str, str] = {}
    at = 0
    while at < len(lines):
        line = lines[at]
        below = lines[at + 1].strip() if at + 1 < len(lines) else ""
        if below and set(below) == {"-"} and line.strip():
            first = min(first, at)
            at = _numpy(lines, at + 2, found if _is_parameters(line) else {})
        elif _GOOGLE.match(line):
            first = min(first, at)
            at = _google(lines, at + 1, found)
        elif _SPHINX.match(line):
            first = min(first, at)
            at = _sphinx(lines, at, found)
        else:
            if _SECTION.match(line) or _FIELD.match(line):
                first = min(first, at)
            at += 1
    return "\n".join(lines[:first]).strip(), found


def _is_parameters(line: str) -> bool:
    return line.strip() in ("Parameters", "Other Parameters", "Arguments", "Args")


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _google(lines: list[str], at: int, found: dict[str, str]) -> int:
    # Items stand deeper than the heading; what stands deeper than an item goes on with it.
    depth = 0
    name = ""
    while at < len(lines) and (not lines[at].strip() or _indent(lines[at])):
        line = lines[at]
        at += 1
        if not line.strip():
            continue
        depth = depth or _indent(line)
        item = _ITEM.match(line.strip()) if _indent(line) <= depth else None
        if item:
            name = item[1]
            found[name] = item[2]
        elif name:
            found[name] = f"{found[name]} {line.strip()}".strip()
    return at


def _numpy(lines: list[str], at: int, found: dict[str, str]) -> int:
    names: list[str] = []
    while at < len(lines):
        line = lines[at]
        below = lines[at + 1].strip() if at + 1 < len(lines) else ""
        if line.strip() and not _indent(line):
            if below and set(below) == {"-"}:
                break
            item = _NUMPY_ITEM.match(line.strip())
            names = [name.strip() for name in item[1].split(",")] if item else []
            found.update(dict.fromkeys(names, ""))
        elif line.strip():
            for name in names:
                found[name] = f"{found[name]} {line.strip()}".strip()
        at += 1
    return at


def _sphinx(lines: list[str], at: int, found: dict[str, str]) -> int:
    item = _SPHINX.match(lines[at])
    if item is None:
        return at + 1
    name, found[item[1]] = item[1], item[2]
    at += 1
    while at < len(lines) and lines[at].strip() and _indent(lines[at]):
        found[name] = f"{found[name]} {lines[at].strip()}".strip()
        at += 1
    return at

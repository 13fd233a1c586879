"""Writes the tables of errors into docs/devices.md, from thinwire_device/errnos.py.

The file is read, not imported: it is MicroPython's.
"""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "devices.md"
ERRNOS = ROOT / "port_micropython/thinwire_device/errnos.py"
BEGIN = "<!-- errors: written by tools/device_errors.py -->"
END = "<!-- errors: end -->"

# The tables of numbers, and whose they are.
_NUMBERS = {
    "_COMMON": "all boards",
    "_LINUX_AND_RP2": "RP2",
    "_ESP32": "ESP32",
    "_TLS": "TLS handshake",
    "_TLS_TRAFFIC": "TLS, later",
    "_LOOKUP": "name lookup",
}
_CERTIFICATE = "_CERTIFICATE"


def constants(source: str) -> dict[str, object]:
    """The module's constants that are plain values, by name."""
    found = {}
    for node in ast.parse(source).body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            try:
                found[node.targets[0].id] = ast.literal_eval(node.value)
            except ValueError:
                continue  # computed, so no table
    return found


def rows(values: dict[str, object]) -> Iterator[str]:
    """The lines of the table. Raises KeyError if a table of errnos.py is gone."""
    yield "| where | error | what it means, and what to do |"
    yield "|---|---|---|"
    for name, where in _NUMBERS.items():
        for line in str(values[name]).strip().splitlines():
            number, _, words = line.partition(" ")
            yield f"| {where} | {number} | {words} |"
    certificate = values[_CERTIFICATE]
    assert isinstance(certificate, tuple)
    for part, remedy in certificate:
        yield f"| certificate | “{part}” | {remedy} |"


def replaced(text: str, content: str) -> str:
    """`text` with `content` between the markers; ValueError where they are missing."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError("docs/devices.md has lost its markers")
    return f"{before}{BEGIN}\n{content}\n{END}{after}"


def page() -> str:
    """docs/devices.md as it should be."""
    content = "\n".join(rows(constants(ERRNOS.read_text("utf-8"))))
    return replaced(PAGE.read_text("utf-8"), content)


def main() -> int:
    """Write the page."""
    PAGE.write_text(page(), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""The Python examples of README.md and docs/."""

import re
from dataclasses import dataclass

from support.interpreters import ROOT


@dataclass(frozen=True)
class Example:
    """A block of Python in a page.

    Attributes:
        name: the page and the block's number in it, as a file name.
        text: the block.
    """

    name: str
    text: str


def examples() -> list[Example]:
    """All of them, in the order in which a reader meets them."""
    found = []
    docs = ROOT / "docs"
    pages = (*sorted(docs.glob("*.md")), *sorted(docs.glob("migrating/*.md")))
    for page in (ROOT / "README.md", *pages):
        blocks = re.findall(r"^```python\n(.*?)^```", page.read_text("utf-8"), re.M | re.S)
        for number, text in enumerate(blocks, 1):
            room = "" if page.parent in (ROOT, docs) else f"{page.parent.name}_"
            found.append(Example(f"{room}{page.stem.lower()}_{number}", text))
    return found

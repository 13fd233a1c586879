"""What goes into every firmware: a change of it means another build."""

from collections.abc import Iterator
from pathlib import Path

from size import every_file

from firmware import ROOT


def frozen_files() -> Iterator[Path]:
    """The files that manifest.py freezes, with all of its options, and manifest.py."""
    yield ROOT / "manifest.py"
    yield ROOT / "tools/bundles.py"
    yield ROOT / "tools/name_scopes.py"
    for source, _ in every_file():
        yield source

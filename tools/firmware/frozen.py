"""What goes into every firmware: a change of it means another build."""

from collections.abc import Iterator
from pathlib import Path

from size import device_files

from firmware import ROOT


def frozen_files() -> Iterator[Path]:
    """The files that manifest.py freezes, and manifest.py."""
    yield ROOT / "manifest.py"
    for source, _ in device_files():
        yield source

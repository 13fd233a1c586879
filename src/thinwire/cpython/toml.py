"""TOML, for configurations."""

import tomllib
from typing import Any


def document(data: bytes) -> dict[str, Any]:
    """What a TOML file holds.

    Raises:
        ValueError: it is no TOML, or not in UTF-8.
    """
    return tomllib.loads(data.decode())

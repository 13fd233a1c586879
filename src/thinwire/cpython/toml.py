"""TOML, for configurations."""

import tomllib
from typing import Any


def document(data: bytes) -> dict[str, Any]:
    """What a TOML file holds.

    Raises:
        ValueError: it is no TOML, not in UTF-8, or nested too deeply.
    """
    try:
        return tomllib.loads(data.decode())
    except RecursionError:
        pass
    raise ValueError("it is nested too deeply")

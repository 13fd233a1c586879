"""Memory on a chip, measured on MicroPython built like a chip's; `make bench-device`.

The result is written into docs/memory.md, beside the budgets that the project has set itself.
"""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = Path(__file__).with_name("chip")
PAGE = ROOT / "docs" / "memory.md"
KB = 1024

"""Firmware with thinwire frozen in: for a board of the user's, for the emulated one, for a bench.

`python -m firmware` with this folder's parent on the path; see `__main__` for the commands. What
a build needs and the machine lacks comes from Debian's archive into .tools, without root.
"""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TOOLS = ROOT / ".tools"
BOARDS = ROOT / "port_micropython" / "boards"

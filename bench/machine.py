"""What a run says of where and when it was made; never a name of the machine or a path of it."""

import datetime
import os
import platform
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench.legs import Leg, versions


def about(legs: Sequence[Leg], pinned: bool) -> dict[str, Any]:
    """As JSON has it."""
    return {
        "date": str(datetime.date.today()),
        "cpu": _cpu(),
        "cores": len(os.sched_getaffinity(0)),
        "pinned": pinned,
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "load": load(),
        "versions": {leg.environment.name: versions(leg) for leg in legs},
    }


def load() -> float:
    """How many programs wanted to run in the last minute, on average."""
    return round(os.getloadavg()[0], 1)


def _cpu() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return "unknown"

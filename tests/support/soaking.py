"""A server with random faults, and many turns against it on one client."""

import json
import os
from pathlib import Path
from typing import Any

from support.faults import FAULTS
from support.legs import Leg
from support.places import places
from support.scripts import run_script

from thinwire.testing import MockReply, MockServer, RecordedRequest, text_reply

LIMIT_S = 900
SEED = int(os.environ.get("THINWIRE_SOAK_SEED", "1"))
_HEALTHY = "All is well, naturally."
_RESCUE = "from the backup"
_SHARE = 10  # each fault that takes a clock to find out is this much rarer

QUICK = [
    fault
    for fault in FAULTS
    if not (fault.place or fault.wait_ms or fault.slow) and fault.server == "plain"
]
SLOW = [fault for fault in FAULTS if fault.slow and fault.server == "plain" and not fault.place]
_SCRIPTS = [fault.script for fault in QUICK] * _SHARE + [fault.script for fault in SLOW]


def turns(count: int) -> int:
    """`count`, times the environment's THINWIRE_SOAK."""
    return count * int(os.environ.get("THINWIRE_SOAK", "1"))


def soak(leg: Leg, folder: Path, count: int, workers: int = 1) -> dict[str, Any]:
    """Runs so many turns; returns what tests/wire/run_soak.py prints."""
    with MockServer(keep_bodies=False) as server, places() as nobody:
        server.reply("m", _faulty)
        server.reply("backup", text_reply(_RESCUE))
        job = {
            "url": server.base_url,
            "dead": "http://{}:{}/v1".format(*nobody["refused"]),
            "faults": 2 * len(_SCRIPTS),  # half of the turns are good ones
            "slow": [len(_SCRIPTS) - len(SLOW), len(_SCRIPTS) - 1],
            "seed": SEED,
            "turns": count,
            "workers": workers,
            "texts": [_HEALTHY, _RESCUE],
        }
        return _run(leg, folder, job)


def _run(leg: Leg, folder: Path, job: dict[str, Any]) -> dict[str, Any]:
    file = folder / "soak.json"
    file.write_text(json.dumps({"blocking": leg.blocking, "job": job}))
    printed = folder / "soak.txt"
    results, output = run_script(
        leg.command, "run_soak.py", str(file), printed=printed, limit_s=LIMIT_S
    )
    assert output == ""
    assert len(results) == 1
    return results[0]


def _faulty(request: RecordedRequest) -> MockReply:
    number = int(request.header("x-fault") or 0)
    script = _SCRIPTS[number] if number < len(_SCRIPTS) else text_reply(_HEALTHY)
    return script if isinstance(script, MockReply) else script(request)

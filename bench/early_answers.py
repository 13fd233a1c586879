"""How many answers are lost that come right behind the head of a request, from a server that
closes with the body unread (docs/wire.md C108): calls of three sizes, plain and with TLS, each on
a connection of its own, on every transport and runtime.

    PYTHONPATH=tools:tests:. .venv/bin/python -m bench.early_answers [CALLS]
"""

import asyncio
import sys
import tempfile
from pathlib import Path

from support.certificates import authority
from support.device_calls import call
from support.interpreters import interpreters
from support.rude import SAID, rude_server
from wire import early

SIZES = (100, 60_000, 3_000_000)


def main(calls: int) -> None:
    """Prints a line for each."""
    trusted = authority()
    for context, ca in ((None, ""), (trusted.server("127.0.0.1"), trusted.der.hex())):
        with rude_server(context) as url:
            for interpreter in (None, *interpreters()):
                for blocking in (False, True):
                    for size in SIZES:
                        seen = _seen(interpreter, url, ca, size, calls, blocking)
                        lost = calls - seen.pop(SAID, 0)
                        where = "httpx" if interpreter is None else interpreter.version
                        kind = "blocking" if blocking else "asyncio"
                        print(url[:5], where, kind, size, f"{lost} of {calls} lost", seen or "")


def _seen(interpreter, url, ca, size, calls, blocking):  # type: ignore[no-untyped-def]
    arguments = (url, ca, size, calls, blocking)
    if interpreter is not None:
        with tempfile.TemporaryDirectory() as folder:
            return call(interpreter, Path(folder), "early.py", "refused", *arguments)
    seen = early.refused(*arguments)
    return asyncio.run(seen) if asyncio.iscoroutine(seen) else seen


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 500)

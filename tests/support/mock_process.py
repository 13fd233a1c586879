"""A mock server in a process of its own, whose memory is not the tested one's."""

import contextlib
import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from typing import Any

_SERVE = """
import sys
from thinwire.testing import MockServer
with MockServer(keep_bodies=False) as server:
    print(server.base_url, flush=True)
    sys.stdin.read()
"""


@contextlib.contextmanager
def mock_process() -> Iterator[str]:
    """Base URL of the server; it ends with the block, or with this process."""
    with subprocess.Popen(
        [sys.executable, "-c", _SERVE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        yield process.stdout.readline().strip()
        process.stdin.close()


def requests_of(base_url: str) -> list[dict[str, Any]]:
    """What the server tells of its requests (RecordedRequest.summary)."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(f"{base_url}/_mock/requests", timeout=10) as answer:
        found: list[dict[str, Any]] = json.load(answer)["requests"]
    return found

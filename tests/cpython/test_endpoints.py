"""Endpoints that are no chats, over real sockets, on every transport of both runtimes."""

import json
from pathlib import Path
from typing import Any

import pytest
from support.endpoint_server import endpoint_server
from support.legs import Leg, legs, run_jobs

LARGE = 8 * 2**20  # more than MicroPython's heap here
MOST = LARGE // 2  # bytes, what is imported meanwhile included; 64 MB take no more


@pytest.fixture(scope="module")
def base_url() -> Any:
    with endpoint_server() as url:
        yield url


@pytest.mark.parametrize("leg", legs(), ids=lambda leg: leg.name)
def test_endpoints(leg: Leg, base_url: str, tmp_path: Path) -> None:
    recording = tmp_path / "talk.wav"
    recording.write_bytes(b"hello from a file")
    wanted: dict[str, tuple[list[object], object]] = {
        "post": (
            [],
            [
                [200, "application/json"],
                "POST",
                "/v1/echo?a=1",
                True,
                json.dumps({"q": "x" * 100, "model": "id-1"}, separators=(",", ":")),
            ],
        ),
        "get": ([], ["GET", "/other/echo", [], 0, "/v1/echo"]),
        "busy": ([], [503, 200]),
        "forbidden": ([], [401, "auth", False, True]),
        "stream": ([], ": wait\n\ndata: 1\n\ndata: [DONE]\n\n"),
        "nothing": ([], [204, ""]),
        "embeddings": ([], [[[1.0, 2.0]] * 3, {"total_tokens": 3}]),
        "transcribe_file": ([str(recording)], ["heard", True, True]),
        "speak_cut": ([], [100_000]),
        "left": ([], [True, "/other/echo"]),
    }
    sizes = {"transcribe": [LARGE // 4096], "speak": [LARGE]}
    jobs: list[dict[str, Any]] = [
        {"name": name, "base_url": base_url, "arguments": given}
        for name, given in [(name, given) for name, (given, _) in wanted.items()]
        + list(sizes.items())
    ]
    results, output = run_jobs(leg, "endpoints.py", jobs, tmp_path)
    found = {one["name"]: one["result"] for one in results}
    for name, (_, result) in wanted.items():
        assert found.get(name) == result, (name, output)
    text, around, framing, peak = found["transcribe"]
    assert (text, framing) == ("heard", ["transfer-encoding"])
    assert 200 < around < 600  # the form around the recording
    assert peak < MOST
    whole, same, peak = found["speak"]
    assert whole
    assert same
    assert peak < MOST

"""Endpoints that are no chats, over real sockets, on every transport of both runtimes."""

import email
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from support.endpoint_server import endpoint_server
from support.examples import Example, examples
from support.interpreters import interpreters
from support.legs import Leg, device_legs, legs, run_jobs

from thinwire import Client, Deployment

EXAMPLES = [example for example in examples() if example.name.startswith("endpoints_")]
LARGE = 8 * 2**20
HEAP = "800k"  # of MicroPython, which has all of thinwire compiled in it as well
MOST = LARGE // 2  # bytes, what is imported meanwhile included; 64 MB take no more
LEGS = [leg for leg in legs() if leg.name.startswith(("httpx", "sockets"))]
LEGS += [leg for found in interpreters() for leg in device_legs(found, HEAP)]


@pytest.fixture(scope="module")
def base_url() -> Any:
    with endpoint_server() as url:
        yield url


@pytest.mark.parametrize("leg", LEGS, ids=lambda leg: leg.name)
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
        "closed": ([], [1, True]),
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


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_examples_of_the_page(example: Example, base_url: str, tmp_path: Path) -> None:
    program = tmp_path / "example.py"
    program.write_text(example.text.replace("https://api.openai.com/v1", base_url), "utf-8")
    command = [sys.executable, "-W", "error", str(program)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stdout


def test_the_page_has_its_examples() -> None:
    assert len(EXAMPLES) == 3


def test_a_form_is_what_another_parser_takes(base_url: str) -> None:
    with Client("m", Deployment(base_url, model="whisper-1")) as client:
        found = client.transcribe(b"SOUND", filename="gr\u00fc\u00df.mp3", prompt="a\r\n--b")
    seen = found.document["seen"]
    head = "Content-Type: " + seen["type"] + "\r\n\r\n"
    message = email.message_from_bytes(head.encode() + seen["start"].encode("latin-1"))
    parts: list[Any] = message.get_payload()  # type: ignore[assignment]
    values = {
        str(part.get_param("name", header="content-disposition")): part.get_payload(decode=True)
        for part in parts
    }
    assert values == {"prompt": b"a\r\n--b", "model": b"whisper-1", "file": b"SOUND"}
    assert parts[-1].get_content_type() == "audio/mpeg"

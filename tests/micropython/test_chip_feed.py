"""examples/chip_feed.py: thinwire beside `requests`, and without it."""

import contextlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from support.interpreters import ROOT, Interpreter, run_micropython

from thinwire.testing import MockServer, text_reply

EXAMPLE = ROOT / "examples/chip_feed.py"
NEWS = "Grüße, nothing new today.\n" * 2000


class _News(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/news" else 404)
        self.end_headers()
        self.wfile.write(NEWS.encode())

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def site() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), _News) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


@contextlib.contextmanager
def asked() -> Iterator[MockServer]:
    with MockServer() as server:
        server.reply("m", text_reply("Nothing."))
        yield server


def run(micropython: Interpreter, folder: Path, feed: str, **env: str) -> tuple[str, list[Any]]:
    """What the example prints, and what the model was told."""
    with asked() as server:
        settings = {"base_url": server.base_url, "model": "m", "feed": feed}
        (folder / "settings.json").write_text(json.dumps(settings))
        starter = folder / "start.py"
        starter.write_text(f"import os\nos.chdir({str(folder)!r})\n{EXAMPLE.read_text('utf-8')}")
        done = run_micropython(micropython, starter, heapsize="400k", env=env)
        assert done.returncode == 0, done.stdout
        return done.stdout, [request.json()["messages"] for request in server.requests]


def test_a_page_goes_through_the_flash(
    micropython: Interpreter, site: str, tmp_path: Path
) -> None:
    said, told = run(micropython, tmp_path, f"{site}/news")
    if "no requests on this board" in said:
        pytest.skip("this MicroPython comes without requests")
    assert said == "Nothing.\n"
    assert told[0][1] == {"role": "user", "content": NEWS}


def test_a_page_that_is_not_there(micropython: Interpreter, site: str, tmp_path: Path) -> None:
    said, told = run(micropython, tmp_path, f"{site}/old")
    assert said == f"failed: status 404 from {site}/old\n"
    assert told == []


def test_a_board_without_requests(micropython: Interpreter, tmp_path: Path) -> None:
    (tmp_path / "requests.py").write_text("raise ImportError('no module')\n")
    said, told = run(micropython, tmp_path, "http://127.0.0.1:1/")
    assert said == "failed: no requests on this board: mpremote mip install requests\n"
    assert told == []

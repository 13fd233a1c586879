"""main.py and boot.py of the boards, with stubs for what only boards have, against a server."""

import base64
import contextlib
import json
import os
import re
import shutil
import socket
import struct
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from support.device_syntax import complaints
from support.interpreters import ROOT, SEARCH_PATH, Interpreter, run_micropython
from support.order import held

from thinwire.testing import (
    DONE,
    MockCompletion,
    MockServer,
    Send,
    Stall,
    cut_reply,
    sound_of,
    sse_event,
    status_reply,
    text_of_sound,
    text_reply,
    tool_reply,
)

# What differs between two versions of MicroPython, the tests of core and of the port would see.
pytestmark = pytest.mark.newest

BOARDS = ROOT / "port_micropython/boards"
STUBS = Path(__file__).with_name("board_stubs")
NAMES = ("esp32", "rp2")
FILES = [
    *sorted(path for name in ("thinwire_board", *NAMES) for path in BOARDS.glob(f"{name}/*.py"))
]
PICTURE = bytes(range(256)) * 40
CELSIUS = {"esp32": 27.2, "rp2": 27.6}
LIMIT_S = 300
LAST = {"index": 0, "finish_reason": "stop"}
END = (
    Send(
        sse_event(
            {"choices": [{"index": 0, "delta": {"content": " two"}, "finish_reason": "stop"}]}
        )
    ),
    Send(DONE),
)
WIFI = {"ssid": "home", "password": "secret"}

Settings = dict[str, Any]


class Board:
    """A folder that is a board's flash, and what runs on it.

    Args:
        micropython: runs it.
        name: of the board.
        flash: the folder.
        ntp: port of a time server.
    """

    def __init__(self, micropython: Interpreter, name: str, flash: Path, ntp: int) -> None:
        self._micropython = micropython
        self.name = name
        self.flash = flash
        self._ntp = {"host": "127.0.0.1", "port": ntp, "timeout_s": 5}
        shutil.copytree(BOARDS / "thinwire_board", flash / "lib/thinwire_board")
        for file in ("boot.py", "main.py"):
            shutil.copy(BOARDS / name / file, flash / file)

    def configure(self, base_url: str, **more: Any) -> None:
        settings = {"base_url": base_url, "api_key": "k", "model": "m", "wifi": WIFI}
        settings = {**settings, "ntp": self._ntp, **more}
        (self.flash / "config.json").write_text(json.dumps(settings))

    def behave(self, **how: Any) -> None:
        (self.flash / "hardware.json").write_text(json.dumps(how))

    def start(self, file: str = "main.py") -> "subprocess.Popen[bytes]":
        path = f"{self.flash}/lib:{STUBS}:{SEARCH_PATH}"
        return subprocess.Popen(
            [self._micropython.path, file],
            cwd=self.flash,
            env={**os.environ, "MICROPYPATH": path},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )

    def run(self, typed: str = "", file: str = "main.py") -> str:
        """Runs a file to its end; what it printed, lines ending with a newline only."""
        process = self.start(file)
        said = process.communicate(typed.encode(), timeout=LIMIT_S)[0].decode()
        assert process.returncode == 0, said
        return said.replace("\r", "")

    def done(self) -> list[str]:
        """What was done to the hardware."""
        return (self.flash / "hardware.log").read_text().splitlines()


@pytest.fixture(scope="module")
def ntp() -> Iterator[int]:
    """A time server: it is always 2030-01-02."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(0.2)
        stop = threading.Event()
        thread = threading.Thread(target=_tell_time, args=(server, stop))
        thread.start()
        yield server.getsockname()[1]
        stop.set()
        thread.join()


def _tell_time(server: socket.socket, stop: threading.Event) -> None:
    seconds = 1893542400 + 2208988800
    while not stop.is_set():
        with contextlib.suppress(TimeoutError):
            _, asker = server.recvfrom(48)
            head = bytes([0x1C, 2]) + bytes(38)
            server.sendto(head + struct.pack("!I", seconds) + bytes(4), asker)


@pytest.fixture(params=NAMES)
def board(
    request: pytest.FixtureRequest, micropython: Interpreter, tmp_path: Path, ntp: int
) -> Board:
    return Board(micropython, request.param, tmp_path, ntp)


@pytest.fixture
def server() -> Iterator[MockServer]:
    with MockServer() as running:
        yield running
        assert running.errors == []


def said_to(server: MockServer) -> list[list[dict[str, Any]]]:
    return [request.json()["messages"] for request in server.requests]


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_the_files_hold_nothing_micropython_lacks(path: Path) -> None:
    assert complaints(path.read_text("utf-8"), asserts=True) == []


@pytest.mark.parametrize("name", NAMES)
def test_the_settings_to_start_from_are_complete(name: str) -> None:
    settings = json.loads((BOARDS / name / "config.json").read_text())
    assert set(settings) == {"wifi", "base_url", "api_key", "model", "run"}


def test_boot_does_little(board: Board) -> None:
    assert board.run(file="boot.py") == ""
    assert board.done() == [{"esp32": "osdebug None", "rp2": "pin LED 0"}[board.name]]


def test_a_chat(board: Board, server: MockServer) -> None:
    server.reply("m", text_reply("Grüße"), text_reply("Again"))
    board.configure(server.base_url, system="Be brief.")
    said = board.run("hé\x7f\x7fello\r\nmore\n")
    assert said.startswith("Wi-Fi: 192.0.2.7\nclock: (2030, 1, 2, ")
    assert re.findall(r"Grüße$|Again$", said, re.MULTILINE) == ["Grüße", "Again"]
    first = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "ello"}]
    answer = {"role": "assistant", "content": "Grüße"}
    more = {"role": "user", "content": "more"}
    assert said_to(server) == [first, [*first, answer, more]]
    assert server.requests[0].header("authorization") == "Bearer k"
    assert {"wifi connect home secret", "clock 2030 1 2"} <= set(board.done())


def test_a_chat_goes_on_after_a_reset_and_begins_anew_on_request(
    board: Board, server: MockServer
) -> None:
    board.configure(server.base_url)
    board.run("one\n")
    board.run("two\n/new\nthree\n")
    contents = [[message["content"] for message in said] for said in said_to(server)]
    assert contents == [["one"], ["one", "one", "two"], ["three"]]


def test_a_chat_survives_a_server_that_fails(board: Board, server: MockServer) -> None:
    server.reply("m", status_reply(401, message="bad key"), text_reply("Better"))
    board.configure(server.base_url)
    said = board.run("one\ntwo\n")
    assert "failed: status 401: bad key\n" in said
    assert "Better\n" in said


def test_a_network_that_comes_late(board: Board, server: MockServer) -> None:
    board.behave(joins=[-3, -2, 5])
    board.configure(server.base_url, wifi={**WIFI, "join_s": 0.2, "check_s": 0.02})
    said = board.run("hi\n").splitlines()
    assert said[:4] == [
        "no Wi-Fi 'home' after 0.2 s: the password is wrong",
        "no Wi-Fi 'home' after 0.2 s: no network of this name in reach (2.4 GHz only)",
        "no Wi-Fi 'home' after 0.2 s: status 5",
        "Wi-Fi: 192.0.2.7",
    ]
    assert len(server.requests) == 1


def test_a_network_that_goes_is_joined_again(board: Board, server: MockServer) -> None:
    board.behave(lost_after=3)

    def joined_again() -> bool:
        return board.done().count("wifi connect home secret") == 2

    # The answer comes to its end when the network is back.
    server.reply("m", MockCompletion([{"content": "one"}], ending=held(joined_again, *END)))
    country = {"country": "DE", "check_s": 0.05}
    board.configure(server.base_url, wifi={**WIFI, **country})
    said = board.run("hi\n")
    assert "Wi-Fi lost, joining again\nWi-Fi: 192.0.2.7\n" in said
    assert board.done().count("wifi connect home secret") == 2
    assert board.done().index("country DE") < board.done().index("wifi connect home secret")


def test_a_clock_that_cannot_be_set_is_told(board: Board, server: MockServer) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as mute:
        mute.bind(("127.0.0.1", 0))
        ntp = {"host": "127.0.0.1", "port": mute.getsockname()[1], "timeout_s": 0.1}
        board.configure(server.base_url, ntp=ntp)
        said = board.run("hi\n")
    assert "the clock is not set, https will be refused:" in said
    assert len(server.requests) == 1  # plain http works all the same


def test_the_model_reads_the_sensor_and_switches_the_pin(board: Board, server: MockServer) -> None:
    server.reply(
        "m",
        tool_reply([("read_sensor", {})]),
        tool_reply([("set_switch", {"on": True}), ("read_sensor", {})]),
        text_reply("It was warm, the fan is on."),
    )
    board.configure(server.base_url, run="sensor", times=1)
    assert board.run().splitlines()[-1] == "It was warm, the fan is on."
    _, _, last = said_to(server)
    results = [json.loads(one["content"]) for one in last if one["role"] == "tool"]
    read = {"celsius": CELSIUS[board.name]}
    assert results == [read, {"on": True}, read]
    ids = [call["id"] for one in last for call in one.get("tool_calls", [])]
    assert [one["tool_call_id"] for one in last if one["role"] == "tool"] == ids
    assert {tool["function"]["name"] for tool in server.requests[0].json()["tools"]} == {
        "read_sensor",
        "set_switch",
    }
    assert [line for line in board.done() if line.startswith("pin ")][-1].endswith(" 1")


MISTAKES: list[tuple[str, object, str]] = [
    ("set_switch", {"on": "yes"}, "the arguments do not fit: on: boolean is expected, not string"),
    ("set_switch", {}, "the arguments do not fit: on: it is missing"),
    ("set_pin", {"on": True}, "there is no tool 'set_pin', but: "),
    ("read_sensor", '{"on"', "the arguments are no JSON object; nothing was called"),
]


@pytest.mark.parametrize(("name", "arguments", "want"), MISTAKES)
def test_a_mistake_of_the_model_is_told_to_it(
    board: Board, server: MockServer, name: str, arguments: object, want: str
) -> None:
    server.reply("m", tool_reply([(name, arguments)]), text_reply("Sorry"))
    board.configure(server.base_url, run="sensor", times=1)
    assert board.run().splitlines()[-1] == "Sorry"
    assert json.loads(said_to(server)[1][-1]["content"])["error"].startswith(want)
    assert not [line for line in board.done() if line.startswith("pin ") and line.endswith(" 1")]


def test_tools_without_end_are_ended(board: Board, server: MockServer) -> None:
    server.reply("m", *[tool_reply([("read_sensor", {})])] * 5)
    board.configure(server.base_url, run="sensor", times=1)
    assert board.run().splitlines()[-1] == "no end after 4 rounds of tools"
    assert len(server.requests) == 4


def test_the_loop_goes_on_after_a_failure(board: Board, server: MockServer) -> None:
    server.reply("m", status_reply(400, message="no"), text_reply("Fine"))
    board.configure(server.base_url, run="sensor", times=2, every_s=0)
    assert board.run().splitlines()[-2:] == ["failed: status 400: no", "Fine"]


def test_a_picture_and_a_question(board: Board, server: MockServer) -> None:
    if board.name == "rp2":
        (board.flash / "photo.jpg").write_bytes(PICTURE)
    server.reply("m", text_reply("A gradient."))
    board.configure(server.base_url, run="camera", question="What is it?")
    assert board.run().splitlines()[-1] == "A gradient."
    ((message,),) = said_to(server)
    text, image = message["content"]
    assert text == {"type": "text", "text": "What is it?"}
    head, _, data = image["image_url"]["url"].partition(",")
    assert head == "data:image/jpeg;base64"
    assert base64.b64decode(data) == PICTURE
    if board.name == "esp32":
        assert board.done()[-2:] == ["camera 3 10", "camera off"]


def test_a_picture_that_is_not_there(
    micropython: Interpreter, server: MockServer, tmp_path: Path, ntp: int
) -> None:
    board = Board(micropython, "rp2", tmp_path, ntp)
    board.configure(server.base_url, run="camera")
    said = board.run().splitlines()[-1]
    assert said == "no photo.jpg on this board: mpremote fs cp photo.jpg :"


BROKEN_SETTINGS: list[tuple[str | None, str]] = [
    (None, "no config.json on this board: mpremote fs cp config.json :"),
    ('{"model": m}', "config.json is no JSON: a comma too many, or quotes missing?"),
    ('{"model": "m"}', "config.json has no 'base_url'"),
    ('{"base_url": "http://h/v1", "model": ""}', "config.json has no 'model'"),
    (
        '{"base_url": "http://h/v1", "model": "m", "run": "x"}',
        "config.json: run is 'x', not chat, sensor, camera, button or voice",
    ),
    ("[]", "config.json is no JSON object: it begins with {"),
]


@pytest.mark.parametrize(("settings", "want"), BROKEN_SETTINGS)
def test_settings_that_cannot_be(board: Board, settings: str | None, want: str) -> None:
    if settings is not None:
        (board.flash / "config.json").write_text(settings)
    assert board.run() == want + "\n"


# What an editor on a PC makes of it; some write what a board cannot read, and then it says so.
SAVED = [
    ("\r\n", "utf-8", "Grüße"),
    ("\n", "utf-8-sig", "Grüße"),
    ("\r\n", "utf-8-sig", "Grüße"),
    ("\r", "utf-8", "Grüße"),
    ("\n", "utf-16-le", "UTF-16: save it as UTF-8"),
    ("\n", "utf-16-be", "UTF-16: save it as UTF-8"),
]
LOAD = """
import sys
from thinwire_board import settings
for path in sys.argv[1:]:
    try:
        print(settings.load(path)["goal"])
    except ValueError as error:
        print(error)
"""


def test_settings_that_were_saved_on_a_pc(micropython: Interpreter, tmp_path: Path) -> None:
    settings = {"base_url": "http://h/v1", "model": "m", "goal": "Grüße"}
    paths = []
    for number, (ends, encoding, _) in enumerate(SAVED):
        text = json.dumps(settings, indent=1, ensure_ascii=False).replace("\n", ends)
        mark = "\ufeff" if "16" in encoding else ""
        paths.append(tmp_path / f"{number}.json")
        paths[-1].write_bytes((mark + text).encode(encoding))
    script = tmp_path / "show.py"
    script.write_text(LOAD)
    env = {"MICROPYPATH": f"{BOARDS}:{STUBS}:{SEARCH_PATH}"}
    said = run_micropython(micropython, script, *paths, env=env).stdout.splitlines()
    assert [one.rpartition(" is ")[2] for one in said] == [want for _, _, want in SAVED]


@contextlib.contextmanager
def button(board: Board, server: MockServer, **more: Any) -> Iterator[Callable[[str], bytes]]:
    """The button's program; gives what asks it: a request's first line -> the whole response."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    board.configure(server.base_url, run="button", host="127.0.0.1", port=port, **more)
    process = board.start()
    try:
        _await(port, process)
        yield lambda line: _ask(port, line)
    finally:
        process.kill()
        process.communicate()


def _await(port: int, process: "subprocess.Popen[bytes]") -> None:
    end = time.monotonic() + LIMIT_S
    while time.monotonic() < end and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    process.kill()
    pytest.fail(process.communicate()[0].decode())


def _ask(port: int, line: str) -> bytes:
    with socket.create_connection(("127.0.0.1", port), LIMIT_S) as connection:
        connection.sendall(f"{line}\r\nHost: board\r\nAccept: */*\r\n\r\n".encode())
        with connection.makefile("rb") as stream:
            return stream.read()


def test_the_button(board: Board, server: MockServer) -> None:
    server.reply("m", text_reply("Grüße vom Modell"), status_reply(400, message="no"))
    with button(board, server, question="Well?") as ask:
        page, answer = ask("GET / HTTP/1.1"), ask("GET /ask HTTP/1.1")
        failed = ask("GET /ask HTTP/1.1")
        missing, posted = ask("GET /x HTTP/1.1"), ask("POST /ask HTTP/1.1")
    assert page.startswith(b"HTTP/1.0 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n")
    assert b"<button" in page
    assert answer.partition(b"\r\n\r\n")[2].decode() == "Grüße vom Modell\n"
    assert failed.partition(b"\r\n\r\n")[2] == b"failed: status 400: no\n"
    assert missing.startswith(b"HTTP/1.0 404 ")
    assert posted.startswith(b"HTTP/1.0 404 ")
    assert said_to(server) == [[{"role": "user", "content": "Well?"}]] * 2


def test_the_button_answers_one_at_a_time_and_streams(board: Board, server: MockServer) -> None:
    told = threading.Event()
    server.reply("m", MockCompletion([{"content": "one"}], ending=held(told.is_set, *END)))
    with button(board, server) as ask:
        answers: list[bytes] = []
        first = threading.Thread(target=lambda: answers.append(ask("GET /ask HTTP/1.1")))
        first.start()
        server.wait_for_requests(1, LIMIT_S)
        busy = ask("GET /ask HTTP/1.1")
        told.set()
        first.join(LIMIT_S)
    assert busy.startswith(b"HTTP/1.0 503 ")
    assert answers[0].endswith(b"one two\n")


def test_the_button_survives_a_browser_that_goes_and_a_cut_answer(
    board: Board, server: MockServer
) -> None:
    server.reply("m", cut_reply("mid_stream"), text_reply("Still here"))
    with button(board, server) as ask:
        cut = ask("GET /ask HTTP/1.1")
        assert ask("nonsense").startswith(b"HTTP/1.0 404 ")
        answer = ask("GET /ask HTTP/1.1")
    assert b"failed: " in cut
    assert answer.endswith(b"Still here\n")


SILENCE = bytes(32 * 1024)  # a second at 16 kHz
EARS_AND_MOUTH = {
    "transcribe": {"model": "ears", "language": "en"},
    "speak": {"model": "mouth", "voice": "nova"},
}


def spoken(board: Board, *texts: str) -> None:
    sounds = [SILENCE + sound_of(text, samples=256) + SILENCE for text in texts]
    (board.flash / "microphone.pcm").write_bytes(b"".join(sounds))


def heard(board: Board) -> str:
    return text_of_sound((board.flash / "speaker.pcm").read_bytes())


def test_a_voice(board: Board, server: MockServer) -> None:
    spoken(board, "What time is it?")
    server.reply("m", text_reply("It is noon, **Dr. Who**. Have lunch!"))
    board.configure(server.base_url, run="voice", system="Be brief.", **EARS_AND_MOUTH)
    said = board.run().splitlines()
    assert said[-4:] == [
        "say something",
        "> What time is it?",
        "It is noon, **Dr. Who**.",
        "Have lunch!",
    ]
    assert heard(board) == "It is noon, Dr. Who.Have lunch!"
    recording, chat, first, second = server.requests
    form = recording.form()
    assert (form["model"], form["language"]) == ("ears", "en")
    assert recording.framing == "chunked"
    system, question = chat.json()["messages"]
    assert (system["content"], question["content"]) == ("Be brief.", "What time is it?")
    assert first.json()["voice"] == second.json()["voice"] == "nova"
    done = board.done()
    assert any(line.startswith("i2s") and line.endswith("in 16 16000 8192") for line in done)
    assert any(line.startswith("i2s") and line.endswith("out 16 24000 8192") for line in done)


def test_a_voice_goes_on_after_a_failure_and_remembers(board: Board, server: MockServer) -> None:
    server.reply("ears", status_reply(400, message="what?"), text_reply("One"), text_reply("Two"))
    board.configure(server.base_url, run="voice", **EARS_AND_MOUTH)
    for _ in range(2):
        # What is said while nobody listens is dropped: so each is the last in its recording.
        spoken(board, "x" * 40, "y" * 40) if not server.requests else spoken(board, "z" * 40)
        said = board.run()
    assert "> Two\nTwo\n" in said
    chats = [one.json()["messages"] for one in server.requests if one.wire == "chat"]
    assert [[message["content"] for message in chat] for chat in chats] == [
        ["One"],
        ["One", "One", "Two"],
    ]


def test_a_button_interrupts_the_voice(board: Board, server: MockServer) -> None:
    # It is held for ten blocks, and again when all has come of a sentence that does not end.
    board.behave(pressed=[0, *[1] * 10, 0, 0, 12_000, *[1] * 10, 0], endless=True)
    (board.flash / "microphone.pcm").write_bytes(b"")
    server.reply("ears", text_reply("Tell me a story"), text_reply("Stop it"))
    server.reply("m", text_reply("Once upon a time. There was a fox."), text_reply("Fine."))
    story = MockCompletion([{"content": "b" * 125}], ending=(Stall(),))
    server.reply("mouth", text_reply("a" * 250), story, text_reply("Fine."))
    voice = {"button": 14}
    board.configure(server.base_url, run="voice", times=2, voice=voice, **EARS_AND_MOUTH)
    said = board.run()
    assert "hold the button\n> Tell me a story\n" in said
    assert "> Stop it\nFine.\n" in said
    assert heard(board).endswith("Fine.")
    chats = [one.json()["messages"] for one in server.requests if one.wire == "chat"]
    # What I2S still held has not been heard: 8192 of 12,000 bytes.
    assert [message["content"] for message in chats[1]] == ["Tell me a story", "Once ", "Stop it"]

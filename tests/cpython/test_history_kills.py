"""What a history has acknowledged outlives the process: kill -9 in a loop, reopen, compare."""

import multiprocessing
import os
import subprocess
import sys
import threading
import warnings
from pathlib import Path

import pytest
from support.history_kills import check_interleaved

from thinwire import JSONLHistory

KILLS = 30 if os.environ.get("THINWIRE_FULL") else 10
SCRIPT = Path(__file__).parents[1] / "support/history_kills.py"


@pytest.mark.skipif(sys.platform == "win32", reason="no fork, no kill -9")
@pytest.mark.parametrize("kind", ["jsonl", "sqlite"])
def test_nothing_acknowledged_is_lost_when_the_process_is_killed(
    kind: str, tmp_path: Path
) -> None:
    command = [sys.executable, "-W", "ignore", str(SCRIPT), kind, str(tmp_path / "h"), "15"]
    done = subprocess.run([*command, str(KILLS)], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    kills, acknowledged, _ = map(int, done.stdout.split())
    assert kills == KILLS
    assert acknowledged >= KILLS


def append_turns(folder: str, name: str, count: int) -> None:
    warnings.simplefilter("error")
    history = JSONLHistory(folder)
    for number in range(count):
        # Some take several writes.
        content = "x" * (200_000 if number % 7 == 3 else 10)
        turn = [
            {"role": role, "n": [name, number], "content": content}
            for role in ("user", "assistant")
        ]
        history.append("s", turn)
        assert len(list(history.read("s"))) % 2 == 0
        if number % 5 == 0:
            history.append("other", turn)
            history.delete("other")


def test_processes_share_a_folder(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    children = [
        context.Process(target=append_turns, args=(str(tmp_path), name, 20)) for name in "abc"
    ]
    for child in children:
        child.start()
    for child in children:
        child.join(120)
    assert [child.exitcode for child in children] == [0, 0, 0]
    check_interleaved(list(JSONLHistory(tmp_path).read("s")), set("abc"), 20)


def test_threads_share_a_folder(tmp_path: Path) -> None:
    failed: list[BaseException] = []

    def work(name: str) -> None:
        try:
            append_turns(str(tmp_path), name, 20)
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=work, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert failed == []
    check_interleaved(list(JSONLHistory(tmp_path).read("s")), set("abcd"), 20)

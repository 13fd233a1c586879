"""mpremote against a board: what deploying and running an example rests on."""

from pathlib import Path

from bridge import Mpremote


def test_exec_prints(mpremote: Mpremote) -> None:
    done = mpremote("exec", "import sys; print(sys.implementation.name, 6 * 7)")
    assert done.returncode == 0, done.stdout
    assert done.stdout == "micropython 42\n"


def test_run_executes_a_local_script(mpremote: Mpremote, tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text("import asyncio\nasync def main():\n    print('é')\nasyncio.run(main())\n")
    done = mpremote("run", script)
    assert done.returncode == 0, done.stdout
    assert done.stdout == "é\n"


def test_a_traceback_ends_with_status_1(mpremote: Mpremote) -> None:
    done = mpremote("exec", "print('before'); [][0]")
    assert done.returncode == 1
    assert done.stdout.startswith("before\n")
    assert "IndexError" in done.stdout


def test_each_run_starts_afresh(mpremote: Mpremote) -> None:
    assert mpremote("exec", "left = 1").returncode == 0
    done = mpremote("exec", "print('left' in globals())")
    assert done.stdout == "False\n"


def test_a_module_can_be_copied_and_imported(mpremote: Mpremote, tmp_path: Path) -> None:
    module = tmp_path / "thinwire_probe.py"
    module.write_text("ANSWER = 'copied'\n")
    assert mpremote("fs", "cp", module, ":thinwire_probe.py").returncode == 0
    try:
        done = mpremote("exec", "import thinwire_probe; print(thinwire_probe.ANSWER)")
    finally:
        removed = mpremote("fs", "rm", ":thinwire_probe.py")
    assert done.stdout == "copied\n"
    assert removed.returncode == 0, removed.stdout


def test_thinwire_is_on_the_board(mpremote: Mpremote) -> None:
    done = mpremote("exec", "import thinwire; print(thinwire.__version__)")
    assert done.returncode == 0, done.stdout
    assert done.stdout.count(".") == 2

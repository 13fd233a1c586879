"""A chat over the serial line: mpremote repl, or any terminal. The conversation is in a file of
the flash, so that it may be longer than memory and outlives a reset; /new begins another.
"""

import asyncio
import os
import sys

from thinwire import JSONLMessages, ThinwireError

LOG = "chat.jsonl"
_ERASE = (b"\x08", b"\x7f")
_LONGEST = 2000  # bytes of a line


async def run(client, settings, board):
    """Asks what is typed, prints the answer as it comes, until the line is closed."""
    messages = JSONLMessages(LOG)
    if LOG not in os.listdir():
        _begin(settings)
    typed = asyncio.StreamReader(sys.stdin.buffer)
    while True:
        sys.stdout.write("> ")
        line = await read_line(typed)
        if line is None:
            return
        if line == "/new":
            _begin(settings)
        elif line:
            messages.append({"role": "user", "content": line})
            await _answer(client, messages)


def _begin(settings):
    with open(LOG, "w"):
        pass
    if "system" in settings:
        JSONLMessages(LOG).append({"role": "system", "content": settings["system"]})


async def _answer(client, messages):
    try:
        answer = await client.chat(messages, on_delta=sys.stdout.write)
        messages.append({"role": "assistant", "content": answer.content or ""})
        print()
    except ThinwireError as error:
        # The question stays in the log: the next one goes along with it.
        print("failed:", error)


async def read_line(stream):
    """A line as it is typed, echoed; None when the other side is gone.

    A board echoes nothing while a program reads, and Enter comes as CR, LF or both.
    """
    line = bytearray()
    while True:
        byte = await stream.read(1)
        if not byte:
            return None
        if byte in b"\r\n":
            if line:
                print()
                return str(line, "utf-8").strip()
        elif byte in _ERASE:
            if line:
                _erase(line)
                sys.stdout.write("\x08 \x08")
        elif len(line) < _LONGEST:
            line.extend(byte)
            sys.stdout.buffer.write(byte)


def _erase(line):
    # A character of UTF-8 goes as a whole.
    while len(line) > 1 and line[-1] & 0xC0 == 0x80:
        line[-1:] = b""
    line[-1:] = b""

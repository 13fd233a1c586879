"""A chat over the serial line: mpremote repl, or any terminal. The conversation is in a file of
the flash, so that it may be longer than memory and outlives a reset; /new begins another.
"""

import asyncio
import sys

from thinwire import Conversation, JSONLHistory, ThinwireError

_FOLDER = "chats"
_ERASE = (b"\x08", b"\x7f")
_LONGEST = 2000  # bytes of a line


async def run(client, settings, board):
    """Asks what is typed, prints the answer as it comes, until the line is closed."""
    talk = Conversation(
        client,
        system=settings.get("system"),
        history=JSONLHistory(_FOLDER),
        max_messages=settings.get("max_messages"),
    )
    typed = asyncio.StreamReader(sys.stdin.buffer)
    while True:
        sys.stdout.write("> ")
        line = await read_line(typed)
        if line is None:
            return
        if line == "/new":
            await talk.reset("chat")
        elif line:
            await _answer(talk, line)


async def _answer(talk, line):
    try:
        await talk.send(line, session="chat", on_delta=sys.stdout.write)
        print()
    except ThinwireError as error:
        # The history is as it was: the question can be asked again.
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

"""What commands that serve have in common."""

import contextlib
import signal
import sys
import threading


def until_stopped(greeting: str) -> None:
    """Print `greeting` and wait for SIGINT or SIGTERM."""
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    # Whoever starts us reads the first line to learn the port, and may then close the pipe: all
    # lines go out in one write, at once.
    with contextlib.suppress(OSError):  # whoever started us may know the port already
        sys.stdout.write(greeting)
        sys.stdout.flush()
    while not stopped.wait(1.0):  # without a timeout Windows would not let Ctrl-C through
        pass

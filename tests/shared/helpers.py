"""What the shared tests have in common; runs on both runtimes."""

import os
import sys

# CPython receives each way there is. MicroPython runs the same core several times slower: there it
# is every seventh cut, from another place each time, and all of them in `make test-all`.
_EVERY = 7 if sys.implementation.name == "micropython" else 1
if hasattr(os, "getenv") and os.getenv("THINWIRE_FULL"):
    _EVERY = 1
_streams = [0]


def feeds(data, start=1):
    """Ways to receive `data`: whole, byte by byte, and cut in two from `start` on."""
    yield [data]
    yield [data[i : i + 1] for i in range(len(data))]
    _streams[0] += 1
    for i in range(start + _streams[0] % _EVERY, len(data), _EVERY):
        yield [data[:i], data[i:]]


def error_of(kind, function, *arguments, **options):
    """The error of class `kind` that `function` raises when called."""
    try:
        function(*arguments, **options)
    except kind as error:
        return error
    assert False, "nothing was raised"


def read_all(source, size=64):
    """Everything that `source.readinto` gives, through one buffer of `size` bytes."""
    guarded = bytearray(size + 2)
    buffer = memoryview(guarded)[1:-1]
    out = bytearray()
    count = source.readinto(buffer)
    while count:
        assert 0 < count <= size, count
        out.extend(buffer[:count])
        count = source.readinto(buffer)
    assert guarded[0] == guarded[-1] == 0, "written outside of the buffer"
    return bytes(out)


class Later:
    """An async iterator, without the async generator that MicroPython lacks."""

    def __init__(self, items):
        self.left = list(items)

    def __aiter__(self):
        return self

    async def __anext__(self):
        if not self.left:
            raise StopAsyncIteration
        return self.left.pop(0)


class Scratch:
    """A file that exists inside `with`, where it stands for its path."""

    def __init__(self, data):
        folder = "/tmp/" if _exists("/tmp") else ""
        self.path = folder + "thinwire-" + os.urandom(6).hex()
        self.data = data

    def __enter__(self):
        with open(self.path, "wb") as file:
            file.write(self.data)
        return self.path

    def __exit__(self, *details):
        os.remove(self.path)


def _exists(path):
    try:
        os.stat(path)
    except OSError:
        return False
    return True

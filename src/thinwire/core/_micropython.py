"""MicroPython's answers to the questions of _compat.py (facts in docs/micropython.md): json has no
ensure_ascii, leaves surrogate pairs unjoined and writes lone ones raw; bytes.decode has no error
handlers; slicing a str is O(n); a bytearray that is extended grows by no more than it needs. Every
function here has a documented twin of the same name in _cpython.py.
"""

import binascii
import gc
import json
import os
import sys
import time

from micropython import const

public = const  # returns what it is given: there is no __module__ to set

PIECE = 256
BUFFER = 1024
HEAD_LIMIT = 8192
EVENT_LIMIT = 32768
GROWTH = 2
LINE_LIMIT = 4096
BODY_LIMIT = 2048
KEEP_HEADERS = ""
AtOnce = None
_TEXT_PIECE = const(512)
_SMALL_HEAP = const(300000)  # collecting takes milliseconds there, and space is what is short
_ROOMY_HEAP = const(1000000)  # collecting takes a tenth of a second and more, and space is there
_heap = 0

# A build without __setattr__ hooks has no object.__setattr__, and no guard to get past either.
set_field = getattr(object, "__setattr__", setattr)


def import_module(name):
    # Compiling leaves more garbage than code. Collecting often while it lasts keeps what stays
    # together at the bottom of the heap; otherwise modules end up all over it, and a 256 KB heap
    # with half its bytes free has no 5 KB in one piece (measured). A heap of megabytes has.
    module = sys.modules.get(name)
    if module is not None:
        return module
    mend_imports()
    if _heap_size() >= _ROOMY_HEAP:
        return __import__(name, None, None, ("*",))
    threshold = gc.threshold()
    gc.threshold(4096)
    try:
        return __import__(name, None, None, ("*",))
    finally:
        gc.threshold(threshold)
        gc.collect()


def forget_module(name):
    # Its package holds on to it as well.
    package, _, last = name.rpartition(".")
    sys.modules.pop(name, None)
    package = sys.modules.get(package)
    if hasattr(package, last):
        delattr(package, last)


getenv = getattr(os, "getenv", lambda name: None)  # only the ports for computers have it

toml_document = None


def mend_imports():
    # Where there was no memory for a new module, MicroPython leaves its name in sys.modules, but
    # no module: to import it another time is a NameError, or a crash (seen with 1.25).
    modules = sys.modules
    for name in modules:
        if modules.get(name) is None:
            modules.pop(name, None)
            return  # the loop must not go on in what has changed; there is never a second one


def _nothing():
    return
    yield


_claimed = None


def nothing(ended=_nothing()):  # noqa: B008 - one for all, made once
    return ended  # may be awaited again and again, and takes no memory, as a coroutine would


def warn(message):
    print("thinwire:", message)


def documented(function, like):
    return function


def is_awaitable(value):
    return hasattr(value, "send")


def is_async(function):
    return type(function) is type(_nothing)  # a method or a lambda does not show it


def claim(error):
    global _claimed
    _claimed = error


def is_claimed(error):
    global _claimed
    found, _claimed = _claimed is error, None
    return found


PortableError = Exception  # there is nowhere to send one
WrongValue = object  # a class cannot have two built-in bases
LackOfMemory = object


def one_story(error):
    pass  # exceptions have no __cause__; ours keep theirs in an attribute


def base64(data):
    return binascii.b2a_base64(data, newline=False)


from_base64 = binascii.a2b_base64
threads = None  # a client of a chip is one task's, or one loop's


def unix_time():
    # The epoch is 2000 on some ports (esp32) and 1970 on others; a clock that was never set starts
    # there, or at the date of the firmware's build.
    now = int(time.time())
    if time.gmtime(0)[0] == 2000:
        now += 946684800
    return now if now >= 1704067200 else 0


def fraction():
    import random

    return random.getrandbits(24) / 16777216  # what a float of 32 bits holds exactly


def random_id():
    return os.urandom(5).hex()[:9]


disk = None  # one process, and closing a file brings it onto the flash
make_folder = os.mkdir
remove_file = os.remove


def replace_file(source, target):
    try:
        os.rename(source, target)
    except OSError as error:
        if error.args[0] != 17:  # EEXIST: some file systems do not rename onto a file
            raise
        os.remove(target)
        os.rename(source, target)


def _utf8():
    # The repairs are loaded with the first text that needs one: 430 bytes of RAM (measured).
    from thinwire.core.wire import utf8

    return utf8


def text_units(text):
    return memoryview(text)  # the UTF-8 bytes, not copied


def text_end(units, start, size):
    end = min(start + size, len(units))
    while end < len(units) and units[end] & 0xC0 == 0x80:
        end -= 1
    return end


def text_piece(units, start, end):
    return str(units[start:end], "utf-8")


def escape(text):
    data = json.dumps(text).encode()
    if data.find(b"\xed") >= 0:  # the lead byte of surrogates, and of some Hangul
        data = _utf8().escape_surrogates(data)
    return memoryview(data)[1:-1]


def fits(value, room):
    return -1  # only a C encoder that walks whole trees makes batches worth while


def encode_small(values):
    raise NotImplementedError


def decode(buffer, start, end):
    view = memoryview(buffer)[start:end]
    try:
        return str(view, "utf-8")
    except UnicodeError:
        return str(_utf8().replace_invalid(view), "utf-8")


def loads(buffer, start, end, deltas=False):
    try:
        value = _loads(buffer, start, end)
        if buffer.find(b"\\u", start, end) >= 0:
            value = _utf8().join_surrogates(value, deltas)
    except RuntimeError:
        raise ValueError("nested too deeply")
    return value


def _loads(buffer, start, end):
    try:
        try:
            return json.loads(memoryview(buffer)[start:end])
        except UnicodeError:
            return json.loads(decode(buffer, start, end))
    except ValueError:
        if buffer.find(b"NaN", start, end) < 0 and buffer.find(b"Infinity", start, end) < 0:
            raise
    return _grammar().with_numbers(decode(buffer, start, end).encode(), json.loads)


def _grammar():
    # Loaded with the first arguments of a call, or the first number that is none.
    from thinwire.core.wire import json_grammar

    return json_grammar


def loads_whole(data, deltas=False):
    _grammar().check(data)  # the parser here takes much that is broken for whole
    return loads(data, 0, len(data), deltas)


def unescaped(buffer, start, end):
    return None


def is_plain(buffer, start, end):
    if buffer.find(b'"', start, end) >= 0 or buffer.find(b"\\", start, end) >= 0:
        return False
    at = buffer.find(b"\xed", start, end - 1)  # the lead byte of surrogates, and of some Hangul
    while at >= 0 and buffer[at + 1] < 0xA0:
        at = buffer.find(b"\xed", at + 1, end - 1)
    return at < 0


def has_half(text):
    data = memoryview(text)
    size = len(data)
    if size < 3:
        return False
    low = data[0] == 0xED and data[1] >= 0xB0
    return low or (data[size - 3] == 0xED and 0xA0 <= data[size - 2] < 0xB0)


def _heap_size():
    global _heap
    _heap = _heap or gc.mem_alloc() + gc.mem_free()
    return _heap


def make_room():
    if _heap_size() < _ROOMY_HEAP:
        gc.collect()


class TextBuffer:
    # Pieces of one size, joined when they are asked for. One growing block would need its old and
    # its new size at once, in one piece each; a list of single deltas would pepper the heap with
    # survivors, and a long answer would fail with most of it free (measured: docs/memory.md).
    def __init__(self):
        self._pieces = []
        self._data = bytearray(32)
        self._size = 0

    def append(self, text):
        piece = memoryview(text)
        size = self._size + len(piece)
        if size > len(self._data):
            size = self._make_room(text, len(piece))
            if not size:
                return
        self._data[self._size : size] = piece
        self._size = size

    def value(self):
        # Joined once: who asks again must not pay for a second copy.
        self._flush()
        if len(self._pieces) > 1:
            self._pieces = ["".join(self._pieces)]
        return self._pieces[0] if self._pieces else ""

    def pieces(self):
        self._flush()
        return self._pieces

    def _make_room(self, text, count):
        # The size with the new piece; 0 when it was taken as it is.
        size = self._size + count
        if size <= _TEXT_PIECE:
            grown = bytearray(min(size * 2, _TEXT_PIECE))
            grown[: self._size] = memoryview(self._data)[: self._size]
            self._data = grown
            return size
        self._flush()
        if count > len(self._data):
            self._pieces.append(text)
            return 0
        return count

    def _flush(self):
        if self._size:
            if _heap_size() < _SMALL_HEAP:
                gc.collect()  # or the pieces lie apart, with holes between that hold no other
            self._pieces.append(str(memoryview(self._data)[: self._size], "utf-8"))
            self._size = 0

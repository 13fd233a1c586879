# Run by tests/micropython/test_device_units.py on MicroPython, with a heap of 512 KB.

import gc

from thinwire.core._compat import HEAD_LIMIT
from thinwire.core.wire.http1 import ResponseHead

_START = b"HTTP/1.1 200 OK\r\nA: b\r\nContent-Type: "
_SIZE = HEAD_LIMIT - len(_START) - 4


def head_of(value):
    head = ResponseHead()
    assert head.receive(memoryview(_START + value + b"\r\n\r\n")) == 0
    return head


def cost(head, name):
    """Bytes that reading a header takes, freed ones included."""
    gc.collect()
    gc.disable()
    before = gc.mem_alloc()
    head.header(name)
    after = gc.mem_alloc()
    gc.enable()
    return after - before


def test_a_header_costs_a_few_times_its_own_bytes_and_no_list_of_them():
    # The value as it came, without blanks, and as a str; beyond ASCII it is twice as long.
    assert cost(head_of(b"x" * _SIZE), "content-type") < 3 * HEAD_LIMIT
    assert cost(head_of(b"\xe9" * _SIZE), "content-type") < 7 * HEAD_LIMIT


def test_a_header_costs_nothing_for_the_others():
    head = head_of(b"x" * _SIZE)
    assert cost(head, "a") < 1024
    repeated = head_of(b"x\r\nA: " + b"y" * (_SIZE - 6))
    assert cost(repeated, "a") < 1024


def test_a_header_fits_where_its_characters_do_not():
    head = head_of(b"\xe9" * _SIZE)
    gc.collect()
    # Nothing but pieces of 32 KB is left of the heap.
    room = [bytearray(32768) for _ in range(4)]
    kept = []
    size = 65536
    while size >= 1024:
        try:
            kept.append(bytearray(size))
        except MemoryError:
            size //= 2
    for at in range(0, len(room), 2):
        room[at] = None
    try:
        found = head.header("content-type")
    finally:
        kept = room = None
        gc.collect()
    assert found == "\xe9" * _SIZE

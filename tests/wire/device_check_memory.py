"""Run by tests/micropython/test_device_units.py on MicroPython, with a heap of 512 KB."""

import gc

import micropython
from helpers import error_of
from thinwire_device import memory_budget
from thinwire_device.memory_budget import budget, largest_block
from thinwire_device.socket_transport import SocketTransport

from thinwire import Client, Deployment
from thinwire.core.wire.http1 import BodyReader
from thinwire.core.wire.http1_request import HTTPChunkWriter


def test_the_largest_block_can_be_had_and_no_larger_one():
    size = largest_block()
    assert 0 < size <= gc.mem_free() + 4096  # finding it took a little
    gc.collect()
    del_me = bytearray(size)
    assert len(del_me) == size
    del_me = None
    gc.collect()
    assert error_of(MemoryError, bytearray, size + 65536)


def test_a_budget_says_what_a_call_needs():
    plain, tls = budget(None, False), budget(None, True)
    assert tls.needed - plain.needed == 27 * 1024
    assert tls.needed_block == 17 * 1024
    assert plain.needed_block == 1024
    for each in (plain, tls):
        assert each.free >= each.largest > 0
        assert each.fits() == (each.free >= each.needed and each.largest >= each.needed_block)
        assert "%d bytes" % each.free in str(each)


def test_a_budget_that_is_too_small_says_so():
    kept = memory_budget.largest_block
    memory_budget.largest_block = lambda: 9000
    try:
        tls, plain = budget(None, True), budget(None, False)
    finally:
        memory_budget.largest_block = kept
    assert not tls.fits()
    assert plain.fits()
    assert "not enough" in str(tls)
    assert "9000" in str(tls)


def test_a_kept_connection_is_paid_for():
    class Kept(SocketTransport):
        def keeps(self, https):
            return https

    found = budget(Kept(True), True)
    assert found.kept
    assert found.needed_block == 1024
    assert not budget(SocketTransport().open(True), True).kept


def test_on_esp32_tls_has_a_heap_of_its_own():
    kept = memory_budget.idf_largest_block
    try:
        for largest, fits in ((10000, False), (40000, True)):
            memory_budget.idf_largest_block = lambda size=largest: size
            found = budget(None, True)
            assert found.tls_largest == largest
            assert found.fits() == fits
    finally:
        memory_budget.idf_largest_block = kept


def test_framing_allocates_nothing():
    # What stands around data, byte by byte and whole; data that stands where it belongs; and a
    # body of known length.
    raw = b"5;x=y\r\nhello\r\n0\r\nX: 1\r\n\r\n"
    view = memoryview(bytearray(raw))
    pieces = [view[at : at + 1] for at in range(7)] + [view[7:12], view[12:]]
    chunked, sized = BodyReader(None, True), BodyReader(len(raw))
    count = 0
    micropython.heap_lock()
    try:
        for piece in pieces:
            count += chunked.decode(piece)
        size = sized.decode(view, len(raw))
    finally:
        micropython.heap_unlock()
    assert chunked.done
    assert sized.done
    assert (count, size) == (5, len(raw))


def test_sending_allocates_a_view_and_a_size_per_block():
    writer = HTTPChunkWriter(1024)
    writer.frame(1024)
    gc.collect()
    gc.disable()
    try:
        before = gc.mem_alloc()
        for _ in range(100):
            writer.frame(1024)
        each = (gc.mem_alloc() - before) // 100
    finally:
        gc.enable()
    assert each <= 300, each


def test_buffers_have_sizes_that_can_be():
    for size in (512, 4096):
        client = Client("m", Deployment("http://h"), transport=SocketTransport(buffer_size=size))
        assert client.budget(False).needed_block == size
    for size in (0, 511, 4097):
        error = error_of(ValueError, SocketTransport, buffer_size=size)
        assert "512 to 4096" in str(error)

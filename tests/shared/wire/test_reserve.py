from thinwire.core.error_kinds import OutOfMemory
from thinwire.core.wire import reserve
from thinwire.core.wire.reserve import Reserve


def test_one_buffer_serves_one_answer_after_the_other():
    buffers = Reserve(16)
    first, second = buffers.acquire(), buffers.acquire()
    assert len(first) == len(second) == 16
    assert first is not second
    buffers.release(second)
    assert buffers.acquire() is second


def test_the_error_that_was_laid_by_is_raised_where_another_cannot_be_made():
    buffers = Reserve(16)
    cause = MemoryError("no 5 KB")
    new = buffers.out_of_memory(cause)
    assert "(no 5 KB)" in str(new)
    assert new.cause is cause
    assert buffers.out_of_memory(new) is new
    laid_by = []
    for _ in range(2):
        reserve.OutOfMemory, kept = Unmade, reserve.OutOfMemory
        try:
            laid_by.append(buffers.out_of_memory(cause))
            assert buffers.out_of_memory() is laid_by[-1]
        finally:
            reserve.OutOfMemory = kept
        assert type(laid_by[-1]) is OutOfMemory
        buffers.acquire()  # with the next call another one is
    assert laid_by[0] is not laid_by[1]
    assert buffers.out_of_memory().kind == "memory"


class Unmade(OutOfMemory):
    def __init__(self, *given):
        raise MemoryError

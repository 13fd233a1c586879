from helpers import Later, error_of

from thinwire.core.request.raw_call import ProducedBody


def run(coroutine):
    # Runs a coroutine that never waits.
    try:
        coroutine.send(None)
    except StopIteration:
        return
    assert False, "it waits"


def pull(body, size):
    # What a transport does.
    out = b""
    buffer = bytearray(size)
    count = body.readinto(buffer)
    while count != 0:
        if count is None:
            run(body.more())
        else:
            out += bytes(buffer[:count])
        count = body.readinto(buffer)
    return out


def test_an_async_body_is_sent_as_it_is_produced():
    blocks = [b"abc", b"", b"d", b"efghij"]
    for size in (1, 2, 3, 4, 100):
        body = ProducedBody(Later(blocks))
        assert body.length() is None
        assert pull(body, size) == b"abcdefghij"
        assert body.sent_bytes == 10


def test_a_plain_iterator_is_taken_too():
    for blocks in ([b"ab", b"c"], iter([b"ab", b"c"])):
        assert pull(ProducedBody(blocks), 2) == b"abc"


def test_an_empty_async_body_ends_at_once():
    assert pull(ProducedBody(Later([])), 10) == b""


def test_an_async_body_can_be_sent_once():
    body = ProducedBody(Later([b"abc", b"d"]))
    buffer = bytearray(2)
    assert body.readinto(buffer) is None
    run(body.more())
    assert body.replayable()  # produced, but nothing was taken yet
    assert body.readinto(buffer) == 2
    assert not body.replayable()


def test_a_failing_producer_is_the_caller_s_own_error():
    class Failing(Later):
        async def __anext__(self):
            raise KeyError("mine")

    body = ProducedBody(Failing([]))
    assert body.readinto(bytearray(1)) is None
    error_of(KeyError, run, body.more())

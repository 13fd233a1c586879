# Bodies that are produced anew for each attempt.

import asyncio
import io

from thinwire.core.request.fresh_body import FreshBody, blocks_of


def all_of(body):
    # What a transport would send, pulled in small pieces.
    buffer, sent = bytearray(5), b""
    count = body.readinto(buffer)
    while count != 0:
        if count is None:
            asyncio.run(body.more())
        else:
            sent += bytes(buffer[:count])
        count = body.readinto(buffer)
    return sent


def test_it_is_the_same_each_time():
    made = []

    def blocks():
        made.append(1)
        return iter([b"one ", b"", b"two"])

    for number in (1, 2):
        assert all_of(FreshBody(blocks, False)) == b"one two"
        assert len(made) == number


def test_the_blocks_of_a_file():
    for own in (True, False):
        file = io.BytesIO(b"x" * 5000)
        assert [len(block) for block in blocks_of(file, own)] == [4096, 904]
        closed = False
        try:
            file.read()
        except ValueError:
            closed = True
        assert closed is own
    blocks = [b"a"]
    assert blocks_of(blocks, True) is blocks

"""Conversations on the file systems of a chip, whose power fails at each of its writes."""

import os

from histories import NEXT, TURN, check_history

from thinwire import JSONLHistory
from thinwire.core.request import jsonl

LONG = [{"role": "user", "content": "a" * 300}, {"role": "assistant", "content": "b" * 700}]
# What the steps below leave, one after the other.
STATES = [[], TURN, TURN + LONG, NEXT, NEXT + LONG, []]
MOST_WRITES = 400


class Flash:
    # A block device in RAM that stops after a number of writes. It says so without taking memory:
    # files that could not be closed are, once more, while the garbage is collected.
    def __init__(self, data, writes=-1):
        self.data = data
        self.writes = writes

    def readblocks(self, block, buffer, offset=0):
        if self.writes == 0:
            return -5  # EIO
        start = block * 512 + offset
        buffer[:] = self.data[start : start + len(buffer)]
        return 0

    def writeblocks(self, block, buffer, offset=0):
        if self.writes == 0:
            return -5
        self.writes -= 1
        start = block * 512 + offset
        self.data[start : start + len(buffer)] = buffer
        return 0

    def ioctl(self, operation, argument):
        if operation == 4:
            return 128  # blocks
        return 512 if operation == 5 else 0


def steps(history):
    # How many steps were acknowledged before the power failed.
    done = 0
    try:
        history.append("s", TURN)
        done += 1
        history.append("s", LONG)
        done += 1
        history.replace("s", (message for message in NEXT))
        done += 1
        history.append("s", LONG)
        done += 1
        history.delete("s")
        done += 1
    except OSError:
        pass
    return done


def test_the_power_fails_at_each_write():
    before, jsonl.warn = jsonl.warn, id
    try:
        for name in ("VfsLfs2", "VfsFat"):
            file_system = getattr(os, name, None)
            if file_system is None:
                continue
            for writes in range(MOST_WRITES):
                flash = Flash(bytearray(128 * 512))
                file_system.mkfs(flash)
                os.mount(file_system(flash), "/flash")
                flash.writes = writes
                done = steps(JSONLHistory("/flash/chats"))
                left = bytearray(flash.data)
                os.umount("/flash")

                os.mount(file_system(Flash(left)), "/flash")
                history = JSONLHistory("/flash/chats")
                found = list(history.read("s"))
                assert found in STATES[done : done + 2], (name, writes, done, found)
                history.append("s", TURN)
                assert list(history.read("s")) == found + TURN, (name, writes)
                os.umount("/flash")
                if done == len(STATES) - 1:
                    break
            assert 10 < writes < MOST_WRITES - 1, (name, writes)
    finally:
        jsonl.warn = before


def test_it_is_a_history_there():
    for name in ("VfsLfs2", "VfsFat"):
        file_system = getattr(os, name, None)
        if file_system is None:
            continue
        flash = Flash(bytearray(128 * 512))
        file_system.mkfs(flash)
        os.mount(file_system(flash), "/flash")
        try:
            check_history(JSONLHistory("/flash/chats"))
        finally:
            os.umount("/flash")

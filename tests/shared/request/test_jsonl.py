import json
import os

from helpers import Scratch, error_of, read_all

from thinwire.core.errors import EncodeError
from thinwire.core.request import jsonl
from thinwire.core.request.jsonl import JSONLMessages
from thinwire.core.wire.json_encode import Items, JSONEncoder


def encode(path):
    return json.loads(str(read_all(JSONEncoder({"m": Items(JSONLMessages(path))})), "utf-8"))["m"]


class Told:
    # What is warned of inside `with`, as a list.
    def __enter__(self):
        self.warn, texts = jsonl.warn, []
        jsonl.warn = texts.append
        return texts

    def __exit__(self, *details):
        jsonl.warn = self.warn


def content(path):
    with open(path, "rb") as file:
        return file.read()


def test_each_line_is_a_message():
    lines = b'{"role":"user","content":"\xc3\xa9"}\n\n  \n{"role":"assistant"}\r\n{"n":1}'
    with Scratch(lines) as path:
        want = [{"role": "user", "content": "é"}, {"role": "assistant"}, {"n": 1}]
        assert list(JSONLMessages(path)) == want
        assert encode(path) == want


def test_a_mark_before_the_first_line_is_no_part_of_it():
    # Notepad and PowerShell 5 write it: QwenLM/qwen-code#11803.
    with Scratch(b'\xef\xbb\xbf{"n":1}\r\n{"n":2}\r\n') as path:
        assert list(JSONLMessages(path)) == [{"n": 1}, {"n": 2}]
    with Scratch(b'{"n":1}\n\xef\xbb\xbf{"n":2}\n') as path:
        error_of(EncodeError, list, JSONLMessages(path))


def test_it_starts_anew_each_time():
    with Scratch(b'{"a":1}\n') as path:
        messages = JSONLMessages(path)
        for _ in range(3):
            assert list(messages) == [{"a": 1}]


def test_an_empty_file_has_no_messages():
    with Scratch(b"\n") as path:
        assert encode(path) == []


def test_a_bad_line_is_named():
    for bad in (b"{", b'{"a": {}', b"[1]", b"x", b'"a"'):
        with Scratch(b'{"a":1}\n' + bad + b"\n") as path:
            error = error_of(EncodeError, encode, path)
            assert "line 2" in error.message
            assert path in error.message
            assert error.path == "m"


def test_a_missing_file_is_named_by_its_place():
    error = error_of(EncodeError, encode, "no-such-file.jsonl")
    assert error.path == "m"


def test_append_adds_a_message():
    with Scratch(b"") as path:
        messages = JSONLMessages(path)
        messages.append({"content": "é\n" * 500})
        messages.append({"content": None})
        assert list(messages) == [{"content": "é\n" * 500}, {"content": None}]


class Answer:
    def to_message(self):
        return {"role": "assistant"}


def test_a_turn_is_added_at_once():
    with Scratch(b"") as path:
        messages = JSONLMessages(path)
        messages.extend([])
        messages.extend([{"role": "user"}, Answer()])
        messages.append(Answer())
        assert content(path) == (
            b'\t {"role":"user"}\n{"role":"assistant"}\n{"role":"assistant"}\n'
        )
        assert list(messages) == [{"role": "user"}, {"role": "assistant"}, {"role": "assistant"}]


def test_a_turn_without_its_end_is_passed_over():
    whole = b'{"a":1}\n\t {"b":2}\n{"c":3}\n'
    for torn in (b'\t {"d":4}\n', b'\t {"d":4}\n\t {"e":5}\n', b'\t {"d":4}\n{"e', b'\t {"d":4}'):
        with Scratch(whole + torn) as path, Told() as told:
            messages = JSONLMessages(path)
            assert list(messages) == [{"a": 1}, {"b": 2}, {"c": 3}]
            messages.append({"f": 6})
            assert list(messages) == [{"a": 1}, {"b": 2}, {"c": 3}, {"f": 6}]
            assert len(told) == 2
            assert content(path + ".torn") == torn + (b"" if torn.endswith(b"\n") else b"\n")
            os.remove(path + ".torn")


def test_replace_and_delete():
    with Scratch(b'{"a":1}\n{"b":2}\n') as path:
        messages = JSONLMessages(path, fsync=True)
        messages.replace(message for message in messages if "b" in message)
        assert content(path) == b'{"b":2}\n'
        messages.delete()
        error_of(OSError, list, messages)
        messages.delete()
        messages.replace([{"c": 3}])
        assert content(path) == b'{"c":3}\n'


class Full:
    # A file on a disk that is full: what fits is written.
    def __init__(self, file, room, broken):
        self.file, self.room, self.broken = file, room, broken

    def __enter__(self):
        return self

    def __exit__(self, *details):
        self.file.close()

    def __getattr__(self, name):
        return getattr(self.file, name)

    def write(self, data):
        if self.file.tell() < self.size():
            if self.broken:
                raise OSError(5)  # EIO
            return self.file.write(data)
        if self.room <= 0:
            raise OSError(28)  # ENOSPC
        written = self.file.write(bytes(data)[: self.room])
        self.room -= written
        return written

    def size(self):
        at = self.file.tell()
        size = self.file.seek(0, 2)
        self.file.seek(at)
        return size


def test_a_full_disk_leaves_what_was_there():
    for room in (0, 1, 20, 60, 400):
        for broken in (False, True):
            with Scratch(FIRST) as path, Told():
                messages = JSONLMessages(path)
                jsonl.open = lambda path, mode="r", *more: (
                    open(path, mode, *more)  # noqa: SIM115
                    if mode == "rb"
                    else Full(open(path, mode, *more), room, broken)  # noqa: B023, SIM115
                )
                try:
                    turn = [{"b": "x" * 300}, {"c": "y" * 300}]
                    assert error_of(OSError, messages.extend, turn).args[0] == 28
                    assert error_of(OSError, messages.replace, turn).args[0] == 28
                finally:
                    del jsonl.open
                assert list(messages) == [{"a": 1}]
                messages.append({"d": 4})
                assert list(messages) == [{"a": 1}, {"d": 4}]
                names = [name for name in os.listdir("/tmp") if name.startswith(path[5:])]
                assert sorted(names) in ([path[5:]], [path[5:], path[5:] + ".torn"])
                if len(names) > 1:
                    os.remove(path + ".torn")


def test_append_writes_nothing_of_what_json_cannot_carry():
    with Scratch(b"") as path:
        messages = JSONLMessages(path)
        error_of(EncodeError, messages.append, {"a": b""})
        assert list(messages) == []
        assert repr(messages) == "JSONLMessages(%r)" % path


def test_the_file_is_closed_when_the_encoder_is():
    with Scratch(b'{"a":1}\n{"a":2}\n') as path:
        encoder = JSONEncoder(Items(JSONLMessages(path)))
        encoder.close()
        encoder = JSONEncoder(Items(JSONLMessages(path)))
        encoder.readinto(bytearray(3))
        encoder.close()
        encoder.close()


def test_an_iterator_of_lines_is_its_own():
    with Scratch(b'{"a":1}\n') as path:
        lines = iter(JSONLMessages(path))
        assert iter(lines) is lines
        assert repr(lines) == "JSONLMessages(%r)" % path
        assert next(lines) == {"a": 1}
        lines.close()
        assert list(lines) == []


FIRST = b'{"a":1}\n'
# Of several steps, with what could look like messages of its own.
LAST = '{"role":"user","content":[{"text":"é{}"},{"x":{}}],"b":"'.encode() + b"x" * 700 + b'"}'
CUTS = list(range(1, 70)) + [255, 256, 257, 511, 512, len(LAST) - 2, len(LAST) - 1]


def test_append_ends_a_last_line_that_an_editor_left_without_an_end():
    for before in (b"", FIRST, b"\n\n"):
        for last in (LAST, b'{"b":2}', b'{"b":2}\r', b'{"b":2}  '):
            with Scratch(before + last) as path, Told() as told:
                messages = JSONLMessages(path)
                want = list(messages)
                messages.append({"c": 3})
                assert list(messages) == want + [{"c": 3}]
                assert content(path) == before + last + b'\n{"c":3}\n'
                assert told == []


def test_a_torn_last_line_is_passed_over_and_set_aside_by_append():
    for before in (b"", FIRST):
        torn = [LAST[:cut] for cut in CUTS] + [b"\x00" * 300, b"\xff\xff", LAST[:300] + b"\x00"]
        for last in torn:
            with Scratch(before + last) as path, Told() as told:
                messages = JSONLMessages(path)
                want = [{"a": 1}] if before else []
                assert list(messages) == want
                assert encode(path) == want
                assert [path in text for text in told] == [True, True], told
                messages.append({"c": 3})
                messages.append({"d": 4})
                assert content(path + ".torn") == last + b"\n"
                os.remove(path + ".torn")
                assert list(messages) == want + [{"c": 3}, {"d": 4}]
                assert [".torn" in text for text in told] == [False, False, True], told


def test_several_torn_lines_are_all_kept():
    with Scratch(FIRST) as path, Told():
        messages = JSONLMessages(path)
        for _ in range(2):
            with open(path, "ab") as file:
                file.write(LAST[:40])
            messages.append({"c": 3})
        assert content(path + ".torn") == (LAST[:40] + b"\n") * 2
        os.remove(path + ".torn")
        assert list(messages) == [{"a": 1}, {"c": 3}, {"c": 3}]


def test_a_torn_line_that_is_half_blanked_is_torn_still():
    # The power fails again, while it is set aside: a step at a time, from its end.
    for left in (0, 1, 10, 44, 256, 512):
        with Scratch(FIRST + LAST[:left] + b" " * (700 - left)) as path, Told():
            messages = JSONLMessages(path)
            messages.append({"c": 3})
            if left:
                os.remove(path + ".torn")
            assert list(messages) == [{"a": 1}, {"c": 3}]


def test_a_whole_last_line_that_is_no_message_is_no_torn_one():
    with Scratch(FIRST + b"[1]") as path:
        assert "line 2" in error_of(EncodeError, encode, path).message


def test_append_makes_the_file():
    with Scratch(b"") as path:
        os.remove(path)
        JSONLMessages(path).append({"a": 1})
        assert content(path) == FIRST


class Flash:
    # A block device in RAM.
    def __init__(self):
        self.data = bytearray(64 * 512)

    def readblocks(self, block, buffer, offset=0):
        start = block * 512 + offset
        buffer[:] = self.data[start : start + len(buffer)]

    def writeblocks(self, block, buffer, offset=0):
        start = block * 512 + offset
        self.data[start : start + len(buffer)] = buffer

    def ioctl(self, operation, argument):
        return {4: 64, 5: 512}.get(operation, 0)  # number and size of blocks


def test_a_torn_line_on_the_file_systems_of_a_chip():
    for name in ("VfsLfs2", "VfsFat"):
        file_system = getattr(os, name, None)  # CPython has none
        if file_system is None:
            continue
        flash = Flash()
        file_system.mkfs(flash)
        os.mount(file_system(flash), "/flash")
        try:
            for last in (LAST, LAST[:-1], LAST[:10]):
                path = "/flash/history"
                with open(path, "wb") as file:
                    file.write(FIRST + last)
                with Told() as told:
                    messages = JSONLMessages(path)
                    want = list(messages) + [{"c": 3}]
                    messages.append({"c": 3})
                    assert list(messages) == want
                    assert len(told) == (0 if last == LAST else 2), (name, told)
            assert content(path + ".torn") == LAST[:-1] + b"\n" + LAST[:10] + b"\n"
        finally:
            os.umount("/flash")


def test_the_newest_are_read_from_where_they_begin():
    lines = [b'{"n":%d}' % number for number in range(6)]
    with Scratch(b"no message\n" + b"\n \n".join(lines) + b"\r\n\n") as path:
        messages = JSONLMessages(path)
        for count in range(7):
            newest = messages.newest(count)
            for _ in range(2):
                assert [one["n"] for one in newest] == list(range(6 - count, 6))
        assert newest.stored
        assert repr(newest) == "the newest of %r" % path
        assert str(error_of(EncodeError, list, messages.newest(9))).count("line 1 is no")
        messages.append({"n": 6})
        assert [one["n"] for one in messages.newest(2)] == [5, 6]
        assert len(list(newest)) == 7


def test_the_newest_of_a_torn_end_are_whole():
    with Told(), Scratch(b'\xef\xbb\xbf{"n":1}\n{"n":2}\n{"n":') as path:
        messages = JSONLMessages(path)
        assert list(messages.newest(1)) == [{"n": 2}]
        assert list(messages.newest(5)) == [{"n": 1}, {"n": 2}]
    error_of(OSError, JSONLMessages("/nowhere/chat.jsonl").newest, 1)


def test_a_bad_line_among_the_newest_is_named():
    with Scratch(b'{"n":1}\n{"n":2}\n[3]\n{"n":4}\n') as path:
        error = error_of(EncodeError, list, JSONLMessages(path).newest(3))
        assert "line 2 from byte 8 on is no JSON object" in str(error)

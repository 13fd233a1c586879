"""Conversations in a folder of JSON lines: names of sessions, crashes at any byte, sources."""

import json
import os

from helpers import Scratch, error_of, read_all
from histories import NEXT, TURN, check_history

from thinwire import DataURL, EncodeError, JSONLHistory, TextFile, TextStream
from thinwire.core.conversation.jsonl_history import file_name
from thinwire.core.request import jsonl
from thinwire.core.wire.json_encode import Items, JSONEncoder


class Folder:
    # The path of a folder that is not there yet, and is removed with all that is in it.
    def __enter__(self):
        self.path = "/tmp/thinwire-" + os.urandom(6).hex()
        self.warn, self.told = jsonl.warn, []
        jsonl.warn = self.told.append
        return self

    def __exit__(self, *details):
        jsonl.warn = self.warn
        try:
            names = os.listdir(self.path)
        except OSError:
            return
        for name in names:
            os.remove(self.path + "/" + name)
        os.rmdir(self.path)

    def files(self):
        return sorted(os.listdir(self.path))

    def write(self, name, data):
        with open(self.path + "/" + name, "wb") as file:
            file.write(data)

    def content(self, name):
        with open(self.path + "/" + name, "rb") as file:
            return file.read()


def test_on_disk():
    with Folder() as folder:
        check_history(JSONLHistory(folder.path))
        assert folder.files() == ["a.jsonl", "b.jsonl"]
        assert folder.told == []


def test_it_waits_for_the_disk():
    with Folder() as folder:
        check_history(JSONLHistory(folder.path, fsync=True))


def test_it_works_where_there_are_no_locks():
    before, jsonl.disk = jsonl.disk, None
    try:
        with Folder() as folder:
            check_history(JSONLHistory(folder.path))
            folder.write("a.jsonl", b'{"torn"')
            assert list(JSONLHistory(folder.path).read("a")) == []
            assert len(folder.told) == 1
    finally:
        jsonl.disk = before


def test_what_cannot_be_a_folder_or_a_file_is_an_error():
    with Scratch(b"") as path:
        for folder in (path, path + "/x"):
            error_of(OSError, JSONLHistory(folder).append, "s", TURN)
            error_of(OSError, JSONLHistory(folder).replace, "s", TURN)
    with Folder() as folder:
        history = JSONLHistory(folder.path)
        history.append("s", [])
        os.remove(folder.path + "/s.jsonl")
        os.mkdir(folder.path + "/s.jsonl")
        before, jsonl.disk = jsonl.disk, None
        try:
            error_of(OSError, list, history.read("s"))
            error_of(OSError, history.append, "s", TURN)
        finally:
            jsonl.disk = before
            os.rmdir(folder.path + "/s.jsonl")


def test_another_program_reads_it_as_json_lines():
    with Folder() as folder:
        JSONLHistory(folder.path).append("kitchen", TURN + NEXT)
        lines = folder.content("kitchen.jsonl").decode().split("\n")
        assert [json.loads(line) for line in lines if line] == TURN + NEXT


def test_reading_leaves_nothing_behind():
    with Folder() as folder:
        assert list(JSONLHistory(folder.path).read("a")) == []
        error_of(OSError, os.stat, folder.path)


NAMES = [
    "",
    " ",
    "%",
    "%%",
    "%-",
    "%41",
    "%61",
    ".",
    "..",
    "/",
    "a/b",
    "../a",
    "a\\b",
    "a:b",
    "C:",
]
NAMES += ["a\nb", "\0", "a\0", "A", "a", "Aa", "aA", "con", "CON", "nul", "com1", "lpt9", "cons"]
NAMES += ["aux.", "é", "e\u0301", "\u00c9", "你", "\U0001f600", "a.jsonl", "a.jsonl.new", "a.torn"]
NAMES += ["~", "-", "_", "a ", "a.", '"', "'", "$HOME", "*", "?", "<>|", "\x7f", "\x80", "é" * 30]
NAMES += ["x" * 80, "x" * 81, "x" * 5000, "x" * 4999 + "y"]


def test_any_name_is_a_file_of_its_own():
    with Folder() as folder:
        history = JSONLHistory(folder.path)
        for number, name in enumerate(NAMES):
            history.append(name, [{"n": number}])
        for number, name in enumerate(NAMES):
            assert list(history.read(name)) == [{"n": number}], number
        assert len(folder.files()) == len(NAMES)


def test_names_differ_where_capitals_are_no_others():
    names = [file_name(name) for name in NAMES]
    assert len({name.lower() for name in names}) == len(NAMES)
    for name in names:
        assert 0 < len(name) <= 90
        assert name.lower() == name
        for byte in name.encode():
            assert byte in b"abcdefghijklmnopqrstuvwxyz0123456789_-%", name
        assert name not in ("con", "nul", "com1", "lpt9")


def test_a_session_is_a_str():
    history = JSONLHistory("nowhere")
    for name in (None, 1, b"a"):
        error_of(TypeError, history.read, name)
        error_of(TypeError, history.append, name, TURN)


THIRD = [
    {"role": "user", "content": "你"},
    {"role": "tool", "content": "x"},
    {"role": "assistant"},
]


def test_a_crash_at_any_byte_leaves_whole_turns():
    with Folder() as folder:
        history = JSONLHistory(folder.path)
        ends = []
        turns = [TURN, NEXT[:1], THIRD]
        for turn in turns:
            history.append("s", turn)
            ends.append(len(folder.content("s.jsonl")))
        whole = folder.content("s.jsonl")
        for cut in range(len(whole) + 1):
            # The line end may be missing: the turn is whole then as well.
            kept = sum([cut >= end - 1 for end in ends])
            want = [message for turn in turns[:kept] for message in turn]
            folder.write("s.jsonl", whole[:cut])
            assert list(history.read("s")) == want, cut
            history.append("s", NEXT)
            assert list(history.read("s")) == want + NEXT, cut
            history.append("s", TURN)
            assert list(history.read("s")) == want + NEXT + TURN, cut


def test_a_crash_while_what_is_torn_is_blanked():
    # From its end: at each byte, and of more steps than one.
    long = [{"role": "user", "content": "x" * 700}, {"role": "assistant", "content": "y" * 300}]
    with Folder() as folder:
        history = JSONLHistory(folder.path)
        history.append("s", TURN)
        start = len(folder.content("s.jsonl"))
        history.append("s", long)
        torn = folder.content("s.jsonl")[:-9]
        for left in list(range(start, start + 5)) + list(range(start + 695, len(torn))):
            folder.write("s.jsonl", torn[:left] + b" " * (len(torn) - left))
            assert list(history.read("s")) == TURN, left
            history.append("s", NEXT)
            assert list(history.read("s")) == TURN + NEXT, left
        lines = folder.content("s.jsonl").split(b"\n")
        assert max([len(line) for line in lines[3:-3]]) <= 256  # blank lines need no memory


def test_a_replacement_leaves_the_old_or_the_new():
    with Folder() as folder:
        history = JSONLHistory(folder.path)
        history.append("s", TURN)
        old = folder.content("s.jsonl")
        folder.write("s.jsonl.part", b'{"role":')  # was being written
        assert list(history.read("s")) == TURN
        folder.write("s.jsonl.new", b'{"new":1}\n')  # was to be put in place
        assert list(history.read("s")) == TURN
        # FAT: what was there has been removed, and what is new has not got its name.
        os.remove(folder.path + "/s.jsonl")
        for use in (
            lambda: list(history.read("s")),
            lambda: history.append("s", []),
            lambda: history.append("s", [{"more": 1}]),
            lambda: history.replace("s", history.read("s")),
        ):
            folder.write("s.jsonl.new", b'{"new":1}\n')
            use()
            found = list(history.read("s"))
            assert found[0] == {"new": 1}
            assert "s.jsonl.new" not in folder.files()
            os.remove(folder.path + "/s.jsonl")
        folder.write("s.jsonl", old)
        history.replace("s", NEXT)
        assert folder.files() == ["s.jsonl"]
        assert list(history.read("s")) == NEXT


def test_what_was_to_replace_a_session_does_not_come_back():
    with Folder() as folder:
        history = JSONLHistory(folder.path)
        history.append("s", TURN)
        folder.write("s.jsonl.new", b'{"new":1}\n')
        folder.write("s.jsonl.torn", b'{"torn')
        history.delete("s")
        assert list(history.read("s")) == []
        assert folder.files() == []


def test_what_fails_changes_nothing():
    bad = [{"role": "user", "content": "x" * 200000}, {"content": b"bytes"}]
    with Folder() as folder:
        history = JSONLHistory(folder.path)
        for before in ([], TURN):
            history.append("s", before)
            error_of(EncodeError, history.append, "s", bad)
            error_of(EncodeError, history.replace, "s", bad)
            assert list(history.read("s")) == before
            error_of(ZeroDivisionError, history.replace, "s", (1 // zero for zero in (0,)))
            assert folder.files() == ["s.jsonl"]
        history.append("s", NEXT)
        assert list(history.read("s")) == TURN + NEXT
        assert folder.told == []


def test_sources_are_stored_as_what_they_stand_for():
    with Folder() as folder:
        history = JSONLHistory(folder.path)
        history.append("s", [])
        folder.write("long.txt", ("é\n" * 3000).encode())
        folder.write("photo.png", b"\x89PNG")
        texts = TextFile(folder.path + "/long.txt"), DataURL(folder.path + "/photo.png")
        for text in texts + (TextStream(lambda: iter(["a", "b"])),):
            history.append("s", [{"content": text}, {"role": "assistant"}])
        want = ["é\n" * 3000, "data:image/png;base64,iVBORw==", "ab"]
        sent = read_all(JSONEncoder(Items(history.read("s"))))
        messages = json.loads(str(sent, "utf-8"))
        assert [message.get("content") for message in messages[::2]] == want
        assert messages[1::2] == [{"role": "assistant"}] * 3


class Never:
    def __aiter__(self):
        return self


def test_what_cannot_be_stored_is_refused():
    with Folder() as folder:
        history = JSONLHistory(folder.path)
        once = TextStream(iter(["a"]))
        for text in (once, TextStream(Never), TextFile(folder.path + "/none")):
            error_of(EncodeError, history.append, "s", [{"content": text}])
        assert list(history.read("s")) == []


def test_a_line_that_is_no_message_is_named():
    with Folder() as folder:
        history = JSONLHistory(folder.path)
        history.append("s", TURN)
        folder.write("s.jsonl", folder.content("s.jsonl") + b"{\n[1]\n")
        error = error_of(EncodeError, list, history.read("s"))
        assert "s.jsonl, line 3" in error.message

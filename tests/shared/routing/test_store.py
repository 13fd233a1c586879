"""The file that keeps the state of deployments."""

import os

from helpers import Scratch, error_of

from thinwire.core.routing.store import FileStore, Store

STATE = {"a": {"left_ms": 5, "until": 0, "failures": 2, "reason": "rate_limit"}, "b": {}}


def folder_of(path):
    # Folder and file name of a path.
    folder, _, name = path.rpartition("/")
    return folder or ".", name


def names_like(path):
    # Files that stand beside it, itself included, which begin with its name.
    folder, name = folder_of(path)
    return [one for one in os.listdir(folder) if one.startswith(name)]


def test_what_is_saved_is_loaded_by_another():
    with Scratch(b"") as path:
        FileStore(path).save(STATE)
        assert FileStore(path).load() == STATE


def test_the_last_state_replaces_the_one_before_it():
    with Scratch(b"") as path:
        store = FileStore(path)
        for number in range(5):
            store.save({"a": {"failures": number}})
        assert store.load() == {"a": {"failures": 4}}


def test_saving_leaves_no_other_file_behind():
    with Scratch(b"") as path:
        for _ in range(3):
            FileStore(path).save(STATE)
        assert names_like(path) == [folder_of(path)[1]], names_like(path)


def test_a_file_that_is_not_there_yet():
    with Scratch(b"") as path:
        os.remove(path)
        store = FileStore(path)
        assert store.load() is None
        store.save(STATE)
        assert store.load() == STATE


# What may stand in the file that is no state of ours.
FOREIGN = [
    b"",
    b" \n",
    b"{",
    b"[1, 2]",
    b"null",
    b'"text"',
    b"7",
    b"hello",
    b"\xff\xfe\x00",
    b"\x00" * 100,
    b"[" * 10000,
    b'{"a":' * 10000,
]


def test_a_file_that_is_no_state_of_ours_is_as_good_as_none():
    for data in FOREIGN:
        with Scratch(data) as path:
            got = FileStore(path).load()
            # MicroPython takes "{" for {}.
            assert got is None or got == {}, (data[:20], got)


def test_a_broken_file_is_no_error():
    for data in (b'{"a": {"left_ms": 5', b'{"a": "\xff"}', b'{"a": 1}]'):
        with Scratch(data) as path:
            got = FileStore(path).load()
            assert got is None or list(got) == ["a"], (data, got)


def test_a_foreign_file_is_replaced():
    for data in FOREIGN:
        with Scratch(data) as path:
            FileStore(path).save(STATE)
            assert FileStore(path).load() == STATE, data[:20]


def test_a_folder_that_is_missing():
    with Scratch(b"") as path:
        store = FileStore(path + "-missing/state.json")
        assert store.load() is None
        error_of(OSError, store.save, STATE)


def test_a_folder_in_the_place_of_the_file():
    with Scratch(b"") as path:
        os.mkdir(path + "-folder")
        try:
            store = FileStore(path + "-folder")
            assert store.load() is None
            error_of(OSError, store.save, STATE)
            left = names_like(path + "-folder")
        finally:
            os.rmdir(path + "-folder")
    assert left == [folder_of(path)[1] + "-folder"], left


def test_a_store_of_ones_own_has_two_methods():
    error_of(NotImplementedError, Store().load)
    error_of(NotImplementedError, Store().save, {})

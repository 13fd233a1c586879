"""Folders that are made once, and again only when what they are made from has changed."""

import contextlib
import fcntl
import hashlib
import shutil
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

_KEY = "made-from"


def digest(files: Iterable[Path], *words: str) -> str:
    """What names the contents of `files` (a folder stands for all in it) and some `words`."""
    total = hashlib.sha256(repr(words).encode())
    for file in files:
        for path in sorted(file.rglob("*")) if file.is_dir() else [file]:
            if path.is_file() and "__pycache__" not in path.parts:
                total.update(f"{path.name} {path.stat().st_size}\n".encode())
                total.update(path.read_bytes())
    return total.hexdigest()[:16]


def cached(folder: Path, key: str, make: Callable[[Path], None]) -> Path:
    """Return `folder`, made by `make(folder)` unless it was made with this `key` before.

    Other processes wait meanwhile. Whatever `make` raises leaves a folder that is made again.
    """
    note = folder / _KEY
    with _alone(folder):
        if not (note.exists() and note.read_text() == key):
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            make(folder)
            note.write_text(key)
    return folder


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_name(folder.name + ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield

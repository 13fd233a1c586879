"""A pipe in place of a file: it has no size, and is read all the same."""

import json
import os
import threading
from pathlib import Path

from thinwire import Base64File, TextFile
from thinwire.core.wire.json_encode import encoded


def test_a_pipe_is_read_to_its_end(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for source, want in ((TextFile(str(pipe)), "é" * 50_000), (Base64File(str(pipe)), "w6k=")):
        data = ("é" * 50_000 if isinstance(source, TextFile) else "é").encode()
        writer = threading.Thread(target=pipe.write_bytes, args=(data,), daemon=True)
        writer.start()
        assert json.loads(encoded([source])) == [want]
        writer.join(10)

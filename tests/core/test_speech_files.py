"""Files that `speak` writes, where the system has its say."""

import os
from pathlib import Path

import pytest

from thinwire import Client, Deployment, StreamInterrupted
from thinwire.core.errors import ReadError
from thinwire.testing.scripted import ScriptedReply, ScriptedTransport


def client_of(*pieces: object) -> tuple[Client, ScriptedTransport]:
    transport = ScriptedTransport(
        [ScriptedReply(list(pieces), 200, {"content-type": "audio/mpeg"})]
    )
    return Client("m", Deployment("https://a.test/v1"), transport=transport, retry=1), transport


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="a device of Linux")
@pytest.mark.parametrize("cut", [False, True])
def test_a_disk_that_is_full_when_the_file_is_closed(cut: bool, tmp_path: Path) -> None:
    path = tmp_path / "x.mp3"
    path.symlink_to("/dev/full")
    pieces: list[object] = [b"SO"]
    if cut:
        pieces.append(ReadError("cut"))
    client, transport = client_of(*pieces)
    with pytest.raises(StreamInterrupted if cut else OSError):
        client.speak("Hi", path)
    assert transport.open_responses == 0
    assert os.path.exists("/dev/full")
    assert path.is_symlink()  # it was there before


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="a pipe with a name")
def test_a_pipe_is_not_removed(tmp_path: Path) -> None:
    path = tmp_path / "player"
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    client, _ = client_of(b"SO", ReadError("cut"))
    with pytest.raises(StreamInterrupted):
        client.speak("Hi", path)
    assert os.read(reader, 10) == b"SO"
    os.close(reader)
    assert path.exists()

"""Recorded exchanges: what a real server sent, cut where it arrived.

As a file they are JSON that a person can read and the mock server can serve.
"""

import errno
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import Any, Literal

from thinwire._public import public
from thinwire.testing.replies.from_json import text_bytes
from thinwire.testing.replies.reply import MockReply
from thinwire.testing.replies.steps import Cut, Send, Step, Wait

FORMAT = "thinwire-recording/1"

# "whole": the message ended as its framing says. "eof", "reset": the server closed before that.
# "client_gone": the client did, so what came after is not known.
Ending = Literal["whole", "eof", "reset", "client_gone"]


@dataclass(frozen=True)
class Arrival:
    """Bytes that came in one read.

    Args:
        at_ms: milliseconds after the request had been sent.
        data: head and framing included.
    """

    at_ms: float
    data: bytes


@public
@dataclass(frozen=True)
class RecordedExchange:
    """One request and the raw bytes of its answer, both without secrets.

    Args:
        method, path: of the request, as the server saw them.
        headers: of the request.
        body: of the request: its JSON, else its text.
        arrivals: what came, in order.
        ending: how the answer ended.
    """

    method: str
    path: str
    headers: list[tuple[str, str]]
    body: Any
    arrivals: list[Arrival] = field(default_factory=list)
    ending: Ending = "whole"

    @property
    def model(self) -> str:
        """Model that was asked for, "" when the body does not say."""
        model = self.body.get("model") if isinstance(self.body, dict) else None
        return model if isinstance(model, str) else ""

    def reply(self, speed: float = 0) -> MockReply:
        """The answer, with its cuts.

        Args:
            speed: 1 keeps the recorded pauses, 2 halves them; 0 makes none.

        Returns:
            A script for `MockServer.reply`.
        """
        steps: list[Step] = []
        before = 0.0
        for arrival in self.arrivals:
            if speed > 0 and arrival.at_ms > before:
                steps.append(Wait((arrival.at_ms - before) / speed))
            before = arrival.at_ms
            steps.append(Send(arrival.data))
        if self.ending != "whole":
            steps.append(Cut(reset=self.ending == "reset"))
        return MockReply(steps=steps, framing="raw")


def save_recording(
    path: str | PathLike[str], exchanges: list[RecordedExchange], upstream: str
) -> None:
    """Write a recording; the file is whole at each moment.

    Args:
        path: of the file.
        exchanges: what to write.
        upstream: where it was recorded, for the reader.

    Raises:
        OSError: it cannot be written.
    """
    described = []
    for exchange in exchanges:
        request = {
            "method": exchange.method,
            "path": exchange.path,
            "headers": exchange.headers,
            "body": exchange.body,
        }
        arrivals = [{"at_ms": cut.at_ms, **_described(cut.data)} for cut in exchange.arrivals]
        response = {"arrivals": arrivals, "ending": exchange.ending}
        described.append({"request": request, "response": response})
    document = {"format": FORMAT, "upstream": upstream, "exchanges": described}
    partial = _partial(path)
    partial.write_text(json.dumps(document, ensure_ascii=True, indent=1) + "\n", "utf-8")
    partial.replace(path)


def require_writable(path: str | PathLike[str]) -> None:
    """Whether a recording can be written, found without touching one that is there.

    Raises:
        OSError: it cannot.
    """
    partial = _partial(path)
    partial.write_bytes(b"")
    partial.unlink()
    if Path(path).is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), os.fspath(path))


def _partial(path: str | PathLike[str]) -> Path:
    return Path(f"{os.fspath(path)}.part")


@public
def load_recording(path: str | PathLike[str]) -> list[RecordedExchange]:
    """Exchanges of a file that `save_recording` wrote.

    Raises:
        OSError: it cannot be read.
        ValueError: it is not a recording.
    """
    return exchanges_from(json.loads(Path(path).read_text("utf-8")), str(path))


def exchanges_from(document: Any, path: str) -> list[RecordedExchange]:
    """Exchanges of a parsed file; ValueError when it is not a recording."""
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise ValueError(f"{path}: not a recording: the format is not {FORMAT!r}")
    exchanges = []
    try:
        for value in document["exchanges"]:
            request, response = value["request"], value["response"]
            headers = [(str(name), str(content)) for name, content in request["headers"]]
            arrivals = [Arrival(cut["at_ms"], _bytes(cut)) for cut in response["arrivals"]]
            exchange = RecordedExchange(
                request["method"],
                request["path"],
                headers,
                request["body"],
                arrivals,
                response["ending"],
            )
            exchanges.append(exchange)
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{path}: a broken recording: {error!r}") from error
    return exchanges


def _described(data: bytes) -> dict[str, str]:
    # A cut inside a character leaves no text on either side.
    try:
        return {"text": data.decode("utf-8")}
    except UnicodeDecodeError:
        return {"hex": data.hex()}


def _bytes(cut: Mapping[str, Any]) -> bytes:
    return text_bytes(cut["text"]) if "text" in cut else bytes.fromhex(cut["hex"])

"""The flight recorder: a ring of what went over the wire last, for who has to find out afterwards
what a server did. Without secrets, in bounded memory, and as a file that `thinwire mock --replay`
serves again, with the same cuts.

It keeps of each attempt what was asked (long texts shortened, the middle of a long conversation
left out), the head of the answer, and its bytes as they came, each piece with its time. Once
`size_bytes` are kept, the oldest pieces go. Secrets are what headers and query of the request hold
(wire/redaction.py); in an answer they are overwritten as it arrives, byte by byte, wherever it is
cut.
"""

import json

from thinwire.core._compat import (
    BODY_LIMIT,
    const,
    import_module,
    public,
    replace_file,
    threads,
)
from thinwire.core.errors import without
from thinwire.core.wire.redaction import is_secret, secrets, unquoted

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager
    from os import PathLike
    from typing import Any

    from thinwire.core.errors import ThinwireError
    from thinwire.core.observer import Observer
    from thinwire.core.request.http_request import Request
    from thinwire.core.routing.plan import Attempt
    from thinwire.core.transport import Response

_FORMAT = "thinwire-recording/1"
_HIDDEN = "[redacted]"
_PIECE = const(64)  # bytes that a piece takes beside its own, about
_SMALLEST = const(1024)
_LONGEST_TEXT = const(200)  # characters of a text in a request
_LONGEST_LIST = const(24)
_DEEPEST = const(12)
_OF_AN_ACCOUNT = ("openai-organization", "openai-project")
# Of a connection only, or no longer true of a body without its framing and its coding.
_FRAMING = ("transfer-encoding", "content-length", "content-encoding", "connection", "keep-alive")


@public
class Recording:
    """What a FlightRecorder held at one moment.

    Args:
        flights: the attempts, the oldest one first.
    """

    def __init__(self, flights: "Sequence[Kept]") -> None:
        self._flights = [one.copy() for one in flights]

    @property
    def exchanges(self) -> "list[dict[str, Any]]":
        """The attempts as the file has them: "request" with method, path, headers and body,
        "response" with its arrivals."""
        found = []
        for one in self._flights:
            parts: list[str] = []
            one.write(parts.append)
            found.append(json.loads("".join(parts)))
        return found

    def save(self, path: "str | PathLike[str]") -> None:
        """Writes it as a file that `thinwire mock --replay` and `load_recording` read.

        Args:
            path: of the file, which is replaced as a whole.

        Raises:
            OSError: it cannot be written.
        """
        partial = "%s.part" % path
        with open(partial, "w") as file:
            origin = self._flights[-1].origin if self._flights else ""
            start = {"format": _FORMAT, "upstream": origin}
            file.write(json.dumps(start)[:-1] + ', "exchanges": [')
            for number, one in enumerate(self._flights):
                file.write(",\n" if number else "\n")
                one.write(file.write)
            file.write("\n]}\n")
        replace_file(partial, path)

    def __repr__(self) -> str:
        return "Recording(%d exchanges)" % len(self._flights)


class Unshared:
    """Stands for a lock where there are no threads."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, *details: object) -> None:
        pass


@public
class FlightRecorder:
    """Keeps what went over the wire last, without secrets: `Client(..., recorder=recorder)`.

    Args:
        size_bytes: how much is kept, all attempts together; the oldest goes first. By default
            256 KiB, on a chip 8 KiB.
        attach: errors of attempts get it as it stands then, as `error.recording`; `of` finds it
            from any error.

    Raises:
        ValueError: a size of less than 1024 bytes.

    One may serve several clients, and their threads.
    """

    def __init__(self, size_bytes: int = 4 * BODY_LIMIT, attach: bool = False) -> None:
        if size_bytes < _SMALLEST:
            raise ValueError("size_bytes must be at least %d, not %r" % (_SMALLEST, size_bytes))
        self.attach = attach
        self._room = size_bytes
        self._flights: list[Flight] = []
        # Whoever changes what is kept has it.
        self.lock: AbstractContextManager[object]
        self.lock = Unshared() if threads is None else threads.RLock()

    def recording(self) -> Recording:
        """What is kept now, as an object of its own."""
        with self.lock:
            return Recording(self._flights)

    def save(self, path: "str | PathLike[str]") -> None:
        """Writes what is kept now; see Recording.save."""
        self.recording().save(path)

    def clear(self) -> None:
        """Forgets what is over."""
        with self.lock:
            for one in [one for one in self._flights if one.ending]:
                self._forget(one)

    @staticmethod
    def of(error: "BaseException | None") -> "Recording | None":
        """The recording that is attached to an error, or to what led to it; None for none."""
        while error is not None:
            found: Recording | None = getattr(error, "recording", None)
            if found is not None:
                return found
            error = getattr(error, "cause", None)
        return None

    def observer(self, before: "Observer | None") -> "Observer":
        """An observer that attaches to errors, and tells all that `before` would."""
        observer: Observer = before or import_module("thinwire.core.observer").Observer([])
        tell = observer.failed

        def failed(attempt: "Attempt", error: "ThinwireError") -> None:
            error.recording = self.recording()  # type: ignore[attr-defined]
            tell(attempt, error)

        observer.failed = failed  # type: ignore[method-assign]
        return observer

    def sending(self, request: "Request", now_ms: int) -> "Flight":
        """An attempt begins; see wire/tap.py."""
        try:
            flight = Flight(self, request, now_ms)
        except MemoryError:
            self.empty()
            flight = Flight(self, request, now_ms)
        with self.lock:
            self._flights.append(flight)
            self.grew(len(flight.asked))
        return flight

    def grew(self, size: int) -> None:
        """Takes note of what is kept more, in bytes; lets the oldest go."""
        with self.lock:
            self._room -= size
            while self._room < 0 and self._shrink():
                pass

    def empty(self) -> None:
        """Lets the bytes of all answers go, where memory is short."""
        with self.lock:
            for one in self._flights:
                one.torn = True
                while one.pieces:
                    size = len(one.pieces.pop()[1])
                    one.lost += size
                    self._room += size + _PIECE

    def _shrink(self) -> bool:
        # The last piece of an attempt at work stays: a secret may begin in it.
        for one in self._flights:
            if len(one.pieces) > 1 or (one.pieces and one.ending):
                gone = one.pieces.pop(0)[1]
                size = len(gone)
                one.lost += size
                one.torn = not gone.endswith(b"\n\n")
                self._room += size + _PIECE
                return True
            if one.ending:
                self._forget(one)
                return True
        if len(self._flights) < 2:
            return False
        self._forget(self._flights[0])  # at work, or left without a word
        return True

    def _forget(self, flight: "Flight") -> None:
        self._flights.remove(flight)
        flight.forgotten = True
        self._room += len(flight.asked) + len(flight.head_text)
        self._room += sum([len(data) + _PIECE for _, data in flight.pieces])

    def __repr__(self) -> str:
        return "FlightRecorder(%d exchanges, %d bytes left)" % (len(self._flights), self._room)


class Kept:
    """What is kept of one attempt."""

    origin = asked = head_text = ending = error = ""
    head_ms = lost = 0
    chunked = torn = False
    pieces: "list[tuple[int, bytearray]]"

    def copy(self) -> "Kept":
        """It as it stands, which later pieces do not change."""
        other = Kept()
        for name in (
            "origin",
            "asked",
            "head_text",
            "head_ms",
            "chunked",
            "lost",
            "torn",
            "error",
        ):
            setattr(other, name, getattr(self, name))
        other.ending = self.ending or "client_gone"
        other.pieces = [(at, bytearray(data)) for at, data in self.pieces]
        return other

    def write(self, write: "Callable[[str], object]") -> None:
        """Writes it as JSON, piece by piece."""
        write('{"request": ' + self.asked + ', "response": {"arrivals": [')
        last, lost = self.head_ms, self.lost
        if self.head_text:
            write(_arrival(last, self.head_text.encode()))
        cut = self.torn
        for last, data in self.pieces:
            piece = bytes(data)
            if cut:  # what can be understood begins with the next event
                cut, start = False, piece.find(b"\n\n") + 2
                if start < 2:
                    cut, start = True, len(piece)
                lost += start
                piece = piece[start:]
            if piece:
                write(", " + _arrival(last, self._framed(piece)))
        if self.chunked and self.ending == "whole":
            write(", " + _arrival(last, b"0\r\n\r\n"))
        more = {"ending": self.ending, "error": self.error, "lost_bytes": lost}
        write("], " + json.dumps(more)[1:] + "}")

    def _framed(self, piece: bytes) -> bytes:
        return b"%x\r\n%s\r\n" % (len(piece), piece) if self.chunked else piece


class Flight(Kept):
    """One attempt as it takes place: what wire/tap.py tells of it.

    Attributes:
        forgotten: its recorder has let it go.
    """

    forgotten = False

    def __init__(self, recorder: FlightRecorder, request: "Request", now_ms: int) -> None:
        self._recorder = recorder
        self._request: Request | None = request
        self.started_ms = now_ms
        path, mark, query = request.target.partition("?")
        found = secrets(request.headers, query, request.key)
        self._secrets = [secret.encode() for secret in found]
        fields = [_field(field) for field in query.split("&")]
        headers = [
            [name, _HIDDEN if _is_hidden(name) else _hide(value, found)]
            for name, value in request.headers
        ]
        document = getattr(request.body, "_document", None)  # of a JSONBody
        asked = {
            "method": request.method,
            "path": _hide(path, found) + mark + "&".join(fields),
            "headers": headers,
            "body": _short(document, found, _DEEPEST),
        }
        self.origin = "%s://%s" % (request.scheme, request.authority)
        self.asked = json.dumps(asked)
        self.pieces = []
        self._tail = b""  # what a secret may begin in

    def head(self, response: "Response", now_ms: int) -> None:
        """The response head has come."""
        if self.forgotten:
            return
        found = [str(secret, "utf-8") for secret in self._secrets]
        lines = ["HTTP/1.1 %d Recorded" % response.status]
        pairs = response.all_headers() if hasattr(response, "all_headers") else []
        for name, value in pairs or [("content-type", response.header("content-type") or "")]:
            if name.lower() not in _FRAMING:
                shown = _HIDDEN if _is_hidden(name) else _hide(value, found)
                lines.append("%s: %s" % (name, shown))
        self.chunked = getattr(response, "framed", True)
        if self.chunked:
            lines.append("transfer-encoding: chunked")
        lines.append("connection: close\r\n\r\n")
        self.head_text = "\r\n".join(lines)
        self.head_ms = self._since(now_ms)
        self._recorder.grew(len(self.head_text))

    def data(self, view: memoryview, now_ms: int) -> None:
        """Bytes of the body have come."""
        with self._recorder.lock:
            if self.forgotten:
                return
            try:
                data = bytearray(view)
                if self._secrets:
                    self._overwrite(data)
                self.pieces.append((self._since(now_ms), data))
                self._recorder.grew(len(data) + _PIECE)
            except MemoryError:  # an answer is worth more than its recording
                self._recorder.empty()

    def ended(self, how: str, now_ms: int, error: "BaseException | None" = None) -> None:
        """It is over."""
        self.ending = how
        if error is not None:
            self.error = type(error).__name__  # its words may hold what is secret
        self._request = None  # the conversation is the caller's
        self._secrets, self._tail = [], b""

    def _since(self, now_ms: int) -> int:
        sent = self._request.sent_ms  # type: ignore[union-attr]
        return max(now_ms - (self.started_ms if sent is None else sent), 0)

    def _overwrite(self, data: bytearray) -> None:
        # A secret may have begun in earlier pieces: so these are looked at again, as far as one
        # can reach back.
        text = bytearray(self._tail)
        before = len(text)
        text.extend(data)
        found = False
        for secret in self._secrets:
            at = text.find(secret)
            while at >= 0:
                found = True
                text[at : at + len(secret)] = b"*" * len(secret)
                at = text.find(secret, at + len(secret))  # which may be of "*", too
        if found:
            data[:] = text[before:]
            left = before
            for _, piece in reversed(self.pieces):
                size = min(left, len(piece))
                if size:
                    piece[len(piece) - size :] = text[left - size : left]
                    left -= size
        longest = max([len(secret) for secret in self._secrets])
        self._tail = bytes(text[-(longest - 1) :])


def _arrival(at_ms: int, data: bytes) -> str:
    try:
        return json.dumps({"at_ms": at_ms, "text": data.decode()})
    except UnicodeError:  # a cut inside of a character leaves no text on either side
        return json.dumps({"at_ms": at_ms, "hex": "".join(["%02x" % byte for byte in data])})


def _is_hidden(name: str) -> bool:
    # A secret, or whose account it is.
    return is_secret(name) or name.lower() in _OF_AN_ACCOUNT


def _hide(text: str, found: "list[str]") -> str:
    for secret in found:
        text = without(text, secret)
    return text


def _field(field: str) -> str:
    # A field of the query.
    name, mark, value = field.partition("=")
    return name + mark + (_HIDDEN if value and is_secret(unquoted(name)) else value)


def _short(value: "Any", found: "list[str]", depth: int) -> "Any":
    # A part of a document, without secrets, and short.
    if isinstance(value, str):
        size = len(value)
        if size > _LONGEST_TEXT:
            value = value[:_LONGEST_TEXT] + "..."
        value = _hide(value, found)
        return value if size <= _LONGEST_TEXT else "%s[%d characters]" % (value, size)
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if not depth or not isinstance(value, (list, tuple, dict)):
        return "[%s]" % type(value).__name__
    if isinstance(value, dict):
        return {
            _short(name, found, 1): _short(one, found, depth - 1) for name, one in value.items()
        }
    some = list(value)
    if len(some) > _LONGEST_LIST:
        left_out = "[%d more]" % (len(some) - _LONGEST_LIST)
        some = some[:4] + [left_out] + some[4 - _LONGEST_LIST :]
    return [_short(one, found, depth - 1) for one in some]

"""A reply of the mock server: status, headers, steps, and how they go over the wire."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, TypedDict

from thinwire._public import public
from thinwire.testing.replies.steps import Repeat, Send, Step
from thinwire.testing.server.request import RecordedRequest

EVENT_STREAM = "text/event-stream; charset=utf-8"

Headers = Sequence[tuple[str, str]]
Framing = Literal["chunked", "length", "close", "raw"]


@public
class WireOptions(TypedDict, total=False):
    """How a reply goes over the wire; every builder takes these as keywords.

    Keys:
        headers: header pairs, in place of the builder's own of the same name.
        framing: "chunked"; "length" (Content-Length); "close" (the end of the connection ends
            the body); "raw" (no head and no framing: the steps write every byte).
        length: Content-Length to declare, true or not; by default the size of the body.
        pieces: sizes of the single writes, repeated in turn; 1 writes byte by byte.
        gap_ms: pause between two such writes.
        http_chunk: largest HTTP chunk; by default every `Send` is one.
        joined: gather what one step after the other writes, up to a pause or the end, so that
            head and body arrive in one read.
        early: answer as soon as so many bytes of the request body have come, without waiting
            for its end; 0 answers to the head. A script for one model must see the model's name
            in the body first, a script for "*" need not.
        hang_up: close the connection after a whole reply without having announced it.
        interim: statuses of interim responses before the head, e.g. (100, 103).
    """

    headers: Headers
    framing: Framing
    length: int | None
    pieces: int | Sequence[int] | None
    gap_ms: float
    http_chunk: int | None
    joined: bool
    early: int | None
    hang_up: bool
    interim: Sequence[int]


@public
@dataclass(frozen=True)
class MockReply:
    """What the mock server sends back: data, used once or any number of times.

    Args:
        status: HTTP status.
        steps: what to do, in order; see `steps.py`. The head is written by a `Head` step, or
            with the first `Send`, or at the end; the body ends with `EndBody` or at the end.

    The other arguments are those of `WireOptions`.
    """

    status: int = 200
    steps: Iterable[Step] = ()
    headers: Headers = ()
    framing: Framing = "chunked"
    length: int | None = None
    pieces: int | Sequence[int] | None = None
    gap_ms: float = 0
    http_chunk: int | None = None
    joined: bool = False
    early: int | None = None
    hang_up: bool = False
    interim: Sequence[int] = ()

    def body_length(self) -> int:
        """Bytes of the body, for Content-Length.

        Returns:
            `length` when given, else the sum over the steps.

        Raises:
            ValueError: a step repeats for ever, so there is no sum.
        """
        if self.length is not None:
            return self.length
        size = 0
        for step in self.steps:
            if isinstance(step, Send) and not step.raw:
                size += len(step.data)
            elif isinstance(step, Repeat):
                if step.times is None:
                    problem = "a body that repeats for ever has no Content-Length: give `length`"
                    raise ValueError(problem)
                size += step.times * len(step.data)
        return size


# What `MockServer.reply` takes: a reply, or a function that makes one from the request.
Script = MockReply | Callable[[RecordedRequest], MockReply]


def reply_of(script: Script, request: RecordedRequest) -> MockReply:
    """What `script` answers to `request`."""
    return script if isinstance(script, MockReply) else script(request)


def with_content_type(wire: WireOptions, content_type: str) -> WireOptions:
    """`wire` with a Content-Type, unless it already names one."""
    headers = list(wire.get("headers", ()))
    if not has_header(headers, "content-type"):
        headers.insert(0, ("Content-Type", content_type))
    return {**wire, "headers": headers}


def has_header(headers: Headers, name: str) -> bool:
    """Whether `headers` has one called `name`, given in lower case."""
    return any(known.lower() == name for known, _ in headers)

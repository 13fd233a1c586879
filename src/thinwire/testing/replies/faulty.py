"""Builders of replies that do not end well: each what some server or network really does."""

from typing import Literal, Unpack

from thinwire._public import public
from thinwire.testing.replies.chunks import error_object
from thinwire.testing.replies.completion import MockCompletion
from thinwire.testing.replies.good import as_tokens
from thinwire.testing.replies.reply import (
    EVENT_STREAM,
    MockReply,
    Script,
    WireOptions,
    with_content_type,
)
from thinwire.testing.replies.steps import Cut, Head, Repeat, Send, Stall, Step

_EARLY = 1  # bytes of the request body: the rest of it is what nobody reads

StallPoint = Literal["before_head", "after_head", "mid_stream", "comments", "mid_upload"]
CutPoint = Literal["before_head", "after_head", "mid_stream", "mid_event", "mid_upload"]


@public
def stall_reply(
    where: StallPoint,
    *,
    text: str | None = None,
    interval_ms: float = 100,
    **wire: Unpack[WireOptions],
) -> Script:
    """A reply that stops, with the connection left open until the client leaves.

    Args:
        where: "before_head", "after_head", "mid_stream" (after `text`), "comments": no
            silence but comment lines for ever, as a proxy sends them while the model is stuck, or
            "mid_upload": the request is read no further once the model's name has come; see
            `early` in `WireOptions`.
        text: said first, mid-stream or before the comments.
        interval_ms: between two comments.
        wire: see `WireOptions`.

    Returns:
        A script for `MockServer.reply`.
    """
    comments = Repeat(b": ping\n\n", interval_ms)
    if where == "mid_stream":
        return _broken("Hello there" if text is None else text, wire, Stall())
    if where == "comments" and text is not None:
        return _broken(text, wire, comments)
    if where == "mid_upload":
        return _events([Stall(deaf=True)], {"early": _EARLY, **wire})
    steps: dict[str, list[Step]] = {"after_head": [Head(), Stall()], "comments": [comments]}
    return _events(steps.get(where, [Stall()]), wire)


@public
def cut_reply(
    where: CutPoint = "mid_stream",
    *,
    text: str = "Hello there",
    reset: bool = False,
    **wire: Unpack[WireOptions],
) -> Script:
    """A reply whose connection closes too soon.

    Args:
        where: "before_head", "after_head", "mid_stream" (after `text`, without a finish_reason
            and without the last HTTP chunk), "mid_event" (inside a line) or "mid_upload": while
            the request is still being sent; see `early` in `WireOptions`.
        text: said first.
        reset: close by TCP reset.
        wire: see `WireOptions`.

    Returns:
        A script for `MockServer.reply`.
    """
    cut = Cut(reset=reset)
    if where == "mid_event":
        return _broken(text, wire, Send(b'data: {"id":"chatcmpl-mo'), cut)
    if where == "mid_stream":
        return _broken(text, wire, cut)
    if where == "mid_upload":
        return _events([cut], {"early": _EARLY, **wire})
    return _events([Head(), cut] if where == "after_head" else [cut], wire)


@public
def error_chunk_reply(
    message: str = "mock error in the stream",
    *,
    status: int = 500,
    code: str | int | None = None,
    kind: str | None = None,
    after: str = "",
    event: str | None = None,
    done: bool = False,
    **wire: Unpack[WireOptions],
) -> MockCompletion:
    """A stream with status 200 in which an error object comes where a chunk should.

    Args:
        message: what the provider says.
        status: decides `error.type` where `kind` does not.
        code: `error.code`; OpenRouter puts a status there.
        kind: `error.type`.
        after: text streamed before the error.
        event: name of the error's event, e.g. "error".
        done: whether `[DONE]` follows.
        wire: see `WireOptions`.

    Returns:
        A script for `MockServer.reply`. A request that does not stream gets the error object
        alone, with status 200.
    """
    error = error_object(status, message, code, kind)
    deltas = [{"content": word} for word in as_tokens(after)]
    return MockCompletion(deltas, error=error, event=event, done=done, wire=wire)


def _broken(text: str, wire: WireOptions, *ending: Step) -> MockCompletion:
    return MockCompletion(
        [{"content": word} for word in as_tokens(text)], ending=ending, wire=wire
    )


def _events(steps: list[Step], wire: WireOptions) -> MockReply:
    return MockReply(steps=steps, **with_content_type(wire, EVENT_STREAM))

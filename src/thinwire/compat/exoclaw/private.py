"""Names that exoclaw-provider-openai keeps to itself, for its own tests and who used them anyway.

Loaded when one of them is asked for.
"""

from thinwire.compat.exoclaw.conversion import wire_message, wire_messages
from thinwire.compat.exoclaw.errors import retryable_error
from thinwire.core._compat import const, random_id
from thinwire.core.request.http_request import JSONBody
from thinwire.core.wire.json_encode import Items

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any, Self

NAMES = ("_ALNUM", "_RetryableError", "_emit_message", "_short_tool_id", "_stream_body")
_ALNUM = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
_BLOCK = const(2048)
_short_tool_id = random_id
_RetryableError = retryable_error()


class _Blocks:
    # A document as an async iterator of bytes; no generator, which a chip's `async for` cannot
    # walk.
    def __init__(self, document: "Any") -> None:
        self._body = JSONBody(document)
        self._buffer = bytearray(_BLOCK)

    def __aiter__(self) -> "Self":
        return self

    async def __anext__(self) -> bytes:
        count = self._body.readinto(self._buffer)
        while count is None:
            await self._body.more()
            count = self._body.readinto(self._buffer)
        if not count:
            self._body.close()
            raise StopAsyncIteration
        return bytes(memoryview(self._buffer)[:count])


def _emit_message(msg: "dict[str, Any]") -> _Blocks:
    return _Blocks(wire_message(msg))


def _stream_body(head: "dict[str, Any]", messages: "Iterable[dict[str, Any]]") -> _Blocks:
    document = dict(head)
    sent = wire_messages(messages)
    document["messages"] = sent if isinstance(sent, list) else Items(sent)
    return _Blocks(document)

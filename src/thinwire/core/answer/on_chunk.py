"""Chunks for whoever wants to see them as they came: `on_chunk` of the client.

Servers repeat what they were sent, the key included: a copy is handed out in which each secret of
the request is `***`, and which may be kept or changed.

Loaded for clients with `on_chunk`.
"""

from thinwire.core._compat import const
from thinwire.core.errors import ThinwireError, without
from thinwire.core.wire.redaction import secrets

_DEEPEST = const(16)  # what is nested more deeply is left out: a chip's stack is short

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from thinwire.core.request.http_request import Request

    OnChunk = Callable[[dict[str, Any]], object]


class ChunkTeller:
    """Tells `on_chunk` the chunks of one answer.

    Args:
        on_chunk: the caller's; what it raises ends the call.
        request: whose answer it is.
    """

    def __init__(self, on_chunk: "OnChunk", request: "Request") -> None:
        # Hooks for requests and answers count the chunks of each attempt (answer/wire_hooks.py).
        self._on_chunk = on_chunk.of(request) if hasattr(on_chunk, "of") else on_chunk
        self._secrets = secrets(request.headers, request.target.partition("?")[2], request.key)

    def tell(self, chunk: "dict[str, object]") -> None:
        """Tells of one chunk, which is not changed."""
        try:
            self._on_chunk(copy(chunk, self._secrets))
        except ThinwireError as error:  # of another call that it has made
            error.foreign = True
            raise


def copy(value: "Any", hidden: "list[str]", depth: int = _DEEPEST) -> "Any":
    """A copy of JSON, or of what will be some: of anything else the kind is named.

    Args:
        hidden: texts in whose place `***` stands.
        depth: what is nested more deeply is None.
    """
    if isinstance(value, str):
        for secret in hidden:
            value = without(value, secret)
        return value
    if not depth and isinstance(value, (list, tuple, dict)):
        return None
    left = depth - 1
    if isinstance(value, (list, tuple)):
        return [copy(one, hidden, left) for one in value]
    if isinstance(value, dict):
        return {copy(name, hidden, left): copy(one, hidden, left) for name, one in value.items()}
    if value is None or isinstance(value, (bool, int, float)):
        return value
    return "[%s]" % type(value).__name__

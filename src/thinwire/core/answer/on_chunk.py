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
        self._on_chunk = on_chunk
        self._secrets = secrets(request.headers, request.target.partition("?")[2], request.key)

    def tell(self, chunk: "dict[str, object]") -> None:
        """Tells of one chunk, which is not changed."""
        try:
            self._on_chunk(self._copy(chunk, _DEEPEST))
        except ThinwireError as error:  # of another call that it has made
            error.foreign = True
            raise

    def _copy(self, value: "Any", depth: int) -> "Any":
        if isinstance(value, str):
            for secret in self._secrets:
                value = without(value, secret)
            return value
        if not depth and isinstance(value, (list, dict)):
            return None
        if isinstance(value, list):
            return [self._copy(one, depth - 1) for one in value]
        if isinstance(value, dict):
            left = depth - 1
            return {self._copy(name, left): self._copy(one, left) for name, one in value.items()}
        return value

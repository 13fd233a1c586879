"""Chunks for whoever wants to see them as they came: `on_chunk` of the client.

Servers repeat what they were sent, the key included: a copy is handed out in which each secret of
the request is `***`, and which may be kept or changed.

Loaded for clients with `on_chunk`.
"""

from thinwire.core._compat import const
from thinwire.core.errors import ThinwireError, without
from thinwire.core.wire.redaction import secrets

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
        self._secrets = secrets(request.headers, request.target.partition("?")[2])

    def tell(self, chunk: "dict[str, object]") -> None:
        """Tells of one chunk, which is not changed; not of one that is nested too deeply."""
        try:
            copy = self._copy(chunk)
        except RuntimeError:  # RecursionError: hundreds of brackets
            return
        try:
            self._on_chunk(copy)
        except ThinwireError as error:  # of another call that it has made
            error.foreign = True
            raise

    def _copy(self, value: "Any") -> "Any":
        if isinstance(value, str):
            for secret in self._secrets:
                value = without(value, secret)
        elif isinstance(value, list):
            value = [self._copy(one) for one in value]
        elif isinstance(value, dict):
            value = {self._copy(name): self._copy(one) for name, one in value.items()}
        return value

"""A request to any endpoint: where it goes, and a body of whatever kind."""

from thinwire.core._compat import const, import_module
from thinwire.core.request.call import Call
from thinwire.core.request.http_request import Body, JSONBody

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator, Mapping
    from typing import Any, TypeAlias

    from thinwire.core.request.multipart import Multipart

    Blocks = Iterator[bytes] | AsyncIterator[bytes]
    Bytes = bytes | bytearray | memoryview | str
    Document = Mapping[str, object] | list[object]
    Content: TypeAlias = "Document | Bytes | Multipart | Blocks | Callable[[], Blocks]"

_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


class EndpointCall(Call):
    """What is asked of an endpoint.

    Args:
        method, path, content, is_delta: see Services.open, and Multipart.
        extra_headers, session: see Call.

    Raises:
        ValueError: a method, path or header that cannot be sent. TypeError: a body of no kind.
    """

    dialect = "endpoint"

    def __init__(
        self,
        method: str,
        path: str,
        content: "Content | None" = None,
        extra_headers: "Mapping[str, str] | None" = None,
        session: str = "",
        is_delta: "Callable[[memoryview], bool] | None" = None,
    ) -> None:
        super().__init__((), extra_headers=extra_headers, session=session)
        if method not in _METHODS:
            raise ValueError("method must be one of %s, not %r" % (", ".join(_METHODS), method))
        _check_path(path)
        self.method = method
        self.path = path
        self.is_delta = is_delta
        self._content = bytes(content, "utf-8") if isinstance(content, str) else content
        self.media_type = ""
        if isinstance(content, (dict, list)):
            self.media_type = "application/json"
        elif hasattr(content, "media_type"):  # a Multipart
            self.media_type = content.media_type  # type: ignore[union-attr]
            self.portable = not content.once  # type: ignore[union-attr]
        elif hasattr(content, "__next__") or hasattr(content, "__anext__"):
            self.portable = False
            self.body = _produced(content)
        elif not (
            content is None
            or callable(content)
            or isinstance(content, (bytes, bytearray, memoryview, str))
        ):
            kind = type(content).__name__
            text = "body takes bytes, str, dict, list, an iterator of bytes, or a callable that"
            raise TypeError("%s gives one, not %s" % (text, kind))

    def made(self, model: str) -> "Body | None":
        """The body of an attempt, a fresh one; None for none.

        Args:
            model: the deployment's id of the model.
        """
        content: Any = self._content
        if self.body is not None or content is None:
            return self.body
        if isinstance(content, dict):
            document = dict(content)
            if document.setdefault("model", model) is None:
                del document["model"]
            return JSONBody(document, self.sizes)
        if isinstance(content, list):
            return JSONBody(content, self.sizes)  # type: ignore[arg-type]
        if hasattr(content, "media_type"):
            return content.body(model)  # type: ignore[no-any-return]
        if callable(content):
            return _produced(content)
        return BytesBody(content)

    def counts(self) -> "tuple[int, int]":
        """Nobody has looked whether there are messages in it."""
        return -1, -1


class BytesBody(Body):
    """Bytes that are there.

    Args:
        data: what to send.
    """

    def __init__(self, data: "bytes | bytearray | memoryview") -> None:
        super().__init__()
        self._view = memoryview(data)

    def length(self) -> int:
        """See Body."""
        return len(self._view)

    def replayable(self) -> bool:
        """See Body."""
        return True

    def repeatable(self) -> bool:
        """See JSONBody."""
        return True

    def _read(self, buffer: "bytearray | memoryview") -> int:
        at = self.sent_bytes
        count = min(len(self._view) - at, len(buffer))
        memoryview(buffer)[:count] = self._view[at : at + count]
        return count


def _produced(blocks: object) -> "Body":
    # A module that few need.
    made = import_module("thinwire.core.request.fresh_body")
    if callable(blocks):
        return made.FreshBody(blocks)  # type: ignore[no-any-return]
    return made.ProducedBody(made.blocks_of(blocks, False))  # type: ignore[no-any-return]


def _check_path(path: str) -> None:
    # An absolute URL would send the key to whoever it names; a path that climbs out of the base
    # URL is what a name of somebody else's, put into it, would do.
    if not isinstance(path, str) or path[:1] != "/":
        raise ValueError("path %r must begin with '/', and is counted from the base URL" % (path,))
    for character in path:
        if character <= " " or character >= "\x7f" or character in '"<>\\^`{|}#':
            raise ValueError("path has the character %r: it has to be %%-encoded" % character)
    for part in path.partition("?")[0].lower().replace("%2e", ".").split("/"):
        if part in (".", ".."):
            raise ValueError("path %r climbs: take %r out" % (path, part))

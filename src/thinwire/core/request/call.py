"""What a caller asks for. It is built into a request once for each deployment that is tried."""

from thinwire.core._compat import const
from thinwire.core.dialects import openai
from thinwire.core.wire.http1_request import check_header

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from thinwire.core.answer.keep import Keeper
    from thinwire.core.request.body import Body
    from thinwire.core.routing.deployment import Deployment


class Call:
    """What a caller asks for.

    Args:
        messages: list of message dicts, or any re-iterable of them.
        tools: list of tool definitions, or None.
        params: further fields of the request; those that are None are left out.
        extra_body: fields that replace all others, None included.
        extra_headers: headers of this call.
        session: name of the conversation, for deployments with `pin_provider`; never sent.
        keep: what becomes of the answer's text; see AsyncClient.stream.

    Raises:
        TypeError: messages is a string, one message, or no iterable.
        ValueError: a header that cannot be sent; its value is not repeated.

    Attributes:
        portable: whether the request can be built for another deployment.
        keeper: what becomes of the answer's text, None: it is kept in memory.
        heard: whether somebody gets the text while it arrives.
        sizes: sizes of its files, the same for each attempt; see JSONEncoder.
    """

    portable = True

    def __init__(
        self,
        messages: object,
        tools: object = None,
        params: "dict[str, object] | None" = None,
        extra_body: "dict[str, object] | None" = None,
        extra_headers: "dict[str, str] | None" = None,
        session: str = "",
        keep: object = "text",
    ) -> None:
        if not _is_iterable(messages):
            raise TypeError('messages must be a list of dicts, e.g. [{"role": "user", ...}]')
        self.messages = messages
        self.tools = tools
        given = params or {}
        self.params = {key: value for key, value in given.items() if value is not None}
        self.extra_body = extra_body or {}
        self.extra_headers = dict(extra_headers or {})
        self.session = session
        self.keeper: Keeper | None = None
        if keep != "text":
            from thinwire.core.answer.keep import keeper

            self.keeper = keeper(keep)
        self.heard = self.keeper is not None and self.keeper.hands_out
        self.sizes: dict[int, int] = {}
        for key, value in self.extra_headers.items():
            check_header(key, value)

    def body(self, deployment: "Deployment", name: str, pin: str = "") -> "Body":
        """The body to send to a deployment.

        Args:
            name: its public name.
            pin: provider behind it that is to be asked first, "" for none.
        """
        return openai.chat_body(deployment, name, self, pin)

    def counts(self) -> "tuple[int, int]":
        """Number of messages and tools for the log, -1 where only sending would tell."""
        return _length(self.messages), _length(self.tools or ())


class RawCall:
    """A request whose body the caller builds; sent once, to one deployment.

    Args:
        body: what to send.
    """

    portable = False
    session = ""
    keeper = None

    def __init__(self, body: "Body") -> None:
        self._body = body
        self.extra_headers: dict[str, str] = {}

    def body(self, deployment: "Deployment", name: str, pin: str = "") -> "Body":
        """The caller's body."""
        return self._body

    def counts(self) -> "tuple[int, int]":
        """Unknown."""
        return -1, -1


def _is_iterable(messages: object) -> bool:
    if isinstance(messages, (str, bytes, bytearray, dict)):
        return False
    if hasattr(messages, "__iter__"):
        return True  # not called here: it may open a file
    try:
        iter(messages)  # type: ignore[call-overload]
    except TypeError:
        return False
    return True  # MicroPython's own types, which show no __iter__, and what has __getitem__


def _length(value: object) -> int:
    try:
        return len(value)  # type: ignore[arg-type]
    except TypeError:
        return -1

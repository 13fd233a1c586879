# What a transport is given (transport.py holds the contract).

from thinwire.core._compat import const

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from thinwire.core.body import Body


class Request:
    """One HTTP request; built by the core, a fresh one for each attempt.

    Args:
        method: "POST" or "GET".
        scheme, host, port: where to; an IPv6 host stands without brackets.
        target: request target, path and query.
        authority: value of the Host header.
        headers: list of checked (name, value) pairs, without Host and framing.
        body: what to send, or None.

    Attributes:
        length: size of the body for Content-Length; None: it is sent chunked.
        connect_deadline_ms: when the connection must stand, TLS included.
        head_deadline_ms: when the response head must have arrived, the upload included.
        idle_ms: for transports that can only fix one read timeout for a whole response: the
            longest silence to allow after the head, in milliseconds; None for no limit.
        connected_ms: now_ms when the connection stood, name lookup and TCP; None: not yet, or the
            connection was kept from an earlier exchange. Set by the transport.
        secured_ms: now_ms when the TLS handshake was over; None as above, or no TLS.
        sent_ms: now_ms when the last byte of the body was written; None: not yet.
    """

    length: "int | None" = None
    connect_deadline_ms: "int | None" = None
    head_deadline_ms: "int | None" = None
    idle_ms: "int | None" = None
    connected_ms: "int | None" = None
    secured_ms: "int | None" = None
    sent_ms: "int | None" = None

    def __init__(
        self,
        method: str,
        scheme: str,
        host: str,
        port: int,
        target: str,
        authority: str,
        headers: "list[tuple[str, str]]",
        body: "Body | None",
    ) -> None:
        self.method = method
        self.scheme = scheme
        self.host = host
        self.port = port
        self.target = target
        self.authority = authority
        self.headers = headers
        self.body = body

    def connect_by(self) -> "int | None":
        """When the connection must stand: one that nobody has time left to use is of no use."""
        connect, head = self.connect_deadline_ms, self.head_deadline_ms
        return head if connect is None or (head is not None and head < connect) else connect

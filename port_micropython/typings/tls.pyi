from collections.abc import Callable
from socket import socket

CERT_NONE: int
CERT_OPTIONAL: int
CERT_REQUIRED: int
PROTOCOL_TLS_CLIENT: int

class SSLSocket:
    def close(self) -> None: ...
    def readinto(self, buffer: bytearray | memoryview) -> int | None: ...
    def write(self, data: bytes | memoryview) -> int | None: ...

class SSLContext:
    verify_callback: Callable[[memoryview, int], int]
    verify_mode: int
    def __init__(self, protocol: int) -> None: ...
    def load_verify_locations(self, cadata: bytes) -> None: ...
    def wrap_socket(
        self, sock: socket, *, server_hostname: str | None, do_handshake_on_connect: bool
    ) -> SSLSocket: ...

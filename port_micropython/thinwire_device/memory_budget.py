"""What memory there is, and what the next call needs of it: the question before "why ENOMEM?"."""

import gc
import sys

from micropython import const

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from thinwire_device.socket_transport import SocketTransport

TLS = 27 * 1024  # bytes a TLS session holds, its buffers included
TLS_BLOCK = 17 * 1024  # the largest of them, in one piece
SLACK = 4 * 1024  # bytes beyond TLS below which a handshake may fail for want of memory
_TURN = const(6 * 1024)  # bytes a turn needs beside buffers and the text of its answer
_RECEIVE = const(1024)  # bytes of the receive buffer to start with


class Budget:
    """Memory, in bytes.

    Args:
        https: the next call is to an https address.
        kept: a connection for it is kept.
        receive: size of the receive buffer.

    Attributes:
        free: of the heap.
        largest: its largest free block.
        tls_largest: largest free block where TLS buffers go: the same, or the heap of ESP-IDF.
        needed: by the next call, the text of its answer not counted.
        needed_block: the largest part of that in one piece.
        kept: a connection is kept, and its TLS session is paid for.
    """

    def __init__(self, https: bool, kept: bool, receive: int) -> None:
        gc.collect()
        self.free = gc.mem_free()
        self.largest = largest_block()
        self.tls_largest = idf_largest_block() or self.largest
        self.kept = kept
        new = https and not kept
        self.needed = _TURN + receive + (TLS if new else 0)
        self.needed_block = max(receive, TLS_BLOCK if new else 0)

    def fits(self) -> bool:
        """Whether the next call has what it needs."""
        if self.needed_block >= TLS_BLOCK and self.tls_largest is not self.largest:
            return self.tls_largest >= TLS_BLOCK and self.free >= self.needed - TLS
        return self.free >= self.needed and self.largest >= self.needed_block

    def __str__(self) -> str:
        lines = (
            "free heap            %7d bytes" % self.free,
            "largest free block   %7d bytes" % self.largest,
            "next call needs      %7d bytes, %d in one piece" % (self.needed, self.needed_block),
            "connection           " + ("kept" if self.kept else "to be opened"),
            "enough"
            if self.fits()
            else "not enough: gc.collect(), fewer modules, smaller buffers",
        )
        return "\n".join(lines)


def budget(
    transport: "SocketTransport | None" = None, https: bool = True, receive: int = _RECEIVE
) -> Budget:
    """What there is and what the next call needs; print it.

    Args:
        transport: whose kept connection counts; None: a new one is assumed.
        https: the call is to an https address.
        receive: size of the receive buffer, in bytes.
    """
    return Budget(https, transport is not None and transport.keeps(https), receive)


def largest_block() -> int:
    """Bytes of the largest block of the heap that can be had now.

    Found by trying: no port has a function for it, and micropython.mem_info() only prints.
    """
    gc.collect()
    low, high = 0, gc.mem_free() + 1
    while high - low > 64:
        middle = (low + high) // 2
        try:
            bytearray(middle)
            low = middle
        except MemoryError:
            high = middle
        gc.collect()
    return low


def idf_largest_block() -> int:
    """The same of the heap that mbedTLS allocates from on ESP32, ESP-IDF's; 0 elsewhere."""
    if sys.platform != "esp32":
        return 0
    import esp32

    # Rows of (total, free, largest, least).
    return max([row[2] for row in esp32.idf_heap_info(esp32.HEAP_DATA)])

"""TLS that never waits: over ssl.MemoryBIO, on top of whatever reads and writes below it. Also of
itself, for a server behind a proxy that is spoken to in TLS.
"""

import ssl
from contextlib import suppress
from typing import Protocol

from thinwire.core.wire.certificate_pins import CertificatePins
from thinwire.core.wire.http1 import READ, WRITE

_MOST = 65536  # bytes encrypted before they are written
_READY = 0


class Layer(Protocol):
    """What reads and writes without waiting."""

    def read_some(self, view: memoryview) -> int | None:
        """Reads into `view`: the number of bytes, 0 at the end, None when nothing is there."""

    def read_piece(self) -> bytes | None:
        """The same, as new bytes."""

    def write_some(self, view: memoryview) -> int:
        """Writes what fits: the number of bytes, 0 when nothing does."""


class CutError(OSError):
    """The connection ended without TLS's goodbye: what came may not be all."""


class TLS:
    """One TLS session.

    Args:
        below: what carries it.
        context: whom to trust.
        host: whose certificate is wanted.

    Every method may raise OSError, of ssl or of what is below.
    """

    def __init__(self, below: Layer, context: ssl.SSLContext, host: str) -> None:
        self._below = below
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._session = context.wrap_bio(self._in, self._out, server_hostname=host)
        self._unsent = memoryview(b"")  # what of _out was not taken yet
        self._taken = 0  # bytes of the caller's that are in there

    def handshake(self, pins: CertificatePins | None) -> int:
        """Shakes hands as far as it goes: READ or WRITE for what to wait for, 0 when it is over.

        Args:
            pins: also hold to these, before a byte is sent.
        """
        while True:
            try:
                self._session.do_handshake()
            except ssl.SSLWantReadError:
                if not self._flush():
                    return WRITE
                piece = self._below.read_piece()
                if piece is None:
                    return READ
                self._take(piece)
            except ssl.SSLError:
                self._try_to_flush()  # the alert that says why
                raise
            else:
                if pins is not None:
                    certificate = self._session.getpeercert(True) or b""
                    if pins.check(memoryview(certificate), 0):
                        raise ssl.SSLCertVerificationError("not the pinned certificate or key")
                self._try_to_flush()
                return _READY

    def read_some(self, view: memoryview) -> int | None:
        """See Layer.

        Raises:
            CutError: the connection ended without TLS's goodbye.
        """
        while True:
            if self._in.pending or self._session.pending():
                try:
                    return self._session.read(len(view), view)  # type: ignore[return-value]
                except ssl.SSLWantReadError:
                    self._try_to_flush()
                except ssl.SSLZeroReturnError:
                    return 0
            piece = self._below.read_piece()
            if piece is None:
                return None
            if not piece:
                raise CutError("the connection was cut, without TLS's goodbye")
            self._in.write(piece)

    def read_piece(self) -> bytes | None:
        """See Layer."""
        view = memoryview(bytearray(_MOST))
        count = self.read_some(view)
        return None if count is None else bytes(view[:count])

    def write_some(self, view: memoryview) -> int:
        """See Layer. Bytes count once the system has all that they became: until then this returns
        0, and is to be called with the same `view` again."""
        if not self._taken:
            if not self._flush():
                return 0
            try:
                while self._taken < min(len(view), _MOST):
                    self._taken += self._session.write(view[self._taken :])
            except ssl.SSLWantReadError:
                pass
        if not self._flush():
            return 0
        taken, self._taken = self._taken, 0
        return taken

    def say_goodbye(self) -> None:
        """Tells the server that this is the end, if that can be done now."""
        with suppress(OSError):  # WANT_READ, since nobody waits for its goodbye; or it is gone
            self._session.unwrap()
        self._try_to_flush()

    def _take(self, piece: bytes) -> None:
        if piece:
            self._in.write(piece)
        else:
            self._in.write_eof()

    def _flush(self) -> bool:
        while True:
            if not self._unsent:
                if not self._out.pending:
                    return True
                self._unsent = memoryview(self._out.read())
            count = self._below.write_some(self._unsent)
            if not count:
                return False
            self._unsent = self._unsent[count:]

    def _try_to_flush(self) -> None:
        with suppress(OSError):  # reading goes on: the server may have said why it has closed
            self._flush()

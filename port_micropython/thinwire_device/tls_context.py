"""Where TLS is set up: the context for a host, which says whom to trust. Loaded with the first
https request.

Without any option the server is verified against the few roots of roots.py. A host that roots.py
knows gets the roots it was last seen with, since each costs about 2 KB of heap; if its chain ends
elsewhere meanwhile, all of them are tried before that is an error. No key is sent before a chain
is accepted (Connection.write_some).
"""

import binascii
import gc

import tls
from micropython import const

from thinwire.core._compat import make_room
from thinwire.core.errors import ConnectError, certificate_error
from thinwire_device import clock
from thinwire_device.connection import failure

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from collections.abc import Iterator

_PEM = const(b"-----BEGIN CERTIFICATE-----")


class TLSContexts:
    """Builds TLS contexts, and keeps the last one.

    Args:
        cadata: CA certificates, DER or PEM: bytes, or a list of them; None for the built-in roots.
        insecure: accept any certificate.
        pin: see core/wire/certificate_pins.py; without cadata it counts alone.
        add_ca: CA certificates beside the built-in roots, likewise.

    Raises:
        ValueError: a pin that cannot be.
    """

    def __init__(
        self,
        cadata: "bytes | list[bytes] | None",
        insecure: bool,
        pin: "str | list[str] | None",
        add_ca: "bytes | list[bytes] | None" = None,
    ) -> None:
        self._cadata = cadata
        self._added = add_ca
        self._insecure = insecure
        self._pins = None
        self._wide: list[str] = []  # hosts for which all roots are needed
        self._context: tls.SSLContext | None = None
        self._roots: tuple[str, ...] = ()  # names of the roots in it
        if pin is not None:
            import hashlib

            from thinwire.core.wire.certificate_pins import CertificatePins

            self._pins = CertificatePins(pin, hashlib.sha256)

    def context(self, host: str) -> "tls.SSLContext":
        """The TLS context for a host.

        Raises:
            ConnectError: the clock is not set, the CA data cannot be read, or the firmware cannot
                check a pin.
            OutOfMemory: there is no room for it.
        """
        roots = self._roots_for(host)
        context = self._context
        if context is None or roots != self._roots:
            if context is not None:
                # The old one holds kilobytes, on ESP32 of another heap, which nobody else frees.
                context = self._context = None
                gc.collect()
            else:
                make_room()
            try:
                context = self._build(host, roots)
            except MemoryError as error:
                raise failure(ConnectError, error, "no TLS to", host, "handshake")
            self._context, self._roots = context, roots
        return context

    def widen(self, host: str, error: "ConnectError") -> bool:
        """Whether to try again, with all roots, a host whose certificate was refused."""
        refused = isinstance(error.cause, ValueError)
        if not refused or not self._by_roots() or host in self._wide:
            return False
        try:
            self._wide.append(host)
            return self._roots_for(host) != self._roots
        except MemoryError:
            return False  # the refusal is what has to be known

    def _by_roots(self) -> bool:
        return not (self._insecure or self._cadata or self._pins is not None)

    def _roots_for(self, host: str) -> "tuple[str, ...]":
        if not self._by_roots():
            return ()
        from thinwire_device.roots import names_for

        return names_for("" if host in self._wide else host)

    def _build(self, host: str, roots: "tuple[str, ...]") -> "tls.SSLContext":
        context = tls.SSLContext(tls.PROTOCOL_TLS_CLIENT)
        if self._insecure:
            context.verify_mode = tls.CERT_NONE
            return context
        if self._pins is not None:
            try:
                context.verify_callback = self._pins.check
            except AttributeError as error:
                raise certificate_error(
                    "this firmware cannot check a pin before the key is sent: pass cadata instead",
                    error,
                )
        if not self._cadata and not roots:
            # The chain may be any, and the callback decides: with CERT_NONE it is never asked.
            context.verify_mode = tls.CERT_OPTIONAL
            return context
        if not clock.is_set():
            raise certificate_error(
                "https://%s cannot be verified: the clock says %d, and certificates have dates."
                " Set it first: thinwire_device.clock.set_from_ntp(), once the network is up"
                % (host, clock.year())
            )
        context.verify_mode = tls.CERT_REQUIRED
        try:
            # One certificate at a time: of several in one piece mbedTLS reads the first DER only.
            for der in _ders(self._cadata) if self._cadata else _built_in(roots):
                context.load_verify_locations(der)
            for der in _ders(self._added) if self._added else ():
                context.load_verify_locations(der)
        except (ValueError, OSError) as error:
            # mbedTLS has one word, "invalid", for a bad certificate and for too little memory.
            kind = "cadata or add_ca is no certificate this firmware reads (DER or PEM)"
            if not self._cadata and not self._added:
                kind = "the built-in CA roots cannot be loaded"
            raise certificate_error(
                "%s: %s; %d bytes are free" % (kind, error, gc.mem_free()), error
            )
        return context


def _built_in(names: "tuple[str, ...]") -> "Iterator[bytes]":
    from thinwire_device.roots import ROOTS

    for name, der in ROOTS:
        if name in names:
            yield der


def _ders(data: "bytes | list[bytes]") -> "Iterator[bytes]":
    for one in data if isinstance(data, (list, tuple)) else (data,):
        at = one.find(_PEM)
        if at < 0:
            yield one
        while at >= 0:
            start, end = at + len(_PEM), one.find(b"-----END", at + len(_PEM))
            if end < 0:
                raise ValueError("a PEM block without an end")
            yield binascii.a2b_base64(one[start:end])
            at = one.find(_PEM, end)

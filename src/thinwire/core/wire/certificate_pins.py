"""Pins: accept this certificate or this public key and no other. mbedTLS asks about every
certificate of the chain while it shakes hands, CPython's TLS (cpython/sockets/tls.py) right
afterwards: both before the first byte of a request is sent.
"""

from thinwire.core._compat import const

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol

    class Hash(Protocol):
        """Of hashlib."""

        def digest(self) -> bytes:
            """Of what it was made with."""


# What mbedTLS is told: its number for "fatal", which thinwire_device/errnos.py has words for.
_REFUSED = const(-0x3000)
_SEQUENCE = const(0x30)
_VERSION = const(0xA0)


class CertificatePins:
    """What certificates are accepted.

    Args:
        pins: sha256 of the server's certificate (DER) or of its public key (the
            SubjectPublicKeyInfo, as in `openssl x509 -pubkey | openssl pkey -pubin -outform der |
            sha256sum`), in hex, colons allowed; or a list of several, for the next key as well.
        sha256: of hashlib.

    Raises:
        ValueError: not 64 hex digits.
    """

    def __init__(
        self, pins: "str | list[str]", sha256: "Callable[[bytes | memoryview], Hash]"
    ) -> None:
        self._sha256 = sha256
        self._digests = []
        for pin in pins if isinstance(pins, (list, tuple)) else (pins,):
            try:
                digest = bytes.fromhex(pin.replace(":", ""))
            except (ValueError, AttributeError, TypeError):
                digest = b""
            if len(digest) != 32:
                raise ValueError("a pin is a sha256 in hex, 64 digits, not %r" % (pin,))
            self._digests.append(digest)
        if not self._digests:
            raise ValueError("pin is an empty list: nothing would be accepted")

    def check(self, certificate: memoryview, depth: int) -> int:
        """0 accepts. Never raises: what calls it on a chip is C code.

        Args:
            certificate: DER.
            depth: 0 for the server's own; what stands above it is of no interest.
        """
        if depth:
            return 0
        try:
            accepted = self._sha256(certificate).digest() in self._digests or (
                self._sha256(public_key(certificate)).digest() in self._digests
            )
        except Exception:  # a certificate that cannot be read is not the one
            return _REFUSED
        return 0 if accepted else _REFUSED


def public_key(certificate: "bytes | memoryview") -> "bytes | memoryview":
    """The SubjectPublicKeyInfo of a certificate, DER (RFC 5280 §4.1).

    Raises:
        ValueError, IndexError: it is no certificate.
    """
    at = _inside(certificate, _inside(certificate, 0))
    if certificate[at] == _VERSION:
        at = _end(certificate, at)
    for _ in range(5):  # serial number, signature, issuer, validity, subject
        at = _end(certificate, at)
    if certificate[at] != _SEQUENCE:
        raise ValueError("no public key where it should be")
    return certificate[at : _end(certificate, at)]


def _inside(data: "bytes | memoryview", at: int) -> int:
    # Where the content of the element at `at` starts (X.690 §8.1).
    size = data[at + 1]
    return at + 2 + (size & 127 if size & 128 else 0)


def _end(data: "bytes | memoryview", at: int) -> int:
    start = _inside(data, at)
    size = data[at + 1]
    if size & 128:
        size = 0
        for byte in data[at + 2 : start]:
            size = size << 8 | byte
    if start + size > len(data):
        raise ValueError("cut off")
    return start + size

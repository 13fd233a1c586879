# Pins of certificates: what is accepted, and what cannot be a pin.

import hashlib

from helpers import error_of

from thinwire.core.wire.certificate_pins import CertificatePins, public_key


def element(tag, content):
    """DER, X.690 §8.1; lengths in their short form and in a long one."""
    size = len(content)
    head = bytes([tag, size]) if size < 128 else bytes([tag, 130, size >> 8, size & 255])
    return head + content


def certificate(key, version=True, size=10):
    parts = [element(0xA0, element(2, b"\x02"))] if version else []
    parts += [element(2, b"\x01"), element(0x30, b"a"), element(0x30, bytes(size))]
    parts += [element(0x30, b""), element(0x30, b"subject"), key]
    return element(0x30, element(0x30, b"".join(parts)) + element(0x30, b"signature"))


KEY = element(0x30, b"a public key")
REFUSED = -0x3000


def hexed(data):
    return hashlib.sha256(data).digest().hex()


def test_where_the_key_is():
    for version in (True, False):
        for size in (10, 300):
            assert bytes(public_key(certificate(KEY, version, size))) == KEY


def test_the_certificate_or_its_key_is_accepted():
    whole = certificate(KEY)
    for pin in (hexed(whole), hexed(KEY), ["0" * 64, hexed(KEY).upper()], [hexed(whole)]):
        assert CertificatePins(pin, hashlib.sha256).check(memoryview(whole), 0) == 0
    pin = hexed(KEY)
    colons = ":".join([pin[at : at + 2] for at in range(0, 64, 2)])
    assert CertificatePins(colons, hashlib.sha256).check(memoryview(whole), 0) == 0


def test_no_other_is():
    pins = CertificatePins(hexed(KEY), hashlib.sha256)
    other = certificate(element(0x30, b"another key"))
    odd = [certificate(element(4, b"no sequence")), other[:-40], b"", b"\x30\x80", b"\x30\x05\x30"]
    for one in [other] + odd:
        assert pins.check(memoryview(one), 0) == REFUSED
    assert pins.check(memoryview(other), 1) == 0  # what stands above the server's own


def test_what_is_no_pin_is_told_at_once():
    for pin in ("00", "0" * 63, "g" * 64, b"0" * 64, [None], 7):
        error_of((ValueError, TypeError), CertificatePins, pin, hashlib.sha256)
    error_of(ValueError, CertificatePins, [], hashlib.sha256)

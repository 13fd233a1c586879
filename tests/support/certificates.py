"""Certificates for servers of tests, each wrong in one way or right."""

import dataclasses
import datetime
import ssl

import trustme

_LONG_AGO = datetime.datetime(2000, 1, 1, tzinfo=datetime.timezone.utc)


@dataclasses.dataclass(frozen=True)
class Authority:
    """A certificate authority made for one test run."""

    ca: trustme.CA

    @property
    def pem(self) -> bytes:
        """Its certificate as PEM."""
        return self.ca.cert_pem.bytes()

    @property
    def der(self) -> bytes:
        """Its certificate as DER, which every port of MicroPython reads."""
        return ssl.PEM_cert_to_DER_cert(self.pem.decode())

    def server(self, *names: str, expired: bool = False) -> ssl.SSLContext:
        """What a server needs that calls itself `names`."""
        end = _LONG_AGO + datetime.timedelta(days=1)
        dates = {"not_before": _LONG_AGO, "not_after": end} if expired else {}
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self.ca.issue_cert(*names, **dates).configure_cert(context)
        return context


def authority() -> Authority:
    """A new one. Elliptic curves: what a chip computes fast."""
    return Authority(trustme.CA(key_type=trustme.KeyType.ECDSA))

"""Write thinwire_device/roots.py and docs/tls-roots.md: the CA roots that chips carry.

    python tools/roots.py            write both files
    python tools/roots.py --ask      connect to every host of the table and compare (by internet)

The certificates are taken by name from the certifi package, which has Mozilla's list.
"""

import re
import socket
import ssl
import sys
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path

import certifi
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.x509.oid import NameOID

ROOT = Path(__file__).resolve().parent.parent
MODULE = ROOT / "port_micropython/thinwire_device/roots.py"
DOCUMENT = ROOT / "docs/tls-roots.md"

GTS_EC, GTS_RSA = "GTS Root R4", "GTS Root R1"
ISRG_EC, ISRG_RSA = "ISRG Root X2", "ISRG Root X1"
DIGICERT, AMAZON = "DigiCert Global Root G2", "Amazon Root CA 1"

# Why each is there.
ROOTS = {
    GTS_EC: "Google Trust Services, EC: Google's own hosts, and Cloudflare's first choice",
    GTS_RSA: "Google Trust Services, RSA: the same for clients that get an RSA certificate",
    ISRG_RSA: "Let's Encrypt: Cloudflare's second choice, and most small providers and gateways",
    ISRG_EC: "Let's Encrypt, EC: its newer intermediates",
    DIGICERT: "DigiCert: Azure, and the certificates that companies buy",
    AMAZON: "Amazon: whatever stands behind CloudFront or an AWS load balancer",
}

# Host or its end -> the roots its chain is expected to end at. A host that is not here, or whose
# chain ends elsewhere, is verified with all of them.
CLOUDFLARE = (GTS_EC,)
HOSTS = {
    "api.openai.com": CLOUDFLARE,
    "openrouter.ai": CLOUDFLARE,
    "api.anthropic.com": CLOUDFLARE,
    "api.together.xyz": CLOUDFLARE,
    "api.groq.com": CLOUDFLARE,
    "api.mistral.ai": CLOUDFLARE,
    "googleapis.com": (GTS_EC, GTS_RSA),
    "openai.azure.com": (DIGICERT,),
    "services.ai.azure.com": (DIGICERT,),
    "amazonaws.com": (AMAZON,),
}

_PEM = re.compile("-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", re.DOTALL)
_LABEL = re.compile('^# Label: "(.*)"$', re.MULTILINE)
_LITERAL = 88  # characters of a line of a literal

_MODULE = '''\
"""Roots of trust. Written by tools/roots.py from the certifi package; docs/tls-roots.md says what
each is for and when it expires. DER, one literal each: frozen into firmware they are read where
they stand.
"""

# fmt: off
ROOTS = (
{roots})

# Host or its end, and the roots its chain is expected to end at.
HOSTS = (
{hosts})
# fmt: on


def names_for(host: str) -> "tuple[str, ...]":
    """Names of the roots to verify a host with: those expected, or all for one not known."""
    for end, names in HOSTS:
        if host == end or host.endswith("." + end):
            return names
    return tuple([name for name, _ in ROOTS])
'''

_DOCUMENT = """\
# CA roots on a chip

Written by `tools/roots.py`, from Mozilla's list as the certifi package has it. A chip has no
certificate store; `thinwire_device/roots.py` carries the roots below, {size:,} bytes in all, and
verifies every https server with them. A test fails a year before the first of them expires.

| root | key | bytes | expires | why |
|---|---|---|---|---|
{roots}

To verify one server, a chip loads only what that server needs, as each root takes about twice its
size of heap. The table says what a chain is expected to end at. It is a guess that costs one more
handshake when it is wrong: a host whose certificate is refused is tried again with all roots. A
host that is not in the table is verified with all of them at once. No key is sent before a chain
is accepted. `tools/roots.py --ask` compares the table with what the hosts say, where there is
internet.

| host, or its end | expected |
|---|---|
{hosts}

Other ways to trust: `add_ca=` with the CA of your own server (DER or PEM, bytes or a list) beside
the roots, `cadata=` or `verify=` (a path, or bytes) with it in place of them, `verify=False` for
a network of your own, `SocketTransport(pin=)` with the sha256 of its certificate or public key.

Fingerprints (sha256):

{digests}
"""


@dataclass(frozen=True)
class Root:
    """One CA certificate of certifi's."""

    name: str
    der: bytes

    @property
    def certificate(self) -> x509.Certificate:
        """It, parsed."""
        return x509.load_der_x509_certificate(self.der)

    @property
    def expires(self) -> datetime:
        """When it ends."""
        return self.certificate.not_valid_after_utc

    @property
    def key(self) -> str:
        """Kind and size of its key."""
        key = self.certificate.public_key()
        if isinstance(key, EllipticCurvePublicKey):
            return f"EC {key.key_size}"
        return f"RSA {key.key_size}" if isinstance(key, RSAPublicKey) else type(key).__name__

    @property
    def digest(self) -> str:
        """Its fingerprint, sha256 in hex."""
        return sha256(self.der).hexdigest()


def roots() -> list[Root]:
    """The roots of the table, from certifi.

    Raises:
        KeyError: certifi has no certificate of that common name (any more).
    """
    text = Path(certifi.where()).read_text("utf-8")
    labels, blocks = _LABEL.findall(text), _PEM.findall(text)
    by_label = dict(zip(labels, blocks, strict=True))
    found = [Root(name, ssl.PEM_cert_to_DER_cert(by_label[name])) for name in ROOTS]
    for root in found:
        (name,) = root.certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        if name.value != root.name:
            raise KeyError(root.name)
    return found


def module() -> str:
    """Text of thinwire_device/roots.py."""
    entries = "".join(f'    ("{root.name}", (\n{_literal(root.der)}    )),\n' for root in roots())
    hosts = "".join(f'    ("{host}", ({_quoted(names)})),\n' for host, names in HOSTS.items())
    return _MODULE.format(roots=entries, hosts=hosts)


def document() -> str:
    """Text of docs/tls-roots.md."""
    found = roots()
    return _DOCUMENT.format(
        size=sum(len(root.der) for root in found),
        roots="\n".join(
            f"| {root.name} | {root.key} | {len(root.der):,} | {root.expires:%Y-%m-%d} |"
            f" {ROOTS[root.name]} |"
            for root in found
        ),
        hosts="\n".join(f"| {host} | {', '.join(names)} |" for host, names in HOSTS.items()),
        digests="\n".join(f"- {root.name}: `{root.digest}`" for root in found),
    )


def ask(host: str) -> str:
    """What the issuer of a host's certificate is called, and whether our roots verify it."""
    pem = "".join(ssl.DER_cert_to_PEM_cert(root.der) for root in roots())
    context = ssl.create_default_context(cadata=pem)
    try:
        with (
            socket.create_connection((host, 443), timeout=10) as plain,
            context.wrap_socket(plain, server_hostname=host) as secure,
        ):
            leaf = secure.getpeercert(binary_form=True) or b""
            return (
                "verified, issued by "
                + x509.load_der_x509_certificate(leaf).issuer.rfc4514_string()
            )
    except OSError as error:
        return f"not verified: {error}"


def _quoted(names: tuple[str, ...]) -> str:
    return (
        "".join(f'"{name}", ' for name in names).rstrip()
        if len(names) == 1
        else ", ".join(f'"{name}"' for name in names)
    )


def _literal(der: bytes) -> str:
    # Adjacent literals, as many bytes on a line as fit.
    lines, line = [], ""
    for byte in der:
        plain = 32 <= byte < 127 and chr(byte) not in '"\\'
        piece = chr(byte) if plain else f"\\x{byte:02x}"
        if len(line) + len(piece) > _LITERAL:
            lines.append(line)
            line = ""
        line += piece
    return "".join(f'        b"{one}"\n' for one in [*lines, line])


def main(arguments: list[str]) -> int:
    """Write the files, or ask the hosts."""
    if "--ask" in arguments:
        for host in HOSTS:
            print(f"{host}: {ask(host)}")
        return 0
    MODULE.write_text(module(), "utf-8")
    DOCUMENT.write_text(document(), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

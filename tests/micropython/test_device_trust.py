"""Whom the device trusts: built-in roots, CAs, pins, the clock; and that no key goes elsewhere."""

import ssl
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import roots
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from support.certificates import Authority, authority
from support.device_legs import DeviceLeg, Outcome
from support.interpreters import Interpreter

from thinwire.testing import MockServer

Options = Mapping[str, Any]


@dataclass(frozen=True)
class World:
    """A server that the device shall talk to, and who it is.

    Args:
        leg: the server, and how to run the device's transport.
        right, other: whose CA signed its certificate, and whose did not.
    """

    leg: DeviceLeg
    right: Authority
    other: Authority

    @property
    def certificate(self) -> bytes:
        """DER of the server's certificate."""
        pem = ssl.get_server_certificate(("127.0.0.1", self.leg.server.port))
        return ssl.PEM_cert_to_DER_cert(pem)

    @property
    def certificate_pin(self) -> str:
        """Its sha256."""
        return sha256(self.certificate).hexdigest()

    @property
    def key_pin(self) -> str:
        """The sha256 of its public key."""
        key = x509.load_der_x509_certificate(self.certificate).public_key()
        return sha256(
            key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        ).hexdigest()

    def turn(self, options: Options, host: str = "127.0.0.1") -> Outcome:
        """What comes of one turn."""
        place = ("https", host, self.leg.server.port)
        found: list[Outcome] = self.leg.call("turns", True, [place], [{"model": "echo"}], options)
        return found[0]


@pytest.fixture
def world(micropython: Interpreter, tmp_path: Path) -> Iterator[World]:
    right = authority()
    with MockServer(ssl_context=right.server("127.0.0.1")) as server:
        yield World(DeviceLeg(micropython, tmp_path, server, None, True), right, authority())


def _hex(*data: bytes) -> Options:
    return {"cadata": [one.hex() for one in data]}


WRONG_PIN = "ab" * 32


@dataclass(frozen=True)
class Case:
    """One way to trust.

    Args:
        name: of the case.
        options: of the transport.
        said: what the refusal must say; "": it is accepted.
        host: what the device calls the server.
    """

    name: str
    options: Callable[[World], Options]
    said: str = ""
    host: str = field(default="127.0.0.1")


CASES = [
    Case("DER", lambda world: _hex(world.right.der)),
    Case("PEM", lambda world: _hex(world.right.pem)),
    Case("PEM of several", lambda world: _hex(world.other.pem + world.right.pem)),
    Case("several", lambda world: _hex(world.other.der, world.right.der)),
    Case("several, mixed", lambda world: _hex(world.right.pem, world.other.der)),
    Case("pinned certificate", lambda world: {"pin": world.certificate_pin}),
    Case("pinned key", lambda world: {"pin": world.key_pin}),
    Case("pinned key, any name", lambda world: {"pin": world.key_pin}, host="localhost"),
    Case(
        "pin with colons",
        lambda world: {"pin": ":".join(world.key_pin.upper()[i : i + 2] for i in range(0, 64, 2))},
    ),
    Case("one of two pins", lambda world: {"pin": [WRONG_PIN, world.key_pin]}),
    Case("pin and CA", lambda world: {"pin": world.key_pin, **_hex(world.right.der)}),
    Case("added", lambda world: {"add_ca": [world.other.pem.hex(), world.right.der.hex()]}),
    Case("other added", lambda world: {"add_ca": [world.other.pem.hex()]}, "not correctly signed"),
    Case("insecure", lambda world: {"verify": False}),
    Case("built-in roots", lambda world: {}, "not correctly signed"),
    Case("other CA", lambda world: _hex(world.other.der), "not correctly signed"),
    Case("other name", lambda world: _hex(world.right.der), "check the host name", "localhost"),
    Case("other pin", lambda world: {"pin": WRONG_PIN}, "not the pinned one"),
    Case("pin, other CA", lambda world: {"pin": world.key_pin, **_hex(world.other.der)}, "signed"),
    Case("CA, other pin", lambda world: {"pin": WRONG_PIN, **_hex(world.right.der)}, "pinned"),
    Case("PEM cut off", lambda world: _hex(world.right.pem[:200]), "no certificate"),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name.replace(" ", "_"))
def test_who_is_trusted(world: World, case: Case) -> None:
    outcome = world.turn(case.options(world), case.host)
    if case.said:
        assert outcome["error"] == "ConnectError"
        assert case.said in outcome["message"]
        assert world.leg.server.requests == []
    else:
        assert (outcome["error"], outcome["status"]) == ("", 200)


def test_an_expired_certificate_is_refused_and_pinned_it_is_not(
    micropython: Interpreter, tmp_path: Path
) -> None:
    trusted = authority()
    with MockServer(ssl_context=trusted.server("127.0.0.1", expired=True)) as server:
        world = World(DeviceLeg(micropython, tmp_path, server, None, True), trusted, trusted)
        outcome = world.turn(_hex(trusted.der))
        assert "expired" in outcome["message"]
        assert server.requests == []
        assert world.turn({"pin": world.key_pin})["status"] == 200


def test_without_a_clock(world: World) -> None:
    jobs = [_hex(world.right.der), {}, {"pin": world.key_pin}, {"verify": False}]
    place = ("https", "127.0.0.1", world.leg.server.port)
    world.leg.server.clear()
    ca, built_in, pinned, insecure = world.leg.call(
        "without_clock", place, jobs, module="device_trust"
    )
    for outcome in (ca, built_in):
        assert outcome["error"] == "ConnectError"
        assert "the clock says 2000" in outcome["message"]
        assert "set_from_ntp" in outcome["message"]
    assert [pinned["status"], insecure["status"]] == [200, 200]
    assert len(world.leg.server.requests) == 2


@pytest.mark.parametrize(
    ("expected", "handshakes"),
    [(["right"], 2), ([], 2), (["other"], 3)],
    ids=["as expected", "host unknown", "moved"],
)
def test_roots_that_a_host_is_expected_to_have(
    world: World, expected: list[str], handshakes: int
) -> None:
    # A host that has moved to another CA costs one more handshake, once, and never a key.
    known = [("other", world.other.der.hex()), ("right", world.right.der.hex())]
    place = ("https", "127.0.0.1", world.leg.server.port)
    outcomes, shaken = world.leg.call("expecting", place, known, expected, module="device_trust")
    assert [outcome["error"] for outcome in outcomes] == ["", ""]
    assert shaken == handshakes
    assert len(world.leg.server.requests) == 2


def test_no_root_at_all_fits(world: World) -> None:
    known = [("a", world.other.der.hex()), ("b", authority().der.hex())]
    place = ("https", "127.0.0.1", world.leg.server.port)
    outcomes, shaken = world.leg.call("expecting", place, known, ["a"], module="device_trust")
    assert [outcome["error"] for outcome in outcomes] == ["ConnectError"] * 2
    assert shaken == 3  # what was expected, then all; the second time all at once
    assert world.leg.server.requests == []


def test_the_firmware_reads_every_root(world: World) -> None:
    assert world.leg.call("loadable", module="device_trust") == list(roots.ROOTS)


def test_which_roots_a_host_gets(world: World) -> None:
    hosts = ["api.openai.com", "me.openai.azure.com", "openai.azure.com", "xopenai.azure.com", "h"]
    everything = list(roots.ROOTS)
    azure = list(roots.HOSTS["openai.azure.com"])
    found = world.leg.call("expected_for", hosts, module="device_trust")
    openai = list(roots.HOSTS["api.openai.com"])
    assert found == [openai, azure, azure, everything, everything]


def test_firmware_that_cannot_check_a_pin_says_so(world: World) -> None:
    place = ("https", "127.0.0.1", world.leg.server.port)
    outcome = world.leg.call("unable_to_pin", place, WRONG_PIN, module="device_trust")
    assert outcome["error"] == "ConnectError"
    assert "cannot check a pin" in outcome["message"]
    assert world.leg.server.requests == []


def test_pins_that_cannot_be(world: World) -> None:
    bad = ["", "ab", "x" * 64, "ab" * 31, 5, [], ["ab" * 32, "ab"]]
    said = world.leg.call("refused_pins", bad, module="device_trust")
    assert len(said) == len(bad)


def test_options_that_cannot_be(micropython: Interpreter, tmp_path: Path) -> None:
    jobs: list[Options] = [
        {"transport": {"verify": False, "pin": WRONG_PIN}},
        {"verify": False, "cadata": "-----BEGIN"},
        {"verify": "/none.pem"},
        {"verify": 5},
        {"add_ca": "ca.pem"},
        {"transport": {"pin": WRONG_PIN, "add_ca": "-----BEGIN"}},
        {"transport": {"proxy": "http://h"}},
        {"transport": {"uds": "/run/socket"}},
        {"transport": {}, "verify": False},
        {"http_client": 5},
        {"pin": WRONG_PIN},
        {"retry": "x"},
        {"verify": False},
        {"timeouts": 5, "retry": 3},
        {"transport": {"pin": WRONG_PIN}},
    ]
    with MockServer() as server:
        leg = DeviceLeg(micropython, tmp_path, server, None, True)
        said = leg.call("refused_options", jobs)
    wanted = ["drop it, or pin=", "drop it, or cadata=", "/none.pem", "verify takes True, False"]
    wanted += ["a path goes to verify=", "drop all but one", "for CPython", "for CPython"]
    wanted += ["drop verify", "for CPython", "pin", "RetryPolicy(...)"]
    for words, found in zip(wanted, said, strict=False):
        assert words in found
    assert said[-3:] == ["", "", ""]

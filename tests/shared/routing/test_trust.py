"""Whom to trust: the spellings that mean something, and those that say two things at a time."""

from helpers import Scratch, error_of

from thinwire.core.routing.trust import Trust

PEM = b"-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n"
DER = b"\x30\x82"


class Context:
    verify_mode = 2


class AsPath:
    def __init__(self, path):
        self.path = path

    def __fspath__(self):
        return self.path


CONTEXT = Context()

# Options, then what they come to: insecure, only, added, context.
MEANT = (
    ({}, (False, None, None, None)),
    ({"verify": True}, (False, None, None, None)),
    ({"verify": False}, (True, None, None, None)),
    ({"verify": PEM}, (False, [PEM], None, None)),
    ({"verify": bytearray(DER)}, (False, [DER], None, None)),
    ({"verify": CONTEXT}, (False, None, None, CONTEXT)),
    ({"cadata": DER}, (False, [DER], None, None)),
    ({"cadata": [DER, PEM]}, (False, [DER, PEM], None, None)),
    ({"cadata": (DER,)}, (False, [DER], None, None)),
    ({"cadata": PEM.decode()}, (False, [PEM], None, None)),
    ({"add_ca": [DER, PEM.decode()]}, (False, None, [DER, PEM], None)),
    ({"pin": "ab", "cadata": DER}, (False, [DER], None, None)),
    ({"pin": "ab", "verify": DER}, (False, [DER], None, None)),
)

CLASHES = (
    {"verify": False, "add_ca": DER},
    {"verify": False, "cadata": DER},
    {"verify": False, "pin": "ab"},
    {"verify": "ca.pem", "cadata": DER},
    {"verify": "ca.pem", "add_ca": DER},
    {"verify": CONTEXT, "cadata": DER},
    {"cadata": DER, "add_ca": DER},
    {"pin": "ab", "add_ca": DER},
)

# Options of a wrong kind, and what the error names beside.
WRONG = (
    ({"verify": None}, "True, False, a path"),
    ({"verify": 1}, "True, False, a path"),
    ({"verify": [DER]}, "True, False, a path"),
    ({"cadata": "ca.pem"}, "verify="),
    ({"cadata": 5}, "DER or PEM"),
    ({"add_ca": [DER, 5]}, "DER or PEM"),
    ({"add_ca": "ca.pem"}, "verify="),
)

EMPTY = ({"cadata": b""}, {"cadata": []}, {"add_ca": [b""]}, {"verify": b""})


def test_what_is_meant():
    for options, meant in MEANT:
        trust = Trust(**options)
        got = (trust.insecure, trust.only, trust.added, trust.context)
        assert got == meant, (options, got)


def test_two_things_at_a_time_are_refused():
    for options in CLASHES:
        error = error_of(ValueError, Trust, **options)
        assert "drop" in str(error), error
        for name in options:
            assert name in str(error), (options, error)


def test_other_kinds_are_refused_with_the_right_form():
    for options, form in WRONG:
        error = error_of(TypeError, Trust, **options)
        assert form in str(error), error
        assert next(iter(options)) in str(error), error


def test_nothing_is_no_certificate():
    for options in EMPTY:
        assert "no certificate" in str(error_of(ValueError, Trust, **options))


def test_files():
    with Scratch(PEM) as path:
        for named in (path, AsPath(path)):
            assert Trust(named).only == [PEM]
    assert path in str(error_of(ValueError, Trust, path))
    with Scratch(b"") as path:
        assert "empty" in str(error_of(ValueError, Trust, path))

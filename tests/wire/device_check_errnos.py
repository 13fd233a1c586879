"""Run by tests/micropython/test_device_units.py on MicroPython."""

import builtins
import sys

from thinwire_device import connection, dns, errnos, memory_budget
from thinwire_device.errnos import describe, tls_lacks_memory
from thinwire_device.wait import Waiter

from thinwire.core.errors import (
    ConnectError,
    OutOfMemory,
    ReadError,
    WriteError,
    certificate_error,
)
from thinwire.core.request.http_request import Request

# (platform, number, a part of what is said)
NUMBERS = (
    ("esp32", 106, "no addresses of that kind"),
    ("linux", 97, "no addresses of that kind"),
    ("esp32", 114, "network unreachable"),
    ("esp32", 115, "network is down"),
    ("rp2", 115, "OSError"),
    ("esp32", 112, "in use"),
    ("rp2", 98, "in use"),
    ("esp32", 117, "host is down"),
    ("esp32", 125, "no address of its own"),
    ("rp2", 1, "interface refuses"),
    ("rp2", 5, "Wi-Fi joined"),
    ("linux", 111, "refused"),
    ("rp2", 111, "refused"),
    ("esp32", 111, "refused"),
    ("linux", 104, "reset"),
    ("rp2", 103, "aborted"),
    ("esp32", 113, "aborted"),
    ("linux", 113, "no route"),
    ("rp2", 113, "no route"),
    ("esp32", 118, "no route"),
    ("rp2", 110, "timed out"),
    ("esp32", 116, "timed out"),
    ("esp32", 128, "network up"),
    ("rp2", 107, "network up"),
    ("rp2", 0x2700, "add_ca="),
    ("linux", 26112, "MicroPython 1.25 and ECDHE under TLS 1.2 do not go together"),
    ("rp2", 0x3000, "not the pinned one"),
    ("rp2", 0x7F00, "in one piece"),
    ("rp2", 0x2880, "in one piece"),
    ("esp32", 0x4290, "in one piece"),  # RSA_PUBLIC_FAILED + MPI_ALLOC_FAILED
)
# (number, phase, a part of what is said)
PHASES = (
    (12, "connect", "network stack"),
    (12, "traffic", "network stack"),
    (12, "handshake", "in one piece"),
    (0x7F00, "traffic", "in one piece"),
    (0x7780, "handshake", "a version or cipher"),
    (0x7780, "traffic", "ended TLS with an alert"),
    (0x7280, "handshake", "closed the connection during TLS"),
    (0x7280, "traffic", "the server closed the connection (error"),
    (0x7200, "handshake", "is it http://"),
    (0x7200 + 0x60, "handshake", "is it http://"),  # a layer's number with another below it
    (0x7200, "traffic", "damaged"),
    (0x7200 + 0x60, "traffic", "damaged"),
    (0x7180, "traffic", "damaged"),
    (0x7300, "traffic", "damaged"),
    (0x7700, "handshake", "is it http://"),
    (0x7700, "traffic", "nobody expected"),
    (0x6A00, "traffic", "larger than the buffer"),
    (0x6E80, "handshake", "version"),
    (0x2700, "traffic", "add_ca="),
    (104, "traffic", "reset"),
    (1, "lookup", "no memory left for a name lookup"),
    (2, "lookup", "no such name"),
    (3, "lookup", "no name server answered"),
    (6, "lookup", "Wi-Fi"),
    (16, "lookup", "no name that can be looked up"),
    (200, "lookup", "no such name"),
    (202, "lookup", "network up"),
    (203, "lookup", "no memory left for a name lookup"),
    (110, "lookup", "timed out"),
)


def test_numbers_of_each_platform_with_either_sign():
    for platform, number, part in NUMBERS:
        for sign in (1, -1):
            error = OSError(sign * number)
            text = describe(error, connection.number(error), platform=platform)
            assert part in text, (platform, number, text)
            assert "%d" % number in text, text


def test_what_a_number_means_in_each_phase():
    for number, phase, part in PHASES:
        for platform in ("rp2", "esp32"):
            error = OSError(-number)
            text = describe(error, connection.number(error), phase, platform)
            assert part in text or (platform, number) == ("esp32", 110), (number, phase, text)
            assert "TLS needs" not in text or tls_lacks_memory(error, number, phase), text


class Sys:
    """A `sys` of another platform."""

    def __init__(self, platform):
        self.platform = platform

    def __getattr__(self, name):
        return getattr(sys, name)


def on(platform, module):
    """A module as it is loaded on another platform."""
    kept = sys.modules.pop(module)
    sys.modules["sys"] = Sys(platform)
    try:
        return __import__(module, None, None, ("*",))
    finally:
        sys.modules["sys"] = sys
        sys.modules[module] = kept


def test_which_connect_goes_on_in_the_background():
    for platform, number in (("esp32", 119), ("rp2", 115), ("linux", 115)):
        there = on(platform, "thinwire_device.connection")
        found = getattr(there, "_IN_PROGRESS")  # noqa: B009
        assert found == number, (platform, found)


class Plain:
    """A socket whose connect() fails at once."""

    def __init__(self, number):
        self.number = number
        self.closed = False

    def setblocking(self, blocking):
        pass

    def setsockopt(self, *given):
        pass

    def connect(self, address):
        raise OSError(self.number)

    def close(self):
        self.closed = True


def test_a_connect_that_fails_at_once_is_told_at_once():
    there = on("esp32", "thinwire_device.connection")
    for number in (118, 115, 114, 12):
        plain = Plain(number)

        class Sockets:
            def socket(self, *given, plain=plain):
                return plain

        there.socket = Sockets()
        request = Request("POST", "http", "h", 80, "/", "h", [], None)
        made = there.connect(Waiter(True), [(2, 1, 0, "", ("h", 80))], request)
        error = None
        try:
            made.send(None)
        except OSError as raised:
            error = raised
        assert error is not None, number
        assert error.errno == number, (number, error)
        assert plain.closed


def test_a_number_that_nobody_knows_is_shown():
    assert "9999" in describe(OSError(9999), 9999, "rp2")
    assert "TypeError: odd" in describe(TypeError("odd"), 0)


def test_what_is_said_of_certificates():
    for text, part in (
        ("\nThe certificate is not correctly signed by the trusted CA\n", "add_ca="),
        ("The certificate Common Name (CN) does not match with the expected CN", "host name"),
        ("The certificate validity has expired", "renew"),
        ("The certificate validity starts in the future", "set_from_ntp"),
        ("something new", "refused: something new"),
    ):
        assert part in describe(ValueError(text), 0), text


def test_memory_names_the_largest_block():
    largest = memory_budget.largest_block
    memory_budget.largest_block = lambda: 12345
    try:
        for error in (MemoryError("x"), OSError(12), OSError(-0x7F00)):
            text = describe(error, connection.number(error), "handshake")
            assert "12345 bytes" in text, text
            assert "17 KB of it in one piece" in text, text
    finally:
        memory_budget.largest_block = largest


def test_a_certificate_that_could_not_be_checked_for_want_of_memory():
    kept, error = memory_budget.TLS, ValueError("not correctly signed by the trusted CA")
    try:
        for needed, said in ((10**9, True), (0, False)):
            memory_budget.TLS = needed
            assert ("memory was too short" in describe(error, 0)) == said
    finally:
        memory_budget.TLS = kept


def test_failed_lookups():
    for error, part in (
        (OSError(-2), "network up"),
        (OSError("[addrinfo error -2]"), "network up"),
        (OSError(-202), "network up"),
        (OSError("odd"), "odd"),
    ):
        assert part in describe(error, connection.number(error), "lookup"), error


def test_a_failure_says_what_was_done_and_why():
    error = connection.failure(ReadError, OSError(-104), "receiving failed")
    assert type(error) is ReadError
    assert str(error) == "receiving failed: the server reset the connection (error 104)"
    assert error.cause.errno == -104
    assert not error.speechless
    error = connection.failure(ConnectError, OSError(-2), "cannot resolve", "a.example", "lookup")
    assert str(error).startswith("cannot resolve a.example: there is no such name"), error
    error = connection.failure(
        certificate_error, ValueError("odd"), "no connection to", "a.example"
    )
    assert error.kind == "certificate"
    assert str(error).startswith("no connection to a.example: the server's certificate"), error


def test_memory_that_tls_lacks_is_nobodys_fault_but_ours():
    for error, phase, kind in (
        (MemoryError("x"), "handshake", OutOfMemory),
        (OSError(12), "handshake", OutOfMemory),
        (OSError(-0x7F00), "handshake", OutOfMemory),
        (OSError(-0x4290), "traffic", OutOfMemory),
        (OSError(12), "connect", ConnectError),
        (OSError(-0x7780), "handshake", ConnectError),
    ):
        failed = connection.failure(ConnectError, error, "no connection to", "a.example", phase)
        assert type(failed) is kind, (error, phase, failed)
        assert failed.retryable == (kind is ConnectError), failed
        assert failed.cause is error


def test_a_failure_for_whose_words_there_is_no_memory_is_none_the_less_that_failure():
    cause, kept = OSError(104), errnos.describe

    def describe(error, code, phase):
        raise MemoryError("no room for words")

    errnos.describe = describe
    try:
        error = connection.failure(ConnectError, cause, "no connection to", "a.example")
    finally:
        errnos.describe = kept
    assert type(error) is ConnectError
    assert str(error) == "no connection to a.example"
    assert error.cause is cause
    assert error.speechless


def test_a_failure_whose_words_cannot_be_loaded_is_none_the_less_that_failure():
    kept = builtins.__import__

    def full(*given):
        raise MemoryError("no room for a module")

    builtins.__import__ = full
    try:
        error = connection.failure(ReadError, OSError(104), "receiving failed")
    finally:
        builtins.__import__ = kept
    assert type(error) is ReadError
    assert str(error) == "receiving failed"
    assert error.speechless


class Broken:
    """A stream that fails with a number."""

    def __init__(self, number):
        self.number = number

    def write(self, view):
        raise OSError(self.number)

    readinto = write

    def close(self):
        pass


class Context:
    """A TLS context whose streams fail in the handshake."""

    def __init__(self, number):
        self.number = number

    def wrap_socket(self, plain, **options):
        return Broken(self.number)


def failed(does, *given):
    try:
        made = does(*given)
        if hasattr(made, "send"):
            made.send(None)
    except (ConnectError, ReadError, WriteError, OutOfMemory) as error:
        return str(error)
    return ""


def test_each_step_of_a_connection_tells_its_phase():
    place, data = ("https", "h", 443), memoryview(bytearray(1))
    for number, steps in (
        (-0x7780, ("a version or cipher", "a version or cipher", "an alert")),
        (-0x7200, ("is it http://", "is it http://", "damaged")),
        (12, ("network stack", "in one piece", "network stack")),
    ):
        plain = connection.Connection(Waiter(True), place, Broken(number))
        assert steps[0] in failed(plain.write_some, data), number
        secured = connection.Connection(Waiter(True), place, Broken(number))
        secured.wrap(Context(number))
        assert steps[1] in failed(secured.write_some, data), number
        secured.begun = True
        assert steps[2] in failed(secured.write_some, data), number
        assert steps[2] in failed(secured.read_some, data), number


def test_a_lookup_tells_its_phase():
    real = dns.socket

    class Offline:
        SOCK_STREAM = 1

        def getaddrinfo(self, *given):
            raise OSError(-6)

    dns.socket = Offline()
    try:
        said = failed(dns.DNSCache(Waiter(True).now_ms, 0).look_up, "h", 80)
    finally:
        dns.socket = real
    assert "join the network first" in said, said

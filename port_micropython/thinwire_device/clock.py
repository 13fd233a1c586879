"""The clock of a chip starts in 2000 or 2021 after power-up, and certificates have dates: so https
needs it set. One question to an NTP server does (RFC 4330). A clock that is set wrong is worse
than one that is not, since it counts as set: so whatever may be no time is refused (section 5).
"""

import socket
import struct
import time

from micropython import const

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    # year, month, day, hour, minute, second, weekday, yearday
    Moment = tuple[int, int, int, int, int, int, int, int]

_FIRST_YEAR = const(2024)
_PORT = const(123)
_SIZE = const(48)  # bytes of a packet
_ASK = const(0x1B)  # version 3, client
_SERVER = const(4)  # mode of an answer
_UNSYNCHRONIZED = const(3)  # leap indicator of a server whose own clock is not set
_LAST_STRATUM = const(15)
_NTP_EPOCH = const(1900)
_ERA = const(0x100000000)  # seconds; NTP's count starts anew in 2036
_ERA_BIT = const(0x80000000)


def year() -> int:
    """What year the clock says it is."""
    return time.gmtime()[0]


def is_set() -> bool:
    """Whether the clock has been set since the chip got power."""
    return year() >= _FIRST_YEAR


def set_from_ntp(host: str = "pool.ntp.org", timeout_s: float = 5, port: int = _PORT) -> "Moment":
    """Sets the clock, to UTC. Blocks for a name lookup and at most `timeout_s`.

    Args:
        host: an NTP server.
        timeout_s: how long to wait for its answer, in seconds.
        port: of it, UDP.

    Returns:
        (year, month, day, hour, minute, second, weekday, yearday) it was set to.

    Raises:
        OSError: see ntp_time.
        RuntimeError: this board has no machine.RTC.
    """
    now = time.gmtime(ntp_time(host, timeout_s, port))
    try:
        from machine import RTC
    except ImportError:
        raise RuntimeError("this board has no machine.RTC: its clock is set elsewhere")
    RTC().datetime((now[0], now[1], now[2], now[6], now[3], now[4], now[5], 0))
    return now


def ntp_time(host: str, timeout_s: float = 5, port: int = _PORT) -> int:
    """Seconds of time.time() as an NTP server has them.

    Args:
        host, timeout_s, port: see set_from_ntp.

    Raises:
        OSError: no such host, no answer, none of an NTP server, or none with a time in it (RFC
            4330 section 5); it says which.
    """
    packet = bytearray(_SIZE)
    packet[0] = _ASK
    try:
        address = socket.getaddrinfo(host, port, 0, socket.SOCK_DGRAM)[0]
    except OSError as error:
        from thinwire_device import errnos
        from thinwire_device.connection import number

        said = errnos.describe(error, number(error), "lookup")
        raise OSError(error.errno, "cannot resolve the time server %s: %s" % (host, said))
    question = socket.socket(address[0], socket.SOCK_DGRAM)
    try:
        question.settimeout(timeout_s)
        question.connect(address[-1])  # then nobody else's packet is taken for its answer
        question.send(packet)
        answer = question.recv(_SIZE)
    finally:
        question.close()
    wrong = _what_is_wrong(answer, packet)
    if wrong:
        raise OSError("%s gives no time: %s" % (host, wrong))
    return _seconds(answer)


def _what_is_wrong(answer: bytes, packet: bytearray) -> str:
    # Why an answer has to be discarded (RFC 4330 section 5), "" if it has not.
    if len(answer) < _SIZE or answer[0] & 7 != _SERVER:
        return "that was no answer of an NTP server"
    if answer[1] == 0:
        return "it sends us away (%r)" % bytes(answer[12:16])  # a "kiss of death", section 8
    if answer[0] >> 6 == _UNSYNCHRONIZED or answer[1] > _LAST_STRATUM:
        return "its own clock is not set"
    if answer[24:32] != packet[40:48]:
        return "that was the answer to another question"
    if answer[40:44] == bytes(4) or time.gmtime(_seconds(answer))[0] < _FIRST_YEAR:
        return "what it says is before %d" % _FIRST_YEAR
    return ""


def _seconds(answer: bytes) -> int:
    # The time an answer was sent at, as time.time() has it.
    since_1900: int = struct.unpack("!I", answer[40:44])[0]
    if not since_1900 & _ERA_BIT:
        since_1900 += _ERA
    # time.time() counts from 2000 on most chips, from 1970 elsewhere.
    years = time.gmtime(0)[0] - _NTP_EPOCH
    return since_1900 - (years * 365 + (years - 1) // 4) * 86400

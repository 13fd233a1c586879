"""The clock of a chip starts in 2000 or 2021 after power-up, and certificates have dates: so https
needs it set. One question to an NTP server does (RFC 4330).
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
        OSError: no answer, or none of an NTP server.
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

    Raises:
        OSError: no answer, or none of an NTP server.
    """
    packet = bytearray(_SIZE)
    packet[0] = _ASK
    address = socket.getaddrinfo(host, port, 0, socket.SOCK_DGRAM)[0]
    question = socket.socket(address[0], socket.SOCK_DGRAM)
    try:
        question.settimeout(timeout_s)
        question.sendto(packet, address[-1])
        answer = question.recv(_SIZE)
    finally:
        question.close()
    # Stratum 0 is a server that sends us away ("kiss of death").
    if len(answer) < _SIZE or answer[0] & 7 != _SERVER or answer[1] == 0:
        raise OSError("no answer of an NTP server")
    since_1900: int = struct.unpack("!I", answer[40:44])[0]
    if not since_1900 & _ERA_BIT:
        since_1900 += _ERA
    # time.time() counts from 2000 on most chips, from 1970 elsewhere.
    years = time.gmtime(0)[0] - _NTP_EPOCH
    return since_1900 - (years * 365 + (years - 1) // 4) * 86400

# The network of the emulated board. Copied onto it, so that a test brings it up before a script
# that knows nothing of it, as a board's main.py joins a Wi-Fi.

import time

import network
from machine import RTC, UART

_LONGEST_MS = 20000
_ppp = None


def up(now):
    """Sets the clock to `now`, as RTC.datetime() takes it, and connects."""
    global _ppp
    RTC().datetime(now)
    _ppp = network.PPP(UART(1, 921600, rxbuf=4096, txbuf=1024))
    _ppp.connect()
    wait_until(True)


def down():
    """Ends the connection. A soft reset while it is up crashes the chip: the firmware's limit."""
    global _ppp
    if _ppp is not None:
        _ppp.disconnect()
        wait_until(False)
        _ppp = None


def wait_until(connected):
    start = time.ticks_ms()
    while bool(_ppp.isconnected()) != connected:
        if time.ticks_diff(time.ticks_ms(), start) > _LONGEST_MS:
            raise OSError("PPP: status %d" % _ppp.status())
        time.sleep_ms(20)
    time.sleep_ms(100)

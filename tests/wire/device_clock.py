"""The device's clock against a server of the test."""

import sys
import time

from thinwire_device import clock


def asked(port, timeout_s):
    """What ntp_time gives, and how far it is from this clock, in seconds."""
    try:
        found = clock.ntp_time("127.0.0.1", timeout_s, port)
    except OSError as error:
        return ["OSError", str(error)]
    return ["", abs(found - time.time())]


def set_to(port):
    """What the RTC is set to: (what was returned, what the RTC was told)."""
    told = []

    class RTC:
        def datetime(self, moment):
            told.append(moment)

    class Machine:
        pass

    Machine.RTC = RTC
    kept = sys.modules.get("machine")
    sys.modules["machine"] = Machine
    try:
        returned = clock.set_from_ntp("127.0.0.1", 5, port)
    finally:
        sys.modules.pop("machine")
        if kept:
            sys.modules["machine"] = kept
    return [list(returned), list(told[0])]


def without_rtc(port):
    """What a board without a clock says."""
    try:
        clock.set_from_ntp("127.0.0.1", 5, port)
    except RuntimeError as error:
        return str(error)
    return ""


def on_an_unset_clock():
    """Whether the clock is set: now, and in the years that chips start in."""
    found = [clock.is_set()]
    kept = clock.year
    for year in (2000, 2021, 2023, 2024):
        clock.year = lambda year=year: year
        found.append(clock.is_set())
    clock.year = kept
    return found


def unknown_host():
    """What is said where there is no network: number, beginning, whether it says what to do."""
    real = clock.socket

    class Offline:
        def __getattr__(self, name):
            return getattr(real, name)

        def getaddrinfo(self, *given):
            raise OSError(-6)

    clock.socket = Offline()
    try:
        clock.ntp_time("pool.ntp.org")
    except OSError as error:
        said = error.args[1]
        return [error.errno, said.partition(": ")[0], "network" in said]
    finally:
        clock.socket = real

"""hardware.json: "joins" is how each connect() ends, a status or 0 for success (which it is when
the list has ended); "lost_after" is the number of looks after which the network is gone, once.
"""

from hardware import behaviour, note

STA_IF = 0
STAT_WRONG_PASSWORD = -3
STAT_NO_AP_FOUND = -2

_given = behaviour()
_joins = _given.get("joins", [])


def country(code):
    note("country", code)


class WLAN:
    def __init__(self, interface):
        self._status = 0
        self._joined = False
        self._looks = _given.get("lost_after", -1)

    def active(self, on):
        note("wifi active", on)

    def connect(self, ssid, password):
        note("wifi connect", ssid, password)
        self._status = _joins.pop(0) if _joins else 0
        self._joined = not self._status

    def disconnect(self):
        self._joined = False

    def isconnected(self):
        if self._joined:
            self._looks -= 1
            if self._looks == 0:
                self._joined = False
        return self._joined

    def status(self):
        return self._status

    def ifconfig(self):
        return ("192.0.2.7", "255.255.255.0", "192.0.2.1", "192.0.2.1")

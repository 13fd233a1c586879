"""The Wi-Fi: join it, and join it again whenever it is gone."""

import asyncio

import network

_JOIN_S = 30
_CHECK_S = 5
_STEP_MS = 100
_LONGEST_PAUSE = 12  # times `check_s`
# Names that ports have for what went wrong; their numbers differ.
_REASONS = (
    ("STAT_WRONG_PASSWORD", "the password is wrong"),
    ("STAT_NO_AP_FOUND", "no network of this name in reach (2.4 GHz only)"),
    ("STAT_CONNECT_FAIL", "the access point refuses"),
)


class Wifi:
    """A station.

    Args:
        ssid: of the network.
        password: of it; None for an open one.
        country: two letters; some boards send on no channel without.
        join_s: how long one try to join may take, in seconds.
        check_s: how often `keep` looks, and how long to wait after a try that failed, in seconds.
    """

    def __init__(self, ssid, password=None, country=None, join_s=_JOIN_S, check_s=_CHECK_S):
        if country and hasattr(network, "country"):
            network.country(country)
        self._station = network.WLAN(network.STA_IF)
        self._ssid = ssid
        self._password = password
        self._join_s = join_s
        self._check_s = check_s

    def address(self):
        """The board's IP address."""
        return self._station.ifconfig()[0]

    async def join(self):
        """Joins the network.

        Raises:
            OSError: not within `join_s`; it says why, where the port knows.
        """
        self._station.active(True)
        if not self._station.isconnected():
            self._station.connect(self._ssid, self._password)
        for _ in range(int(self._join_s * 1000) // _STEP_MS):
            if self._station.isconnected():
                return
            await asyncio.sleep_ms(_STEP_MS)
        status = self._station.status()
        self._station.disconnect()
        raise OSError("no Wi-Fi %r after %s s: %s" % (self._ssid, self._join_s, _reason(status)))

    async def insist(self):
        """Joins the network, however long it takes: access points are switched on late."""
        pause = 1
        while True:
            try:
                await self.join()
                print("Wi-Fi:", self.address())
                return
            except OSError as error:
                print(error)
            await asyncio.sleep(pause * self._check_s)
            pause = min(pause * 2, _LONGEST_PAUSE)

    async def keep(self):
        """Joins again whenever the network is gone; never returns. A task of its own."""
        while True:
            await asyncio.sleep(self._check_s)
            if not self._station.isconnected():
                print("Wi-Fi lost, joining again")
                await self.insist()


def _reason(status):
    for name, words in _REASONS:
        if getattr(network, name, None) == status:
            return words
    return "status %s" % status

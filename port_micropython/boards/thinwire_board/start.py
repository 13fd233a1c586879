"""From power-up to a program that runs: settings, Wi-Fi, clock, client."""

import asyncio
import gc

from thinwire_device import clock

from thinwire_board import settings as config
from thinwire_board.wifi import Wifi

_NTP = {"host": "pool.ntp.org"}
_TRIES = 3


def run(board):
    """Runs the program that config.json names.

    Args:
        board: what differs between boards, see esp32/main.py: read_sensor(), set_switch(on),
            take_picture(path); microphone and speaker, dicts of pins.
    """
    try:
        asyncio.run(_main(board))
    except ValueError as error:  # of the settings: for whoever has the board in hand
        print(error)


async def _main(board):
    settings = config.load()
    program = _program(settings.get("run", "chat"))
    client = config.client(settings)
    # The collector runs before free memory is in crumbs.
    gc.threshold(gc.mem_free() // 4 + gc.mem_alloc())
    keeper = await _online(settings)
    try:
        await program(client, settings, board)
    finally:
        if keeper is not None:
            keeper.cancel()
        await client.aclose()


def _program(name):
    # Only the one that is wanted is imported: each takes memory.
    if name not in ("chat", "sensor", "camera", "button", "voice"):
        raise ValueError(
            "config.json: run is %r, not chat, sensor, camera, button or voice" % name
        )
    return __import__("thinwire_board." + name, None, None, ("run",)).run


async def _online(settings):
    """The task that keeps the Wi-Fi; None without one, as on an Ethernet board."""
    keeper = None
    if "wifi" in settings:
        wifi = Wifi(**settings["wifi"])
        await wifi.insist()
        keeper = asyncio.create_task(wifi.keep())
    await _set_clock(settings.get("ntp", _NTP))
    return keeper


async def _set_clock(ntp):
    # Certificates have dates. UDP is lost now and then, so it is asked more than once.
    for left in range(_TRIES - 1, -1, -1):
        try:
            print("clock:", clock.set_from_ntp(**ntp)[:6])
            return
        except OSError as error:
            if not left:
                print("the clock is not set, https will be refused:", error)
            await asyncio.sleep(1)

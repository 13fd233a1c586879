# A chat from a chip, or from the unix port of MicroPython.
#
#   mpremote fs cp settings.json :settings.json
#   mpremote run examples/chip_chat.py
#
# settings.json: {"base_url": "https://...", "api_key": "...", "model": "...", "prompt": "...",
#   "ca": "ca.der", "wifi": {"ssid": "...", "password": "..."}}; the last three may be left out.
# What to do around it, from unboxing the board on, is in docs/devices.md.

import asyncio
import json
import time

from thinwire import AsyncClient, Deployment, ThinwireError


def load_settings():
    with open("settings.json") as file:
        return json.loads(file.read().lstrip("\ufeff"))  # Windows puts that before a text


def join(wifi):
    import network

    station = network.WLAN(network.STA_IF)
    station.active(True)
    station.connect(wifi["ssid"], wifi["password"])
    for _ in range(300):
        if station.isconnected():
            return
        time.sleep_ms(100)
    raise OSError("no Wi-Fi after 30 s")


def set_clock():
    # Certificates have dates, and a board that was without power does not know today's.
    from thinwire_device import clock

    if not clock.is_set():
        clock.set_from_ntp()


async def blink():
    # Stands for whatever else the board does: it goes on while the stream waits.
    while True:
        await asyncio.sleep_ms(100)


async def chat(settings):
    deployment = Deployment(settings["base_url"], settings.get("api_key"), settings["model"])
    client = AsyncClient("chip", {"chip": deployment}, verify=settings.get("ca", True))
    messages = [{"role": "user", "content": settings.get("prompt", "hello from a chip")}]
    other = asyncio.create_task(blink())
    try:
        answer = await client.chat(messages, on_delta=lambda text: print(text, end=""))
        print()
        print("first token after", answer.timings.ttft_ms, "ms;", answer.end)
    except ThinwireError as error:
        print("failed:", error)
    finally:
        other.cancel()


def main():
    settings = load_settings()
    if "wifi" in settings:
        join(settings["wifi"])
        set_clock()
    asyncio.run(chat(settings))


main()

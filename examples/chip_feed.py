# A page from the web, and what the model says of it: thinwire beside micropython-lib's requests.
#
#   mpremote mip install requests           (where the firmware has none)
#   mpremote run examples/chip_feed.py
#
# settings.json as for chip_chat.py, and "feed": the address of a text. It goes onto the flash
# piece by piece and from there into the message, so that it may be larger than memory.

import asyncio
import json

from thinwire import AsyncClient, Deployment, TextFile, ThinwireError

PAGE = "feed.txt"


def load_settings():
    with open("settings.json") as file:
        return json.loads(file.read().lstrip("\ufeff"))  # Windows puts that before a text


def fetch(url):
    """Copies what is at an address into PAGE; blocks meanwhile."""
    try:
        import requests
    except ImportError:
        raise OSError("no requests on this board: mpremote mip install requests")
    response = requests.get(url)
    try:
        if response.status_code != 200:
            raise OSError("status %d from %s" % (response.status_code, url))
        copy(response.raw)
    finally:
        response.close()


def copy(stream):
    piece = memoryview(bytearray(512))
    with open(PAGE, "wb") as file:
        while True:
            count = stream.readinto(piece)
            if not count:
                return
            file.write(piece[:count])


async def ask(settings):
    deployment = Deployment(settings["base_url"], settings.get("api_key"), settings["model"])
    verify = settings.get("ca", True)
    messages = [
        {"role": "system", "content": "Say in one sentence what is new."},
        {"role": "user", "content": TextFile(PAGE)},
    ]
    async with AsyncClient("chip", {"chip": deployment}, verify=verify) as client:
        await client.chat(messages, on_delta=lambda text: print(text, end=""), keep="none")
    print()


def main():
    settings = load_settings()
    try:
        fetch(settings["feed"])
        asyncio.run(ask(settings))
    except (OSError, ThinwireError) as error:
        print("failed:", error)


main()

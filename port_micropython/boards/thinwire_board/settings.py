"""config.json on the board: which network, which server, which program.

  {"wifi": {"ssid": "...", "password": "..."},
   "base_url": "https://openrouter.ai/api/v1", "api_key": "...", "model": "...",
   "run": "chat"}

What else there may be is in docs/devices.md.
"""

import json

from thinwire import AsyncClient, Deployment

_NEEDED = ("base_url", "model")


def load(path="config.json"):
    """The settings, a dict.

    Raises:
        ValueError: there are none, or something is missing; it says what to do.
    """
    try:
        with open(path) as file:
            settings = json.load(file)
    except OSError:
        raise ValueError("no %s on this board: mpremote fs cp %s :" % (path, path))
    except ValueError:
        raise ValueError("%s is no JSON: a comma too many, or quotes missing?" % path)
    for name in _NEEDED:
        if not settings.get(name):
            raise ValueError("%s has no %r" % (path, name))
    return settings


def client(settings):
    """The client they describe. Make it early, before the heap is in pieces, and keep it."""
    deployment = Deployment(settings["base_url"], settings.get("api_key"), settings["model"])
    return AsyncClient("board", {"board": deployment}, verify=settings.get("ca", True))

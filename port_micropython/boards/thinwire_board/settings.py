"""config.json on the board: which network, which server, which program.

  {"wifi": {"ssid": "...", "password": "..."},
   "base_url": "https://openrouter.ai/api/v1", "api_key": "...", "model": "...",
   "run": "chat"}

What else there may be is in docs/devices.md.
"""

import json

from thinwire import AsyncClient, Deployment

_NEEDED = ("base_url", "model")
# Editors on Windows put marks before a text: of UTF-8, which is harmless, or of UTF-16.
_MARK = b"\xef\xbb\xbf"
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")


def load(path="config.json"):
    """The settings, a dict.

    Raises:
        ValueError: there are none, or something is missing; it says what to do.
    """
    try:
        with open(path, "rb") as file:
            data = file.read()
        if data[:2] in _UTF_16:
            raise ValueError("%s is UTF-16: save it as UTF-8" % path)
    except OSError:
        raise ValueError("no %s on this board: mpremote fs cp %s :" % (path, path))
    if data[:3] == _MARK:
        data = data[3:]
    try:
        settings = json.loads(data)
    except ValueError:
        raise ValueError("%s is no JSON: a comma too many, or quotes missing?" % path)
    if not isinstance(settings, dict):
        raise ValueError("%s is no JSON object: it begins with {" % path)
    for name in _NEEDED:
        if not settings.get(name):
            raise ValueError("%s has no %r" % (path, name))
    return settings


def client(settings):
    """The client they describe. Make it early, before the heap is in pieces, and keep it.

    "transcribe" and "speak" are models of their own: at the same server, or at another one with
    its own key.
    """
    deployments = {"board": _deployment(settings, settings)}
    for name in ("transcribe", "speak"):
        if name in settings:
            deployments[name] = _deployment(settings, settings[name])
    return AsyncClient("board", deployments, verify=settings.get("ca", True))


def _deployment(settings, given):
    # A key goes to its own server only.
    server = given if "base_url" in given else settings
    more = {}
    if settings.get("allow_insecure_http"):  # else a key goes by https only
        more["allow_insecure_http"] = True
    return Deployment(server["base_url"], server.get("api_key"), given["model"], **more)

# allow_private=False on sockets of a board: a resolver that lies, and a server that stands where
# nobody from outside shall get. Run on MicroPython (tests/support/device_calls.py).

import socket as real
import sys

from thinwire import Client, Deployment, ThinwireError
from thinwire.core._compat import import_module
from thinwire.core.providers import public_only

MESSAGES = [{"role": "user", "content": "Hi"}]
NAME = "stranger.example"


class Liar:
    """In place of the module `socket` in dns.py."""

    SOCK_STREAM = real.SOCK_STREAM

    def __init__(self, answers):
        self.answers = answers
        self.asked = 0

    def getaddrinfo(self, host, *more):
        if host == NAME:
            host = self.answers[min(self.asked, len(self.answers) - 1)]
            self.asked += 1
        return real.getaddrinfo(host, *more)


def asked(base_url, answers, models):
    """What each call comes to, and how often the resolver was asked."""
    import_module("thinwire_device.dns")
    dns = sys.modules["thinwire_device.dns"]
    liar = dns.socket = Liar(answers)
    url = "http://%s:%s/v1" % (NAME, base_url.split(":")[2].split("/")[0])
    options = {"allow_insecure_http": True}
    known = {"echo": Deployment(url, "k", **options)}
    options["allow_private"] = False
    known["strict"] = Deployment(url, "k", "echo", **options)
    found = []
    try:
        with Client("echo", known, retry=1) as client:
            for model in models:
                try:
                    found.append(client.chat(MESSAGES, model=model).content)
                except ThinwireError as error:
                    found.append(error.kind)
    finally:
        dns.socket = real
    return found, liar.asked


def inside(base_url):
    return asked(base_url, ["127.0.0.1"], ["strict"])


def kept(base_url):
    return asked(base_url, ["127.0.0.1"], ["echo", "strict"])


def pinned(base_url):
    # As if this machine was public.
    is_public = public_only.is_public
    public_only.is_public = lambda address: address in ("127.0.0.1", b"\x7f\0\0\1")
    try:
        return asked(base_url, ["127.0.0.1", "127.0.0.3"], ["strict", "strict"])
    finally:
        public_only.is_public = is_public

"""Name lookup and several addresses of the device's transport, with a resolver of our own."""

import socket

import thinwire_device.dns as dns
from device_turns import AheadWaiter, turns


class Resolver:
    """Stands for the module socket in dns.py; counts what is asked.

    Args:
        answers: for each lookup a list of (host, port) to connect to; the last one stays.
        delay_s: how long a lookup blocks, on the transport's clock.
    """

    SOCK_STREAM = socket.SOCK_STREAM

    def __init__(self, answers, delay_s=0):
        self.answers = answers
        self.delay_s = delay_s
        self.asked = 0

    def getaddrinfo(self, host, port, family, kind):
        AheadWaiter.ahead_ms += self.delay_s * 1000
        listed = self.answers[min(self.asked, len(self.answers) - 1)]
        self.asked += 1
        found = []
        for address, number in listed:
            found.extend(socket.getaddrinfo(address, number, 0, socket.SOCK_STREAM)[:1])
        return found


def resolved(blocking, answers, asked, options, delay_s=0):
    """Outcomes of turns to a name that has `answers`, and how often it was looked up."""
    resolver = Resolver(answers, delay_s)
    dns.socket = resolver
    try:
        outcomes = turns(blocking, [("http", "server.example", 80)], asked, options)
    finally:
        dns.socket = socket
    return [outcomes, resolver.asked]

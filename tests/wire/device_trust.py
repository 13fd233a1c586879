"""Whom the device's transport trusts where the clock, the roots or the firmware are not as
usual.
"""

import binascii

import thinwire_device.clock as clock
import thinwire_device.connection as connection
import thinwire_device.roots as roots
from device_turns import transport_of, turns


def without_clock(place, jobs):
    """Outcomes of one turn for each of `jobs` (options) while the clock is not set."""
    year = clock.year
    clock.year = lambda: 2000
    try:
        return [turns(True, [place], [{"model": "echo"}], options)[0] for options in jobs]
    finally:
        clock.year = year


def expecting(place, known, expected):
    """Outcome of two turns, each on a new connection, with other built-in roots; handshakes.

    `known`: name and DER (hex) of each; `expected`: names for the host of `place`.
    """
    shaken = []

    class Counting(connection.Connection):
        def wrap(self, context):
            shaken.append(self.place[1])
            super().wrap(context)

    connection.Connection = Counting
    roots.ROOTS = tuple([(name, binascii.unhexlify(der)) for name, der in known])
    roots.HOSTS = ((place[1], tuple(expected)),) if expected else ()
    return [turns(True, [place], [{"model": "echo"}] * 2, {"keep": 0}), len(shaken)]


def loadable():
    """Names of the built-in roots that this firmware reads, one context each and all in one."""
    import tls

    context = tls.SSLContext(tls.PROTOCOL_TLS_CLIENT)
    for _, der in roots.ROOTS:
        context.load_verify_locations(der)
        tls.SSLContext(tls.PROTOCOL_TLS_CLIENT).load_verify_locations(der)
    return [name for name, _ in roots.ROOTS]


def expected_for(hosts):
    """Names of the roots for each host."""
    return [list(roots.names_for(host)) for host in hosts]


def unable_to_pin(place, pin):
    """Outcome of a turn on firmware whose contexts have no verify_callback."""
    import thinwire_device.tls_context as tls_context

    class Context:
        __slots__ = ()

        def __init__(self, protocol):
            pass

        def __setattr__(self, name, value):
            raise AttributeError(name)

    class TLS:
        PROTOCOL_TLS_CLIENT = CERT_OPTIONAL = 0
        SSLContext = Context

    kept, tls_context.tls = tls_context.tls, TLS
    try:
        return turns(True, [place], [{"model": "echo"}], {"pin": pin})[0]
    finally:
        tls_context.tls = kept


def refused_pins(pins):
    """What the transport says of pins that cannot be."""
    said = []
    for pin in pins:
        try:
            transport_of(True, {"pin": pin})
        except ValueError as error:
            said.append(str(error))
    return said

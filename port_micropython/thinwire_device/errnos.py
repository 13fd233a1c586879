"""Error numbers of the platforms MicroPython runs on: what they mean, and what to do. Loaded when
something went wrong.

Linux and lwIP on RP2 share their numbers (MicroPython's modlwip), newlib on ESP32 has others, and
mbedTLS adds a number of its own for each layer. What a number means depends on the phase,
too: a record that cannot be read is another protocol while shaking hands, and a torn one in
mid-stream. The tables are text, since a tuple of tuples is twice the flash.
"""

import gc
import sys

from micropython import const

_COMMON = """
5 the network stack refuses: is the Wi-Fi joined?
9 the socket is closed
11 nothing came in time
12 the network stack has no memory or no socket left: close other connections
22 impossible argument
23 too many open sockets
24 too many open sockets
32 the server closed the connection
104 the server reset the connection
105 no buffer left in the network stack: close other connections
111 connection refused: check host and port, nobody listens there
"""
_LINUX_AND_RP2 = """
1 the network interface refuses: connect the Wi-Fi again
19 the network interface is gone: connect the Wi-Fi again
97 this firmware has no addresses of that kind (IPv6?)
98 the address is in use: wait a minute, or reset
100 the network is down: connect the Wi-Fi again
101 network unreachable: has the Wi-Fi an address?
103 the connection was aborted
107 not connected: is the network up?
110 timed out: can this network reach the server?
113 no route to the host: has the Wi-Fi an address?
"""
_ESP32 = """
106 this firmware has no addresses of that kind (IPv6?)
112 the address is in use: wait a minute, or reset
113 the connection was aborted
114 network unreachable: has the Wi-Fi an address?
115 the network is down: connect the Wi-Fi again
116 timed out: can this network reach the server?
117 the host is down
118 no route to the host: has the Wi-Fi an address?
125 no address of its own: has the Wi-Fi one?
126 the network has dropped the connection: connect the Wi-Fi again
128 not connected: is the network up?
"""
# While it shakes hands; and what is another matter afterwards.
_TLS = """
9984 certificate verification failed: pass the CA of this server as add_ca=
12288 its certificate is not the pinned one: if it was renewed on purpose, pin it anew
26112 a TLS message that this firmware cannot read: MicroPython 1.25 and ECDHE under TLS 1.2 do\
 not go together; a newer firmware, or TLS 1.3 on the server
28160 no TLS version, cipher or curve in common
28288 no TLS version in common: most firmware has TLS 1.2 only
29184 no TLS spoken there: is it http://, or another port?
29312 the server closed the connection during TLS: does it want a newer version?
29440 no TLS spoken there: is it http://, or another port?
30336 no CA certificate to verify the server with: pass cadata=
30464 no TLS spoken there: is it http://, or another port?
30592 the server refused the TLS handshake: it may want a version or cipher that this firmware\
 lacks (most has TLS 1.2 only), or not know this host name
30720 the server does not know this host name
30848 the server said goodbye
31232 its certificate is malformed
"""
_TLS_TRAFFIC = """
27136 a TLS record is larger than the buffer of this firmware
29056 a TLS record came damaged: try again
29184 a TLS record came damaged, or is larger than the buffer of this firmware: try again
29312 the server closed the connection
29440 a TLS message came damaged: try again
30464 the server sent a TLS message that nobody expected
30592 the server ended TLS with an alert
"""
# What mbedTLS says of a certificate, and what to do.
_CERTIFICATE = (
    ("not correctly signed", "pass its CA as add_ca=, or is somebody in between?"),
    ("does not match", "check the host name"),
    ("expired", "its owner must renew it, or is this clock wrong?"),
    ("future", "is this clock wrong? thinwire_device.clock.set_from_ntp() sets it"),
)
_LOOKUP = """
1 the network stack has no memory left for a name lookup
2 there is no such name, or no name server answered: is the network up?
3 no name server answered: is the network up?
6 no name server is known: join the network first (Wi-Fi, and an address by DHCP)
16 this is no name that can be looked up: empty or too long, or the network is not up
200 there is no such name
202 no name server answered: is the network up?
203 the network stack has no memory left for a name lookup
"""
_NO_MEMORY = (0x2880, 0x3F80, 0x4D80, 0x5180, 0x6180, 0x7F00)
_ENOMEM = const(12)  # what MicroPython makes of the last of them
_BIGNUM_NO_MEMORY = const(0x10)  # added to the number of the layer above
_TLS_FIRST = const(0x1000)
_TLS_LAYER = const(0xFF80)


def tls_lacks_memory(error: Exception, code: int, phase: str) -> bool:
    """Whether it was memory of ours that was short, and nothing of the network's.

    Args:
        error, code, phase: see `describe`.
    """
    if isinstance(error, MemoryError):
        return True
    if code >= _TLS_FIRST:
        layer = code & _TLS_LAYER
        return layer in _NO_MEMORY or code - layer == _BIGNUM_NO_MEMORY
    return phase == "handshake" and code == _ENOMEM


def describe(
    error: Exception, code: int, phase: str = "traffic", platform: str = sys.platform
) -> str:
    """What went wrong and what to do, for a person.

    Args:
        error: an OSError, or what TLS raises in its place.
        code: its number without a sign, 0 for none.
        phase: "lookup", "connect", "handshake" or "traffic".
        platform: whose numbers they are, as sys.platform has it.
    """
    if tls_lacks_memory(error, code, phase):
        return _memory() + (" (error %d)" % code if code else "")
    if isinstance(error, ValueError):
        return _of_certificate(str(error).strip())
    if not isinstance(error, OSError):
        return "%s: %s" % (type(error).__name__, error)
    if code >= _TLS_FIRST:
        layer, found = code & _TLS_LAYER, ""
        if phase == "traffic":
            found = _find(_TLS_TRAFFIC, code) or _find(_TLS_TRAFFIC, layer, code)
        return found or _find(_TLS, code) or _find(_TLS, layer, code) or "OSError: %s" % error
    found = ""
    if phase == "lookup":
        if not code:  # the unix port: "[addrinfo error -2]"
            digits = str(error).rstrip("]").rpartition("-")[2]
            code = int(digits) if digits.isdigit() else 0
        found = _find(_LOOKUP, code)
    own = _ESP32 if platform == "esp32" else _LINUX_AND_RP2
    return found or _find(own, code) or _find(_COMMON, code) or "OSError: %s" % error


def _find(table: str, code: int, shown: int = 0) -> str:
    at = table.find("\n%d " % code)
    if at < 0:
        return ""
    text = table[at + 1 : table.find("\n", at + 1)].partition(" ")[2]
    return "%s (error %d)" % (text, shown or code)


def _of_certificate(text: str) -> str:
    from thinwire_device import memory_budget

    for part, remedy in _CERTIFICATE:
        if part in text:
            text = "%s (%s)" % (text, remedy)
    text = "the server's certificate is refused: " + text
    # A signature that mbedTLS has no memory to check counts as wrong. By now it has given back
    # what it had; on ESP32 that was not of this heap.
    gc.collect()
    left = gc.mem_free()
    if left < memory_budget.TLS + memory_budget.SLACK and sys.platform != "esp32":
        text += "; or memory was too short to check it: free are %d bytes" % left
    return text


def _memory() -> str:
    from thinwire_device import memory_budget

    return (
        "out of memory: TLS needs %d KB, %d KB of it in one piece; free are %d bytes, and the"
        " largest free block is %d bytes: connect early, before the heap fragments, or collect"
        " garbage more often"
        % (
            memory_budget.TLS // 1024,
            memory_budget.TLS_BLOCK // 1024,
            gc.mem_free(),
            memory_budget.largest_block(),
        )
    )

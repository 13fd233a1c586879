# Error numbers of the platforms MicroPython runs on, and what they mean in words. lwIP, newlib
# (ESP32) and Linux number some of them differently, and TLS errors come negative up to 1.26.

# A connect that goes on in the background: Linux, lwIP on RP2 / newlib on ESP32 / macOS.
IN_PROGRESS = (115, 119, 118, 36)

_WORDS = (
    (12, "out of memory: collect garbage, use smaller buffers"),
    (32, "the server closed the connection"),
    (104, "the server reset the connection"),
    (103, "the connection was aborted"),
    (110, "timed out"),
    (111, "connection refused"),
    (113, "no route to the host"),
    (128, "not connected: is the network up?"),
    (9984, "certificate verification failed"),
    (28928, "no memory for TLS"),
    (29312, "the server closed the connection during TLS"),
    (30336, "no CA certificate to verify the server with"),
    (30592, "the server refused the TLS handshake"),
)


def number(error: OSError) -> int:
    """The error number without its sign; 0 where there is none."""
    # The unix port's failed name lookup has text in its place: "[addrinfo error -2]".
    return abs(error.errno) if isinstance(error.errno, int) else 0


def words(error: Exception) -> str:
    """What went wrong, for a person."""
    if isinstance(error, OSError):
        code = number(error)
        for known, text in _WORDS:
            if code == known:
                return "%s (error %d)" % (text, code)
    return "%s: %s" % (type(error).__name__, error)

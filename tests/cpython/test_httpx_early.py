"""When what a server says during an upload is its answer."""

import pytest

from thinwire.cpython.httpx.backends import answered

_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_HINTS = b"HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n"
_FINAL = b"HTTP/1.1 413 Too Large\r\n"

# Bytes from the start of a response; whether a final head begins in them.
CASES = [
    (b"", False),
    (b"HTTP/1.1 ", False),
    (_CONTINUE, False),
    (_CONTINUE[:-1], False),
    (_CONTINUE + _HINTS, False),
    (_CONTINUE + b"HTTP/1.1 ", False),
    (_FINAL, True),
    (_FINAL[:10], True),
    (_CONTINUE + _FINAL, True),
    (_CONTINUE + _HINTS + _FINAL, True),
    (b"220 mail.example", True),
]


@pytest.mark.parametrize(("data", "wanted"), CASES)
def test_answered(data: bytes, wanted: bool) -> None:
    assert answered(data) == wanted
    assert answered(bytearray(data)) == wanted

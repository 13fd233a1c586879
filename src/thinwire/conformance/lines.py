# JSON lines between the runner and an adapter's process.
#
# No \u escapes for surrogates on the way back: two lone ones that a client left apart would come
# out of json.loads as one character, and the client's mistake would be gone.

import json
from typing import Any


def line_of(value: Any) -> bytes:
    """`value` as one line; lone surrogates stay what they are."""
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass") + b"\n"


def request_line(value: Any) -> bytes:
    """`value` as one line of valid UTF-8; a lone surrogate becomes its JSON escape."""
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "backslashreplace") + b"\n"


def value_of(line: bytes) -> Any:
    """The value of a line.

    Raises:
        ValueError: it is not JSON.
    """
    return json.loads(line.decode("utf-8", "surrogatepass"))

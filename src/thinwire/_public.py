"""Names what is public after the module that users import it from.

`@public` sets `__module__` where a class or function is made, so that its repr, tracebacks and
pickles say "thinwire.StatusError" from the first one on, and say the same when the file moves.

What it costs: Python looks for the source of a class in the file of its `__module__`, and has no
other way; so `inspect.getsource(thinwire.AsyncClient)` raises OSError, as it does for every class
that is named after a package (httpx, numpy). Functions and methods are found by their code, as
always. It is set after the class is made, and not in its body: with Python 3.13 and newer, setting
it afterwards takes away the line number, too, which else would point into the wrong file, and
getsource would return some other text.

MicroPython knows no `__module__`: there `@public` does nothing (core/_micropython.py).
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeVar

    T = TypeVar("T")

# Where what is public is made, and from where it is imported; the first that fits counts.
_HOMES = (
    ("thinwire.core.transport", "thinwire.transport"),
    ("thinwire.core.request.http_request", "thinwire.transport"),
    ("thinwire.core.request.parts", "thinwire.parts"),
    ("thinwire.cpython.httpx.", "thinwire.transport"),
    ("thinwire.cpython.sockets.", "thinwire.transport"),
    ("thinwire.compat.exoclaw.provider", "thinwire"),
    ("thinwire.compat.exoclaw", "thinwire.compat.exoclaw"),
    ("thinwire.compat.aikido.", "thinwire.compat.aikido"),
    ("thinwire.compat.nexus3.", "thinwire.compat.nexus3"),
    ("thinwire.compat.openai_compatible.", "thinwire.compat.openai_compatible"),
    ("thinwire.otel.", "thinwire.otel"),
    ("thinwire.testing.", "thinwire.testing"),
    ("thinwire.conformance.", "thinwire.conformance"),
    ("thinwire.", "thinwire"),
)


def public(thing: "T") -> "T":
    """Names a class or function after its public home; returns it."""
    made_in = thing.__module__
    thing.__module__ = next(home for start, home in _HOMES if made_in.startswith(start))
    return thing

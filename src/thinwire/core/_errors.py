# errors.py, loaded when one of its names is used: with what it needs it costs a chip 2.6 KB of RAM
# (measured), and most calls meet none. Code that raises and catches says `errors.ReadError` with
# this module in the place of that one: an `except` looks up its classes only at an exception.

TYPE_CHECKING = False
if TYPE_CHECKING:
    from thinwire.core.errors import *  # noqa: F403


def __getattr__(name: str) -> object:
    from thinwire.core._compat import load

    value: object = getattr(load("thinwire.core.errors"), name)
    globals()[name] = value
    return value

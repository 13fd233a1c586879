# errors.py, loaded when one of its names is used: with what it needs it costs a chip 2.6 KB of RAM
# (measured), and most calls meet none. Code that raises and catches says `errors.ReadError` with
# this module in the place of that one: an `except` looks up its classes only at an exception.

from thinwire.core._compat import const

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from thinwire.core.errors import AllAttemptsFailed as AllAttemptsFailed
    from thinwire.core.errors import EncodeError as EncodeError
    from thinwire.core.errors import ReadError as ReadError
    from thinwire.core.errors import StatusError as StatusError
    from thinwire.core.errors import StreamError as StreamError
    from thinwire.core.errors import StreamInterrupted as StreamInterrupted
    from thinwire.core.errors import ThinwireError as ThinwireError
    from thinwire.core.errors import TransportError as TransportError
    from thinwire.core.errors import TransportTimeout as TransportTimeout
    from thinwire.core.errors import status_error as status_error


def __getattr__(name: str) -> object:
    from thinwire.core._compat import load

    value: object = getattr(load("thinwire.core.errors"), name)
    globals()[name] = value
    return value

# The only place that asks which runtime this is. Everything else in core/ imports from here, so
# that a reader finds each difference between the runtimes in one of two short files:
# _cpython.py (C string encoders) and _micropython.py (what a chip's firmware lacks).

TYPE_CHECKING = False

try:
    from micropython import const as _const  # noqa: F401 - any folder can have the bare name
except ImportError:
    MICROPYTHON = False
else:  # pragma: no cover (MicroPython)
    MICROPYTHON = True

if MICROPYTHON and not TYPE_CHECKING:  # pragma: no cover (MicroPython)
    from thinwire.core import _micropython

    def __getattr__(name):
        # Not imported one by one: each name here would take 8 bytes of RAM, 250 in all.
        return getattr(_micropython, name)

else:
    from thinwire.core._cpython import (
        BODY_LIMIT,
        BUFFER,
        EVENT_LIMIT,
        GROWTH,
        HEAD_LIMIT,
        PIECE,
        TextBuffer,
        base64,
        const,
        decode,
        encode_small,
        escape,
        fits,
        fraction,
        has_half,
        is_awaitable,
        is_plain,
        load,
        loads,
        remove_file,
        replace_file,
        set_field,
        text_end,
        text_piece,
        text_units,
        unix_time,
        with_cause,
    )

__all__ = (
    "BODY_LIMIT",
    "BUFFER",
    "EVENT_LIMIT",
    "GROWTH",
    "HEAD_LIMIT",
    "MICROPYTHON",
    "PIECE",
    "TextBuffer",
    "base64",
    "const",
    "decode",
    "encode_small",
    "escape",
    "fits",
    "fraction",
    "has_half",
    "is_awaitable",
    "is_plain",
    "load",
    "loads",
    "remove_file",
    "replace_file",
    "set_field",
    "text_end",
    "text_piece",
    "text_units",
    "unix_time",
    "with_cause",
)

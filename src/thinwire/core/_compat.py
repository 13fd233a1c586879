"""The only place that asks which runtime this is. Everything else in core/ imports from here, so
that a reader finds each difference between the runtimes in one of two short files: _cpython.py (C
string encoders) and _micropython.py (what a chip's firmware lacks).
"""

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
    # Each `as` says that the name is handed on (to type checkers: it is exported).
    from thinwire.core._cpython import BODY_LIMIT as BODY_LIMIT
    from thinwire.core._cpython import BUFFER as BUFFER
    from thinwire.core._cpython import EVENT_LIMIT as EVENT_LIMIT
    from thinwire.core._cpython import GROWTH as GROWTH
    from thinwire.core._cpython import HEAD_LIMIT as HEAD_LIMIT
    from thinwire.core._cpython import KEEP_HEADERS as KEEP_HEADERS
    from thinwire.core._cpython import LINE_LIMIT as LINE_LIMIT
    from thinwire.core._cpython import PIECE as PIECE
    from thinwire.core._cpython import AtOnce as AtOnce
    from thinwire.core._cpython import LackOfMemory as LackOfMemory
    from thinwire.core._cpython import PortableError as PortableError
    from thinwire.core._cpython import TextBuffer as TextBuffer
    from thinwire.core._cpython import WrongValue as WrongValue
    from thinwire.core._cpython import base64 as base64
    from thinwire.core._cpython import claim as claim
    from thinwire.core._cpython import const as const
    from thinwire.core._cpython import decode as decode
    from thinwire.core._cpython import disk as disk
    from thinwire.core._cpython import documented as documented
    from thinwire.core._cpython import encode_small as encode_small
    from thinwire.core._cpython import escape as escape
    from thinwire.core._cpython import fits as fits
    from thinwire.core._cpython import forget_module as forget_module
    from thinwire.core._cpython import fraction as fraction
    from thinwire.core._cpython import from_base64 as from_base64
    from thinwire.core._cpython import getenv as getenv
    from thinwire.core._cpython import has_half as has_half
    from thinwire.core._cpython import import_module as import_module
    from thinwire.core._cpython import is_async as is_async
    from thinwire.core._cpython import is_awaitable as is_awaitable
    from thinwire.core._cpython import is_claimed as is_claimed
    from thinwire.core._cpython import is_plain as is_plain
    from thinwire.core._cpython import loads as loads
    from thinwire.core._cpython import loads_whole as loads_whole
    from thinwire.core._cpython import make_folder as make_folder
    from thinwire.core._cpython import make_room as make_room
    from thinwire.core._cpython import mend_imports as mend_imports
    from thinwire.core._cpython import nothing as nothing
    from thinwire.core._cpython import one_story as one_story
    from thinwire.core._cpython import public as public
    from thinwire.core._cpython import random_id as random_id
    from thinwire.core._cpython import remove_file as remove_file
    from thinwire.core._cpython import replace_file as replace_file
    from thinwire.core._cpython import set_field as set_field
    from thinwire.core._cpython import text_end as text_end
    from thinwire.core._cpython import text_piece as text_piece
    from thinwire.core._cpython import text_units as text_units
    from thinwire.core._cpython import threads as threads
    from thinwire.core._cpython import toml_document as toml_document
    from thinwire.core._cpython import unescaped as unescaped
    from thinwire.core._cpython import unix_time as unix_time
    from thinwire.core._cpython import warn as warn

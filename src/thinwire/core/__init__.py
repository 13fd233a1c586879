"""The runtime-neutral half of thinwire: passive objects, one pump, no I/O of its own.

Everything here runs unchanged on CPython and on MicroPython (docs/design.md).
"""

"""What thinwire needs on a chip: raw sockets and TLS with deadlines, a clock, a log. Imported on
MicroPython only (thinwire/core/adapters.py), and frozen into firmware by manifest.py.
"""

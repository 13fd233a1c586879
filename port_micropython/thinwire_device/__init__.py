# What thinwire needs on a chip: raw sockets and TLS with deadlines, a logger. Imported by thinwire
# on MicroPython only (core/factory.py), frozen into firmware by manifest.py.

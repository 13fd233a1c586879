"""Formats, without I/O: server-sent events, JSON on its way out, HTTP/1.1."""

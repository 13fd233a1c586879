"""The transports over httpx: what a client uses on CPython unless it is given another."""

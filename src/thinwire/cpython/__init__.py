"""What only CPython has: the httpx transport, structlog. Never frozen into firmware."""

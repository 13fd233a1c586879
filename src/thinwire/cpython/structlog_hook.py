"""thinwire's log events, handed to structlog."""

import structlog

_logger = structlog.get_logger("thinwire")


def sink(level: str, event: str, fields: dict[str, object]) -> None:
    """Logs one event with its fields; where it goes is structlog's configuration."""
    getattr(_logger, level)(event, **fields)

"""thinwire's log events as JSON lines on the console."""

import json


def sink(level: str, event: str, fields: "dict[str, object]") -> None:
    """Prints one event as one line of JSON.

    Args:
        level: "info" or "warning".
        event: name of the event, e.g. "llm_request".
        fields: what it says; values that JSON can carry.
    """
    record = dict(fields)
    record["level"] = level
    record["event"] = event
    print(json.dumps(record))

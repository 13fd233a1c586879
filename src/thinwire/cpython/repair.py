"""Repairs JSON that a model got wrong: missing quotes, braces or commas, text around it."""

from thinwire.core.wire.utf8 import join_surrogates


def repaired_object(raw: str) -> dict[str, object] | None:
    """The object that `raw` most likely means; a guess, so only for callers that asked for one.

    Args:
        raw: text that is not JSON.

    Returns:
        The object, or None when there is none to be found.
    """
    import json_repair  # costs milliseconds to import, and most answers need no repair

    try:
        value: object = json_repair.loads(raw)
    except (ValueError, RecursionError):
        return None
    # As everywhere else, lone surrogates do not reach a user: they have no text.
    return join_surrogates(value) if isinstance(value, dict) else None  # type: ignore[return-value]

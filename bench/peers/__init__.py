"""One client each, asked as its users ask it. A module here runs in an environment of its own
(bench/legs.py), so it imports its library, the standard library and bench.peers.by_hand only.

Each has `BLOCKING`, and a class `Peer(base_url)` with

    ask(messages, note, tools) -> Answer   # one turn; `note(text)` for each delta of text
    close()

both coroutines unless BLOCKING; and `LOOP`, what makes the event loop, where that is not asyncio.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

Note = Callable[[str], None]
Messages = list[dict[str, Any]]
Tools = list[dict[str, Any]] | None

KEY = "sk-bench-0123456789"
MODEL = "bench-model"
PATH = "/chat/completions"


class Answer(NamedTuple):
    """What a turn gave."""

    text: str | None
    arguments: Any = None  # of the one tool call: text, or what was parsed from it

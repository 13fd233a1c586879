"""The replies a test has queued, by model."""

import re
import threading
from collections.abc import Iterable

from thinwire.testing.replies.reply import Script

ANY = "*"

# The model's name in the part of a body that has come so far, for early answers. A quote inside
# a JSON string is escaped, so message text cannot pass for this.
_MODEL = re.compile(rb'"model"\s*:\s*"([^"\\]*)"')
_SEARCHED = 65536


class ScriptQueues:
    """Queues of scripts; the last of a queue repeats. Safe to use from any thread."""

    def __init__(self) -> None:
        self._queues: dict[str, list[Script]] = {}
        self._lock = threading.Lock()

    def add(self, model: str, scripts: Iterable[Script]) -> None:
        """Queue `scripts` for `model`; "*" serves every model that has none of its own."""
        with self._lock:
            self._queues.setdefault(model, []).extend(scripts)

    def clear(self) -> None:
        """Forget all."""
        with self._lock:
            self._queues.clear()

    def models(self) -> list[str]:
        """Names with a queue, in the order of their first script."""
        with self._lock:
            return [name for name in self._queues if name != ANY]

    def __bool__(self) -> bool:
        return bool(self._queues)

    def take(self, model: str) -> Script | None:
        """The next script for `model`: by its name, by its last `/`-part, then by "*"."""
        with self._lock:
            queue = self._queue(model)
            if not queue:
                return None
            return queue.pop(0) if len(queue) > 1 else queue[0]

    def early(self, body: bytearray) -> tuple[str, int] | None:
        """Whether to answer before the end of `body`, of which this is the beginning.

        Returns:
            The model, "" while it is unknown, and after how many bytes to answer; or None, to
            read on.
        """
        if all(_early(queue) is None for queue in list(self._queues.values())):
            return None
        found = _MODEL.search(body, 0, _SEARCHED)
        model = found[1].decode("utf-8", "replace") if found else ""
        with self._lock:
            size = _early(self._queue(model))
        return None if size is None else (model, size)

    def _queue(self, model: str) -> list[Script]:
        for name in (model, model.rsplit("/", 1)[-1], ANY):
            if self._queues.get(name):
                return self._queues[name]
        return []


def _early(queue: list[Script]) -> int | None:
    # After how many bytes of a body the queue's next script wants to answer; None for all.
    early: object = getattr(queue[0], "early", None) if queue else None
    return early if isinstance(early, int) else None

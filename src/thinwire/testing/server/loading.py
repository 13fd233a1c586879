# Files that script the mock server.

import json
from collections.abc import Iterator, Sequence
from os import PathLike
from pathlib import Path

from thinwire.testing.recording.exchange import exchanges_from
from thinwire.testing.replies.reply import Script
from thinwire.testing.scenario import scenarios_from
from thinwire.testing.server.queues import ANY


def load_scripts(
    path: str | PathLike[str], speed: float = 0
) -> Iterator[tuple[str, Sequence[Script]]]:
    """What a file of scenarios or a recording has the mock server do.

    Args:
        path: of the file.
        speed: see `Exchange.reply`.

    Yields:
        A model's name and scripts for it.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is neither.
    """
    document = json.loads(Path(path).read_text("utf-8"))
    if isinstance(document, dict) and isinstance(document.get("scenarios"), list):
        for scenario in scenarios_from(document):
            yield scenario.name, scenario.replies
        return
    for exchange in exchanges_from(document, str(path)):
        if exchange.method == "POST":  # the mock server answers GET /models itself
            yield exchange.model or ANY, [exchange.reply(speed)]

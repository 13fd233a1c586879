"""The scenarios that come with the package."""

from collections.abc import Sequence
from fnmatch import fnmatchcase
from importlib.resources import as_file, files

from thinwire._public import public
from thinwire.testing import Scenario, load_scenarios

TOPICS = {
    "sse": "Server-sent events",
    "chunks": "Chunks",
    "tools": "Tool calls",
    "calls": "Tool calls that come twice, spread, custom or not at all",
    "replay": "Replay: what goes back in the next turn",
    "endings": "Endings",
    "errors": "Error responses",
    "http": "HTTP",
    "encoding": "The request",
    "responses": "OpenAI's Responses API",
    "anthropic": "Anthropic's Messages API",
}


@public
def load_all() -> list[Scenario]:
    """All scenarios, topic by topic.

    Raises:
        ValueError: a file is not right, which is a bug of ours.
    """
    found: list[Scenario] = []
    for topic in TOPICS:
        with as_file(files("thinwire.conformance") / "scenarios" / f"{topic}.json") as path:
            found += load_scenarios(path)
    return found


def chosen(scenarios: Sequence[Scenario], patterns: Sequence[str]) -> list[Scenario]:
    """Those whose name matches one of the patterns (fnmatch); all when there is none."""
    known = patterns or ["*"]
    return [one for one in scenarios if any(fnmatchcase(one.name, glob) for glob in known)]

# The scenarios that come with the package.

from collections.abc import Sequence
from fnmatch import fnmatchcase
from importlib.resources import as_file, files

from thinwire.testing.scenario import Scenario, load_scenarios

TOPICS = {
    "sse": "Server-sent events",
    "chunks": "Chunks",
    "tools": "Tool calls",
    "endings": "Endings",
    "errors": "Error responses",
    "http": "HTTP",
    "encoding": "The request",
}


def load_all() -> list[Scenario]:
    """All scenarios, topic by topic.

    Raises:
        ValueError: a file is not right, which is a bug of ours.
    """
    return [scenario for topic in TOPICS for scenario in load_topic(topic)]


def load_topic(topic: str) -> list[Scenario]:
    """Scenarios of a topic."""
    with as_file(files("thinwire.conformance") / "scenarios" / f"{topic}.json") as path:
        return load_scenarios(path)


def chosen(scenarios: Sequence[Scenario], patterns: Sequence[str]) -> list[Scenario]:
    """Those whose name matches one of the patterns (fnmatch); all when there is none."""
    if not patterns:
        return list(scenarios)
    return [
        scenario
        for scenario in scenarios
        if any(fnmatchcase(scenario.name, pattern) for pattern in patterns)
    ]

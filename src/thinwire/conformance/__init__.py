"""Scenarios of hostile but real servers, run against any client: `thinwire conformance`.

A client takes part through an adapter, a function `run(base_url, model, request)` that makes one
streaming chat call and returns an `Outcome`, or a dict of its fields. docs/testing.md has more.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from thinwire.conformance.judging import judge
    from thinwire.conformance.library import load_all
    from thinwire.conformance.outcome import Outcome
    from thinwire.conformance.runner import ScenarioRunner, Verdict

__all__ = ["Outcome", "ScenarioRunner", "Verdict", "judge", "load_all"]

_HOMES = {
    "Outcome": "outcome",
    "ScenarioRunner": "runner",
    "Verdict": "runner",
    "judge": "judging",
    "load_all": "library",
}


def __getattr__(name: str) -> object:
    from importlib import import_module

    if name in _HOMES:
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)

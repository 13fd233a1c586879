"""The scenarios that are shipped: well formed, and none that anybody passes by doing nothing."""

import pytest

from thinwire.conformance import Outcome, judge, load_all
from thinwire.conformance.judging import FALLBACK
from thinwire.conformance.library import TOPICS, chosen
from thinwire.conformance.outcome import error_fields
from thinwire.testing import Scenario
from thinwire.testing.scenario import SPLITS

SCENARIOS = load_all()
each = pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)


def test_there_are_enough_of_them_and_no_name_twice() -> None:
    names = [scenario.name for scenario in SCENARIOS]
    assert len(names) == len(set(names)) > 60
    assert {name.partition("-")[0] for name in names} == set(TOPICS)


@each
def test_each_says_what_it_is_and_where_it_comes_from(scenario: Scenario) -> None:
    assert scenario.title
    assert scenario.source
    assert scenario.splits
    assert set(scenario.splits) <= set(SPLITS)


@each
def test_an_empty_answer_passes_none(scenario: Scenario) -> None:
    assert judge(scenario, Outcome(), []) != ""


@each
def test_an_error_without_reason_passes_no_answer(scenario: Scenario) -> None:
    outcome = Outcome(complete=False, error=error_fields(TypeError("a bug")))
    wants_answer = scenario.expect.get("outcome", "answer") in ("answer", "kept")
    assert not wants_answer or judge(scenario, outcome, []) != ""


@each
def test_a_hang_passes_none(scenario: Scenario) -> None:
    assert judge(scenario, Outcome(content=FALLBACK, hung=1), []).startswith("hung")


def test_scenarios_are_chosen_by_name() -> None:
    names = [scenario.name for scenario in chosen(SCENARIOS, ["sse-b*", "tools-cut"])]
    assert names == ["sse-bom", "sse-blank-lines", "tools-cut"]
    assert chosen(SCENARIOS, []) == SCENARIOS

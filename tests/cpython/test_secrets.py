"""No key, in no error, repr, traceback or log, whatever a server does: across all scenarios."""

import logging
import traceback
from collections.abc import Mapping
from typing import Any

import pytest

from thinwire import Client, Deployment, RetryPolicy, ThinwireError, Timeouts
from thinwire.conformance import Outcome, ScenarioRunner, load_all

KEY = "sk-secret-0123456789abcdef"
OTHER = "header-secret-fedcba9876543210"
IN_QUERY = "query-secret-0f1e2d3c4b5a6978"
OF_CALL = "call-secret-8796a5b4c3d2e1f0"


class Watching:
    """A client that keeps everything it could show to somebody."""

    name = "watching"
    lacks: frozenset[str] = frozenset()

    def __init__(self) -> None:
        self.seen: list[str] = []

    def version(self) -> str:
        return ""

    def run(self, call: Mapping[str, Any], limit: float) -> Outcome:
        headers = {"X-Api-Key": OTHER}
        base_url = f"{call['base_url']}?key={IN_QUERY}"
        deployment = Deployment(base_url, KEY, call["model"], extra_headers=headers)
        limits = Timeouts(connect=5, first_token=0.3, progress=0.3, liveness=0.3)
        models = {"m": deployment, "n": deployment}
        retry = RetryPolicy(base=0)
        with Client(
            "m", models, {"m": ["n"]}, timeouts=limits, retry=retry, log=self.log
        ) as client:
            try:
                messages, more = call["request"]["messages"], {"X-Auth-Token": OF_CALL}
                self.seen += [repr(deployment), str(deployment.url)]
                self.seen.append(repr(client.chat(messages, extra_headers=more)))
            except ThinwireError as error:
                self.error(error)
        return Outcome()

    def log(self, level: str, event: str, fields: dict[str, object]) -> None:
        self.seen.append(f"{event} {fields}")

    def error(self, error: BaseException | None) -> None:
        while error is not None:
            self.seen += [str(error), repr(error), repr(vars(error))]
            self.seen += traceback.format_exception(error)
            error = getattr(error, "cause", None)

    def close(self) -> None:
        pass


@pytest.mark.parametrize("group", sorted({one.name.split("-")[0] for one in load_all()}))
def test_no_key_is_shown(group: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "httpx")
    watching = Watching()
    with ScenarioRunner(watching, patience=5) as runner:
        for scenario in load_all():
            if scenario.name.startswith(group + "-"):
                runner.run_split(scenario, "whole")
    assert len(watching.seen) > 5
    shown = "\n".join([*watching.seen, *[record.getMessage() for record in caplog.records]])
    for secret in (KEY, OTHER, IN_QUERY, OF_CALL):
        assert secret not in shown

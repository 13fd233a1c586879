"""Plays scenarios to a client and judges what it makes of them."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

from thinwire._public import public
from thinwire.conformance.judging import FALLBACK, judge
from thinwire.conformance.targets import WIRES, Target
from thinwire.testing import MockReply, MockServer, RecordedRequest, Scenario, Script, text_reply
from thinwire.testing.replies.reply import reply_of

PATIENCE = 10.0  # seconds a client has beyond its own timeout before it counts as hung

MESSAGES = [{"role": "user", "content": "Say hello there."}]
_CUTS = 50  # sizes in a random list, used in turn
_LARGEST = 40  # bytes: about a field of an event
_TIMEOUT = 20.0  # seconds that the client is told to wait; long, as nothing should depend on it


@public
@dataclass(frozen=True)
class Verdict:
    """What became of one scenario with one client.

    Args:
        scenario: its name.
        reason: "" when all went as expected.
        split: how the answer was cut when it did not.
        skipped: the client lacks, on purpose, what the scenario needs, and said so.
    """

    scenario: str
    reason: str = ""
    split: str = ""
    skipped: bool = False

    @property
    def passed(self) -> bool:
        """Whether all went as expected."""
        return not self.reason and not self.skipped


@public
class ScenarioRunner:
    """Runs scenarios against one client; a context manager, for its mock server.

    Args:
        target: the client; closed at the end.
        host: address that the mock server listens at.
        patience: see `PATIENCE`.
    """

    def __init__(
        self, target: Target, *, host: str = "127.0.0.1", patience: float = PATIENCE
    ) -> None:
        self._target = target
        self._server = MockServer(host=host)
        self._other = MockServer(host=host)
        self._patience = patience

    def __enter__(self) -> Self:
        self._server.start()
        self._other.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._target.close()
        self._server.stop()
        self._other.stop()

    def run(self, scenario: Scenario) -> Verdict:
        """Play a scenario, cut in each of its ways, up to the first that fails; a client that
        does not speak its wire is not asked."""
        if self._target.lacks & WIRES.intersection(scenario.needs):
            return Verdict(scenario.name, skipped=True)
        for how in scenario.splits:
            reason = self.run_split(scenario, how)
            if reason:
                return Verdict(scenario.name, reason, how)
        return Verdict(scenario.name, skipped=self._is_lacking(scenario))

    def run_split(self, scenario: Scenario, how: str) -> str:
        """Play a scenario once; returns the reason why it failed, or "".

        What a client lacks on purpose it need not give, but it must say so.
        """
        self._server.clear()
        self._other.clear()
        scripts = list(scenario.replies)
        if scenario.expect.get("outcome") == "error_or_fallback":
            scripts.append(text_reply(FALLBACK))
        cut = [split(script, how, scenario.name) for script in scripts]
        self._server.reply(scenario.name, *cut)
        if scenario.others:
            others = [split(script, how, scenario.name) for script in scenario.others]
            self._other.reply(scenario.name, *others)
            self._server.reply(_other_model(scenario), *others)
        request = self._placed(scenario, asked(scenario))
        call = {"base_url": self._server.base_url, "model": scenario.name, "request": request}
        outcome = self._target.run(call, request["timeout_s"] + self._patience)
        if self._is_lacking(scenario):
            said_so = outcome.error is not None and not outcome.complete and outcome.hung is None
            return "" if said_so else "does without, and does not say so"
        # A request that is not HTTP has no model, and is an error of the server's.
        requests = [known for known in self._server.requests if known.model == scenario.name]
        errors = self._server.errors + self._other.errors
        return judge(scenario, outcome, requests) or "; ".join(errors)

    def _placed(self, scenario: Scenario, request: Mapping[str, Any]) -> Mapping[str, Any]:
        # The request with base URLs and models in its further turns.
        turns = []
        for turn in request.get("turns", ()):
            here = {"base_url": self._server.base_url, "model": scenario.name}
            other = {**here, "base_url": self._other.base_url}
            wire = turn.get("dialect", request.get("dialect"))
            place = other if turn.get("server") == "other" else here
            if turn.get("model") == "other":
                place = {**place, "model": _other_model(scenario)}
            fallback = {"fallback": other} if turn.get("fallback") else {}
            spoken = {"dialect": wire} if wire else {}
            turns.append({"append": turn.get("append", []), **place, **fallback, **spoken})
        return {**request, "turns": turns} if turns else request

    def _is_lacking(self, scenario: Scenario) -> bool:
        return not self._target.lacks.isdisjoint(scenario.needs)


def asked(scenario: Scenario) -> Mapping[str, Any]:
    """The request of a scenario, with what every request has."""
    return {"messages": MESSAGES, "timeout_s": _TIMEOUT, **scenario.request}


def _other_model(scenario: Scenario) -> str:
    return scenario.name + "-other"


# Where bytes are cut is nobody's promise.
def split(script: Script, how: str, seed: str) -> Script:
    """The script, cut in another way.

    Args:
        script: of the mock server.
        how: "whole": in as few writes as its pauses allow; "bytes": byte by byte; "random".
        seed: of the random sizes: the same name gives the same cuts.

    Returns:
        A script that answers the same bytes.
    """
    pieces: Sequence[int] | None = None
    if how == "bytes":
        pieces = (1,)
    elif how != "whole":
        pieces = random.Random(seed).choices(range(1, _LARGEST + 1), k=_CUTS)

    def cut(request: RecordedRequest) -> MockReply:
        reply = reply_of(script, request)
        if reply.pieces is not None:  # it has cuts of its own
            return reply
        return replace(reply, joined=True, pieces=pieces)

    return cut

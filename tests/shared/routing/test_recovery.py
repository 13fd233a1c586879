"""What an error leads to: plain calls, no clock, no socket. A case is a list of errors, what is
decided after each, and where the call goes."""

import json

from helpers import error_of, read_all
from streams import ONCE, Tried, deployments

from thinwire.core.error_kinds import FALLBACK_ON
from thinwire.core.errors import (
    ConnectError,
    ReadError,
    StatusError,
    StreamError,
    TransportTimeout,
    WriteError,
)
from thinwire.core.request.call import Call
from thinwire.core.request.raw_call import RawCall
from thinwire.core.routing import recovery
from thinwire.core.routing.all_failed import AllAttemptsFailed
from thinwire.core.routing.deployment import Deployment
from thinwire.core.routing.health import CooldownPolicy, Health
from thinwire.core.routing.plan import Plan
from thinwire.core.routing.policy import Policy, RetryPolicy, Timeouts
from thinwire.core.routing.router import Router

CHAIN = {"a": ["b", "c"]}
TWICE = RetryPolicy(jitter="none")
MESSAGES = [{"role": "user", "content": "0"}, {"role": "user", "content": "1"}]


def limited(**seconds):
    return Timeouts(**seconds)


class Setting:
    # A plan and what it needs; `now` moves only when a test says so.
    def __init__(self, retry=TWICE, timeouts=None, call=None, model=None, **options):
        names = options.pop("names", None) or deployments("a", "b", "c")
        lists = {"fallbacks": CHAIN}
        for key in ("fallbacks", "context_fallbacks", "content_filter_fallbacks"):
            if key in options:
                lists[key] = options.pop(key)
        self.router = Router("a", names, **lists)
        self.health = options.pop("health", None) or Health(CooldownPolicy())
        self.policy = Policy(timeouts or Timeouts(), retry, **options)
        self.now = 1000
        self.call = call or Call([])
        self.model = model
        self.plan = self.new()

    def new(self):
        args = (self.router, self.call, self.model, self.policy, self.health, self.now)
        return Plan(*args)

    def limits(self, name):
        return self.policy.timeouts_at(self.router.deployment(name))

    def begin(self, read=True):
        # The next attempt; its body is read whole.
        tried = Tried(self.plan, self.now)
        if read:
            read_all(tried.request.body)
        return tried

    def decide(self, tried, error, seen=True):
        # What follows; the plan goes on as the pump would have it.
        plan = self.plan
        decision = recovery.decide(plan, tried, error, seen, self.now, 0.5)
        plan.left = decision.left
        if decision.free:
            plan.tries[tried.attempt.deployment] -= 1
        return decision

    def fail(self, error):
        # An attempt that fails; returns (deployment, action, wait) or (deployment, error, hint).
        tried = self.begin()
        name = tried.attempt.deployment
        error = recovery.record_failure(self.plan, tried, error, self.now)
        decision = self.decide(tried, error)
        if decision.action == "raise":
            return name, decision.error, decision.hint
        return name, decision.action, decision.wait_ms


def busy(status=503, wait_ms=None):
    return StatusError(status, "no", "", wait_ms)


def steps(errors, **options):
    setting = Setting(**options)
    return [setting.fail(error) for error in errors]


def test_the_chain_is_walked_to_its_end():
    errors = [ReadError("1"), StatusError(503, "2"), ReadError("3")]
    got = steps(errors, retry=ONCE)
    assert got[:2] == [("a", "fallback", 0), ("b", "fallback", 0)], got
    name, error, _ = got[2]
    assert name == "c"
    assert isinstance(error, AllAttemptsFailed)
    assert [one.deployment for one in error.attempts] == ["a", "b", "c"]
    assert [one.error for one in error.attempts] == errors
    assert (error.model, error.deployment) == ("a", "c")


def test_each_error_names_model_and_deployment():
    first, last = ReadError("1"), StatusError(400, "2")
    steps([first, last], retry=ONCE)
    assert (first.model, first.deployment) == ("a", "a")
    assert (last.model, last.deployment) == ("a", "b")


def test_a_single_attempt_gives_its_own_error():
    error = StatusError(401, "no")
    assert steps([error]) == [("a", error, "")]
    error = ReadError("cut")
    assert steps([error], retry=ONCE, model="c") == [("c", error, "")]


def test_the_chain_ends_at_an_error_that_qualifies_for_nothing():
    got = steps([ReadError("1"), StatusError(400, "no")], retry=ONCE)
    words = (
        "all 2 attempts failed; a: 1 (0 ms, 0 bytes sent); b: status 400: no (0 ms, 0 bytes sent)"
    )
    assert str(got[1][1]) == words, got


def test_a_deployment_is_tried_again_before_the_next():
    errors = [ReadError("1"), ReadError("2"), ReadError("3"), ReadError("4")]
    got = steps(errors)
    want = [("a", "retry", 500), ("a", "fallback", 0), ("b", "retry", 500), ("b", "fallback", 0)]
    assert got == want, got


def test_waits_grow():
    retry = RetryPolicy(attempts=6, cap=3, jitter="none")
    got = steps([ReadError("x")] * 5, retry=retry, fallbacks={})
    assert [one[2] for one in got] == [500, 1000, 2000, 3000, 3000], got


# What fails, with a healthy fallback and without: actions after one attempt of two.
ACTIONS = [
    (ConnectError("x"), "retry 500", "retry 500"),
    (WriteError("x"), "retry 500", "retry 500"),
    (ReadError("x"), "retry 500", "retry 500"),
    (StreamError("x"), "retry 500", "retry 500"),
    (TransportTimeout("x", "first_token"), "fallback 0", "retry 500"),
    (TransportTimeout("x", "connect"), "fallback 0", "retry 500"),
    (TransportTimeout("x", "total"), "raise", "raise"),
    (busy(408), "fallback 0", "retry 500"),
    (busy(409), "retry 500", "retry 500"),
    (busy(425), "retry 500", "retry 500"),
    (busy(429), "retry 500", "retry 500"),
    (busy(429, 2000), "retry 2000", "retry 2000"),
    (busy(429, 8000), "retry 8000", "retry 8000"),
    (busy(429, 9000), "fallback 0", "retry 9000"),
    (busy(429, 61000), "fallback 0", "raise"),
    (busy(503, 0), "retry 0", "retry 0"),
    (busy(500), "retry 500", "retry 500"),
    (busy(529), "retry 500", "retry 500"),
    (busy(400), "raise", "raise"),
    (busy(401), "raise", "raise"),
    (busy(402), "raise", "raise"),
    (busy(403), "raise", "raise"),
    (busy(404), "raise", "raise"),
    (busy(413), "raise", "raise"),
    (busy(422), "raise", "raise"),
    (StatusError(429, "no", "insufficient_quota"), "fallback 0", "raise"),
    (StatusError(400, "no", "context_length_exceeded"), "raise", "raise"),
    (StatusError(400, "no", "content_filter"), "raise", "raise"),
]


def said(step):
    return "%s %d" % step[1:] if isinstance(step[1], str) else "raise"


def test_what_follows_an_error():
    for error, with_fallback, alone in ACTIONS:
        assert said(steps([error])[0]) == with_fallback, error
        assert said(steps([error], fallbacks={})[0]) == alone, error


def test_what_the_server_says_about_retrying_counts_more():
    for error, hint, want in [
        (busy(400), True, "retry 500"),
        (busy(503), False, "fallback 0"),
        (busy(503), None, "retry 500"),
    ]:
        error.should_retry = hint
        assert said(steps([error])[0]) == want, (error, hint)
    no = busy(503)
    no.should_retry = False
    assert steps([no], fallbacks={}) == [("a", no, "")]


def test_an_error_that_was_worth_a_retry_is_worth_a_fallback():
    error = busy(400)
    error.should_retry = True
    assert [said(one) for one in steps([error, error])] == ["retry 500", "fallback 0"]


def test_further_kinds_can_lead_to_the_fallback():
    for status, kind in [(401, "auth"), (402, "quota"), (404, "not_found"), (413, "too_large")]:
        got = steps([busy(status)], fallback_on=FALLBACK_ON + (kind,))
        assert said(got[0]) == "fallback 0", status
    got = steps([ReadError("x")], retry=ONCE, fallback_on=("auth",))
    assert said(got[0]) == "raise", got


def test_no_sleep_that_cannot_pay_off():
    for total, want in [(0.4, "fallback 0"), (0.5, "fallback 0"), (0.6, "retry 500")]:
        assert said(steps([ReadError("x")], timeouts=limited(total=total))[0]) == want, total
    got = steps([ReadError("x")], timeouts=limited(total=0.4), fallbacks={})
    assert said(got[0]) == "raise", got


def test_a_dead_kept_connection_is_replaced_at_once_and_not_counted():
    stale = ReadError("x")
    stale.stale = True
    got = [said(one) for one in steps([stale] * 5)]
    want = ["retry 0"] * 3 + ["retry 500", "fallback 0"]
    assert got == want, got


def test_a_dead_kept_connection_says_nothing_about_health():
    setting = Setting()
    stale = ReadError("x")
    stale.stale = True
    for _ in range(3):
        setting.fail(stale)
    assert setting.health.state("a", setting.now).failures == 0


LONG = StatusError(400, "no", "context_length_exceeded")
FILTERED = StatusError(400, "no", "content_filter")


def test_reasons_have_chains_of_their_own():
    for option, error in [("context_fallbacks", LONG), ("content_filter_fallbacks", FILTERED)]:
        got = steps([error, ReadError("x"), error], retry=ONCE, **{option: {"a": ["c", "b"]}})
        names = [one[0] for one in got]
        assert names == ["a", "c", "b"], (option, got)
        assert [said(one) for one in got] == ["fallback 0", "fallback 0", "raise"], got


def test_what_was_tried_is_not_tried_again_for_another_reason():
    got = steps([ReadError("x"), LONG], retry=ONCE, context_fallbacks={"a": ["b", "c"]})
    assert [one[0] for one in got] == ["a", "b"], got
    assert said(got[1]) == "fallback 0"


def test_an_overflow_is_never_sent_to_the_same_model_again():
    got = steps([LONG], retry=RetryPolicy(attempts=5))
    assert said(got[0]) == "raise", got


def test_upcoming_is_the_next_name():
    setting = Setting()
    names = []
    for _ in range(3):
        setting.begin()
        names.append(setting.plan.upcoming())
    assert names == ["b", "c", ""], names


def test_consumed_messages_are_not_sent_again_and_the_error_says_so():
    error = ReadError("cut")
    got = steps([error], call=Call(iter(MESSAGES)))
    assert got == [("a", error, " (not tried again: the messages can be read only once)")], got


def test_untouched_messages_are_sent_elsewhere():
    setting = Setting(call=Call(iter(MESSAGES)), retry=ONCE)
    tried = setting.begin(read=False)
    assert setting.decide(tried, ReadError("refused")).action == "fallback"
    attempt = setting.plan.begin(0)
    deployment = setting.plan.router.deployment(attempt.deployment)
    got = json.loads(read_all(setting.plan.request(attempt, deployment).body))
    assert got["messages"] == MESSAGES, got


def test_the_last_error_says_nothing_about_messages():
    error = ReadError("cut")
    got = steps([error], call=Call(iter(MESSAGES)), model="c", retry=ONCE)
    assert got == [("c", error, "")], got


def test_a_raw_body_goes_to_one_deployment():
    setting = Setting(call=RawCall(iter([])))
    tried = setting.begin(read=False)
    assert setting.plan.upcoming() == ""
    error = StatusError(400, "x", "context_length_exceeded")
    assert setting.decide(tried, error).error is error


# What a deployment and a call send, what an error repeats of it, and what is left of that.
# Dummies, and what is short, are words as well.
REPEATED = [
    (("https://a.test", "sk-12345678"), {}, "no sk-12345678 here", "no *** here"),
    (("https://a.test", "sk-12345678"), {}, "no sk-12345... ", "no sk-12345... "),
    (("https://a.test", "sk-12345678"), {}, "no sk-12345...", "no ***..."),
    (("https://a.test", "ollama"), {}, "try `ollama pull llama3`", "try `ollama pull llama3`"),
    (("https://a.test", "sk-no-key-required"), {}, "sk-no-key-required", "sk-no-key-required"),
    (("https://a.test", None), {}, "no sk-12345678 here", "no sk-12345678 here"),
    (
        ("https://a.test?v=2024-10-21&key=abc%2Fdefgh",),
        {},
        "abc/defgh 2024-10-21",
        "*** 2024-10-21",
    ),
    (("https://a.test?key=abc%2Fdefgh",), {}, "key=abc%2Fdefgh", "key=***"),
    (("https://a.test?key=abc%2Fdefgh",), {}, "abc\\/defgh abc%2fdefgh", "*** ***"),
    (("https://a.test", "sk-12345678"), {"X-Auth-Token": "of-this-call"}, "of-this-call", "***"),
    (("https://a.test",), {"X-Tag": "of-this-call"}, "of-this-call", "of-this-call"),
]


def test_secrets_are_taken_out_of_errors_and_their_causes():
    for arguments, headers, words, want in REPEATED:
        for cause in (None, ValueError(words), ReadError(words)):
            call = Call(MESSAGES, extra_headers=headers)
            setting = Setting(names={"a": Deployment(*arguments)}, fallbacks={}, call=call)
            error = StatusError(401, words, words, None, words)
            error.cause = cause
            recovery.record_failure(setting.plan, setting.begin(), error, 0)
            found = (error.message, error.code, error.body_snippet, error.args[0])
            assert found == ("status 401: " + want, want, want, "status 401: " + want), found
            shown = want if isinstance(cause, ReadError) or want == words else "None"
            assert cause is None or str(error.cause) == shown, (words, error.cause)


def test_a_secret_in_extra_headers_is_taken_out_of_errors():
    more = {"cf-aig-authorization": "Bearer gateway-key"}
    names = {"a": Deployment("https://a.test/v1", "sk-12345678", extra_headers=more)}
    for made in (True, False):
        setting = Setting(names=names, fallbacks={})
        tried = setting.begin()
        if not made:
            tried.request = None  # it failed before there was one
        error = ReadError("gateway-key, sk-12345678")
        recovery.record_failure(setting.plan, tried, error, 0)
        assert str(error) == "***, ***", error


class Crowded(ReadError):
    # There is no memory left for more than the error itself.
    def answered_by(self, response):
        raise MemoryError


def test_an_error_without_room_for_headers_is_still_that_error():
    for kind, want in ((ReadError, {"x-request-id": "1"}), (Crowded, {})):
        setting = Setting()
        tried = setting.begin()
        tried.attempt.headers = {"x-request-id": "1"}
        error = recovery.record_failure(setting.plan, tried, kind("no"), 0)
        assert error.headers == want, error.headers
        assert tried.attempt.error is error
        assert setting.decide(tried, error).action == "retry"


def test_an_unknown_model_is_refused():
    error_of(ValueError, Setting, model="x")


def test_a_deployments_own_limits_and_retries_count_before_the_clients():
    own = limited(first_token=1)
    names = deployments("b", "c")
    names["a"] = Deployment("https://a.test/v1", timeouts=own, retry=RetryPolicy(attempts=1))
    setting = Setting(names=names)
    assert setting.limits("a") is own
    assert setting.limits("b") is not own
    assert said(setting.fail(ReadError("x"))) == "fallback 0"
    calls = limited(first_token=2)
    setting.policy = setting.policy.for_call(calls, TWICE)
    setting.plan = setting.new()
    assert setting.limits("a") is calls
    assert said(setting.fail(ReadError("x"))) == "retry 500"


def test_a_deployment_that_cools_down_comes_last():
    setting = Setting(retry=ONCE)
    assert said(setting.fail(busy(429, 5000))) == "fallback 0"
    setting.plan = setting.new()
    names = []
    for _ in range(3):
        names.append(setting.fail(ReadError("x"))[0])
    assert names == ["b", "c", "a"], names


def test_a_long_wait_is_waited_for_when_the_fallback_cools_down():
    health = Health(CooldownPolicy())
    health.failed("b", busy(429, 20000), 1000)
    health.failed("c", busy(429, 30000), 1000)
    got = steps([busy(429, 10000)], health=health)
    assert said(got[0]) == "retry 10000", got


def test_restarting_needs_leave_a_fallback_and_messages():
    for options, error, want in [
        ({}, ReadError("x"), False),
        ({"on_interrupt": "raise"}, ReadError("x"), False),
        ({"on_interrupt": "restart"}, ReadError("x"), True),
        ({"on_interrupt": "restart"}, busy(400), False),
        ({"on_interrupt": "restart", "fallbacks": {}}, ReadError("x"), False),
        ({"on_interrupt": "restart", "call": Call(iter(MESSAGES))}, ReadError("x"), False),
    ]:
        setting = Setting(**options)
        tried = setting.begin()
        tried.begun = True
        decision = setting.decide(tried, error)
        assert decision.action == ("restart" if want else "interrupt"), options
        assert decision.error is error


def test_what_nobody_saw_is_asked_for_again():
    setting = Setting()
    tried = setting.begin()
    tried.begun = True
    assert setting.decide(tried, ReadError("x"), seen=False).action == "retry"


def test_what_nobody_saw_is_an_interrupted_answer_in_the_end():
    setting = Setting(fallbacks={}, retry=ONCE)
    tried = setting.begin()
    tried.begun = True
    error = ReadError("x")
    decision = setting.decide(tried, error, seen=False)
    assert (decision.action, decision.error) == ("interrupt", error)


def test_deciding_changes_nothing():
    setting = Setting()
    tried = setting.begin()
    error = ReadError("x")
    recovery.record_failure(setting.plan, tried, error, setting.now)
    plan = setting.plan
    before = (list(plan.left), dict(plan.tries), plan.stale, list(plan.health.needs_length))
    for _ in range(3):
        decision = recovery.decide(plan, tried, error, True, setting.now, 0.5)
        assert (decision.action, decision.wait_ms) == ("retry", 500)
        assert decision.left == ["a", "b", "c"]
    after = (list(plan.left), dict(plan.tries), plan.stale, list(plan.health.needs_length))
    assert after == before, (before, after)


def test_only_messages_that_can_be_read_again_can_be_replayed():
    for call, want in [(Call(MESSAGES), True), (Call(iter(MESSAGES)), False)]:
        assert Setting(call=call).plan.can_replay("b") is want

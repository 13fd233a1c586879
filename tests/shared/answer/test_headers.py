"""Request ids and rate limits, for those who ask for them."""

from helpers import error_of
from streams import ANSWER, HELLO, deployments, json_reply, play, sse, text

from thinwire.core.answer.headers import checked, rate_limits, spent_ms
from thinwire.core.client import AsyncClient
from thinwire.core.errors import ReadError, StreamInterrupted, ThinwireError
from thinwire.core.routing.all_failed import AllAttemptsFailed
from thinwire.core.sync import Client
from thinwire.testing.scripted import ScriptedReply, ScriptedTransport

NOW = 1792567680
DATE = "Wed, 21 Oct 2026 07:28:00 GMT"  # the same


def limit(limit=None, remaining=None, reset_ms=None):
    return {"limit": limit, "remaining": remaining, "reset_ms": reset_ms}


OPENAI = {
    "x-ratelimit-limit-requests": "60",
    "x-ratelimit-limit-tokens": "150000",
    "x-ratelimit-remaining-requests": "59",
    "x-ratelimit-remaining-tokens": "149984",
    "x-ratelimit-reset-requests": "1s",
    "x-ratelimit-reset-tokens": "6m0s",
}
ANTHROPIC = {
    "anthropic-ratelimit-requests-limit": "50",
    "anthropic-ratelimit-requests-remaining": "49",
    "anthropic-ratelimit-requests-reset": "2026-10-21T07:28:02Z",
    "anthropic-ratelimit-tokens-limit": "80000",
    "anthropic-ratelimit-input-tokens-limit": "40000",
}

# Headers, what they say.
LIMITS = [
    ({}, {}),
    (OPENAI, {"requests": limit(60, 59, 1000), "tokens": limit(150000, 149984, 360000)}),
    (ANTHROPIC, {"requests": limit(50, 49, 2000), "tokens": limit(80000)}),
    ({"anthropic-ratelimit-input-tokens-remaining": "7"}, {"tokens": limit(None, 7)}),
    ({"x-ratelimit-limit": "20", "x-ratelimit-remaining": "0", "x-ratelimit-reset":
      "1792567690000"}, {"requests": limit(20, 0, 10000)}),
    ({"x-ratelimit-remaining-tokens-day": "9", "x-ratelimit-remaining-tokens-minute": "3"},
     {"tokens": limit(None, 3)}),
    ({"x-ratelimit-limit-req-minute": "60"}, {"requests": limit(60)}),
    ({"x-ratelimitbysize-limit-minute": "5"}, {"tokens": limit(5)}),
    ({"x-ratelimit-limit-project-tokens": "1", "x-ratelimit-limit-tokens": "2"},
     {"tokens": limit(2)}),
    ({"ratelimit-limit": "5", "ratelimit-reset": "30"}, {"requests": limit(5, None, 30000)}),
    ({"x-ratelimit-limit-requests": "many", "ratelimit": "r=3;t=4", "x-limit": "3"}, {}),
    ({"x-ratelimit-limit-requests": "-1", "x-ratelimit-reset": "", "x-ratelimit-remaining": "²"},
     {}),
    ({"x-ratelimit-limit": "9" * 40, "x-ratelimit-reset": "9" * 40}, {}),
]  # fmt: skip

# A reset, its milliseconds.
RESETS = [
    ("20ms", 20), ("7.66s", 7660), ("1m30.951s", 90951), ("2h", 7200000), ("1d1ms", 86400001),
    ("1.5", 1500), ("0", 0), (".5", None), ("1x", None), ("s", None), ("1.2.3s", None),
    (str(NOW + 3), 3000), (str(NOW - 3), 0), (str(NOW * 1000 + 4999), 4000),
    ("Wed, 21 Oct 2026 07:28:05 GMT", 5000), ("2026-10-21t07:28:00.5z", 0),
    ("2026-10-21T07:28", None), ("2026-10-21", None), ("2026-10T07:28:00Z", None),
    ("2026-xx-21T07:28:00Z", None),
]  # fmt: skip


def test_what_headers_say_of_limits():
    for headers, want in LIMITS:
        got = rate_limits(headers, NOW)
        assert got == want, (headers, got)


def test_when_a_limit_is_reset():
    for value, want in RESETS:
        got = rate_limits({"x-ratelimit-reset": value}, NOW)
        wanted = {} if want is None else {"requests": limit(None, None, want)}
        assert got == wanted, (value, got)


def test_without_a_date_our_clock_counts():
    got = rate_limits({"x-ratelimit-reset": "4102444800"})
    assert got == {} or got["requests"]["reset_ms"] > 0, got  # {}: a chip with no clock


SENT = {"content-type": "text/event-stream", "x-request-id": "req_1", "cf-ray": "ray"}
SENT.update({"date": DATE, "retry-after": "1", "set-cookie": "a=private", "server": "x"})
SENT.update(OPENAI)
KNOWN = {name: SENT[name] for name in SENT if name in OPENAI}
KNOWN.update({"x-request-id": "req_1", "cf-ray": "ray", "retry-after": "1"})

# keep_headers, what is kept.
KEPT = [
    ("all", SENT),
    (("X-Request-Id", "server", "not-there"), {"x-request-id": "req_1", "server": "x"}),
    (["server"], {"server": "x"}),
    ((), {}),
]


def answered(headers, keep, status=200, pieces=None):
    options = {} if keep == "unsaid" else {"keep_headers": keep}
    reply = ScriptedReply([ANSWER] if pieces is None else pieces, status, headers)
    return play([reply], options=options)


def test_the_headers_that_are_kept():
    for keep, want in KEPT:
        got = answered(SENT, keep).completion
        assert got.headers == want, (keep, got.headers)
        assert got.request_id == want.get("x-request-id", ""), (keep, got.request_id)
        assert got.attempts[0].headers == want
        limits = rate_limits(OPENAI) if keep == "all" else {}
        assert got.rate_limits == limits, (keep, got.rate_limits)


def test_unasked_a_chip_keeps_nothing():
    from thinwire.core._compat import KEEP_HEADERS

    got = answered(SENT, "unsaid").completion
    assert got.headers == (KNOWN if KEEP_HEADERS else {}), got.headers


def test_a_request_id_by_any_name():
    for name in ("x-request-id", "request-id", "apim-request-id", "x-amzn-requestid", "cf-ray"):
        got = answered({name: "1", "cf-ray": "1"}, "all").completion
        assert got.request_id == "1", name
    assert answered({"x-request-id": ""}, "all").completion.request_id == ""


def of(error):
    return error.request_id, error.headers, error.rate_limits


def test_errors_have_them_as_well():
    headers = {"x-request-id": "req_1", "x-ratelimit-remaining": "0"}
    want = ("req_1", headers, {"requests": limit(None, 0)})
    got = answered(headers, "all", 400, [b"no"]).error
    assert of(got) == want, of(got)
    got = answered(headers, "all", 200, [sse(text("a")), ReadError("cut")]).error
    assert isinstance(got, StreamInterrupted)
    assert of(got) == want == of(got.partial), of(got)
    replies = [ScriptedReply([b"no"], 500, headers)] + [ScriptedReply([b"no"], 500, {})] * 2
    got = play(replies, options={"keep_headers": "all"}).error
    assert isinstance(got, AllAttemptsFailed)
    assert [of(attempt)[0] for attempt in got.attempts] == ["req_1", "", ""]
    assert of(got) == of(got.last)


def test_an_error_without_a_response_has_none():
    got = play([ReadError("no")], options={"keep_headers": "all"}).error
    assert of(got) == ("", {}, {})


def test_a_retry_shows_the_last_ones():
    replies = [json_reply({}, 500, {"x-request-id": "1"}), ScriptedReply([ANSWER], 200, SENT)]
    got = play(replies, options={"keep_headers": ("x-request-id",)}).completion
    assert (got.request_id, [one.request_id for one in got.attempts]) == ("req_1", ["1", "req_1"])


class Repeated:
    status = 200

    def __init__(self, response):
        self.receive, self.aclose = response.receive, response.aclose
        self.wait, self.offset = response.wait, 0

    def header(self, name):
        return "a" if name == "x-a" else None

    def all_headers(self):
        return [("x-a", "a"), ("x-a", "b")]


class Unlisted:
    # A response of a transport of the user's, which has what a Response must have.
    status = 200

    def __init__(self, response):
        self.receive, self.aclose = response.receive, response.aclose
        self.wait, self.offset = response.wait, 0

    def header(self, name):
        return "a" if name == "x-a" else None


class Own(ScriptedTransport):
    kind = Repeated

    async def send(self, request):
        return self.kind(await super().send(request))


class Older(Own):
    kind = Unlisted


def kept_by(transport, keep):
    with Client("a", deployments("a"), transport=transport, keep_headers=keep) as client:
        return client.chat([]).headers


def test_a_header_that_came_twice():
    assert kept_by(Own([ScriptedReply([ANSWER])]), "all") == {"x-a": "a, b"}


def test_a_transport_that_cannot_list_its_headers():
    assert kept_by(Older([ScriptedReply([ANSWER])]), "all") == {}
    assert kept_by(Older([ScriptedReply([ANSWER])]), ("X-A",)) == {"x-a": "a"}


def test_what_keep_headers_may_be():
    assert checked("all") == "all"
    assert checked(["A", "b"]) == ("a", "b")
    for wrong in ("x-request-id", "known", b"all", 3, True, [1], {"a"}):
        error = error_of(TypeError, checked, wrong)
        assert "keep_headers must be a tuple" in str(error), error
        for kind in (AsyncClient, Client):
            error_of(TypeError, kind, "a", deployments("a"), keep_headers=wrong)


def test_when_a_limit_is_spent():
    for headers, want in [
        ({}, 0),
        ({"x-ratelimit-remaining": "0"}, 0),
        ({"x-ratelimit-remaining": "1", "x-ratelimit-reset": "20"}, 0),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "20"}, 20000),
        ({"x-ratelimit-reset": "20"}, 0),
        ({"x-ratelimit-limit": "0", "x-ratelimit-remaining": "0", "x-ratelimit-reset": "9"}, 0),
        (
            {
                "x-ratelimit-remaining-requests": "0",
                "x-ratelimit-reset-requests": "2s",
                "x-ratelimit-remaining-tokens": "0",
                "x-ratelimit-reset-tokens": "1m",
            },
            60000,
        ),
    ]:
        assert spent_ms(rate_limits(headers)) == want, headers


SPENT = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "20"}


def test_a_limit_that_is_spent_is_believed_before_anything_is_refused():
    replies = [ScriptedReply([ANSWER], headers=SPENT)] + [ScriptedReply([ANSWER])] * 2
    transport = ScriptedTransport(replies)
    chain = {"a": ["b"]}
    client = Client("a", deployments("a", "b"), chain, transport=transport, keep_headers="all")
    got = [client.chat(HELLO).deployment]
    state = client.deployments_state()["a"]
    assert (state.healthy, state.cooldown_ms, state.failures) == (False, 20000, 0)
    assert state.reason == "rate_limit"
    got.append(client.chat(HELLO).deployment)
    transport.advance(20000)
    got.append(client.chat(HELLO).deployment)
    assert got == ["a", "b", "a"], got
    assert client.deployments_state()["a"].healthy


def test_it_is_believed_from_the_head_on():
    replies = [ScriptedReply([ANSWER], headers=SPENT), ScriptedReply([ANSWER])]
    transport = ScriptedTransport(replies)
    chain = {"a": ["b"]}
    client = Client("a", deployments("a", "b"), chain, transport=transport, keep_headers="all")
    with client.stream(HELLO) as stream:
        next(stream)
        assert client.chat(HELLO).deployment == "b"


def test_what_an_error_says_of_limits_leaves_failures_counted():
    replies = [ScriptedReply([b"no"], 500, SPENT) for _ in range(3)]
    transport = ScriptedTransport(replies)
    client = Client("a", deployments("a"), transport=transport, keep_headers="all", retry=3)
    error_of(ThinwireError, client.chat, HELLO)
    assert client.deployments_state()["a"].failures == 3

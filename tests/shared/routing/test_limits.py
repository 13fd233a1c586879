"""Limits of deployments: who waits, for how long, and that no place is ever lost."""

import asyncio

from helpers import Later, error_of
from racing import NEVER, STALL, After, Racing, Reply, run
from streams import ANSWER, HELLO, ONCE, STOP, sse, text

from thinwire.core.client import AsyncClient
from thinwire.core.dialects import openai, parameters
from thinwire.core.error_kinds import FALLBACK_ON
from thinwire.core.errors import EncodeError, StatusError, ThinwireError
from thinwire.core.request.call import Call
from thinwire.core.request.http_request import Abortable
from thinwire.core.routing.all_failed import AllAttemptsFailed
from thinwire.core.routing.deployment import Deployment
from thinwire.core.routing.health import CooldownPolicy, Health
from thinwire.core.routing.limits import Unshared, admit, next_step
from thinwire.core.routing.plan import Plan
from thinwire.core.routing.policy import Policy, Timeouts
from thinwire.core.routing.router import Router
from thinwire.core.sync import Client
from thinwire.testing.scripted import ScriptedReply, ScriptedTransport

GOOD = Reply(ANSWER)
BROKEN = Reply(b"", status=500)


class Waking(Racing):
    # Pauses that can be called off, and a count of what is at work at a deployment.
    most = 0
    later = 0

    def now_ms(self):
        return super().now_ms() + self.later

    async def sleep_ms(self, ms, until=None):
        woken = asyncio.Event()
        if until is not None:
            until.wake = woken.set
            if until.aborted:
                return
        try:
            await asyncio.wait_for(woken.wait(), ms / 1000)
        except asyncio.TimeoutError:
            pass

    async def send(self, request):
        response = await super().send(request)
        names = self.still_open()
        self.most = max(self.most, names.count(response.name))
        return response

    async def asked_for(self, count):
        # Returns once so many requests have come, and everybody else has had a turn.
        for _ in range(2000):
            if len(self.asked) >= count:
                break
            await asyncio.sleep(0.001)
        await turns()
        assert len(self.asked) == count, self.asked


async def turns():
    for _ in range(20):
        await asyncio.sleep(0)


def held(name="go"):
    # A reply that ends once the signal called `name` is given.
    return Reply(sse(text("Hel")), After(name), ANSWER[len(sse(text("Hel"))) :])


def setting(replies, most=1, chain="", **options):
    # Deployments a, b, ... of which each has `max_concurrent`, and their client.
    transport = Waking(replies)
    more = {name: options.pop(name) for name in ("max_concurrent",) if name in options}
    names = {
        name: Deployment("https://%s.test/v1" % name, max_concurrent=most, **more)
        for name in "abc"
    }
    options.setdefault("retry", ONCE)
    fallbacks = {"a": list(chain)}
    return AsyncClient("a", names, fallbacks, transport=transport, **options), transport


def began(client):
    return asyncio.create_task(client.chat(HELLO))


def tried(completion):
    return [(one.deployment, one.outcome, one.free) for one in completion.attempts]


def limits_of(client):
    return client._health.limits.known  # noqa: SLF001 - no user looks at them


def nothing_is_left(client):
    for name, limit in limits_of(client).items():
        assert (limit.takers, limit.waiting) == ([], []), name


def test_no_more_than_that_are_at_work_at_a_time():
    async def main():
        client, transport = setting({"a": [Reply(5, ANSWER) for _ in range(7)]}, 2)
        done = await asyncio.gather(*[began(client) for _ in range(7)])
        assert [one.content for one in done] == ["Hello"] * 7
        assert transport.most == 2
        nothing_is_left(client)
        at_once = [("a", "answered", False)]
        waited = [one for one in done if tried(one) != at_once]
        assert len(waited) == 5, waited
        for one in waited:
            assert tried(one) == [("a", "failed", True)] + at_once
            assert one.attempts[0].error.kind == "limit"

    run(main())


def test_whoever_came_first_is_served_first():
    async def main():
        client, transport = setting({"a": [held(str(turn)) for turn in range(4)]})
        order = []

        async def one(number):
            await client.chat(HELLO)
            order.append(number)

        await client.load()  # or the first call would come last
        tasks = []
        for number in range(3):
            tasks.append(asyncio.create_task(one(number)))
            await turns()
        await transport.asked_for(1)
        transport.signal_of("0").set()
        await transport.asked_for(2)
        late = asyncio.create_task(one(3))  # when a place was promised, but before it is free
        for turn in range(1, 4):
            await transport.asked_for(turn + 1)
            transport.signal_of(str(turn)).set()
        await asyncio.gather(late, *tasks)
        assert order == [0, 1, 2, 3], order
        nothing_is_left(client)

    run(main())


def test_at_the_limit_the_fallback_is_asked():
    async def main():
        client, transport = setting({"a": [held()], "b": [GOOD]}, chain="b")
        first = began(client)
        await transport.asked_for(1)
        done = await client.chat(HELLO)
        assert tried(done) == [("b", "answered", False)]
        transport.signal_of("go").set()
        assert (await first).deployment == "a"
        nothing_is_left(client)

    run(main())


def test_two_that_begin_together_too():
    async def main():
        told = []
        client, transport = setting(
            {"a": [held()], "b": [GOOD]}, chain="b", on_event=lambda *said: told.append(said)
        )
        one, other = client.stream(HELLO), client.stream(HELLO)
        async with one, other:
            await one.__anext__()
            while other.end == "":
                await other.__anext__()
            done = other.completion
        assert tried(done) == [("a", "failed", True), ("b", "answered", False)]
        assert transport.asked == ["a", "b"]
        assert "max_concurrent" in str(done.attempts[0].error)
        went = [said for event, said in told if event == "fallback"]
        assert [(said["kind"], said["next"]) for said in went] == [("limit", "b")], went
        nothing_is_left(client)

    run(main())


def test_whoever_failed_really_is_not_asked_again_but_the_one_at_its_limit_is():
    async def main():
        client, transport = setting({"a": [held(), GOOD], "b": [BROKEN]}, chain="b")
        first = client.stream(HELLO)
        second = client.stream(HELLO)  # before the first one is at work
        async with first:
            await first.__anext__()
            chat = asyncio.create_task(whole(second))
            await transport.asked_for(2)
            transport.signal_of("go").set()
            while first.end == "":
                await first.__anext__()
        done = await chat
        names = [one.deployment for one in done.attempts]
        assert (names, done.deployment) == (["a", "b", "a", "a"], "a"), names
        nothing_is_left(client)

    run(main())


async def whole(stream):
    async with stream:
        async for _ in stream:
            pass
    return stream.completion


def test_where_all_are_at_their_limit_the_first_that_is_free_is_asked():
    async def main():
        client, transport = setting({"a": [held("a1")], "b": [held("b1"), GOOD]}, chain="b")
        streams = [client.stream(HELLO) for _ in range(3)]
        tasks = [asyncio.create_task(whole(one)) for one in streams]
        await transport.asked_for(2)
        assert transport.asked == ["a", "b"]
        transport.signal_of("b1").set()
        await transport.asked_for(3)
        assert transport.asked == ["a", "b", "b"]
        transport.signal_of("a1").set()
        done = await asyncio.gather(*tasks)
        assert [one.deployment for one in done] == ["a", "b", "b"]
        nothing_is_left(client)

    run(main())


def test_without_the_kind_in_fallback_on_it_waits():
    async def main():
        kinds = tuple([kind for kind in FALLBACK_ON if kind != "limit"])
        client, transport = setting({"a": [held(), GOOD]}, chain="b", fallback_on=kinds)
        tasks = [asyncio.create_task(whole(client.stream(HELLO))) for _ in range(2)]
        await transport.asked_for(1)
        transport.signal_of("go").set()
        done = await asyncio.gather(*tasks)
        assert [one.deployment for one in done] == ["a", "a"]
        assert done[1].attempts[0].error.kind == "limit"
        nothing_is_left(client)

    run(main())


def test_it_waits_no_longer_than_the_call_may_take():
    async def main():
        client, transport = setting({"a": [held(), GOOD]})
        first = began(client)
        await transport.asked_for(1)
        try:
            await client.chat(HELLO, timeouts=0.05)
            assert False, "it was not refused"
        except AllAttemptsFailed as error:
            assert False, error
        except ThinwireError as error:
            assert (error.kind, error.deployment) == ("limit", "a")
            for words in ("'a' has 1 requests at work", "max_concurrent", "Timeouts(total=...)"):
                assert words in str(error), error
        transport.signal_of("go").set()
        await first
        nothing_is_left(client)
        await client.chat(HELLO)

    run(main())


# What ends a call: replies, arguments of the call, the error.
ENDS = [
    ([GOOD], {}, None),
    ([BROKEN], {}, StatusError),
    ([Reply(ANSWER[:30])], {}, ThinwireError),
    ([Reply(ANSWER[:30])], {"on_delta": len}, ThinwireError),
    ([Reply(sse(text("a")), STALL)], {"timeouts": 0.05}, ThinwireError),
    ([Reply(head=[STALL])], {"timeouts": 0.05}, ThinwireError),
    ([GOOD], {"temperature": float("nan")}, EncodeError),
    ([GOOD], {"on_delta": lambda text: 1 // 0}, ZeroDivisionError),
    ([BROKEN, GOOD], {"retry": 2}, None),
]


def test_a_place_is_given_back_however_a_call_ends():
    async def main():
        for replies, arguments, kind in ENDS:
            client = setting({"a": list(replies) + [GOOD]})[0]
            try:
                await client.chat(HELLO, **arguments)
                assert kind is None
            except (ThinwireError, ZeroDivisionError) as error:
                assert kind is not None, error
                assert isinstance(error, kind), error
            nothing_is_left(client)
            assert (await client.chat(HELLO)).content == "Hello"

    run(main())


def test_what_cannot_be_asked_takes_no_place():
    kept = openai.request

    def request(deployment, *arguments):
        raise parameters.unsupported("n", deployment)

    async def main():
        client, _ = setting({})
        try:
            await client.chat(HELLO)
            assert False, "it was not refused"
        except ThinwireError as error:
            assert error.kind == "unsupported"
        assert client._health.limits is None  # noqa: SLF001

    openai.request = request
    try:
        run(main())
    finally:
        openai.request = kept


async def cancelled(task):
    task.cancel()
    try:
        await task
    except asyncio.CancelledError:
        return
    assert False, "it was not cancelled"


def test_whoever_is_cancelled_at_work_gives_its_place_to_who_waits():
    async def main():
        for first in (held(), Reply(head=[After("go")]), Reply(connect=[After("go")])):
            client, transport = setting({"a": [first, GOOD]})
            task = began(client)
            await transport.asked_for(1)
            waits = began(client)
            await turns()
            await cancelled(task)
            assert (await waits).content == "Hello"
            nothing_is_left(client)

    run(main())


def test_whoever_is_cancelled_while_it_waits_keeps_nobody_out():
    async def main():
        client, transport = setting({"a": [held(), GOOD]})
        first = began(client)
        await transport.asked_for(1)
        gone, stays = began(client), began(client)
        await turns()
        await cancelled(gone)
        transport.signal_of("go").set()
        assert (await stays).content == (await first).content == "Hello"
        nothing_is_left(client)

    run(main())


def test_a_place_that_was_promised_is_passed_on():
    # The call that has it is cancelled before it has come to its request: its key is awaited.
    async def main():
        hangs = []

        async def key():
            if hangs and hangs.pop():
                await asyncio.sleep(NEVER)
            return "sk"

        transport = Waking({"a": [held(), GOOD]})
        place = Deployment("https://a.test", key, max_concurrent=1)
        client = AsyncClient("a", place, transport=transport, retry=ONCE)
        first = began(client)
        await transport.asked_for(1)
        promised = began(client)
        await turns()
        waits = began(client)
        await turns()
        hangs.append(True)
        transport.signal_of("go").set()
        await first
        await turns()
        assert hangs == []
        await cancelled(promised)
        assert (await waits).content == "Hello"
        nothing_is_left(client)

    run(main())


def test_a_stream_that_is_closed_gives_its_place_back():
    async def main():
        client, transport = setting({"a": [held(), held("next"), GOOD]})
        stream = client.stream(HELLO)
        async with stream:
            reads = asyncio.create_task(whole(stream))
            await transport.asked_for(1)
            waiting = client.stream(HELLO)
            waits = asyncio.create_task(whole(waiting))
            await turns()
            await waiting.aclose()  # from another task, while it waits for its place
            assert (await waits).end == "closed"
            other = began(client)
            await turns()
            closing = asyncio.create_task(stream.aclose())  # and while it reads
            await turns()
            transport.signal_of("go").set()  # this transport wakes nobody by itself
            await closing
            await reads
            transport.signal_of("next").set()
            assert (await other).content == "Hello"
        nothing_is_left(client)

    run(main())


def test_of_two_that_race_each_has_its_place():
    async def main():
        replies = {"a": [Reply(head=[STALL])], "b": [GOOD]}
        client = setting(replies, chain="b", hedge_after=0.01)[0]
        done = await client.chat(HELLO)
        assert tried(done) == [("a", "lost", False), ("b", "answered", False)]
        nothing_is_left(client)

    run(main())


def test_none_is_started_beside_another_where_there_is_no_room():
    async def main():
        told = []
        replies = {"b": [held()], "a": [Reply(ANSWER, head=[After("a skip")])]}
        client, transport = setting(
            replies, chain="b", hedge_after=0.01, on_event=lambda *said: told.append(said)
        )
        busy = asyncio.create_task(client.chat(HELLO, model="b"))
        await transport.asked_for(1)
        one = began(client)
        for _ in range(2000):
            if [said for said in told if said[0] == "hedge_skipped"]:
                break
            await asyncio.sleep(0.001)
        transport.signal_of("a skip").set()
        assert (await one).deployment == "a"
        reasons = [said["reason"] for event, said in told if event == "hedge_skipped"]
        assert reasons == ["it is cooling down, or at its limit"], reasons
        transport.signal_of("go").set()
        await busy
        nothing_is_left(client)

    run(main())


def test_a_call_that_may_race_waits_as_any_other():
    async def main():
        client, transport = setting({"a": [held(), GOOD], "b": [held("b1")]}, chain="b")
        busy = [asyncio.create_task(client.chat(HELLO, model=name)) for name in "ab"]
        await transport.asked_for(2)
        late = asyncio.create_task(client.chat(HELLO, hedge_after=0.01))
        await turns()
        transport.signal_of("go").set()
        assert (await late).deployment == "a"
        transport.signal_of("b1").set()
        await asyncio.gather(*busy)
        nothing_is_left(client)

    run(main())


def test_a_body_that_its_caller_makes_is_made_once_there_is_a_place():
    async def main():
        client, transport = setting({"a": [held(), GOOD]})
        first = began(client)
        await transport.asked_for(1)
        made = Later([b"{}"])
        late = asyncio.create_task(client.send_streaming_body(made))
        await turns()
        assert made.left == [b"{}"]
        transport.signal_of("go").set()
        assert (await late).content == "Hello"
        await first
        assert transport.sent[1] == b"{}"
        nothing_is_left(client)

    run(main())


def by_minute(replies, per_minute=2, chain=(), **options):
    transport = ScriptedTransport([ScriptedReply([one]) for one in replies])
    names = {
        "a": Deployment("https://a.test/v1", requests_per_minute=per_minute),
        "b": Deployment("https://b.test/v1"),
    }
    client = Client("a", names, {"a": list(chain)}, transport=transport, **options)
    return client, transport


def test_no_more_begin_within_a_minute():
    client, transport = by_minute([ANSWER] * 5)
    moments = []
    for _ in range(5):
        client.chat(HELLO)
        moments.append(transport.now_ms())
        transport.advance(10)
    assert moments == [0, 10, 60000, 60010, 120000], moments


def test_whose_minute_is_full_has_its_fallback_asked():
    client, transport = by_minute([ANSWER] * 3, 1, "b")
    got = []
    for _ in range(2):
        got.append(client.chat(HELLO).deployment)
    transport.advance(60000)
    got.append(client.chat(HELLO).deployment)
    assert got == ["a", "b", "a"], got


def test_a_wait_that_is_too_long_is_refused_at_once():
    client, transport = by_minute([ANSWER] * 2, 1)
    client.chat(HELLO)
    error = error_of(ThinwireError, client.chat, HELLO, timeouts=60)
    assert error.kind == "limit"
    assert "begun 1 requests within a minute, all that requests_per_minute allows" in str(error)
    assert transport.now_ms() == 0
    client.chat(HELLO, timeouts=60.001)
    assert transport.now_ms() == 60000


def test_each_attempt_counts():
    transport = ScriptedTransport([ScriptedReply([], 500), ScriptedReply([ANSWER])])
    place = Deployment("https://a.test", requests_per_minute=1)
    client = Client("a", place, transport=transport)
    done = client.chat(HELLO)
    assert [one.free for one in done.attempts] == [False, True, False]
    assert transport.now_ms() == 60000


def test_those_who_wait_for_their_minute_book_it():
    async def main():
        transport = Waking({"a": [GOOD] * 4})
        place = Deployment("https://a.test", requests_per_minute=1)
        client = AsyncClient("a", place, transport=transport, retry=ONCE)
        await client.chat(HELLO)
        limit = limits_of(client)["a"]
        tasks = []
        for _ in range(3):
            tasks.append(began(client))
            await turns()
        first = limit.begun[0]
        assert limit.begun == [first, first + 60000, first + 120000, first + 180000]
        await cancelled(tasks[1])
        assert limit.begun == [first, first + 60000, first + 180000]
        for task in (tasks[0], tasks[2]):
            await cancelled(task)
        assert limit.begun == [first]

    run(main())


def test_of_two_full_minutes_the_next_is_waited_for():
    transport = ScriptedTransport([ScriptedReply([ANSWER]) for _ in range(4)])
    names = {
        name: Deployment("https://%s.test" % name, requests_per_minute=1, max_concurrent=3)
        for name in "ab"
    }
    client = Client("a", names, {"a": ["b"]}, transport=transport)
    got = []
    for pause, model in [(100, "b"), (0, "a"), (0, "a"), (0, "a")]:
        done = client.chat(HELLO, model=model)
        got.append((done.deployment, transport.now_ms()))
        transport.advance(pause)
    assert got == [("b", 0), ("a", 100), ("b", 60000), ("a", 60100)], got


def test_a_place_and_a_minute_are_both_waited_for():
    async def main():
        transport = Waking({"a": [held(), GOOD]})
        place = Deployment("https://a.test", max_concurrent=1, requests_per_minute=1)
        client = AsyncClient("a", place, transport=transport, retry=ONCE)
        first = began(client)
        await transport.asked_for(1)
        second = began(client)
        await turns()
        transport.signal_of("go").set()
        await first
        await turns()
        limit = limits_of(client)["a"]
        assert limit.takers == [], limit.takers
        assert limit.begun == [limit.begun[0], limit.begun[0] + 60000]
        await cancelled(second)
        transport.later = 60000
        await client.chat(HELLO)
        nothing_is_left(client)

    run(main())


def test_who_cannot_wait_for_itself_is_refused():
    transport = ScriptedTransport([ScriptedReply([sse(text("a")), sse(STOP)]) for _ in range(3)])
    client = Client("a", Deployment("https://a.test", max_concurrent=1), transport=transport)
    with client.stream(HELLO) as stream:
        next(stream)
        error = error_of(ThinwireError, client.chat, HELLO)
        assert error.kind == "limit"
    assert client.chat(HELLO).content == "a"


def test_limits_are_one_clients():
    replies = {"a": [held(), held()]}

    async def main():
        clients = [setting(replies)[0] for _ in range(2)]
        tasks = [began(one) for one in clients]
        for client, task in zip(clients, tasks):
            await client.transport.asked_for(1)
            client.transport.signal_of("go").set()
            await task

    run(main())


def test_where_there_are_no_threads_nothing_is_locked():
    with Unshared() as lock:
        assert lock is None


class Failed:
    # An exchange whose attempt was refused.
    def __init__(self, attempt, kind="limit"):
        self.attempt = attempt
        self.now_ms = 0
        attempt.error = ThinwireError("no")
        attempt.error.kind = kind


def refused_at(names, **options):
    # A plan whose first attempt was refused, by a call that has all there is of each name.
    router = Router("a", {name: Deployment("https://h.test", **options) for name in names})
    plans = [
        Plan(router, Call([]), name, Policy(Timeouts(), ONCE), HEALTH[0], 0) for name in names
    ]
    plans.append(Plan(router, Call([]), "a", Policy(Timeouts(), ONCE), plans[0].health, 0))
    for plan in plans[:-1]:
        admit(plan, plan.begin(0), router.deployment(plan.model))
    plan = plans[-1]
    attempt = plan.begin(0)
    error = error_of(ThinwireError, admit, plan, attempt, router.deployment("a"))
    assert error.kind == "limit"
    plan.left = ["a"] + [name for name in names if name != "a"]
    return plan, attempt, plans


HEALTH = []


def fresh():
    HEALTH[:] = [Health(CooldownPolicy())]


def test_room_that_another_thread_has_made_meanwhile_ends_the_wait():
    for options in ({"max_concurrent": 1}, {"requests_per_minute": 1, "max_concurrent": 1}):
        fresh()
        plan, attempt, plans = refused_at("ab", **options)
        plans[1].places.closed(plans[1].attempts[0])
        pause = Abortable()
        plan.places.wake(pause, Failed(attempt))
        assert pause.aborted is ("requests_per_minute" not in options)
        plan.places.closed(attempt)
        assert not [one for one in HEALTH[0].limits.known.values() if one.waiting]


def test_a_pause_for_another_reason_is_left_alone():
    fresh()
    plan, attempt, plans = refused_at("a", max_concurrent=1)
    pause = Abortable()
    plan.places.wake(pause, Failed(attempt, "server"))
    plans[0].places.closed(plans[0].attempts[0])
    assert not pause.aborted


def test_a_promised_place_is_the_first_to_be_asked():
    fresh()
    plan, attempt, plans = refused_at("abc", max_concurrent=1)
    pause = Abortable()
    plan.places.wake(pause, Failed(attempt))
    plans[2].places.closed(plans[2].attempts[0])
    assert (pause.aborted, plan.left) == (True, ["c", "a", "b"])
    plan.places.closed(attempt)
    assert HEALTH[0].limits.known["c"].takers == []


def test_a_place_that_is_promised_and_not_wanted_is_passed_on():
    fresh()
    plan, attempt, plans = refused_at("ab", max_concurrent=1)
    plan.places.wake(Abortable(), Failed(attempt))
    plans[1].places.closed(plans[1].attempts[0])  # b is promised
    plans[0].places.closed(plans[0].attempts[0])
    plan.left = ["a", "b"]
    admit(plan, plan.begin(0), plan.router.deployment("a"))
    known = HEALTH[0].limits.known
    assert [len(known[name].takers) for name in "ab"] == [1, 0]


def test_what_follows_where_nothing_is_known_of_limits():
    router = Router("a", {"a": Deployment("https://h.test")})
    plan = Plan(router, Call([]), None, Policy(Timeouts(), ONCE), Health(CooldownPolicy()), 0)
    error = ThinwireError("no")
    error.kind = "limit"
    assert next_step(plan, "a", error, 0) == ("retry", ["a"], 1)


def test_a_blocking_client_waits_for_other_threads_only():
    for taker, follows in ((None, None), ("another thread", ("retry", ["a"], 86400000))):
        fresh()
        plan, attempt, _ = refused_at("a", max_concurrent=1)
        plan.router.blocking = True
        takers = HEALTH[0].limits.known["a"].takers
        real = takers[0]
        takers[0] = taker or real
        plan.left = []
        failed = Failed(attempt)
        assert next_step(plan, "a", failed.attempt.error, 0) == follows, taker
        takers[0] = real


class Dice:
    # Numbers that look random, the same on both runtimes.
    def __init__(self, seed):
        self.state = seed * 2654435761 % 4294967296

    def roll(self, sides):
        self.state = (self.state * 1664525 + 1013904223) % 4294967296
        return (self.state >> 16) % sides


async def played(seed):
    # Many calls at once, of which some fail, are cancelled, too late, or closed in the middle.
    dice = Dice(seed)
    words = [GOOD, BROKEN, Reply(ANSWER[:30]), Reply(dice.roll(3) + 1, ANSWER)]
    replies = {name: [words[dice.roll(4)] for _ in range(80)] for name in "ab"}
    most = 1 + dice.roll(2)
    client, transport = setting(replies, most, chain="b" if dice.roll(2) else "")
    await client.load()
    tasks = []
    for _ in range(16):
        left = (0.002, 0.02, None)[dice.roll(3)]
        tasks.append(
            asyncio.create_task(client.chat(HELLO, timeouts=left, retry=1 + dice.roll(2)))
        )
        for _ in range(dice.roll(4)):
            await asyncio.sleep(0)
        if not dice.roll(4):
            tasks[dice.roll(len(tasks))].cancel()
    for task in tasks:
        try:
            await task
        except (ThinwireError, asyncio.CancelledError):
            pass
    assert transport.most <= most, (transport.most, most)
    nothing_is_left(client)


def test_whatever_happens_no_place_is_lost_and_none_is_taken_twice():
    for seed in range(12):
        run(played(seed))

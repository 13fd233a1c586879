# Calls of tools beside each other, over asyncio: together, early, with limits, cancelled, allowed
# or not. What happens hangs on events and not on times.

import asyncio
import json

from racing import NEVER, STALL, After, Reply, Setting, run
from streams import ANSWER, DONE, call, chunk, deployments, sse, text

from thinwire.core.conversation.tool import Tool
from thinwire.core.conversation.tool_run import ToolResult
from thinwire.core.errors import ReadError, StreamInterrupted, ThinwireError

CALLS = sse(chunk({}, "tool_calls")) + DONE
SAID = Reply(ANSWER)
ONE = '{"a": 1}'


def definition(name):
    return {"type": "function", "function": {"name": name}}


def asks(*names):
    # {} alone may be the beginning of arguments: such a call is whole at the end only.
    return [sse(call(index, "id%d" % index, name, ONE)) for index, name in enumerate(names)]


def setting(*replies, **options):
    options.setdefault("fallbacks", "")
    options.setdefault("hedge_after", None)
    return Setting({"a": list(replies), "b": [SAID]}, **options)


def contents(completion):
    return [one["content"] for one in completion.messages if one["role"] == "tool"]


def test_the_calls_of_an_answer_run_together():
    async def main():
        both = asyncio.Event()
        waiting = []

        async def meet(name):
            waiting.append(name)
            if len(waiting) == 2:
                both.set()
            await both.wait()
            return name

        async def first(a):
            return await meet("first")

        async def second(a):
            return await meet("second")

        one = setting(Reply(*(asks("first", "second") + [CALLS])), SAID)
        tools = [(definition("first"), first), (definition("second"), second)]
        completion = await one.client.run_tools("hi", tools=tools)
        assert contents(completion) == ["first", "second"]
        assert await one.transport.tasks_left() == 0

    run(main())


def test_a_call_is_started_while_its_answer_goes_on():
    async def main():
        pieces = asks("f", "f")
        # The answer does not end before the first call has run.
        one = setting(Reply(*pieces, After("the first call"), CALLS), SAID)

        async def function(a):
            one.transport.signal_of("the first call").set()

        completion = await one.client.run_tools("hi", tools=[(definition("f"), function)])
        assert contents(completion) == ["null", "null"]

    run(main())


def test_results_are_in_the_order_of_the_calls_and_events_in_that_of_their_ends():
    async def main():
        one = setting(Reply(*(asks("slow", "fast") + [CALLS])), SAID)
        ended = one.transport.signal_of("fast")

        async def slow(a):
            await ended.wait()
            return "slow"

        async def fast(a):
            return "fast"

        tools = [(definition("slow"), slow), (definition("fast"), fast)]
        results = []
        async with one.client.stream_tools("hi", tools=tools) as loop:
            async for event in loop:
                if isinstance(event, ToolResult):
                    results.append(event.content)
                    ended.set()
        assert results == ["fast", "slow"]
        assert [one["content"] for one in loop.messages[1:3]] == ["slow", "fast"]

    run(main())


def test_arguments_that_are_none_are_told_at_the_end_of_the_answer():
    async def main():
        pieces = [sse(call(0, "1", "f", '{"a"')), sse(chunk({}, "length")) + DONE]
        one = setting(Reply(*pieces), SAID)
        completion = await one.client.run_tools("hi", tools=[(definition("f"), run)])
        assert "cut off by the limit of tokens" in contents(completion)[0]

    run(main())


def test_a_call_that_was_started_is_not_thrown_away():
    # Its answer breaks off: what could be asked for again before cannot be any more.
    async def main():
        for options in ({}, {"on_interrupt": "restart", "on_event": [].append}):
            called = []

            async def function(a, called=called):
                called.append(1)
                await asyncio.Event().wait()

            one = setting(Reply(*(asks("f", "f") + [1, ReadError("cut")])), fallbacks="b")
            tools = [(definition("f"), function)]
            try:
                await one.client.run_tools("hi", tools=tools, **options)
                assert False, "nothing was raised"
            except StreamInterrupted as error:
                assert error.messages == []
                assert error.partial.tool_calls[0].name == "f"
            assert (called, one.transport.asked) == ([1], ["a"])
            assert await one.transport.tasks_left() == 0

    run(main())


def test_before_that_it_is_asked_for_again():
    async def main():
        one = setting(Reply(asks("f")[0], ReadError("cut")), fallbacks="b")
        completion = await one.client.run_tools("hi", tools=[(definition("f"), run)])
        assert completion.content == "Hello"
        assert one.transport.asked == ["a", "b"]

    run(main())


def test_a_timeout_is_told_to_the_model():
    async def main():
        async def never(a):
            await asyncio.Event().wait()

        async def quick(a):
            return "quick"

        for tools, timeout in (
            ([(definition("never"), never), (definition("quick"), quick)], 0.01),
            ([Tool(never, definition("never"), timeout=0.01), (definition("quick"), quick)], None),
            (
                [Tool(never, definition("never"), timeout=0.01), (definition("quick"), quick)],
                NEVER,
            ),
        ):
            one = setting(Reply(*(asks("never", "quick") + [CALLS])), SAID)
            completion = await one.client.run_tools("hi", tools=tools, timeout=timeout)
            error, result = contents(completion)
            assert json.loads(error) == {"error": "it took longer than 0.01 s"}
            assert result == "quick"
            assert await one.transport.tasks_left() == 0

    run(main())


def test_a_function_that_catches_its_end_has_its_result():
    async def main():
        async def stubborn(a):
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                return "as far as it came"

        one = setting(Reply(*(asks("f") + [CALLS])), SAID)
        completion = await one.client.run_tools(
            "hi", tools=[(definition("f"), stubborn)], timeout=0.01
        )
        assert contents(completion) == ["as far as it came"]

    run(main())


def test_cancelling_ends_what_is_at_work():
    async def main():
        for pieces in (asks("f", "f") + [CALLS], asks("f", "f") + [STALL]):
            one = setting(Reply(*pieces), SAID)
            begun = one.transport.signal_of("begun")
            ended = []

            async def function(a, begun=begun, ended=ended):
                begun.set()
                try:
                    await asyncio.Event().wait()
                finally:
                    ended.append(1)

            task = asyncio.create_task(
                one.client.run_tools("hi", tools=[(definition("f"), function)])
            )
            await begun.wait()
            task.cancel()
            try:
                await task
                assert False, "it was not cancelled"
            except asyncio.CancelledError:
                pass
            assert ended
            assert one.transport.still_open() == []
            assert await one.transport.tasks_left() == 0

    run(main())


def test_an_iteration_that_was_torn_does_not_go_on():
    async def main():
        one = setting(Reply(*(asks("f") + [CALLS])), SAID)
        begun = one.transport.signal_of("begun")

        async def function(a):
            begun.set()
            await asyncio.Event().wait()

        async def read(loop):
            async for _ in loop:
                pass

        async with one.client.stream_tools("hi", tools=[(definition("f"), function)]) as loop:
            reader = asyncio.create_task(read(loop))
            await begun.wait()
            reader.cancel()
            try:
                await reader
                assert False, "it was not cancelled"
            except asyncio.CancelledError:
                pass
            assert loop.end == "cancelled"
            try:
                await loop.__anext__()
                assert False, "it went on"
            except StreamInterrupted as error:
                assert error.partial.tool_calls[0].name == "f"
        assert await one.transport.tasks_left() == 0

    run(main())


def test_closing_from_another_task_wakes_the_reader():
    async def main():
        for pieces in (asks("f") + [CALLS], [sse(text("He")), STALL], asks("f", "f") + [STALL]):
            one = setting(Reply(*pieces), SAID)
            begun = one.transport.signal_of("begun")

            async def function(a, begun=begun):
                begun.set()
                await asyncio.Event().wait()

            loop = one.client.stream_tools("hi", tools=[(definition("f"), function)])
            events = []

            async def read(loop=loop, events=events, begun=begun):
                async for event in loop:
                    events.append(event)
                    if not isinstance(event, ToolResult):
                        begun.set()

            reader = asyncio.create_task(read())
            await begun.wait()
            await asyncio.sleep(0)
            await loop.aclose()
            await reader
            assert (loop.end, loop.messages) == ("closed", [])
            await loop.aclose()
            assert one.transport.still_open() == []
            assert await one.transport.tasks_left() == 0

    run(main())


def test_a_call_may_close_its_loop():
    async def main():
        one = setting(Reply(*(asks("f") + [CALLS])), SAID)

        async def function(a):
            await loop.aclose()

        loop = one.client.stream_tools("hi", tools=[(definition("f"), function)])
        async for _ in loop:
            pass
        assert loop.end == "closed"
        assert await one.transport.tasks_left() == 0

    run(main())


def test_it_can_be_closed_between_two_events():
    async def main():
        one = setting(Reply(*(asks("f", "f") + [STALL])), SAID)
        begun = one.transport.signal_of("begun")

        async def function(a):
            begun.set()
            await asyncio.Event().wait()

        loop = one.client.stream_tools("hi", tools=[(definition("f"), function)])
        for _ in range(10):
            event = await loop.__anext__()
            if type(event).__name__ == "ToolCallComplete":
                break
        await begun.wait()
        await loop.aclose()
        assert (loop.end, loop.messages) == ("closed", [])
        assert await one.transport.tasks_left() == 0

    run(main())


def test_what_ends_the_loop_ends_the_other_calls():
    class Stop(BaseException):
        pass

    async def main():
        for error in (Stop(), MemoryError(), asyncio.CancelledError()):
            one = setting(Reply(*(asks("stop", "wait") + [CALLS])), SAID)
            ended = []

            async def stop(a, error=error):
                raise error

            async def wait(a, ended=ended):
                try:
                    await asyncio.Event().wait()
                finally:
                    ended.append(1)

            tools = [(definition("stop"), stop), (definition("wait"), wait)]
            try:
                await one.client.run_tools("hi", tools=tools)
                assert False, "nothing was raised"
            except (Stop, MemoryError, asyncio.CancelledError) as found:
                assert found is error
            assert len(ended) < 2
            assert await one.transport.tasks_left() == 0

    run(main())


def test_why_it_ends_is_worth_more_than_a_lack_of_memory_at_the_end():
    async def main():
        def lack():
            raise MemoryError

        async def stop(a):
            raise asyncio.CancelledError

        one = setting(Reply(*(asks("f") + [CALLS])), SAID)
        loop = one.client.stream_tools("hi", tools=[(definition("f"), stop)])
        loop._stop = lack  # noqa: SLF001
        try:
            async for _ in loop:
                pass
            assert False, "nothing was raised"
        except asyncio.CancelledError:
            pass

    run(main())


ANSWERS = [
    (True, "1"),
    (False, "the user did not allow this call"),
    ("", "the user did not allow this call"),
    ("not on a Sunday", "not on a Sunday"),
    ({"a": 7}, "7"),
]


def test_leave_is_asked_for_before_a_call():
    async def main():
        for said, want in ANSWERS:
            for wait in (False, True):
                asked = []

                def approve(call, asked=asked, said=said):
                    asked.append((call.name, call.arguments))
                    return said

                async def later(call, approve=approve):
                    await asyncio.sleep(0)
                    return approve(call)

                async def function(a):
                    return a

                one = setting(Reply(*(asks("f") + [CALLS])), SAID)
                completion = await one.client.run_tools(
                    "hi",
                    tools=[(definition("f"), function)],
                    approve=later if wait else approve,
                )
                (content,) = contents(completion)
                assert asked == [("f", {"a": 1})]
                assert content == want or json.loads(content) == {"error": want}

    run(main())


def test_leave_is_asked_for_one_by_one():
    async def main():
        one = setting(Reply(*(asks("f", "g", "h") + [CALLS])), SAID)
        asked, at_once = [], []

        async def approve(call):
            asked.append(call.name)
            at_once.append(1)
            for _ in range(5):
                await asyncio.sleep(0)
            assert len(at_once) == 1
            at_once.pop()
            return call.name != "g"

        async def function(a):
            return "ok"

        tools = [(definition(name), function) for name in "fgh"]
        completion = await one.client.run_tools("hi", tools=tools, approve=approve)
        assert asked == ["f", "g", "h"]
        assert [one == "ok" for one in contents(completion)] == [True, False, True]

    run(main())


def test_a_hook_that_says_nothing_ends_the_loop():
    async def main():
        for hook, kind in ((lambda call: None, TypeError), (lambda call: 1 // 0, ArithmeticError)):
            one = setting(Reply(*(asks("f") + [CALLS])), SAID)
            try:
                await one.client.run_tools("hi", tools=[(definition("f"), run)], approve=hook)
                assert False, "nothing was raised"
            except kind:
                pass
            assert await one.transport.tasks_left() == 0

    run(main())


def test_a_client_that_does_one_thing_at_a_time_asks_too():
    from replies import KINDS, client, done, reply

    stream = {"content-type": "text/event-stream"}
    for kind in KINDS:
        made = client(
            kind,
            reply(b"".join(asks("f", "f")) + CALLS, headers=stream),
            reply(ANSWER, headers=stream),
        )
        said = [True, False]

        def approve(call, said=said):
            return said.pop()

        tools = [(definition("f"), lambda a: a)]
        completion = done(made.run_tools("hi", tools=tools, approve=approve))
        assert [one == "1" for one in contents(completion)] == [False, True]


def test_an_error_of_ours_that_a_function_raises_is_told_without_the_key():
    async def main():
        async def function(a):
            raise ThinwireError("status 401: sk-a-secret-key")

        one = setting(Reply(*(asks("f") + [CALLS])), SAID)
        completion = await one.client.run_tools("hi", tools=[(definition("f"), function)])
        assert contents(completion) == ['{"error":"ThinwireError: status 401: ***"}']
        assert deployments("a")["a"].api_key == "sk-a-secret-key"

    run(main())

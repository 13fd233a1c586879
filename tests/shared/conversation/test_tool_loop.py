# Rounds of answers and calls, until an answer asks for none.

import json

from helpers import error_of
from replies import KINDS, client, done, reply, sent
from streams import ANSWER, DONE, call, chunk, deployments, sse, text

from thinwire.core.answer.completion import Completion
from thinwire.core.answer.events import ContentDelta, StreamComplete
from thinwire.core.client import AsyncClient
from thinwire.core.conversation.sync_tool_loop import SyncToolLoop
from thinwire.core.conversation.tool_loop import MaxRoundsExceeded, ToolLoop
from thinwire.core.conversation.tool_run import ToolResult
from thinwire.core.errors import OutOfMemory, ReadError, StatusError, StreamInterrupted
from thinwire.core.routing.deployment import Deployment
from thinwire.core.sync import Client
from thinwire.testing.scripted import ScriptedReply

CALLS = chunk({}, "tool_calls")
USER = {"role": "user", "content": "hi"}


def add(a, b):
    return {"sum": a + b}


def broken(**given):
    raise ValueError("no %s, says the key sk-a-secret-key" % given)


def definition(name, kind="function"):
    return {"type": kind, kind: {"name": name}}


TOOLS = [(definition("add"), add), (definition("broken"), broken)]


def asks(*calls):
    # An answer that asks for calls: (name, arguments).
    pieces = []
    for index, (name, arguments) in enumerate(calls):
        arguments = arguments if isinstance(arguments, str) else json.dumps(arguments)
        pieces.append(call(index, "id%d" % index, name, arguments))
    return reply(sse(*pieces) + sse(CALLS) + DONE, headers={"content-type": "text/event-stream"})


def says(data=ANSWER):
    return reply(data, headers={"content-type": "text/event-stream"})


def ran(kind, *answers, tools=TOOLS, messages="hi", client_options=None, **options):
    made = client(kind, *answers, **(client_options or {}))
    return made, done(made.run_tools(messages, tools=tools, **options))


def everything(kind, loop):
    # All events of a loop, of whichever client.
    if kind is Client:
        with loop:
            return list(loop)

    async def collect():
        found = []
        async with loop:
            async for event in loop:
                found.append(event)
        return found

    return done(collect())


def test_tools_are_called_until_an_answer_asks_for_none():
    for kind in KINDS:
        twice = asks(("add", {"a": 1, "b": 2}), ("add", {"a": 3, "b": 4}))
        made, completion = ran(kind, twice, asks(("add", {"a": 5, "b": 6})), says())
        assert isinstance(completion, Completion)
        assert completion.content == "Hello"
        roles = [message["role"] for message in completion.messages]
        assert roles == ["assistant", "tool", "tool", "assistant", "tool", "assistant"]
        contents = [one["content"] for one in completion.messages if one["role"] == "tool"]
        assert contents == ['{"sum":3}', '{"sum":7}', '{"sum":11}']
        assert sent(made, 2)["messages"] == [USER] + completion.messages[:-1]
        assert [one["function"]["name"] for one in sent(made)["tools"]] == ["add", "broken"]
        assert made.transport.open_responses == 0


def test_a_call_without_tools_is_a_chat():
    for kind in KINDS:
        made, completion = ran(kind, says(), tools=[])
        assert completion.content == "Hello"
        assert completion.messages == [{"role": "assistant", "content": "Hello"}]
        assert "tools" not in sent(made)
        made = client(kind, says())
        assert done(made.chat("hi")).messages == ()


def test_what_goes_wrong_is_told_to_the_model():
    for kind in KINDS:
        one = asks(("broken", {"a": 1}), ("none", {}), ("add", '{"a'), ("add", {"a": 1}))
        made, completion = ran(kind, one, says())
        found = [one["content"] for one in completion.messages if one["role"] == "tool"]
        errors = [json.loads(content)["error"] for content in found]
        assert errors[0].startswith("ValueError: no {'a': 1}, says the key ***"), errors
        assert errors[1] == "there is no tool 'none', but: add, broken"
        assert errors[2] == "the arguments are no JSON object; nothing was called"
        assert errors[3].startswith("TypeError: "), errors
        assert b"sk-a-secret-key" not in made.transport.sent[1]


def test_a_key_that_a_callable_gives_is_not_told():
    def leaky():
        raise ValueError("the key is sk-of-this-hour")

    for kind in KINDS:
        places = Deployment("https://a.test/v1?sig=signed-for-you", lambda: "sk-of-this-hour")
        made = client(kind, asks(("f", {})), says(), deployments=places)
        loop = made.stream_tools("hi", tools=[(definition("f"), leaky)])
        inner = loop if kind is AsyncClient else loop._stream  # noqa: SLF001
        assert "signed-for-you" in inner.secrets()
        everything(kind, loop)
        assert loop.messages[1]["content"] == '{"error":"ValueError: the key is ***"}'


def test_a_lack_of_memory_of_ours_is_told_as_such():
    def lack(completion):
        raise MemoryError

    made = client(Client, asks(("add", {"a": 1, "b": 2})))
    loop = made.stream_tools("hi", tools=TOOLS)
    loop._stream._round_over = lack  # noqa: SLF001
    error_of(OutOfMemory, list, loop)
    assert loop.messages == []


def test_a_lack_of_memory_of_the_callers_is_the_callers():
    def lack(*given):
        raise MemoryError

    for kind in KINDS:
        for name in ("approve", "on_delta", "on_event"):
            made = client(kind, asks(("add", {"a": 1, "b": 2})), says())
            error = error_of(MemoryError, finished, made, {"tools": TOOLS, name: lack})
            assert not isinstance(error, OutOfMemory), name


def test_arguments_that_are_none_do_not_go_back():
    for kind in KINDS:
        _, completion = ran(kind, asks(("add", '{"a')), says())
        (again,) = completion.messages[0]["tool_calls"]
        assert json.loads(again["function"]["arguments"]) == {"arguments": '{"a'}


def test_arguments_that_were_cut_off_are_told_so():
    for kind in KINDS:
        cut = says(sse(call(0, "1", "add", '{"a'), chunk({}, "length")) + DONE)
        _, completion = ran(kind, cut, says())
        assert "cut off by the limit of tokens" in completion.messages[1]["content"]


def test_arguments_are_checked_where_there_is_a_schema():
    schema = {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}
    tool = {"type": "function", "function": {"name": "add", "parameters": schema}}
    called = []
    for kind in KINDS:
        one = asks(("add", {"a": "1"}), ("add", {}), ("add", {"a": 1}))
        _, completion = ran(kind, one, says(), tools=[(tool, called.append)])
        found = [one["content"] for one in completion.messages if one["role"] == "tool"]
        assert "a: integer is expected, not string" in found[0], found
        assert "a: it is missing" in found[1]
    assert called == []


def test_two_calls_of_one_id_get_one_each():
    for kind in KINDS:
        same = sse(call(0, "x", "add", '{"a":1,"b":1}'), call(1, "x", "add", '{"a":2,"b":2}'))
        _, completion = ran(kind, says(same + sse(CALLS) + DONE), says())
        ids = [one["id"] for one in completion.messages[0]["tool_calls"]]
        assert ids[0] == "x"
        assert len(set(ids)) == 2
        results = [one["tool_call_id"] for one in completion.messages if one["role"] == "tool"]
        assert results == ids


def test_a_custom_tool_takes_the_text():
    for kind in KINDS:
        one = {"index": 0, "id": "1", "type": "custom", "custom": {"name": "say", "input": "a b"}}
        tools = [(definition("say", "custom"), lambda words: words + "!")]
        _, completion = ran(
            kind, says(sse(chunk({"tool_calls": [one]}), CALLS) + DONE), says(), tools=tools
        )
        assert completion.messages[0]["tool_calls"][0]["custom"]["input"] == "a b"
        assert completion.messages[1]["content"] == "a b!"


def test_the_last_round_that_is_allowed_ends_with_an_error_that_has_it_all():
    for kind in KINDS:
        answers = [asks(("add", {"a": 1, "b": 2})) for _ in range(3)]
        made = client(kind, *answers)
        try:
            done(made.run_tools("hi", tools=TOOLS, max_rounds=2))
            assert False, "nothing was raised"
        except MaxRoundsExceeded as error:
            assert len(made.transport.sent) == 2
            assert error.kind == "max_rounds"
            assert str(error) == "no end after 2 rounds of tools"
            assert [one["role"] for one in error.messages] == ["assistant", "tool"] * 2
            assert error.completion.tool_calls[0].name == "add"


def test_an_error_has_the_rounds_before_it():
    for kind in KINDS:
        made = client(kind, asks(("add", {"a": 1, "b": 2})), reply(b"{}", status=400))
        try:
            done(made.run_tools("hi", tools=TOOLS))
            assert False, "nothing was raised"
        except StatusError as error:
            assert [one["role"] for one in error.messages] == ["assistant", "tool"]


def test_events_come_all_the_way():
    for kind in KINDS:
        made = client(kind, asks(("add", {"a": 1, "b": 2}), ("broken", {})), says())
        loop = made.stream_tools("hi", tools=TOOLS)
        assert isinstance(loop, SyncToolLoop if kind is Client else ToolLoop)
        assert not loop.completion.complete
        events = everything(kind, loop)
        results = [one for one in events if isinstance(one, ToolResult)]
        assert results[0] == ToolResult(0, "id0", "add", '{"sum":3}')
        assert results[0].exception is None
        assert isinstance(results[1].exception, ValueError)
        assert results[1].error.startswith("ValueError: no {}")
        assert json.loads(results[1].content) == {"error": results[1].error}
        kinds = [type(one).__name__ for one in events]
        assert kinds.count("StreamComplete") == 1
        assert kinds[-1] == "StreamComplete"
        assert kinds.count("ToolCallComplete") == 2
        assert kinds.index("ToolResult") < kinds.index("ContentDelta")
        assert (loop.rounds, loop.end, len(loop.messages)) == (2, "finish", 4)
        assert loop.completion is events[-1].completion


def test_functions_of_the_caller_are_told():
    for kind in KINDS:
        heard, events = [], []
        _, completion = ran(
            kind,
            asks(("add", {"a": 1, "b": 2})),
            says(),
            on_delta=heard.append,
            on_event=events.append,
        )
        assert "".join(heard) == completion.content == "Hello"
        assert ContentDelta("lo") in events
        assert isinstance(events[-1], StreamComplete)


def test_usage_is_added_up():
    usage = {"prompt_tokens": 3, "prompt_tokens_details": {"cached_tokens": 1}, "fast": True}
    counted = sse(chunk({}, "stop"), {"choices": [], "usage": usage}) + DONE
    for kind in KINDS:
        one = sse(call(0, "1", "add", '{"a":1,"b":1}'), CALLS, {"choices": [], "usage": usage})
        _, completion = ran(kind, says(one + DONE), says(sse(text("a")) + counted))
        assert completion.usage["prompt_tokens"] == 3
        assert completion.total_usage["prompt_tokens"] == 6
        assert completion.total_usage["prompt_tokens_details"]["cached_tokens"] == 2
        assert "fast" not in completion.total_usage


def test_a_choice_that_forces_a_call_is_for_the_first_round():
    named = {"type": "function", "function": {"name": "add"}}
    for choice, again in (("required", None), (named, None), ("auto", "auto")):
        for kind in KINDS:
            made, _ = ran(kind, asks(("add", {"a": 1, "b": 1})), says(), tool_choice=choice)
            assert sent(made)["tool_choice"] == choice
            assert sent(made, 1).get("tool_choice") == again


def test_messages_may_be_anything_that_can_be_read_again():
    class Kept:
        def __iter__(self):
            return iter([USER])

    for kind in KINDS:
        for messages in ("hi", [USER], (USER,), iter([USER]), Kept()):
            made, _ = ran(kind, asks(("add", {"a": 1, "b": 1})), says(), messages=messages)
            assert sent(made)["messages"] == [USER]
            assert [one["role"] for one in sent(made, 1)["messages"]] == [
                "user",
                "assistant",
                "tool",
            ]


def test_what_cannot_be_is_said_at_once():
    for kind in KINDS:
        made = client(kind)
        begin = made.stream_tools
        for error, options in (
            (ValueError, {"max_rounds": 0}),
            (ValueError, {"timeout": 1}),
            (ValueError, {"keep": "none"}),
            (ValueError, {"model": "nobody"}),
            (TypeError, {"request_timeout": 1}),
        ):
            error_of(error, begin, "hi", tools=TOOLS, **options)
        error_of(TypeError, begin, 5, tools=TOOLS)
        assert made.transport.sent == []


def test_it_is_read_by_one_at_a_time_and_ends_once():
    made = client(Client, says())
    with made.stream_tools("hi", tools=[]) as loop:
        assert [type(one).__name__ for one in loop][-1] == "StreamComplete"
        assert list(loop) == []
        loop.close()
        loop.close()

    found = []

    def again():
        found.append(error_of(RuntimeError, next, loop))

    made = client(Client, asks(("f", {})), says())
    with made.stream_tools("hi", tools=[(definition("f"), again)]) as loop:
        list(loop)
    assert len(found) == 1


def test_closing_ends_it():
    for kind in KINDS:
        made = client(kind, asks(("add", {"a": 1, "b": 2})), says())
        loop = made.stream_tools("hi", tools=TOOLS)
        if kind is Client:
            next(loop)
            loop.close()
        else:

            async def first(loop):
                await loop.__anext__()
                await loop.aclose()

            done(first(loop))
        assert (loop.end, loop.messages) == ("closed", [])
        assert everything(kind, loop) == []
        assert made.transport.open_responses == 0


def test_a_tool_may_close_the_loop():
    def close():
        loop.close()

    made = client(Client, asks(("f", {}), ("f", {})), says())
    loop = made.stream_tools("hi", tools=[(definition("f"), close)])
    events = [type(one).__name__ for one in loop]
    assert events.count("ToolResult") == 1
    assert (loop.end, loop.messages, len(made.transport.sent)) == ("closed", [], 1)


def test_what_is_no_mistake_of_the_models_ends_it():
    class Stop(BaseException):
        pass

    for kind in KINDS:
        for error in (Stop(), MemoryError()):

            def stop(error=error):
                raise error

            made = client(kind, asks(("f", {})), says())
            found = error_of(type(error), ran_with, made, stop)
            assert found is error
            assert made.transport.open_responses == 0


def ran_with(made, function):
    return done(made.run_tools("hi", tools=[(definition("f"), function)]))


def test_a_step_says_what_ended_it():
    def stop():
        raise MemoryError

    made = client(Client, asks(("f", {})))
    loop = made.stream_tools("hi", tools=[(definition("f"), stop)])
    error_of(MemoryError, list, loop)
    assert (loop.end, list(loop)) == ("error", [])


def test_an_answer_that_breaks_off_is_asked_for_again_unless_somebody_saw_it():
    cut = [b"".join([sse(text("He"))]), ReadError("cut")]
    stream = {"content-type": "text/event-stream"}
    for kind in KINDS:
        for options, error in (
            ({}, None),
            ({"on_interrupt": "raise"}, StreamInterrupted),
            ({"on_delta": print}, StreamInterrupted),
        ):
            options = dict(options)
            if "on_delta" in options:
                options["on_delta"] = [].append
            made = client(
                kind,
                ScriptedReply(cut, 200, stream),
                says(),
                deployments=deployments("a", "b"),
                fallbacks={"a": ["b"]},
            )
            given = dict(options, tools=TOOLS)
            if error is None:
                assert done(made.run_tools("hi", **given)).content == "Hello"
            else:
                error_of(error, finished, made, given)


def finished(made, given):
    return done(made.run_tools("hi", **given))


def test_a_restart_is_told_to_who_can_be_told():
    stream = {"content-type": "text/event-stream"}
    for kind in KINDS:
        for option in ("on_restart", "on_event"):
            told, heard = [], []
            made = client(
                kind,
                ScriptedReply([sse(text("He")), ReadError("cut")], 200, stream),
                says(),
                deployments=deployments("a", "b"),
                fallbacks={"a": ["b"]},
            )
            given = {"tools": TOOLS, "on_delta": heard.append, "on_interrupt": "restart"}
            given[option] = told.append
            if option == "on_restart":
                del given["on_interrupt"]
            assert finished(made, given).content == "Hello"
            assert "StreamRestarted" in [type(one).__name__ for one in told]
            assert heard == ["He", "Hel", "lo"]
        made = client(kind, says())
        given = {"tools": TOOLS, "on_delta": print, "on_interrupt": "restart"}
        error_of(ValueError, finished, made, given)


def test_functions_of_the_caller_may_be_async():
    heard = []

    async def hear(what):
        heard.append(what)

    async def slow(a, b):
        return a + b

    tools = [(definition("add"), slow)]
    _, completion = ran(
        AsyncClient,
        asks(("add", {"a": 1, "b": 2})),
        says(),
        tools=tools,
        on_delta=hear,
        on_event=hear,
    )
    assert completion.messages[1]["content"] == "3"
    assert heard[-3:-1] == ["lo", ContentDelta("lo")] or ContentDelta("lo") in heard


def test_a_client_that_blocks_refuses_what_waits():
    class Waits:
        def __await__(self):
            yield

        __iter__ = __await__

    async def slow():
        await Waits()

    made = client(Client, asks(("f", {})))
    error = error_of(TypeError, ran_with, made, slow)
    assert "AsyncClient" in str(error)


def test_what_a_call_needs_is_loaded_before_the_first_round():
    loaded = []

    class Cold(AsyncClient):
        async def load(self):
            loaded.append(self)
            await super().load()

    made = client(Cold, says())
    for name in ("_cold",):  # as on a chip
        setattr(made, name, True)
    assert done(made.run_tools("hi", tools=TOOLS)).content == "Hello"
    assert loaded == [made]

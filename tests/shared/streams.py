# What the tests of the pump and of the clients share: answers as bytes, and a call that is made
# with both clients and must give the same with both.

import asyncio
import json

from thinwire.core.answer.answer import Answer
from thinwire.core.answer.events import ContentDelta, RefusalDelta, StreamComplete, StreamRestarted
from thinwire.core.client import AsyncClient
from thinwire.core.errors import ThinwireError
from thinwire.core.exchange import Clocks
from thinwire.core.routing.deployment import Deployment
from thinwire.core.routing.policy import RetryPolicy
from thinwire.core.sync import Client
from thinwire.testing.scripted import ScriptedReply, ScriptedTransport

DONE = b"data: [DONE]\n\n"
KEY = "sk-a-secret-key"
# Where retries are not what a test is about.
ONCE = RetryPolicy(attempts=1)
HELLO = [{"role": "user", "content": "a private question"}]


def chunk(delta=None, finish_reason=None, **more):
    choice = {"index": 0, "delta": delta or {}, "finish_reason": finish_reason}
    choice.update(more)
    return {"id": "cmpl-1", "model": "upstream", "choices": [choice]}


def text(words):
    return chunk({"content": words})


def call(index, id, name, arguments, finish_reason=None):
    # One fragment of a tool call; what is None is left out.
    function = {"name": name, "arguments": arguments}
    function = {key: value for key, value in function.items() if value is not None}
    fragment = {"index": index, "id": id, "function": function}
    return chunk({"tool_calls": [without_none(fragment)]}, finish_reason)


def without_none(fields):
    return {key: value for key, value in fields.items() if value is not None}


def event(obj):
    data = obj if isinstance(obj, str) else json.dumps(obj)
    return b"data: " + data.encode() + b"\n\n"


def sse(*objs):
    return b"".join([event(obj) for obj in objs])


STOP = chunk({}, "stop")
ANSWER = sse(text("Hel"), text("lo"), STOP) + DONE


def json_reply(obj, status=200, headers=None):
    fields = {"content-type": "application/json"}
    fields.update(headers or {})
    data = obj if isinstance(obj, bytes) else json.dumps(obj).encode()
    return ScriptedReply([data], status, fields)


_MADE = {}  # they cannot be changed: made once, for thousands of calls


def deployments(*names):
    for name in names:
        if name not in _MADE:
            _MADE[name] = Deployment("https://%s.test/v1" % name, KEY)
    return {name: _MADE[name] for name in names}


class Tried:
    # An attempt with its request made, as recovery looks at it; `begun`: a delta was taken.
    def __init__(self, plan, now):
        self.attempt = plan.begin(now)
        deployment = plan.router.deployment(self.attempt.deployment)
        self.request = plan.request(self.attempt, deployment, deployment.api_key)
        limits = plan.policy.timeouts_at(deployment)
        self.clocks = Clocks(limits, plan.start_ms, now)
        self.answer = Answer()
        self.begun = False
        self.head_ms = -1

    def has_begun(self):
        return self.begun


class Outcome:
    # What came of a call: events without the last one, the error, the completion.
    def __init__(self, transport):
        self.transport = transport
        self.events = []
        self.last = None
        self.error = None
        self.completion = None

    def take(self, item):
        if isinstance(item, StreamComplete):
            self.last = item
        else:
            self.events.append(item)

    def partial(self):
        return self.error.partial

    def summary(self):
        return (
            [repr(item) for item in self.events],
            repr(self.error),
            facts(self.completion),
            self.last is not None and facts(self.last.completion),
            self.transport.sent,
        )


def facts(completion):
    # All that a completion says, for comparing two.
    calls = [
        (one.index, one.id, one.name, one.arguments_raw, one.arguments)
        for one in completion.tool_calls
    ]
    names = (
        "content reasoning_content refusal finish_reason usage complete end id model deployment"
        " upstream_model cost service_tier upstream_provider sent_bytes sent_blocks received_bytes"
    )
    values = [getattr(completion, name) for name in names.split()]
    timings = completion.timings
    attempts = [repr(attempt) for attempt in completion.attempts]
    return values, calls, attempts, (timings.ttft_ms, timings.last_token_ms, timings.total_ms)


class Setting:
    # A call, to be made several times: replies for each attempt (or a function that makes them),
    # arguments, options of the client. Two fallbacks unless there is only one reply.
    def __init__(self, replies, messages=HELLO, options=None, **arguments):
        self.make = replies if callable(replies) else lambda: replies
        self.messages = messages
        self.fallbacks = {"a": ["b", "c"] if len(self.make()) > 1 else []}
        self.options = {"retry": ONCE}
        self.options.update(options or {})
        self.arguments = arguments

    def client(self, kind, transport):
        names = deployments("a", "b", "c")
        return kind("a", names, self.fallbacks, transport=transport, **self.options)

    def run_async(self):
        outcome = Outcome(ScriptedTransport(self.make()))
        asyncio.run(self._stream(outcome))
        return outcome

    async def _stream(self, outcome):
        client = self.client(AsyncClient, outcome.transport)
        async with client.stream(self.messages, **self.arguments) as stream:
            try:
                async for item in stream:
                    outcome.take(item)
            except ThinwireError as error:
                outcome.error = error
        outcome.completion = stream.completion

    def run_chat(self):
        # What on_delta and on_restart hear stands for the events.
        outcome = Outcome(ScriptedTransport(self.make()))
        client = self.client(Client, outcome.transport)
        more = {"on_delta": outcome.events.append}
        if "restart" in (self.arguments.get("on_interrupt"), self.options.get("on_interrupt")):
            more["on_restart"] = outcome.events.append
        try:
            outcome.completion = client.chat(self.messages, **more, **self.arguments)
        except ThinwireError as error:
            outcome.error = error
        return outcome

    def run_sync(self):
        outcome = Outcome(ScriptedTransport(self.make()))
        client = self.client(Client, outcome.transport)
        with client.stream(self.messages, **self.arguments) as stream:
            try:
                for item in stream:
                    outcome.take(item)
            except ThinwireError as error:
                outcome.error = error
        outcome.completion = stream.completion
        return outcome


def play(replies, **setting):
    # Makes the call with both clients; they must agree. Returns what came of it.
    setting = Setting(replies, **setting)
    got = setting.run_sync()
    other = setting.run_async()
    assert got.summary() == other.summary(), (got.summary(), other.summary())
    assert got.transport.open_responses == other.transport.open_responses == 0
    if not [name for name in ("on_event", "log", "on_chunk") if name in setting.options]:
        compare_chat(setting, got)
    return got


def compare_chat(setting, got):
    # The same call by chat(), of which a hook would hear a third time.
    told = setting.run_chat()
    heard = [item for item in map(heard_of, got.events) if item]
    assert list(map(repr, told.events)) == list(map(repr, heard)), (told.events, heard)
    assert repr(told.error) == repr(got.error), (told.error, got.error)
    assert list(map(len, told.transport.sent)) == list(map(len, got.transport.sent))
    assert told.transport.open_responses == 0
    if told.completion is not None:
        assert facts(told.completion) == facts(got.completion)


def heard_of(event):
    # What a caller of chat() is told of an event.
    if isinstance(event, (ContentDelta, RefusalDelta)):
        return "" if event.choice else event.text
    return event if isinstance(event, StreamRestarted) else ""


def play_pieces(*pieces, **setting):
    # One attempt, no fallback.
    return play([ScriptedReply(list(pieces))], **setting)


def play_chunks(*objs, **setting):
    return play_pieces(sse(*objs) + DONE, **setting)


def sent_document(transport, attempt=0):
    return json.loads(transport.sent[attempt])

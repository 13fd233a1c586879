# What a server would refuse a conversation for is repaired on its way.

import json
import sys

from helpers import error_of, read_all
from streams import ANSWER, KEY, ONCE

from thinwire.core.client import AsyncClient
from thinwire.core.dialects import hygiene, openai, replay
from thinwire.core.request.call import Call
from thinwire.core.request.jsonl import JSONLMessages
from thinwire.core.routing.deployment import Deployment
from thinwire.core.routing.health import CooldownPolicy, Health
from thinwire.core.routing.plan import Plan
from thinwire.core.routing.policy import Policy
from thinwire.core.routing.router import Router
from thinwire.core.sync import Client
from thinwire.testing.scripted import ScriptedReply, ScriptedTransport

URL = "https://h.example/v1"
SYSTEM = {"role": "system", "content": "s"}
USER = {"role": "user", "content": "u"}
SAID = {"role": "assistant", "content": "a"}
LOST = "No result: the call was interrupted before it had one."


def call(*ids, **more):
    calls = []
    for id in ids:
        one = {"type": "function", "function": {"name": "f", "arguments": "{}"}}
        if id:
            one["id"] = id
        calls.append(one)
    message = {"role": "assistant", "content": None, "tool_calls": calls}
    message.update(more)
    return message


def result(id, content="42"):
    return {"role": "tool", "tool_call_id": id, "content": content}


def lost(id):
    return result(id, LOST)


BARE = {"role": "tool", "content": "42"}

# A conversation, what a server gets, and what is told: what, where, id.
CASES = [
    ([], [], []),
    ([SYSTEM, USER, SAID, USER], None, []),
    ([USER, call("1"), result("1"), SAID], None, []),
    ([USER, call("1", "2"), result("2"), result("1"), USER], None, []),
    ([USER, call("1"), result("1"), call("1"), result("1")], None, []),
    ([USER, call()], None, []),
    ([USER, call("1", "1"), result("1"), result("1")], None, []),
    # Without ids they go by their order.
    ([USER, call("", ""), BARE, BARE, USER], None, []),
    ([USER, call("1", "2"), BARE, result("2")], None, []),
    # Orphans.
    ([USER, result("1"), SAID], [USER, SAID], [("orphan_removed", 1, "1")]),
    ([result("1")], [], [("orphan_removed", 0, "1")]),
    ([USER, BARE, USER], [USER, USER], [("orphan_removed", 1, None)]),
    (
        [call("1"), result("1"), result("1", "again"), USER],
        [call("1"), result("1"), USER],
        [("orphan_removed", 2, "1")],
    ),
    (
        [call("1"), result("2"), result("1"), USER],
        [call("1"), result("1"), USER],
        [("orphan_removed", 1, "2")],
    ),
    (
        [call("1"), result("1"), USER, result("1")],
        [call("1"), result("1"), USER],
        [("orphan_removed", 3, "1")],
    ),
    # Calls without a result.
    ([USER, call("1")], [USER, call("1"), lost("1")], [("result_added", 2, "1")]),
    (
        [call("1", "2", "3"), result("2"), USER],
        [call("1", "2", "3"), result("2"), lost("1"), lost("3"), USER],
        [("result_added", 2, "1"), ("result_added", 2, "3")],
    ),
    (
        [call("1"), call("2"), result("2")],
        [call("1"), lost("1"), call("2"), result("2")],
        [("result_added", 1, "1")],
    ),
    (
        [call(""), USER],
        [call(""), {"role": "tool", "content": LOST}, USER],
        [("result_added", 1, None)],
    ),
    # What a person said meanwhile comes after the results.
    (
        [call("1"), USER, result("1"), SAID],
        [call("1"), result("1"), USER, SAID],
        [("result_moved", 2, "1")],
    ),
    (
        [call("1", "2"), USER, result("2"), USER, result("1")],
        [call("1", "2"), result("2"), result("1"), USER, USER],
        [("result_moved", 2, "2"), ("result_moved", 4, "1")],
    ),
    (
        [call("1", "2"), result("1"), USER, USER],
        [call("1", "2"), result("1"), lost("2"), USER, USER],
        [("result_added", 2, "2")],
    ),
    # Both: a result that comes too late has no call any more.
    (
        [call("1"), SAID, result("1"), USER],
        [call("1"), lost("1"), SAID, USER],
        [("result_added", 1, "1"), ("orphan_removed", 2, "1")],
    ),
    (
        [call("1"), USER, USER, USER, USER, USER, result("1")],
        [call("1"), lost("1"), USER, USER, USER, USER, USER],
        [("result_added", 1, "1"), ("orphan_removed", 6, "1")],
    ),
    ([{"role": "assistant", "tool_calls": None}, USER], None, []),
    ([{"role": "assistant", "tool_calls": "x"}, USER], None, []),
    ([{"role": "assistant", "tool_calls": ["x"]}, USER], "x", [("result_added", 1, None)]),
]


class Lines:
    # Can be read again, as a file can.
    stored = True

    def __init__(self, messages):
        self.messages = messages

    def __iter__(self):
        return iter(self.messages)

    def __repr__(self):
        return "Lines"


class Once:
    # Can be read once, and closed.
    def __init__(self, messages):
        self.left = list(messages)
        self.closed = False

    def __iter__(self):
        return self

    def __next__(self):
        if not self.left:
            raise StopIteration
        return self.left.pop(0)

    def __repr__(self):
        return "Once"

    def close(self):
        self.closed = True


class Told:
    def __init__(self):
        self.told = []

    def __call__(self, event, fields):
        assert event == "repaired", event
        where = fields["where"]
        assert where.startswith("messages["), where
        self.told.append((fields["what"], int(where[9:-1]), fields["id"]))


def wanted(given, want):
    if want == "x":
        return [given[0], {"role": "tool", "content": LOST}] + given[1:]
    return given if want is None else want


def sent(messages, more=None, told=None, **options):
    asked = Call(messages, **(more or {}))
    asked.tell = told
    request = openai.request(Deployment(URL, **options), "public", asked)
    return json.loads(read_all(request.body))


def test_a_list():
    for given, want, events in CASES:
        for shape in (given, tuple(given)):
            told = Told()
            got = hygiene.repaired(shape, told)
            assert list(got) == wanted(given, want), (given, got)
            assert told.told == events, (given, told.told)
            if not events:
                assert got is shape, given
            assert list(hygiene.repaired(shape)) == wanted(given, want)


def test_whatever_can_be_walked():
    for given, want, events in CASES:
        told = Told()
        got = hygiene.repaired(Lines(given), told)
        assert got.stored
        assert repr(got) == "Lines"
        for _ in range(2):
            assert list(got) == wanted(given, want), given
        assert told.told == events * 2, (given, told.told)
        once = Once(given)
        got = hygiene.repaired(once)
        assert repr(got) == "Once"
        assert not got.stored
        assert list(got) == wanted(given, want), given
        got.close()
        assert once.closed
    hygiene.repaired(iter([1])).close()


def test_one_pass_is_enough():
    # Nothing is taken before it is needed, and nothing of it is kept.
    class Endless:
        taken = 0

        def __iter__(self):
            return self

        def __next__(self):
            self.taken += 1
            kind = self.taken % 3
            return call("1") if kind == 1 else result("1") if kind == 2 else USER

    source = Endless()
    walk = hygiene.repaired(source)
    for number in range(300):
        next(walk)
        assert source.taken == number + 1


def test_the_request_has_them_repaired():
    for given, want, events in CASES:
        for shape in (given, tuple(given), Lines(given), Once(given), Lines(given)):
            told = Told()
            got = sent(shape, told=told)["messages"]
            assert got == wanted(given, want), (shape, got)
            assert told.told == events, (given, told.told)
        for shape in (given, Lines(given), Once(given)):
            assert sent(shape, hygiene=False)["messages"] == given
        got = sent([USER], {"extra_body": {"messages": given}})["messages"]
        assert got == wanted(given, want), given


def test_an_answer_among_them():
    event = {"index": 0, "id": "c1", "function": {"name": "f", "arguments": "{}"}}
    chunk = {"choices": [{"delta": {"tool_calls": [event]}, "finish_reason": "tool_calls"}]}
    reply = ("data: %s\n\ndata: [DONE]\n\n" % json.dumps(chunk)).encode()
    transport = ScriptedTransport([ScriptedReply([reply])])
    done = Client("m", Deployment(URL), transport=transport).chat([USER])
    for shape in ([USER, done, USER], Lines([USER, done, USER]), Once([USER, done, USER])):
        got = sent(shape)["messages"]
        assert got[2] == lost("c1"), got
        assert [one["role"] for one in got] == ["user", "assistant", "tool", "user"]
    assert sent([USER, done, result("c1")])["messages"][2] == result("c1")
    assert len(sent([USER, done, USER], hygiene=False)["messages"]) == 3


def test_a_conversation_on_disk():
    path = "/tmp/thinwire-hygiene.jsonl"
    messages = JSONLMessages(path)
    for one in (USER, call("1"), USER):
        messages.append(one)
    try:
        assert sent(messages)["messages"] == [USER, call("1"), lost("1"), USER]
        assert sent(messages, hygiene=False)["messages"] == [USER, call("1"), USER]
    finally:
        import os

        os.remove(path)


def function(parameters=None, **more):
    body = {"name": "f"}
    if parameters is not None:
        body["parameters"] = parameters
    body.update(more)
    return {"type": "function", "function": body}


EMPTY = {"type": "object", "properties": {}}
INNER = {"type": "object", "properties": {"a": {"type": "object"}, "b": {"type": "string"}}}
DEEP = {"type": "array", "items": {"type": "array"}}

# Parameters, and what they become; None: as they are.
SCHEMAS = [
    (None, EMPTY),
    ({}, EMPTY),
    (EMPTY, None),
    ({"type": "object"}, EMPTY),
    ({"type": "object", "properties": None}, EMPTY),
    ({"properties": {"a": {"type": "string"}}}, "typed"),
    (INNER, {"type": "object", "properties": {"a": EMPTY, "b": {"type": "string"}}}),
    (
        {"type": "object", "properties": {"a": {"type": "array"}}},
        {"type": "object", "properties": {"a": {"type": "array", "items": {}}}},
    ),
    (
        {"type": "object", "properties": {"a": DEEP}},
        {
            "type": "object",
            "properties": {"a": {"type": "array", "items": {"type": "array", "items": {}}}},
        },
    ),
    ({"type": "object", "properties": {"a": {}, "b": True}}, None),
    ({"type": "object", "properties": {"a": {"type": "array", "prefixItems": []}}}, None),
    ({"type": "object", "properties": {"a": {"type": "array", "anyOf": []}}}, None),
    ({"type": "object", "$ref": "#/$defs/a"}, None),
    ({"type": "object", "anyOf": [{"required": ["a"]}]}, None),
    ("odd", None),
]


def test_schemas():
    for given, want in SCHEMAS:
        told = []
        tools = [function(EMPTY), function(given, description="d")]
        before = json.dumps(tools)
        got = hygiene.legal_tools(tools, lambda *event, told=told: told.append(event))
        assert json.dumps(tools) == before, given
        if want is None:
            assert got is tools, given
            assert told == [], given
            continue
        if want == "typed":
            want = {"type": "object", "properties": given["properties"]}
        assert got == [tools[0], function(want, description="d")], (given, got)
        assert got[0] is tools[0]
        assert told == [("repaired", {"what": "schema", "where": "tools[1]", "id": "f"})]
        assert hygiene.legal_tools(tools) == got
        assert sent([USER], {"tools": tools})["tools"] == got
        assert sent([USER], {"tools": tools}, hygiene=False)["tools"] == tools


def test_tools_that_are_not_ours_are_left_alone():
    for tools in (
        [{"type": "web_search"}],
        [{"type": "function", "function": "x"}],
        [{"type": "custom", "custom": {"name": "c"}}],
        ["x"],
        iter([]),
    ):
        assert hygiene.legal_tools(tools) is tools


def test_a_schema_that_never_ends_is_looked_at_to_some_depth():
    schema = {"type": "array"}
    for _ in range(100):
        schema = {"type": "array", "items": schema}
    tools = [function({"type": "object", "properties": {"a": schema}})]
    assert hygiene.legal_tools(tools) is tools


def test_each_repair_is_an_event():
    for kind in (Client, AsyncClient):
        heard = []
        transport = ScriptedTransport([ScriptedReply([ANSWER])])
        client = kind(
            "m",
            Deployment(URL, KEY),
            transport=transport,
            retry=ONCE,
            on_event=lambda name, fields, heard=heard: heard.append((name, fields)),
        )
        done = client.chat([USER, call("7"), USER], tools=[function()])
        if kind is AsyncClient:
            import asyncio

            asyncio.run(done)
        found = [fields for name, fields in heard if name == "repaired"]
        assert [one["what"] for one in found] == ["result_added", "schema"], found
        assert (found[0]["where"], found[0]["id"]) == ("messages[2]", "7")
        assert (found[0]["deployment"], found[0]["attempt"]) == ("m", 1)


def test_a_plain_chat_loads_nothing_of_it():
    for name in list(sys.modules):
        if name.startswith("thinwire.core.dialects.") and name.endswith((".hygiene", ".replay")):
            del sys.modules[name]
    try:
        sent([SYSTEM, USER, SAID, USER])
        loaded = [name for name in sys.modules if name.endswith(("ects.hygiene", "ects.replay"))]
        assert loaded == [], loaded
        sent(Lines([SYSTEM, USER, SAID, USER]))
        assert "thinwire.core.dialects.hygiene" not in sys.modules
    finally:
        sys.modules["thinwire.core.dialects.hygiene"] = hygiene
        sys.modules["thinwire.core.dialects.replay"] = replay


def test_a_firmware_may_do_without_it():
    def import_module(name):
        if name.endswith("hygiene"):
            raise ImportError("no module named " + name)
        return kept(name)

    kept, replay.import_module = replay.import_module, import_module
    try:
        given = [USER, call("1"), USER, result("2")]
        for shape in (given, Lines(given), Once(given)):
            assert sent(shape, {"tools": [function()]}) == dict(
                sent([USER]), messages=given, tools=[function()]
            )
    finally:
        replay.import_module = kept


def test_the_option_is_true_or_false():
    assert error_of((TypeError, ValueError), Deployment, URL, hygiene="no")
    assert not hygiene.wanted(Deployment(URL, hygiene=False))
    assert hygiene.wanted(Deployment(URL, hygiene=True))
    assert hygiene.wanted(Deployment(URL))


def test_a_request_that_is_only_looked_at_tells_nothing():
    asked, told = Call([USER, call("7"), USER]), Told()
    router, health = Router("a", Deployment(URL)), Health(CooldownPolicy())
    plan = Plan(router, asked, None, Policy(), health, 0)
    asked.tell = told
    assert plan.can_replay("a")
    assert told.told == []


def test_each_attempt_tells_its_repairs_once():
    heard = []
    transport = ScriptedTransport([ScriptedReply([b"busy"], 503), ScriptedReply([ANSWER])])
    chain = {"a": Deployment(URL, KEY), "b": Deployment(URL, KEY)}
    client = Client(
        "a",
        chain,
        {"a": ["b"]},
        transport=transport,
        retry=ONCE,
        on_event=lambda name, fields: heard.append((name, fields["deployment"])),
    )
    assert client.chat([USER, call("7"), USER]).deployment == "b"
    found = [whose for name, whose in heard if name == "repaired"]
    assert found == ["a", "b"], heard

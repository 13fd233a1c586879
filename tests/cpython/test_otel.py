"""thinwire.otel, with the real SDK and its exporters in memory."""

import asyncio
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

import thinwire
from thinwire import AsyncClient, Client, DataURL, Deployment, RetryPolicy, TextFile
from thinwire.otel import Telemetry
from thinwire.testing import (
    MockServer,
    cut_reply,
    stall_reply,
    status_reply,
    text_reply,
    tool_reply,
)

KEY = "sk-a-secret-key"
TOOLS = [{"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}]


class Lab:
    """A hook, and what it has told."""

    def __init__(self, content: bool | None = None) -> None:
        self._exporter = InMemorySpanExporter()
        self.traces = TracerProvider()
        self.traces.add_span_processor(SimpleSpanProcessor(self._exporter))
        self._reader = InMemoryMetricReader()
        meters = MeterProvider([self._reader])
        self.hook = Telemetry(tracer_provider=self.traces, meter_provider=meters, content=content)

    def spans(self) -> list[ReadableSpan]:
        return list(self._exporter.get_finished_spans())

    def call(self) -> ReadableSpan:
        (span,) = self.calls()
        return span

    def calls(self) -> list[ReadableSpan]:
        return [one for one in self.spans() if "gen_ai.operation.name" in attributes(one)]

    def attempts(self) -> list[ReadableSpan]:
        found = [one for one in self.spans() if "thinwire.attempt" in attributes(one)]
        return sorted(found, key=lambda one: str(attributes(one)["thinwire.attempt"]))

    def points(self, name: str) -> list[Any]:
        data = self._reader.get_metrics_data()
        return [
            point
            for resource in (data.resource_metrics if data else ())
            for scope in resource.scope_metrics
            for metric in scope.metrics
            if metric.name == name
            for point in metric.data.data_points
        ]

    def scope(self) -> Any:
        return self.spans()[0].instrumentation_scope


def attributes(span: ReadableSpan) -> dict[str, Any]:
    return dict(span.attributes or {})


@pytest.fixture
def lab() -> Lab:
    return Lab()


@pytest.fixture
def server() -> Iterator[MockServer]:
    with MockServer() as running:
        yield running


def client_of(server: MockServer, lab: Lab, **more: Any) -> Client:
    return Client("m", place(server), on_event=lab.hook, **more)


def place(server: MockServer, **more: Any) -> Deployment:
    return Deployment(server.base_url, KEY, "up", **more)


def test_a_call_is_a_span_and_its_attempt_one_below(lab: Lab, server: MockServer) -> None:
    server.reply("up", text_reply("Hello", model="up-1", cached_tokens=2))
    with client_of(server, lab) as client:
        completion = client.chat("Hi", temperature=0.5, max_tokens=9, stop="x", session="s1")
    span, (attempt,) = lab.call(), lab.attempts()
    assert span.name == "chat m"
    assert span.kind is SpanKind.CLIENT
    assert span.status.status_code is StatusCode.UNSET
    told = attributes(span)
    where = {"server.address": "127.0.0.1", "server.port": server.port}
    usage = completion.usage
    assert told.pop("gen_ai.response.time_to_first_chunk") >= 0
    assert told.pop("gen_ai.response.id") == completion.id
    assert told == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "m",
        "gen_ai.request.temperature": 0.5,
        "gen_ai.request.max_tokens": 9,
        "gen_ai.request.stop_sequences": ("x",),
        "gen_ai.request.stream": True,
        "gen_ai.conversation.id": "s1",
        "gen_ai.response.model": "up-1",
        "gen_ai.response.finish_reasons": ("stop",),
        "gen_ai.usage.input_tokens": usage["prompt_tokens"],
        "gen_ai.usage.output_tokens": usage["completion_tokens"],
        "gen_ai.usage.cache_read.input_tokens": 2,
        "thinwire.deployment": "m",
        "thinwire.attempts": 1,
        "thinwire.end": "finish",
        **where,
    }
    assert attempt.name == "attempt m"
    assert attempt.parent is not None
    assert span.context is not None
    assert attempt.parent.span_id == span.context.span_id
    assert attributes(attempt) == {
        "gen_ai.provider.name": "openai",
        "thinwire.attempt": 1,
        "thinwire.deployment": "m",
        "thinwire.hedge": False,
        "thinwire.upstream_model": "up",
        "thinwire.outcome": "answered",
        **where,
    }
    scope = lab.scope()
    assert (scope.name, scope.version) == ("thinwire", thinwire.__version__)
    assert scope.schema_url == "https://opentelemetry.io/schemas/1.41.0"


def test_metrics_of_a_call(lab: Lab, server: MockServer) -> None:
    server.reply("up", text_reply("Hello", model="up-1"))
    with client_of(server, lab) as client:
        completion = client.chat("Hi")
    shared = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "m",
        "gen_ai.response.model": "up-1",
        "server.address": "127.0.0.1",
        "server.port": server.port,
    }
    (duration,) = lab.points("gen_ai.client.operation.duration")
    assert dict(duration.attributes) == shared
    assert duration.count == 1
    assert duration.explicit_bounds[0] == 0.01
    assert duration.explicit_bounds[-1] == 81.92
    (first,) = lab.points("gen_ai.client.operation.time_to_first_chunk")
    assert dict(first.attributes) == shared
    assert 0 <= first.sum <= duration.sum
    usage = {
        point.attributes["gen_ai.token.type"]: point
        for point in lab.points("gen_ai.client.token.usage")
    }
    assert set(usage) == {"input", "output"}
    assert usage["input"].sum == completion.usage["prompt_tokens"]
    assert usage["output"].sum == completion.usage["completion_tokens"]
    assert usage["output"].explicit_bounds[-1] == 67108864
    assert dict(usage["input"].attributes) == {**shared, "gen_ai.token.type": "input"}


def test_an_error_has_its_type(lab: Lab, server: MockServer) -> None:
    server.reply("up", status_reply(401, "wrong key " + KEY))
    with client_of(server, lab) as client, pytest.raises(thinwire.StatusError):
        client.chat("Hi")
    span, (attempt,) = lab.call(), lab.attempts()
    for one in (span, attempt):
        assert one.status.status_code is StatusCode.ERROR
        assert one.status.description == "StatusError: status 401, auth"
        assert attributes(one)["error.type"] == "auth"
    assert attributes(attempt)["http.response.status_code"] == 401
    assert attributes(attempt)["thinwire.outcome"] == "failed"
    (duration,) = lab.points("gen_ai.client.operation.duration")
    assert duration.attributes["error.type"] == "auth"
    assert lab.points("gen_ai.client.token.usage") == []
    assert KEY not in "".join(one.to_json() for one in lab.spans())


def test_a_fallback_is_one_call_and_two_attempts(lab: Lab, server: MockServer) -> None:
    server.reply("a", status_reply(503))
    server.reply("b", text_reply("Hello"))
    names = {name: Deployment(server.base_url, KEY, name) for name in "ab"}
    with Client("a", names, {"a": ["b"]}, retry=1, on_event=lab.hook) as client:
        client.chat("Hi")
    first, second = lab.attempts()
    assert [attributes(one)["thinwire.outcome"] for one in (first, second)] == [
        "failed",
        "answered",
    ]
    assert attributes(first)["error.type"] == "server"
    span = lab.call()
    assert span.status.status_code is StatusCode.UNSET
    assert attributes(span)["thinwire.deployment"] == "b"
    assert attributes(span)["thinwire.attempts"] == 2
    (event,) = span.events
    assert event.name == "thinwire.fallback"
    assert dict(event.attributes or {})["thinwire.next"] == "b"


def test_a_retry_is_an_event_of_the_call(lab: Lab, server: MockServer) -> None:
    server.reply("up", status_reply(503), text_reply("Hello"))
    with client_of(server, lab, retry=RetryPolicy(base=0.001)) as client:
        client.chat("Hi")
    (event,) = lab.call().events
    assert event.name == "thinwire.retry_scheduled"
    assert dict(event.attributes or {})["thinwire.kind"] == "server"


def test_spans_are_below_the_current_one_of_each_task(lab: Lab, server: MockServer) -> None:
    tracer = trace.get_tracer("test", tracer_provider=lab.traces)

    async def one(client: AsyncClient, number: int) -> None:
        with tracer.start_as_current_span(f"task {number}"):
            await client.chat(f"Hi {number}")
            async with client.stream(f"And {number}") as stream:
                async for _ in stream:
                    pass

    async def run() -> None:
        async with AsyncClient("m", place(server), on_event=lab.hook) as client:
            await asyncio.gather(*[one(client, number) for number in range(8)])

    asyncio.run(run())
    ids = {span.context.span_id: span for span in lab.spans() if span.context}
    assert len(lab.calls()) == 16
    children: dict[str, int] = {}
    for span in lab.calls():
        assert span.parent is not None
        name = ids[span.parent.span_id].name
        children[name] = children.get(name, 0) + 1
    assert children == {f"task {number}": 2 for number in range(8)}
    for span in lab.attempts():
        assert span.parent is not None
        assert ids[span.parent.span_id].name == "chat m"
    assert sum(point.count for point in lab.points("gen_ai.client.operation.duration")) == 16


def test_threads_share_one_hook(lab: Lab, server: MockServer) -> None:
    tracer = trace.get_tracer("test", tracer_provider=lab.traces)

    def work(client: Client, number: int) -> None:
        with tracer.start_as_current_span(f"thread {number}"):
            client.chat("Hi")

    with client_of(server, lab) as client:
        threads = [threading.Thread(target=work, args=(client, one)) for one in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
    ids = {span.context.span_id: span.name for span in lab.spans() if span.context}
    parents = [ids[span.parent.span_id] for span in lab.calls() if span.parent]
    assert sorted(parents) == [f"thread {number}" for number in range(8)]


def test_a_race_has_a_span_for_each_attempt(lab: Lab, server: MockServer) -> None:
    server.reply("slow", stall_reply("before_head"))
    server.reply("fast", text_reply("Hello"))
    names = {name: Deployment(server.base_url, KEY, name) for name in ("slow", "fast")}

    async def run() -> None:
        client = AsyncClient(
            "slow", names, {"slow": ["fast"]}, hedge_after=0.01, on_event=lab.hook
        )
        async with client:
            assert (await client.chat("Hi")).deployment == "fast"

    asyncio.run(run())
    first, second = map(attributes, lab.attempts())
    assert (first["thinwire.outcome"], first["thinwire.hedge"]) == ("lost", False)
    assert (second["thinwire.outcome"], second["thinwire.hedge"]) == ("answered", True)
    assert attributes(lab.call())["thinwire.deployment"] == "fast"


def test_an_answer_that_breaks_off(lab: Lab, server: MockServer) -> None:
    server.reply("up", cut_reply("mid_stream"))
    with client_of(server, lab) as client, pytest.raises(thinwire.StreamInterrupted):
        list(client.stream("Hi"))
    assert attributes(lab.call())["error.type"] == "interrupted"
    (attempt,) = lab.attempts()
    assert attributes(attempt)["thinwire.outcome"] == "interrupted"


def test_a_stream_that_is_left_early_is_no_error(lab: Lab, server: MockServer) -> None:
    server.reply("up", stall_reply("mid_stream"))
    with client_of(server, lab) as client, client.stream("Hi") as stream:
        next(stream)
    span, (attempt,) = lab.call(), lab.attempts()
    assert attributes(span)["thinwire.end"] == "closed"
    assert span.status.status_code is StatusCode.UNSET
    assert "error.type" not in attributes(span)
    assert attributes(attempt)["thinwire.outcome"] == "closed"
    assert len(lab.points("gen_ai.client.operation.duration")) == 1


def test_a_task_that_is_cancelled(lab: Lab, server: MockServer) -> None:
    server.reply("up", stall_reply("mid_stream"))

    async def run() -> None:
        async with AsyncClient("m", place(server), on_event=lab.hook) as client:
            started = asyncio.Event()
            task = asyncio.create_task(
                client.chat("Hi", on_delta=lambda text: started.set())  # type: ignore[func-returns-value]
            )
            await started.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

    asyncio.run(run())
    span = lab.call()
    assert attributes(span)["error.type"] == "cancelled"
    assert span.status.status_code is StatusCode.ERROR
    assert len(lab.attempts()) == 1


def test_a_stream_that_is_never_read_has_no_span(lab: Lab, server: MockServer) -> None:
    with client_of(server, lab) as client, client.stream("Hi"):
        pass
    assert lab.spans() == []


def test_texts_are_told_to_nobody_who_has_not_asked(lab: Lab, server: MockServer) -> None:
    server.reply("up", text_reply("a secret answer", reasoning="a secret thought"))
    with client_of(server, lab) as client:
        client.chat([{"role": "user", "content": "a secret question"}], tools=TOOLS)
    words = "".join(one.to_json() for one in lab.spans())
    assert "secret" not in words
    assert KEY not in words
    assert attributes(lab.call())["thinwire.tools"] == ("look",)


def test_texts_for_who_asks(server: MockServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT", "true")
    lab = Lab()
    server.reply("up", tool_reply([("look", {"at": "it"})]))
    link = {"type": "image_url", "image_url": {"url": "https://a.example/b.png"}}
    photo = {"type": "image_url", "image_url": {"url": DataURL("b.png")}}
    call = {"id": "1", "type": "function", "function": {"name": "look", "arguments": "{no"}}
    with client_of(server, lab, retry=1) as client:
        with pytest.raises(thinwire.EncodeError):  # there is no such file
            client.chat(
                [
                    {"role": "system", "content": TextFile("/none")},
                    {"role": "user", "content": [{"type": "text", "text": "What?"}, link, photo]},
                    {"role": "assistant", "content": None, "tool_calls": [call]},
                    {"role": "tool", "tool_call_id": "1", "content": "a cat"},
                ],
                tools=TOOLS,
            )
        client.chat("And?")
    asked, answered = lab.calls()
    assert json.loads(attributes(asked)["gen_ai.input.messages"]) == [
        {"role": "system", "parts": [{"type": "text", "content": "<TextFile>"}]},
        {
            "role": "user",
            "parts": [
                {"type": "text", "content": "What?"},
                {"type": "uri", "modality": "image", "uri": "https://a.example/b.png"},
                {"type": "image_url", "modality": "image"},
            ],
        },
        {
            "role": "assistant",
            "parts": [{"type": "tool_call", "id": "1", "name": "look", "arguments": "{no"}],
        },
        {
            "role": "tool",
            "parts": [{"type": "tool_call_response", "id": "1", "response": "a cat"}],
        },
    ]
    (tool,) = json.loads(attributes(asked)["gen_ai.tool.definitions"])
    assert tool == {"type": "function", "name": "look", "parameters": {"type": "object"}}
    assert "gen_ai.output.messages" not in attributes(asked)
    (answer,) = json.loads(attributes(answered)["gen_ai.output.messages"])
    (part,) = answer["parts"]
    assert (part["type"], part["name"], part["arguments"]) == ("tool_call", "look", {"at": "it"})
    assert answer["finish_reason"] == "tool_calls"


def test_costs(lab: Lab, server: MockServer) -> None:
    server.reply("up", text_reply("Hello"))
    deployment = place(server, prices={"output": 1000000}, provider="mistral", stream_usage=True)
    with Client("m", deployment, on_event=lab.hook) as client:
        cost = client.chat("Hi").cost
    told = attributes(lab.call())
    assert told["thinwire.cost"] == cost
    assert told["thinwire.cost_estimated"] is True
    assert told["gen_ai.provider.name"] == "mistral_ai"


def test_another_endpoint(lab: Lab, server: MockServer) -> None:
    with client_of(server, lab, retry=1) as client:
        with pytest.raises(thinwire.ThinwireError):
            client.embeddings("Hi")
        with pytest.raises(thinwire.ThinwireError):
            client.post("/rerank?top=3", {})
    assert sorted(span.name for span in lab.calls()) == ["embeddings m", "rerank m"]


def test_a_hook_that_raises_ends_the_span_too(lab: Lab, server: MockServer) -> None:
    def both(event: str, fields: dict[str, Any]) -> None:
        lab.hook(event, fields)
        if event == "first_token":
            raise LookupError("mine")

    with Client("m", place(server), on_event=both) as client, pytest.raises(LookupError):
        client.chat("Hi")
    assert attributes(lab.call())["thinwire.end"] == "cancelled"
    assert len(lab.attempts()) == 1


def test_a_structured_answer_is_json(lab: Lab, server: MockServer) -> None:
    with client_of(server, lab) as client:
        client.chat("Hi", into={"type": "object", "properties": {"a": {"type": "string"}}}, n=1)
    assert attributes(lab.call())["gen_ai.output.type"] == "json"


def test_it_is_loaded_by_nobody_else() -> None:
    script = "import thinwire, sys; thinwire.AsyncClient; print('opentelemetry' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout.strip() == "False", done.stderr

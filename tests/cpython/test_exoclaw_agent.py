"""exoclaw's own agent loop over the provider, end to end: prompts, tools, deltas, recovery."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, ClassVar

import pytest
from exoclaw import Exoclaw
from exoclaw.agent.loop import AgentLoop
from exoclaw.agent.tools.protocol import Tool
from exoclaw.bus.events import InboundMessage, OutboundMessage
from exoclaw.bus.queue import MessageBus

from thinwire import Deployment, OpenAIStreamingProvider, StreamInterrupted
from thinwire.testing import (
    MockReply,
    MockServer,
    RecordedRequest,
    cut_reply,
    status_reply,
    text_reply,
    tool_reply,
)

Message = dict[str, Any]
PIECES = 200


class Memory:
    """The smallest conversation that exoclaw takes, stored message by message."""

    def __init__(self) -> None:
        self.messages: list[Message] = [{"role": "system", "content": "be brief"}]
        self.summary: list[Message] | None = None

    async def build_prompt(self, session_id: str, message: str, **more: Any) -> list[Message]:
        return [*self.messages, {"role": "user", "content": message}]

    async def append(self, session_id: str, message: Message) -> None:
        self.messages.append(message)

    async def post_turn(self, session_id: str) -> None:
        pass

    async def record(self, session_id: str, new_messages: list[Message]) -> None:
        raise AssertionError("append has done it")

    async def clear(self, session_id: str) -> bool:
        return True

    def list_sessions(self) -> list[Message]:
        return []

    def active_tools(self) -> set[str]:
        return set()

    async def recover_from_overflow(self, session_id: str) -> list[Message] | None:
        return self.summary


class Add:
    name = "add"
    description = "Adds two numbers."
    parameters: ClassVar[dict[str, object]] = {
        "type": "object",
        "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}},
        "required": ["a", "b"],
    }

    async def execute(self, **kwargs: Any) -> str:
        return str(kwargs["a"] + kwargs["b"])


class Read(Add):
    """A tool with a large result: exoclaw drains it to a file and hands on the file's name."""

    name = "read"
    parameters: ClassVar[dict[str, object]] = {"type": "object", "properties": {}}

    async def execute_streaming(self, **kwargs: Any) -> AsyncIterator[str]:
        for number in range(PIECES):
            yield f"{number}: " + 'Grüße "🚀"\n' * 300


def result_of_read() -> str:
    return "".join(f"{number}: " + 'Grüße "🚀"\n' * 300 for number in range(PIECES))


def say_tool_result(request: RecordedRequest) -> MockReply:
    return text_reply("The tool said " + request.json()["messages"][-1]["content"])(request)


def turn(
    server: MockServer, *tools: Tool, memory: Memory | None = None, on_delta: Any = None
) -> str:
    """One turn of the loop: the user says "go"."""

    async def main() -> str:
        provider = OpenAIStreamingProvider("m", {"m": Deployment(server.base_url, "key")})
        loop = AgentLoop(MessageBus(), provider, memory or Memory(), tools=list(tools))
        try:
            return await loop.process_direct("go", on_delta=on_delta)
        finally:
            await provider.close()

    return asyncio.run(main())


def test_a_turn_without_tools(mock_llm: MockServer) -> None:
    mock_llm.reply("m", text_reply("Hello there", reasoning="A greeting."))
    memory = Memory()
    assert turn(mock_llm, memory=memory) == "Hello there"
    assert memory.messages[1:] == [
        {"role": "user", "content": "go"},
        {"role": "assistant", "content": "Hello there", "reasoning_content": "A greeting."},
    ]
    sent = mock_llm.requests[0].json()
    assert (sent["model"], sent["temperature"], sent["max_tokens"]) == ("m", 0.1, 4096)


def test_a_turn_with_a_tool(mock_llm: MockServer) -> None:
    mock_llm.reply("m", tool_reply([("add", {"a": 2, "b": 40})]), say_tool_result)
    assert turn(mock_llm, Add()) == "The tool said 42"
    first, second = [request.json() for request in mock_llm.requests]
    assert first["tool_choice"] == "auto"
    assert first["tools"][0]["function"]["name"] == "add"
    assert second["messages"][2:] == [
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [
                {
                    "id": "call_1",
                    "type": "function",
                    "function": {"name": "add", "arguments": '{"a": 2, "b": 40}'},
                }
            ],
        },
        {"role": "tool", "tool_call_id": "call_1", "name": "add", "content": "42"},
    ]


def test_calls_in_parallel_and_arguments_that_need_repair(mock_llm: MockServer) -> None:
    calls = [("add", "{'a': 1, 'b': 2"), ("add", {"a": 3, "b": 4})]
    mock_llm.reply("m", tool_reply(calls), text_reply("done"))
    assert turn(mock_llm, Add()) == "done"
    results = [message["content"] for message in mock_llm.requests[1].json()["messages"][-2:]]
    assert results == ["3", "7"]


def test_deltas_of_a_turn_with_a_tool(mock_llm: MockServer) -> None:
    asked = tool_reply([("add", {"a": 1, "b": 1})], text="Let me count.")
    mock_llm.reply("m", asked, say_tool_result)
    seen: list[object] = []

    async def on_delta(text: str, **marks: bool) -> None:
        seen.append(marks or text)

    assert turn(mock_llm, Add(), on_delta=on_delta) == "The tool said 2"
    assert seen == [
        *["Let", " me", " count."],
        {"stream_end": True, "stream_final": False},
        *["The", " tool", " said", " 2"],
        {"stream_end": True, "stream_final": True},
    ]


def test_a_large_tool_result_goes_from_its_file_to_the_wire(
    mock_llm: MockServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    files: list[str] = []

    def script(request: RecordedRequest) -> MockReply:
        files.extend(path.name for path in tmp_path.iterdir())
        return text_reply("read it")(request)

    mock_llm.reply("m", tool_reply([("read", {})]), script)
    memory = Memory()
    assert turn(mock_llm, Read(), memory=memory) == "read it"
    sent = mock_llm.requests[1].json()["messages"][-1]
    assert sent == {
        "role": "tool",
        "tool_call_id": "call_1",
        "name": "read",
        "content": result_of_read(),
    }
    assert len(memory.messages[3]["content"]) < 400  # the preview is what is remembered
    assert len(files) == 1
    assert list(tmp_path.iterdir()) == []


def test_an_overflow_makes_the_loop_compact_and_ask_again(mock_llm: MockServer) -> None:
    full = status_reply(400, "too long", code="context_length_exceeded")
    mock_llm.reply("m", full, text_reply("fits now"))
    memory = Memory()
    memory.summary = [{"role": "user", "content": "go, in short"}]
    assert turn(mock_llm, memory=memory) == "fits now"
    assert mock_llm.requests[1].json()["messages"] == memory.summary


def test_an_overflow_without_recovery_is_said_to_the_user(mock_llm: MockServer) -> None:
    mock_llm.reply("m", status_reply(400, "too long", code="context_length_exceeded"))
    assert "exceeded the model's context window" in turn(mock_llm)


def test_a_truncated_answer_is_not_remembered(mock_llm: MockServer) -> None:
    mock_llm.reply("m", cut_reply("mid_stream", text="half an"))
    memory = Memory()
    with pytest.raises(StreamInterrupted):
        turn(mock_llm, memory=memory)
    assert [message["role"] for message in memory.messages] == ["system", "user"]


class Chat:
    """A channel: says "go" once and keeps what comes back."""

    name = "chat"

    def __init__(self, finished: Callable[[], None]) -> None:
        self.received: list[OutboundMessage] = []
        self._finished = finished

    async def start(self, bus: Any) -> None:
        metadata: dict[str, object] = {"_stream_response": True}
        await bus.publish_inbound(InboundMessage("chat", "ada", "1", "go", metadata=metadata))

    async def send(self, msg: OutboundMessage) -> None:
        self.received.append(msg)
        if not msg.metadata.get("_progress"):
            self._finished()

    async def stop(self) -> None:
        pass


def test_the_whole_application(mock_llm: MockServer) -> None:
    mock_llm.reply("m", tool_reply([("add", {"a": 2, "b": 2})]), say_tool_result)

    async def main() -> list[OutboundMessage]:
        done = asyncio.Event()
        channel = Chat(done.set)
        provider = OpenAIStreamingProvider("m", {"m": Deployment(mock_llm.base_url)})
        app = Exoclaw(provider=provider, conversation=Memory(), channels=[channel], tools=[Add()])
        running = asyncio.create_task(app.run())
        await asyncio.wait_for(done.wait(), 10)
        running.cancel()
        await running
        await provider.close()
        return channel.received

    received = asyncio.run(main())
    deltas = [msg.content for msg in received if msg.metadata.get("_stream_delta")]
    assert "".join(deltas) == "The tool said 4"
    assert received[-1].content == "The tool said 4"
    assert mock_llm.errors == []

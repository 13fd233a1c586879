# What the exoclaw face does on MicroPython, alone and with exoclaw itself on the search path: run
# by tests/micropython/test_exoclaw.py, and in part on the emulated chip.

import sys

from thinwire import Deployment, OpenAIStreamingProvider, ThinwireError

HELLO = [{"role": "user", "content": "hello", "_mark": 1}]


def provider_for(base_url, **options):
    names = ("m", "busy", "full", "refused")
    # No key goes to another machine by plain http, which the chip's server is.
    key = "key" if "//127." in base_url else None
    places = {name: Deployment(base_url, key) for name in names}
    return OpenAIStreamingProvider("m", places, {"busy": ["m"]}, **options)


def shown(response):
    calls = [[call.id, call.name, call.arguments] for call in response.tool_calls]
    return [response.content, calls, response.finish_reason, response.usage]


class Heard:
    # An on_delta that keeps what it hears.
    def __init__(self):
        self.pieces = []

    async def __call__(self, text, **marks):
        self.pieces.append(sorted(marks.items()) or text)


async def outcomes(base_url, options=None):
    # A streamed answer, a rescued one, and what two failures raise.
    provider = provider_for(base_url, **(options or {}))
    heard = Heard()
    found = [shown(await provider.chat(HELLO, on_delta=heard)), heard.pieces]
    found.append(shown(await provider.chat(HELLO, model="busy")))
    for name in ("full", "refused"):
        try:
            await provider.chat(HELLO, model=name)
        except Exception as error:
            found.append([type(error).__name__, str(error), isinstance(error, ThinwireError)])
    await provider.close()
    return found


async def errors_of_exoclaw(base_url):
    # What is raised once the program has loaded exoclaw.http: its classes, with ours inside.
    from exoclaw.http import HTTPConnectError, HTTPError, HTTPStatusError

    provider = provider_for(base_url)
    found = []
    try:
        await provider.chat(HELLO, model="refused")
    except HTTPStatusError as error:
        found.append([isinstance(error, HTTPError), error.status_code, error.cause.kind])
    nobody = {"m": Deployment("http://127.0.0.1:1/v1")}
    try:
        await OpenAIStreamingProvider("m", nobody).chat(HELLO)
    except HTTPConnectError as error:
        found.append([type(error.cause).__name__, error.cause.kind])
    return found


async def types_of_exoclaw(base_url):
    from exoclaw.providers.types import ContextWindowExceededError, LLMResponse, ToolCallRequest

    provider = provider_for(base_url)
    response = await provider.chat(HELLO)
    found = [type(response) is LLMResponse, type(response.tool_calls[0]) is ToolCallRequest]
    try:
        await provider.chat(HELLO, model="full")
    except ContextWindowExceededError:
        found.append(True)
    return found


async def by_its_client(base_url):
    # exoclaw's own HTTP client carries the requests.
    from exoclaw.http import HTTPClient

    client = HTTPClient(timeout=20.0)
    return await outcomes(base_url, {"client": client})


async def clocks_of_its_client(base_url):
    # What ends a call whose server is silent, and one that is cancelled in its answer; and what is
    # said once more by the same client.
    import asyncio

    from exoclaw.http import HTTPClient

    client = HTTPClient(timeout=20.0)
    found = []
    for name in ("stall-before-head", "stall-after-head", "stall-mid-stream"):
        provider = OpenAIStreamingProvider(
            name,
            {name: Deployment(base_url)},
            request_timeout=0.5,
            stream_ttft_timeout=0.5,
            client=client,
        )
        try:
            await provider.chat(HELLO)
        except Exception as error:
            found.append([type(error).__name__, type(error.cause).__name__])
    patient = {"stall-mid-stream": Deployment(base_url), "m": Deployment(base_url)}
    provider = OpenAIStreamingProvider("stall-mid-stream", patient, client=client)
    heard = Heard()
    task = asyncio.create_task(provider.chat(HELLO, on_delta=heard))
    for _ in range(500):
        if heard.pieces:
            break
        await asyncio.sleep_ms(10)
    task.cancel()
    try:
        await task
    except asyncio.CancelledError:
        found.append("cancelled")
    both = [provider.chat(HELLO, model="m") for _ in range(3)]
    found.append([one.content for one in await asyncio.gather(*both)])
    return found


async def installed(base_url):
    # A program written for exoclaw-provider-openai, after one line.
    import thinwire.compat.exoclaw

    thinwire.compat.exoclaw.install()
    thinwire.compat.exoclaw.install()
    import exoclaw_provider_openai.provider
    from exoclaw_provider_openai import Deployment, OpenAIStreamingProvider
    from exoclaw_provider_openai import provider as module

    place = Deployment(base_url=base_url, api_key="k")
    response = await OpenAIStreamingProvider("m", {"m": place}).chat(HELLO)
    body = b""
    async for block in module._stream_body({"model": "m"}, HELLO):
        body += block
    identifier = module._short_tool_id()
    return [
        exoclaw_provider_openai.provider is module,
        [place.base_url == base_url, place.api_key, place.extra_headers, place.extra_body],
        response.content,
        body.decode(),
        [len(identifier), [one for one in identifier if one not in module._ALNUM]],
    ]


class Memory:
    # The smallest conversation that exoclaw takes, stored message by message.
    def __init__(self):
        self.messages = [{"role": "system", "content": "be brief"}]

    async def build_prompt(self, session_id, message, **more):
        return self.messages + [{"role": "user", "content": message}]

    async def append(self, session_id, message):
        self.messages.append(message)

    async def post_turn(self, session_id):
        pass

    async def record(self, session_id, new_messages):
        raise RuntimeError("append has done it")

    async def clear(self, session_id):
        return True

    def list_sessions(self):
        return []

    def active_tools(self):
        return set()

    async def recover_from_overflow(self, session_id):
        return None


class Add:
    name = "add"
    description = "Adds two numbers."
    parameters = {"type": "object", "properties": {"a": {"type": "integer"}}}

    async def execute(self, **kwargs):
        return str(kwargs["a"] + kwargs["b"])


async def agent_turn(base_url):
    # exoclaw's own loop: the answer, what was heard of it, what it remembers, and the bytes of
    # heap that are left to the program.
    import gc

    from exoclaw.agent.loop import AgentLoop
    from exoclaw.bus.queue import MessageBus

    provider, memory, heard = provider_for(base_url), Memory(), Heard()
    loop = AgentLoop(MessageBus(), provider, memory, tools=[Add()])
    answer = await loop.process_direct("go", on_delta=heard)
    await provider.close()
    gc.collect()
    roles = [message["role"] for message in memory.messages]
    return [answer, heard.pieces, roles, gc.mem_free()]


async def large_tool_result(base_url, path):
    # A message as exoclaw's executor leaves it behind for a tool that streams into a file.
    call = {"id": "1", "type": "function", "function": {"name": "look", "arguments": "{}"}}
    result = {"role": "tool", "tool_call_id": "1", "content": "preview", "_content_file": path}
    messages = HELLO + [{"role": "assistant", "content": None, "tool_calls": [call]}, result]
    return shown(await provider_for(base_url).chat(messages))


def in_the_way():
    # Whether exoclaw was loaded by any of it.
    return [name for name in sys.modules if name.startswith("exoclaw")]


async def standing(base_url):
    # Bytes of heap that are free before the face is loaded, once there is a provider, and between
    # two turns.
    import gc

    def free():
        gc.collect()
        return gc.mem_free()

    provider = provider_for(base_url)
    found = {"file": sys.modules["thinwire.compat.exoclaw.provider"].__file__}
    found["with a provider"] = free()
    await provider.chat(HELLO)
    found["after a turn"] = free()
    await provider.close()
    return found


class Read:
    # A tool with a large result: exoclaw drains it into a file and hands on the file's name.
    name = "read"
    description = "Reads a log."
    parameters = {"type": "object", "properties": {}}

    async def execute_streaming(self, **kwargs):
        for number in range(200):
            yield "%d: " % number + 'Grüße "🚀"\n' * 30

    async def execute(self, **kwargs):
        return "no"


class Chat:
    # A channel: says "go" once, and keeps what comes back.
    name = "chat"

    def __init__(self, done):
        self.said = []
        self._done = done

    async def start(self, bus):
        from exoclaw.bus.events import InboundMessage

        marks = {"_stream_response": True}
        await bus.publish_inbound(InboundMessage("chat", "ada", "1", "go", metadata=marks))

    async def send(self, message):
        self.said.append([message.content, bool(message.metadata.get("_stream_delta"))])
        if not message.metadata.get("_progress"):
            self._done.set()

    async def stop(self):
        pass


async def application(base_url):
    # All of exoclaw: bus, channel, loop, a tool whose result is streamed from its file.
    import asyncio

    from exoclaw import Exoclaw

    done = asyncio.Event()
    channel, provider = Chat(done), provider_for(base_url)
    app = Exoclaw(
        provider=provider, conversation=Memory(), channels=[channel], tools=[Add(), Read()]
    )
    running = asyncio.create_task(app.run())
    await asyncio.wait_for(done.wait(), 60)
    running.cancel()
    try:
        await running
    except asyncio.CancelledError:
        pass
    await provider.close()
    return channel.said

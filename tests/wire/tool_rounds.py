# Rounds of tools against a server, in each dialect: the same functions on each runtime.

import asyncio

from thinwire import AsyncClient, Client, ContentDelta, Deployment, TextFile, ToolResult


def _definition(name, **properties):
    parameters = {"type": "object", "properties": properties}
    function = {"name": name, "description": "Does " + name, "parameters": parameters}
    return {"type": "function", "function": function}


def _tools(path, files):
    def weather(city):
        return {"city": city, "celsius": 21.5}

    def manual():
        return TextFile(path)

    def opened():
        # Read in each round that follows, so that it stays open until the last has ended.
        files.append(open(path, "rb"))  # noqa: SIM115
        return files[-1]

    def parts():
        return [{"type": "text", "text": "one"}, {"type": "text", "text": "two"}]

    def broken():
        raise ValueError("nothing works")

    text = {"type": "string"}
    return [
        (_definition("weather", city=text), weather),
        (_definition("manual"), manual),
        (_definition("opened"), opened),
        (_definition("parts"), parts),
        (_definition("broken"), broken),
    ]


def rounds(url, dialect, blocking, path):
    """What comes of a run, and of a stream of the same."""
    deployment = Deployment(url, "k", dialect=dialect)
    files = []
    tools = _tools(path, files)
    if not blocking:
        found = asyncio.run(_rounds(deployment, tools))
    else:
        with Client("m", deployment) as client:
            completion = client.run_tools("hi", tools=tools)
            events = []
            with client.stream_tools("hi", tools=tools) as loop:
                for event in loop:
                    events.append(event)
        found = _result(completion, events, loop)
    for file in files:
        file.close()
    return found


async def _rounds(deployment, tools):
    async with AsyncClient("m", deployment) as client:
        completion = await client.run_tools("hi", tools=tools)
        events = []
        async with client.stream_tools("hi", tools=tools) as loop:
            async for event in loop:
                events.append(event)
    return _result(completion, events, loop)


def _result(completion, events, loop):
    return {
        "text": completion.content,
        "roles": [one["role"] for one in completion.messages],
        "again": [one["role"] for one in loop.messages],
        "said": "".join([one.text for one in events if isinstance(one, ContentDelta)]),
        "results": sorted([one.name for one in events if isinstance(one, ToolResult)]),
        "last": type(events[-1]).__name__,
        "tokens": completion.total_usage["total_tokens"] > completion.usage["total_tokens"],
    }


def closing(url):
    """A loop that is closed from another task in the middle of an answer, and cancelled."""
    return asyncio.run(_closing(url))


async def _closing(url):
    ended = []
    async with AsyncClient("m", Deployment(url, "k")) as client:
        for how in ("aclose", "cancel"):
            begun = asyncio.Event()

            async def wait(a, begun=begun):
                begun.set()
                try:
                    await asyncio.Event().wait()
                except asyncio.CancelledError:
                    ended.append("call")
                    raise

            loop = client.stream_tools("hi", tools=[(_definition("wait"), wait)])

            async def read(loop=loop):
                async for _ in loop:
                    pass

            reader = asyncio.create_task(read())
            await begun.wait()
            if how == "aclose":
                await loop.aclose()
                await reader
            else:
                reader.cancel()
                try:
                    await reader
                except asyncio.CancelledError:
                    pass
                await loop.aclose()
            ended.append(loop.end)
        ended.append((await client.chat("hi", model=None)).content)
    return ended

"""openai, its chunks put together as its documentation shows."""

from openai import AsyncOpenAI  # type: ignore[import-not-found]

from bench.peers import KEY, MODEL, Answer, Messages, Note, Tools

BLOCKING = False


class Peer:
    """One client."""

    def __init__(self, base_url: str) -> None:
        self._client = AsyncOpenAI(base_url=base_url, api_key=KEY, max_retries=0)

    async def ask(self, messages: Messages, note: Note, tools: Tools) -> Answer:
        texts, arguments = list[str](), list[str]()
        stream = await self._client.chat.completions.create(
            model=MODEL,
            messages=messages,
            stream=True,
            stream_options={"include_usage": True},
            **({"tools": tools} if tools else {}),
        )
        async for chunk in stream:
            for choice in chunk.choices:
                if choice.delta.content:
                    texts.append(choice.delta.content)
                    note(choice.delta.content)
                for call in choice.delta.tool_calls or ():
                    arguments.append(call.function.arguments)
        return Answer("".join(texts), "".join(arguments) or None)

    async def close(self) -> None:
        await self._client.close()

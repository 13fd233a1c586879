"""litellm, asked for an OpenAI-compatible server."""

import litellm  # type: ignore[import-not-found]

from bench.peers import KEY, MODEL, Answer, Messages, Note, Tools

BLOCKING = False
litellm.telemetry = False


class Peer:
    """litellm has no client object: it keeps its clients itself."""

    def __init__(self, base_url: str) -> None:
        self._url = base_url

    async def ask(self, messages: Messages, note: Note, tools: Tools) -> Answer:
        texts, arguments = list[str](), list[str]()
        stream = await litellm.acompletion(
            f"openai/{MODEL}",
            messages,
            api_base=self._url,
            api_key=KEY,
            stream=True,
            stream_options={"include_usage": True},
            num_retries=0,
            **({"tools": tools} if tools else {}),
        )
        async for chunk in stream:
            for choice in chunk.choices:
                if choice.delta.content:
                    texts.append(choice.delta.content)
                    note(choice.delta.content)
                for call in choice.delta.tool_calls or ():
                    arguments.append(call.function.arguments or "")
        return Answer("".join(texts), "".join(arguments) or None)

    async def close(self) -> None:
        pass

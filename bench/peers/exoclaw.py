"""exoclaw-provider-openai, asked as exoclaw's agent loop does."""

from exoclaw_provider_openai import (  # type: ignore[import-not-found]
    Deployment,
    OpenAIStreamingProvider,
)

from bench.peers import KEY, MODEL, Answer, Messages, Note, Tools

BLOCKING = False


class Peer:
    """One provider."""

    def __init__(self, base_url: str) -> None:
        self._provider = OpenAIStreamingProvider(
            default_model=MODEL,
            deployments={MODEL: Deployment(base_url, KEY)},
            request_timeout=600,
            stream_ttft_timeout=600,
        )

    async def ask(self, messages: Messages, note: Note, tools: Tools) -> Answer:
        async def on_delta(text: str) -> None:
            note(text)

        response = await self._provider.chat(messages, tools, on_delta=on_delta)
        if response.finish_reason == "error":
            raise ValueError(response.content)
        calls = response.tool_calls
        return Answer(response.content, calls[0].arguments if calls else None)

    async def close(self) -> None:
        await self._provider.close()

"""The model that `create_llm` gives: what programs of LangChain call on a chat model (`invoke`,
`stream`, `batch`, each with an async twin, `bind`, `bind_tools`), over thinwire's clients.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Self

from thinwire import ContentDelta, RefusalDelta, StreamComplete
from thinwire._public import public
from thinwire.compat.openai_compatible.messages import (
    AIMessage,
    AIMessageChunk,
    fields_of,
    wire_messages,
    wire_tool,
)

if TYPE_CHECKING:
    from thinwire.compat.openai_compatible.providers import LLMProvider


@public
class ChatModel:
    """A model of a provider. For any number of tasks and threads.

    Args:
        provider: whose clients it uses.
        model_name: id of the model.
        params: fields of each request (temperature, max_tokens, ...); None: not sent.
    """

    def __init__(self, provider: "LLMProvider", model_name: str, **params: Any) -> None:
        self.provider = provider
        self.model_name = model_name
        self._params = params

    async def ainvoke(self, input: Any, config: object = None, **params: Any) -> AIMessage:
        """Waits for the whole answer.

        Args:
            input: see messages.py.
            config: for LangChain's runnables; not looked at.
            params: fields of this request.

        Raises:
            ThinwireError: there is no whole answer.
        """
        client = self.provider.async_client()
        completion = await client.chat(wire_messages(input), **self._request(params))
        return AIMessage(completion.text or "", **fields_of(completion))

    def invoke(self, input: Any, config: object = None, **params: Any) -> AIMessage:
        """The same for programs without an event loop."""
        completion = self.provider.client().chat(wire_messages(input), **self._request(params))
        return AIMessage(completion.text or "", **fields_of(completion))

    async def astream(
        self, input: Any, config: object = None, **params: Any
    ) -> AsyncIterator[AIMessageChunk]:
        """The answer piece by piece, as it arrives; see `ainvoke`."""
        client = self.provider.async_client()
        async with client.stream(wire_messages(input), **self._request(params)) as stream:
            async for event in stream:
                if isinstance(event, (ContentDelta, RefusalDelta)):
                    yield AIMessageChunk(event.text)
                elif isinstance(event, StreamComplete):
                    yield AIMessageChunk(**fields_of(event.completion))

    def stream(self, input: Any, config: object = None, **params: Any) -> Iterator[AIMessageChunk]:
        """The same for programs without an event loop."""
        client = self.provider.client()
        with client.stream(wire_messages(input), **self._request(params)) as stream:
            for event in stream:
                if isinstance(event, (ContentDelta, RefusalDelta)):
                    yield AIMessageChunk(event.text)
                elif isinstance(event, StreamComplete):
                    yield AIMessageChunk(**fields_of(event.completion))

    async def abatch(self, inputs: Sequence[Any], config: object = None) -> list[AIMessage]:
        """Answers to several prompts, asked at once."""
        async with asyncio.TaskGroup() as group:
            asked = [group.create_task(self.ainvoke(one)) for one in inputs]
        return [one.result() for one in asked]

    def batch(self, inputs: Sequence[Any], config: object = None) -> list[AIMessage]:
        """Answers to several prompts, one after the other."""
        return [self.invoke(one) for one in inputs]

    def bind(self, **params: Any) -> Self:
        """The same model with further fields in each request."""
        return type(self)(self.provider, self.model_name, **{**self._params, **params})

    def bind_tools(self, tools: Sequence[Any], **params: Any) -> Self:
        """The same model with tools: dicts in OpenAI's form, or tools of LangChain."""
        return self.bind(tools=[wire_tool(tool) for tool in tools], **params)

    def __repr__(self) -> str:
        return f"ChatModel({self.provider.name!r}, {self.model_name!r})"

    def _request(self, params: dict[str, Any]) -> dict[str, Any]:
        return {"model": self.model_name, **self._params, **params}

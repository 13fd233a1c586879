"""Own clients of httpx and httpx2, sync and async, under one face for tests that run with each."""

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
import httpx2

from thinwire import AsyncClient, Client, Deployment
from thinwire.testing import DONE, MockServer, sse_event

SAID = [{"delta": {"content": "Hel"}}, {"delta": {"content": "lo"}}]
STREAM = b"".join(
    sse_event({"choices": [choice]}) for choice in [*SAID, {"delta": {}, "finish_reason": "stop"}]
)
STREAM += DONE
EVENTS = {"content-type": "text/event-stream"}


class Kind:
    """A class of clients.

    Attributes:
        module: httpx or httpx2.
        blocking: it is Client, not AsyncClient.
    """

    def __init__(self, module: Any, blocking: bool) -> None:
        self.module = module
        self.blocking = blocking

    def __str__(self) -> str:
        return f"{self.module.__name__}-{'sync' if self.blocking else 'async'}"

    def client(self, **options: Any) -> Any:
        """A new one; `transport` and hooks as its kind wants them."""
        return (self.module.Client if self.blocking else self.module.AsyncClient)(
            **{"verify": False, **options}  # there is no TLS here, and its certificates take time
        )

    def hook(self, name: str, *args: Any) -> dict[str, list[Any]]:
        """Response hooks that call a method of the response, e.g. "read" or "close"."""
        if self.blocking:
            return {"response": [lambda response: getattr(response, name)(*args)]}

        async def call(response: Any) -> None:
            await getattr(response, "a" + name)(*args)

        return {"response": [call]}

    def hooked(self, function: Callable[[Any], Any]) -> dict[str, list[Any]]:
        """Response hooks that call `function`, which does not wait."""
        if self.blocking:
            return {"response": [function]}

        async def call(response: Any) -> None:
            function(response)

        return {"response": [call]}

    def sockets(self) -> Any:
        """The transport that a client has by itself."""
        module = self.module
        return (module.HTTPTransport if self.blocking else module.AsyncHTTPTransport)(verify=False)

    def transport(self, answer: Callable[[Any], Any]) -> Any:
        """A transport from a function of a request that gives a response."""
        return self.module.MockTransport(answer)

    def ask(
        self, own: Any, place: "MockServer | str", *questions: Any, **options: Any
    ) -> list[Any]:
        """The answers to questions asked one after the other through `own`, which is closed then:
        the content of each, or the error. A question is a text, or a list of messages.
        """
        url = place if isinstance(place, str) else place.base_url
        options = {"retry": 1, "deployments": {"echo": Deployment(url, "k")}, **options}
        messages = [
            [{"role": "user", "content": one}] if isinstance(one, str) else one
            for one in questions or ("hi",)
        ]
        if self.blocking:
            found = []
            with own, Client("echo", http_client=own, **options) as client:
                for one in messages:
                    try:
                        found.append(client.chat(one).content)
                    except Exception as error:
                        found.append(error)
            return found
        return asyncio.run(_ask(own, messages, options))


async def _ask(own: Any, messages: list[Any], options: dict[str, Any]) -> list[Any]:
    found = []
    async with own, AsyncClient("echo", http_client=own, **options) as client:
        for one in messages:
            try:
                found.append((await client.chat(one)).content)
            except Exception as error:
                found.append(error)
    return found


KINDS = [Kind(module, blocking) for module in (httpx, httpx2) for blocking in (True, False)]

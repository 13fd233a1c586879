"""What a server and its model can do, found out by asking: a handful of short chats, each of which
tries one thing. What comes out is a profile, a JSON object of Deployment's own arguments, and what
was seen.

Loaded by `probe()`.
"""

import json

from thinwire.core._compat import const, public
from thinwire.core.errors import ThinwireError
from thinwire.core.providers.check import refuses_limit
from thinwire.core.providers.discovery import alone
from thinwire.core.providers.keys import altered
from thinwire.core.wire.tap import Tap

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from typing import Any

    from thinwire.core.answer.completion import Completion
    from thinwire.core.client import BaseClient
    from thinwire.core.request.http_request import Request
    from thinwire.core.routing.deployment import Deployment
    from thinwire.core.routing.policy import Timeouts
    from thinwire.core.transport import Response

_LIMIT = const(256)  # tokens: a short thought has room in it
_HELLO = "Say hello in one word."
_ASKED = "What is the weather in Paris, and what is it in Rome? Use the tool, once for each city."
_PARAMETERS = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
    "additionalProperties": False,
}
_SCHEMA = {
    "type": "object",
    "properties": {"fine": {"type": "boolean"}},
    "required": ["fine"],
    "additionalProperties": False,
}
_REASONING = ("reasoning_content", "reasoning", "reasoning_details", "thinking")
_LONGEST = const(24)  # bytes of such a name, and quotes
_REFUSED = (400, 404, 405, 411, 413, 415, 422, 500, 501, 502)


@public
class Probe:
    """What a server and its model can do.

    Attributes:
        features: name -> True, False or None where it could not be found out: chunked (bodies
            without a length), stream_usage, tools, parallel_tools, json_schema, keep_alives; and
            reasoning_field: the name it comes under, "<think>" in the content, "" for none.
        profile: what of that a Deployment has to be told, a JSON object:
            `Deployment(url, key, model, **profile)`.
        errors: name -> why it is False or None, in words, where an error says so.
    """

    def __init__(self) -> None:
        self.features: dict[str, Any] = {}
        self.profile: dict[str, Any] = {}
        self.errors: dict[str, str] = {}

    def __repr__(self) -> str:
        return "Probe(features=%r, profile=%r)" % (self.features, self.profile)


async def probe(
    client: "BaseClient",
    name: "str | None" = None,
    *,
    timeouts: "Timeouts | float | None" = None,
) -> Probe:
    """Tries what a deployment can do; costs half a dozen short answers.

    Args:
        client: whose deployment it is.
        name: public model name, None for the default.
        timeouts: limits for each chat in place of the deployment's.

    Raises:
        ThinwireError: not even a plain chat works.
        ValueError: the model is not declared.
    """
    name = client._router.name(name)  # noqa: SLF001 - the client's other half, as everywhere below
    trial = _Trial(client, name, timeouts)
    await trial.plain()
    await trial.chunked()
    await trial.tools()
    await trial.json_schema()
    return trial.found


class _Ear:
    # Hears comments in streams, and the names of fields with reasoning: a listener, and what it
    # gives for each attempt.
    comments = 0
    _start = True

    def __init__(self) -> None:
        self.names: list[str] = []
        self._tail = b""

    def sending(self, request: "Request", now_ms: int) -> "_Ear":
        self._start = True
        return self

    def head(self, response: "Response", now_ms: int) -> None:
        pass

    def data(self, view: memoryview, now_ms: int) -> None:
        for byte in bytes(view):
            self.comments += self._start and byte == 0x3A  # a line that begins with ":"
            self._start = byte in (10, 13)
        text = self._tail + bytes(view)
        self._tail = text[-_LONGEST:]
        for name in _REASONING:
            if b'"%s":' % name.encode() in text and name not in self.names:
                self.names.append(name)

    def ended(self, how: str, now_ms: int, error: "BaseException | None") -> None:
        pass


class _Trial:
    def __init__(
        self, client: "BaseClient", name: str, timeouts: "Timeouts | float | None"
    ) -> None:
        self._client = client
        self._name = name
        self._timeouts = timeouts
        self._deployment = client._router.deployment(name)  # noqa: SLF001
        self._limit: dict[str, Any] = {"max_tokens": _LIMIT}
        self._fields: list[str] = []
        self.found = Probe()

    async def _chat(
        self, text: str, deployment: "Deployment | None" = None, **more: "Any"
    ) -> "Completion":
        one = alone(self._client, self._name, deployment or self._deployment)
        ear = _Ear()
        one._transport = Tap(one._transport, [ear])  # noqa: SLF001
        more.update(self._limit)
        completion: Completion = await one.chat(
            [{"role": "user", "content": text}], timeouts=self._timeouts, **more
        )
        if ear.comments:
            self.found.features["keep_alives"] = True
        if completion.reasoning_content:
            self._fields.extend(ear.names or ["reasoning"])
        return completion

    async def plain(self) -> None:
        """A chat as it is; where it is refused, without what is refused most often."""
        features, profile = self.found.features, self.found.profile
        features["keep_alives"] = False
        first = None
        completion = None
        for usage in (self._deployment.stream_usage, False):
            for limit in ("max_tokens", "max_completion_tokens"):
                self._limit = {limit: _LIMIT}
                try:
                    deployment = altered(self._deployment, stream_usage=usage)
                    completion = await self._chat(_HELLO, deployment)
                    break
                except ThinwireError as error:
                    first = first or error
                    if not _is_refusal(error):
                        raise
                    if not refuses_limit(error):
                        break
            if completion is not None:
                break
        if completion is None:
            raise first  # type: ignore[misc]
        if usage != self._deployment.stream_usage:
            profile["stream_usage"] = False
            self._deployment = deployment
        if limit != "max_tokens":
            profile["rename"] = {"max_tokens": limit}
        features["stream_usage"] = bool(completion.usage)
        features["reasoning_field"] = self._fields[0] if self._fields else ""
        text = (completion.content or "").strip()
        if "</think>" in text or text.startswith("<think>"):
            features["reasoning_field"] = "<think>"
            profile["think_tags"] = True if text.startswith("<think>") else "inside"

    async def chunked(self) -> None:
        """A body without a length."""
        if self._deployment.framing == "length":
            self.found.features["chunked"] = None  # it is known not to be wanted
            return
        found = await self._try("chunked", _HELLO, altered(self._deployment, framing="chunked"))
        self.found.features["chunked"] = found if found is None else True
        if found is False:
            self.found.features["chunked"] = False
            self.found.profile["framing"] = "length"
            self._deployment = altered(self._deployment, framing="length")

    async def tools(self) -> None:
        """One call, and two at once."""
        function = {"name": "weather", "description": "Tells it.", "parameters": _PARAMETERS}
        tools = [{"type": "function", "function": function}]
        found = await self._try("tools", _ASKED, None, tools=tools)
        if found and not found.tool_calls:  # it would rather talk
            found = await self._try("tools", _ASKED, None, tools=tools, tool_choice="required")
        calls = len(found.tool_calls) if found else 0
        self.found.features["tools"] = found if found is None else calls > 0
        self.found.features["parallel_tools"] = found if found is None else calls > 1

    async def json_schema(self) -> None:
        """An answer in the form of a schema."""
        schema = {"name": "answer", "schema": _SCHEMA, "strict": True}
        found = await self._try(
            "json_schema",
            "Are you fine?",
            None,
            response_format={"type": "json_schema", "json_schema": schema},
        )
        if found:
            try:
                text = (found.content or "").rpartition("</think>")[2]
                answer = json.loads(text)
            except ValueError:
                answer = None
            found = isinstance(answer, dict) and isinstance(answer.get("fine"), bool)
        self.found.features["json_schema"] = found

    async def _try(
        self, what: str, text: str, deployment: "Deployment | None", **more: "Any"
    ) -> "Any":
        # The completion; False if it is refused, None if that cannot be said.
        try:
            return await self._chat(text, deployment, **more)
        except ThinwireError as error:
            self.found.errors[what] = str(error)
            if _is_refusal(error) or error.kind in ("tool_calls", "unsupported"):
                return False
            unanswered = getattr(error, "last", error).unanswered
            return False if what == "chunked" and unanswered else None


def _is_refusal(error: ThinwireError) -> bool:
    return getattr(error, "last", error).status in _REFUSED

"""The OpenAI chat-completions dialect: the request. Nothing is sent that the caller did not ask
for, except `stream` and (unless the deployment says no) `stream_options`.
"""

from thinwire.core._compat import const
from thinwire.core.request.body import JSONBody
from thinwire.core.transport import Request
from thinwire.core.wire.json_encode import Items

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from thinwire.core.request.body import Body
    from thinwire.core.request.call import Call
    from thinwire.core.routing.deployment import Deployment

SUFFIX = "/chat/completions"


def chat_body(deployment: "Deployment", name: str, call: "Call", pin: str = "") -> JSONBody:
    """Body of a streaming chat request to `deployment`, which serves the public model `name`.

    Args:
        pin: provider behind the deployment to ask first, "" for none.
    """
    document: dict[str, object] = {"model": deployment.model or name}
    document["messages"] = _messages(call.messages)
    if call.tools:
        document["tools"] = call.tools
    document.update(call.params)
    for key, value in deployment.extra_body.items():
        document.setdefault(key, value)
    provider = deployment.provider(pin)
    if provider:
        document.setdefault("provider", provider)
    document["stream"] = True
    if deployment.stream_usage:
        document.setdefault("stream_options", {"include_usage": True})
    document.update(call.extra_body)
    return JSONBody(document, call.sizes)


def chat_request(deployment: "Deployment", body: "Body", headers: "dict[str, str]") -> Request:
    """Request that carries `body` to the chat endpoint of `deployment`.

    Args:
        headers: the caller's own; they win over the deployment's, those over thinwire's.
    """
    url = deployment.url
    pairs = [
        ("Content-Type", "application/json"),
        ("Accept", "text/event-stream"),
        ("Accept-Encoding", "identity"),
        ("User-Agent", "thinwire"),
    ]
    for more in (deployment.headers(), list(headers.items())):
        pairs = _merged(pairs, more)
    return Request(
        "POST", url.scheme, url.host, url.port, url.target(SUFFIX), url.authority(), pairs, body
    )


def _messages(messages: object) -> object:
    # A list is walked as it is; any other iterable may live on disk and is read while it is sent.
    return messages if isinstance(messages, (list, tuple)) else Items(messages)


def _merged(
    pairs: "list[tuple[str, str]]", more: "list[tuple[str, str]]"
) -> "list[tuple[str, str]]":
    # Header names compare without case: a later one replaces an earlier, never doubles it.
    names = [name.lower() for name, _ in more]
    return [pair for pair in pairs if pair[0].lower() not in names] + more

"""The OpenAI chat-completions dialect: the request, and what reads its answer.

Nothing is sent that the caller did not ask for, except `stream` and (unless the deployment says
no) `stream_options`.
"""

from thinwire.core._compat import MICROPYTHON, const, import_module
from thinwire.core.answer.answer import Answer
from thinwire.core.request.http_request import JSONBody, Request
from thinwire.core.wire.json_encode import Items

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from typing import Any

    from thinwire.core.request.call import Call
    from thinwire.core.request.http_request import Body
    from thinwire.core.routing.deployment import Deployment
    from thinwire.core.wire.reserve import Reserve

_TARGET = "/chat/completions"


def request(
    deployment: "Deployment",
    name: str,
    call: "Call",
    key: "str | None" = None,
    first_provider: str = "",
) -> Request:
    """The request that asks `deployment` what `call` says.

    Args:
        name: public name of the model; sent where the deployment has no id of its own.
        key: what the deployment's `api_key` is, or gave.
        first_provider: provider behind the deployment to ask first, "" for none.
    """
    body = call.body
    if body is None:
        body = JSONBody(_document(deployment, name, call, first_provider), call.sizes)
    return posted(deployment, call, _TARGET, body, key)


def posted(
    deployment: "Deployment",
    call: "Call",
    target: str,
    body: "Body",
    key: "str | None",
    usual: str = "bearer",
    more: "tuple[tuple[str, str], ...]" = (),
) -> Request:
    """The request that posts `body`, on whatever wire.

    Args:
        target: below the base URL.
        key: see request.
        usual: in which header this wire has the key; see authorization.key_header.
        more: headers that this wire has beside.
    """
    # Made once for all calls that have no headers of their own; not on a chip, where it is garbage
    # that would have to be kept.
    known, url = (key, target, usual, more), deployment.url
    if not MICROPYTHON and not call.extra_headers:
        posted = deployment.__dict__.get("_posted")
        if posted is not None and posted[0] == known:
            _, headers, path, authority = posted
            return Request(
                "POST", url.scheme, url.host, url.port, path, authority, headers.copy(), body
            )
    # Header names compare without case: a later one replaces an earlier, never doubles it. The
    # caller's win over the deployment's, those over thinwire's.
    headers = [
        ("Content-Type", "application/json"),
        ("Accept", "text/event-stream, application/json"),
        ("Accept-Encoding", "identity"),
        ("User-Agent", "thinwire"),
    ]
    headers.extend(more)
    given = ("Authorization", "Bearer " + key if key else "")
    options = deployment.options
    if options is not None or usual != "bearer":
        key_header = import_module("thinwire.core.dialects.authorization").key_header
        given = key_header("" if options is None else options.auth, key, usual)
    if not (deployment.extra_headers or call.extra_headers):
        if given[1]:
            headers.append(given)
    else:
        for others in (deployment.headers(*given), list(call.extra_headers.items())):
            names = [one.lower() for one, _ in others]
            headers = [pair for pair in headers if pair[0].lower() not in names] + others
    path, authority = url.target(target), url.authority()
    if not MICROPYTHON and not call.extra_headers:
        deployment.__dict__["_posted"] = known, headers.copy(), path, authority
    return Request("POST", url.scheme, url.host, url.port, path, authority, headers, body)


def answer(
    deployment: "Deployment", call: "Call", buffers: "Reserve", buffer: bytearray
) -> Answer:
    """What reads the answer of `deployment` to `call`.

    Args:
        buffers: whose `buffer` it is, and get it back.
        buffer: to receive into.
    """
    kind = None
    if deployment.think_tags:
        from thinwire.core.answer.think_tags import InsideAssembler, ThinkingAssembler

        kind = InsideAssembler if deployment.think_tags == "inside" else ThinkingAssembler
    return Answer(call.keep, buffers, buffer, call.choices(deployment.extra_body), kind)


def _document(
    deployment: "Deployment", name: str, call: "Call", first_provider: str
) -> "dict[str, object]":
    document: dict[str, object] = {"model": deployment.model or name}
    document["messages"] = _messages(call.messages, deployment, call)
    if call.tools:
        document["tools"] = call.tools
        if _is_tidy(deployment):
            mended = import_module("thinwire.core.dialects.replay").mended
            document["tools"] = mended("legal_tools", call.tools, call.tell)
    document.update(call.params)
    for key, value in deployment.extra_body.items():
        document.setdefault(key, value)
    if first_provider or deployment.provider_order or deployment.allow_fallbacks is not None:
        provider = provider_field(deployment, first_provider)
        document.setdefault("provider", provider)
    document["stream"] = True
    if deployment.stream_usage:
        document.setdefault("stream_options", {"include_usage": True})
    if call.extra_body:
        document.update(call.extra_body)
        if isinstance(call.extra_body.get("messages"), (list, tuple)):
            document["messages"] = _messages(call.extra_body["messages"], deployment, call)
    options = deployment.options
    if call.reasoning is not None or (options is not None and options.shapes()):
        shape = import_module("thinwire.core.dialects.parameters").shape  # few ask for more
        shape(document, deployment, call)
    return document


def _messages(messages: "Any", deployment: "Deployment", call: "Call") -> object:
    # A list is walked as it is, unless answers, or calls of tools and their results, are among its
    # messages; any other iterable may live on disk and is read while it is sent.
    listed = isinstance(messages, (list, tuple))
    if listed:
        for message in messages:
            if hasattr(message, "to_message"):
                break
            if hasattr(message, "keys") and (
                "_origin" in message or "tool_calls" in message or message.get("role") == "tool"
            ):
                break
        else:
            return messages
    from thinwire.core.dialects import replay

    fitted = replay.fitted(messages, deployment.url.origin(), _is_tidy(deployment), call.tell)
    return fitted if listed else Items(fitted)


def _is_tidy(deployment: "Deployment") -> bool:
    return deployment.options is None or deployment.options.hygiene


def provider_field(deployment: "Deployment", first: str) -> "dict[str, object]":
    """OpenRouter's `provider` field, {} for none. One name locks; who is only to be asked first
    does not.
    """
    names = deployment.provider_order
    allow = deployment.allow_fallbacks
    order = ([first] if first else []) + [one for one in names if one != first]
    if not order:
        return {} if allow is None else {"allow_fallbacks": allow}
    return {"order": order, "allow_fallbacks": len(names) != 1 if allow is None else allow}

"""What models a server has: its own list, asked for with a deployment's key, clocks and retries,
read entry by entry (model_list.py), page by page, and kept for five minutes.

A list of names that the caller brings, or the client's own at that server, stands in for it only
where there is nothing to ask: the endpoint does not exist, or nobody can be reached. Never after a
refusal, since a bad key must not look fine.

Loaded by `models()`, and what builds on it: check.py, probe.py.
"""

from thinwire.core._compat import const, import_module
from thinwire.core.errors import ThinwireError
from thinwire.core.providers.model_list import ListReader, ModelEntry
from thinwire.core.routing.health import CooldownPolicy, Health
from thinwire.core.routing.router import Router

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from collections.abc import Sequence

    from thinwire.core.client import AsyncClient, BaseClient
    from thinwire.core.routing.deployment import Deployment
    from thinwire.core.routing.policy import RetryPolicy, Timeouts

_FRESH_MS = const(300000)
_READ = const(2048)  # bytes at a time
_MOST_PAGES = const(100)  # of 1000 entries, where a server gives what it is asked for
_NO_ENDPOINT = (404, 405, 501)
_OUT_OF_REACH = ("connect", "timeout", "read", "write")
_PLAIN = "-._~"  # beside letters and digits (RFC 3986 §2.3)


async def models(
    client: "BaseClient",
    name: "str | None" = None,
    *,
    refresh: bool = False,
    fallback: "Sequence[str] | None" = None,
    timeouts: "Timeouts | float | None" = None,
) -> "list[ModelEntry]":
    """The models of a deployment's server.

    Args:
        client: whose deployment it is.
        name: public model name, None for the default, or for "*" where there is none.
        refresh: ask even if the list is known from less than five minutes ago.
        fallback: ids that stand in where there is no such endpoint, or nobody to be reached; None:
            those of the client's own at that server; () for the error. They have `listed=False`.
        timeouts: limits in place of the deployment's.

    Returns:
        ModelEntry objects in the server's order, as a list of the caller's own.

    Raises:
        ThinwireError: the server refuses (a bad key, a limit), fails, or gives no list; with
            `fallback=()` also if it has no such endpoint or cannot be reached.
        ValueError: the model is not declared.
    """
    router = client._router  # noqa: SLF001 - the client's other half, as everywhere below
    if name is None and router.default_model is None and router.star is not None:
        name, deployment = "*", router.star  # where the ids are that nobody declared
    else:
        name = router.name(name)
        deployment = router.deployment(name)
    kept: list[tuple[Deployment, int, list[ModelEntry]]]
    kept = getattr(client, "_listed", None) or []
    now = client._transport.now_ms()  # noqa: SLF001
    kept = [one for one in kept if now - one[1] < _FRESH_MS]
    if not refresh:
        for known, _, entries in kept:
            if _is_same(known, deployment):
                return list(entries)
    try:
        entries = await listed(client, name, deployment, timeouts)
    except ThinwireError as error:
        if not is_nowhere(error) or (fallback is not None and not fallback):
            raise
        return _in_place(client, deployment, fallback)
    kept = [one for one in kept if not _is_same(one[0], deployment)]
    kept.append((deployment, now, entries))
    client._listed = kept  # type: ignore[attr-defined]  # noqa: SLF001
    return list(entries)


def is_nowhere(error: ThinwireError) -> bool:
    """Whether the error says that there is nothing to ask: no such endpoint, or nobody there."""
    error = getattr(error, "last", error)
    return error.status in _NO_ENDPOINT or (not error.status and error.kind in _OUT_OF_REACH)


async def listed(
    client: "BaseClient",
    name: str,
    deployment: "Deployment | None" = None,
    timeouts: "Timeouts | float | None" = None,
    retry: "RetryPolicy | int | None" = None,
) -> "list[ModelEntry]":
    """The list of a deployment's server, asked for now.

    Args:
        name: its public name.
        deployment: in place of the client's of that name.
        timeouts, retry: see AsyncClient.chat.

    Raises:
        ThinwireError: see `models`.
    """
    one = alone(client, name, deployment)
    first = path = _path(deployment or client._router.deployment(name))  # noqa: SLF001
    reader, before, buffer, pages = ListReader(), -1, bytearray(_READ), 0
    # A page that brings nothing new is the last.
    while path and len(reader.entries) > before and pages < _MOST_PAGES:
        before = len(reader.entries)
        pages += 1
        reader.begin()
        async with await one.get(path, timeouts=timeouts, retry=retry) as reply:
            count = await reply.readinto(buffer)
            while count:
                reader.feed(buffer, count)
                count = await reply.readinto(buffer)
        path = _next(first, reader.finish(reply.wrong))
    return reader.entries


def alone(
    client: "BaseClient", name: str, deployment: "Deployment | None" = None
) -> "AsyncClient":
    """A client of one deployment of another client's, on its connections: no fallbacks, and no
    memory of what failed before. Not to be closed.

    Args:
        name: public name of the deployment.
        deployment: in place of the client's of that name.
    """
    found = deployment or client._router.deployment(name)  # noqa: SLF001
    result: AsyncClient = object.__new__(import_module("thinwire.core.client").AsyncClient)
    for field, value in client.__dict__.items():
        setattr(result, field, value)
    name = "any" if name == "*" else name
    result._router = Router(name, {name: found})  # noqa: SLF001
    result._health = Health(CooldownPolicy())  # noqa: SLF001
    return result


def _path(deployment: "Deployment") -> str:
    path = "" if deployment.options is None else deployment.options.models_path
    if not path:
        # Azure's older API lists models for the resource, whose deployments are below it.
        path = "//openai/models" if "/openai/deployments/" in deployment.url.path else "/models"
    if deployment.dialect == "anthropic" and "?" not in path:
        path += "?limit=1000"  # of 20 by default
    return path


def _next(path: str, rest: "dict[str, object]") -> str:
    # Where the next page is, "" for none.
    for more, field, query in (
        ("has_more", "last_id", "after_id"),
        ("nextPageToken", "nextPageToken", "pageToken"),
    ):
        mark = rest.get(field)
        if rest.get(more) and isinstance(mark, str) and mark:
            try:
                quoted = "".join([_quoted(character) for character in mark])
            except UnicodeError:  # half a surrogate pair, which no server has as a mark
                return ""
            return "%s%s%s=%s" % (path, "&" if "?" in path else "?", query, quoted)
    return ""


def _quoted(character: str) -> str:
    if (
        "a" <= character <= "z"
        or "A" <= character <= "Z"
        or "0" <= character <= "9"
        or character in _PLAIN
    ):
        return character
    return "".join(["%%%02X" % byte for byte in character.encode()])


def _is_same(one: "Deployment", other: "Deployment") -> bool:
    # Who asks says what is listed, too.
    same = one.base_url == other.base_url and one.api_key == other.api_key
    return same and one.extra_headers == other.extra_headers and _path(one) == _path(other)


def _in_place(
    client: "BaseClient", deployment: "Deployment", fallback: "Sequence[str] | None"
) -> "list[ModelEntry]":
    if fallback is None:
        fallback = []
        for name in client.names:
            one = client._router.deployment(name)  # noqa: SLF001
            if one.base_url == deployment.base_url:
                fallback.append(one.model or name)
    found: list[str] = []
    for id in fallback:
        if id not in found:
            found.append(id)
    return [ModelEntry(id, listed=False) for id in found]

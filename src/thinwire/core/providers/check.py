"""Whether deployments work: reachable, authorised, their model there, and how soon it speaks.

What costs nothing is asked first: the list of models. Then, unless it is to be free, the least
that a model can be asked, which is left at its first delta. Some servers give their list to
anybody, so a list proves a key only where it is refused without one, or the server is asked about
the key itself.

Loaded by `check()`.
"""

from thinwire.core._compat import const, public
from thinwire.core.errors import ThinwireError
from thinwire.core.providers.discovery import alone, is_nowhere, listed
from thinwire.core.providers.keys import altered

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from thinwire.core.client import BaseClient
    from thinwire.core.providers.model_list import ModelEntry
    from thinwire.core.routing.deployment import Deployment
    from thinwire.core.routing.policy import Timeouts

_ASKED = ({"role": "user", "content": "Hi"},)
# The least that can be asked for; some models know another name for it, or refuse both.
_LIMITS: "tuple[dict[str, Any], ...]" = (
    {"max_tokens": 1},
    {"max_completion_tokens": 16},
    {},
)
_REFUSED = (401, 403)
# Who gives the list to anybody, but answers a key (https://openrouter.ai/docs/api-reference/limits).
_ABOUT_KEYS = (("openrouter", "/key"),)


@public
class Check:
    """How a deployment is, as far as it could be found out; None: it could not.

    Attributes:
        name: public name.
        model: id that its server is asked for.
        reachable: whether somebody answered.
        authorised: whether the key is accepted.
        present: whether the server has the model.
        first_token_ms: from the start of a chat to its first delta, in milliseconds.
        error: what went wrong, the last and most telling ThinwireError, or None.
        ok: whether nothing did.
    """

    def __init__(self, name: str, model: str) -> None:
        self.name = name
        self.model = model
        self.reachable: bool | None = None
        self.authorised: bool | None = None
        self.present: bool | None = None
        self.first_token_ms: int | None = None
        self.error: ThinwireError | None = None

    @property
    def ok(self) -> bool:
        """See Check."""
        return self.error is None and self.present is not False

    def failed(self, error: ThinwireError) -> None:
        """Takes note of what an error says."""
        self.error = error
        last = getattr(error, "last", error)
        if last.status:
            self.reachable = True
            if last.status in _REFUSED:
                self.authorised = False
            elif last.kind == "model_not_found":
                self.present = False
        elif self.reachable is None and last.kind != "stream":
            self.reachable = False

    def __repr__(self) -> str:
        said = ["%r, %r" % (self.name, self.model)]
        for field in ("reachable", "authorised", "present", "first_token_ms"):
            value = getattr(self, field)
            if value is not None:
                said.append("%s=%r" % (field, value))
        if self.error is not None:
            said.append("error=%s" % self.error.kind)
        return "Check(%s)" % ", ".join(said)


async def check(
    client: "BaseClient",
    names: "Sequence[str] | str | None" = None,
    *,
    free: bool = False,
    timeouts: "Timeouts | float | None" = None,
) -> "list[Check]":
    """Checks deployments, one after the other; what is wrong with one is in its Check.

    Args:
        client: whose deployments they are.
        names: public model names, or one; None for all.
        free: spend nothing: only the list of models is asked for.
        timeouts: limits for each request in place of the deployments'.

    Raises:
        ValueError: a name that is not declared.
    """
    if isinstance(names, str):
        names = (names,)
    found = []
    for name in client.names if names is None else names:
        deployment = client._router.deployment(client._router.name(name))  # noqa: SLF001
        one = Check(name, deployment.model or name)
        found.append(one)
        try:
            await _list(client, deployment, one, free, timeouts)
        except ThinwireError as error:
            one.failed(error)
            if is_nowhere(error) and one.reachable:
                one.error = None  # not every server has a list
        if not (free or one.authorised is False or one.reachable is False):
            await _ask(client, deployment, one, timeouts)
    return found


async def _list(
    client: "BaseClient",
    deployment: "Deployment",
    one: Check,
    free: bool,
    timeouts: "Timeouts | float | None",
) -> None:
    entries = await listed(client, one.name, deployment, timeouts, 1)
    one.reachable = True
    one.present = has(entries, one.model)
    if not free:
        return  # the chat will tell
    path = dict(_ABOUT_KEYS).get(deployment.provider)
    if deployment.api_key and path is not None:
        reply = await alone(client, one.name, deployment).get(path, timeouts=timeouts, retry=1)
        await reply.aclose()
    elif deployment.api_key:
        try:
            await listed(client, one.name, altered(deployment, api_key=""), timeouts, 1)
            return  # it is given to anybody
        except ThinwireError as error:
            if error.status not in _REFUSED:
                return
    one.authorised = True


def has(entries: "list[ModelEntry]", model: str) -> bool:
    """Whether a model is in a list; some servers add a word of their own before or behind."""
    known = (model, "models/" + model, model + ":latest")
    return any(entry.id in known for entry in entries)


def refuses_limit(error: ThinwireError) -> bool:
    """Whether a model may only dislike how its answer was limited."""
    error = getattr(error, "last", error)
    return error.status in (400, 422) and "token" in error.message.lower()


async def _ask(
    client: "BaseClient", deployment: "Deployment", one: Check, timeouts: "Timeouts | float | None"
) -> None:
    asked = alone(client, one.name, deployment)
    for limit in _LIMITS:
        start = client._transport.now_ms()  # noqa: SLF001
        try:
            async with asked.stream(_ASKED, timeouts=timeouts, retry=1, **limit) as stream:
                await stream.__anext__()
        except ThinwireError as error:
            one.failed(error)
            if not refuses_limit(error):
                return
            continue
        one.first_token_ms = client._transport.now_ms() - start  # noqa: SLF001
        one.reachable = one.authorised = one.present = True
        one.error = None
        return

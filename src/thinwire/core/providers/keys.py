"""Keys: where they are while a deployment has none, and what follows when one is refused.

A variable of the environment is read when a client is made, for the deployments that name one
(`api_key_env=`) or whose preset does. Loaded for those, and for keys that are asked for.
"""

from thinwire.core._compat import claim, const, getenv, import_module, set_field
from thinwire.core.error_kinds import ThinwireError
from thinwire.core.routing.deployment import Deployment, check_key

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from thinwire.core.routing.deployment import Credentials
    from thinwire.core.routing.plan import Plan

_HEADERS = ("authorization", "api-key", "x-api-key")


def read(variables: "Sequence[str]", environ: "Mapping[str, str] | None" = None) -> str:
    """The first of these variables that is set, without white space around it; "" for none.

    Args:
        environ: variables by name, None for those of this process.
    """
    for name in variables:
        value = (getenv(name) if environ is None else environ.get(name)) or ""
        if value.strip():
            return value.strip()
    return ""


def check_variable(name: str) -> None:
    """Refuses what is no name of a variable: it may be the key, which errors would show.

    Raises:
        ValueError: see above.
    """
    for character in name:
        if not (character == "_" or character.isalpha() or character.isdigit()):
            said = (
                "api_key_env takes the name of a variable, e.g. OPENAI_API_KEY; a key is api_key="
            )
            raise ValueError(said)


def keyed(
    deployment: Deployment,
    name: str,
    api_key: "str | Credentials | None" = None,
    api_key_env: "str | None" = None,
    environ: "Mapping[str, str] | None" = None,
) -> Deployment:
    """A deployment with its key: itself where it has one, or needs none.

    Args:
        deployment: as it was made.
        name: its public name, for the words of an error.
        api_key, api_key_env: what its client was given beside it, None for nothing.
        environ: variables by name, None for those of this process.

    Raises:
        ValueError: a key is needed, and its variable is not set; there are two; the key cannot be
            sent. It is not in the message.
        TypeError: the key is of another kind.
    """
    options = deployment.options
    if api_key is not None or api_key_env is not None:
        if api_key is not None and api_key_env is not None:
            raise ValueError("api_key and api_key_env are both given: one of them is the key")
        if deployment.api_key is not None or (options is not None and options.api_key_env):
            said = "%r has a key of its own, and the client is given another one for it"
            raise ValueError(said % name)
    elif options is None or deployment.api_key is not None:
        return deployment
    variables: Sequence[str] = () if options is None else options.variables
    if api_key_env is not None:
        check_variable(api_key_env)
        variables = (api_key_env,)
    key: object = api_key
    if key is None:
        key = read(variables, environ)
        if not key:
            if api_key_env is None and not _is_needed(deployment):
                return deployment
            raise ValueError(_missing(name, variables))
    return altered(deployment, api_key=key)


def _is_needed(deployment: Deployment) -> bool:
    # Some have another way to show who they are.
    own = [name for name in deployment.extra_headers if name.lower() in _HEADERS]
    return deployment.options.needs_key and not own  # type: ignore[union-attr]


def _missing(name: str, variables: "Sequence[str]") -> str:
    said = "no key for %r: set the variable %s, or give Deployment(..., api_key=)"
    return said % (name, " or ".join(variables))


def altered(deployment: Deployment, **fields: object) -> Deployment:
    """A copy of a deployment with another key, model or dialect.

    Raises:
        TypeError, ValueError: see Deployment.
    """
    if "api_key" in fields and not callable(fields["api_key"]):
        check_key(fields["api_key"], "a str, a callable or None")
    result: Deployment = object.__new__(Deployment)
    for name, value in deployment.__dict__.items():
        if name != "_posted":  # which has its key
            set_field(result, name, value)
    for name, value in fields.items():
        set_field(result, name, value)
    if result.url.scheme == "http":  # where it may have been sent without a key only
        import_module("thinwire.core.providers.addresses").check(result)
    return result


async def current(plan: "Plan", name: str) -> "str | None":
    """The key for the next attempt at a deployment whose `api_key` is a callable: what it gives,
    or what it gave in place of a key that was refused.

    Args:
        plan: of the call.
        name: of the deployment.

    Raises:
        what the callable raises, and see Deployment.credentials.
    """
    key = plan.renewed and plan.renewed.get(name)
    if key:
        plan.renewed[name] = None  # type: ignore[index]
        return key
    return await _asked(plan, name)


async def renew(plan: "Plan", name: str, refused: "str | None") -> bool:
    """Asks once more for a key that a server has refused, for the next attempt there.

    Args:
        plan: of the call; a deployment's key is asked for once more in it.
        name: of the deployment.
        refused: the key that was sent.

    Returns:
        Whether there is another one: then the attempt that failed is no attempt.
    """
    if plan.renewed is None:
        plan.renewed = {}
    if name in plan.renewed:
        return False
    plan.renewed[name] = None
    key = await _asked(plan, name)
    if not key or key == refused:
        return False
    plan.renewed[name] = key
    return True


async def _asked(plan: "Plan", name: str) -> "str | None":
    try:
        return await plan.router.deployment(name).credentials()
    except ThinwireError as error:  # of another call that the callable has made
        error.foreign = True
        raise
    except MemoryError as error:
        claim(error)
        raise

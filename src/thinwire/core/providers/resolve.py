"""What a name stands for: "provider:model" and the like become deployments here, and what a client
was given in few words becomes what a router takes.

A name is looked for in this order: a public name; "provider:model", split at its first ":", where
the provider is configured or a preset; "provider/model" of a provider that is configured, since
other servers have ids like that; the default provider's. So ids with ":" and "/" are right, too.
"""

from thinwire.core._compat import const, import_module, public
from thinwire.core.providers.keys import altered, keyed, read
from thinwire.core.routing.deployment import Deployment
from thinwire.core.wire.patterns import matches

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from os import PathLike
    from typing import Any, Protocol

    from thinwire.core.client import BaseClient
    from thinwire.core.routing.deployment import Credentials
    from thinwire.core.routing.router import Router

    Lists = Mapping[str, Sequence[str]]

    class Config(Protocol):
        """What a configuration knows."""

        deployments: Mapping[str, Deployment]
        default_provider: str

        def is_provider(self, name: str) -> bool:
            """Whether it is configured."""

        def deployment(self, provider: str, model: str) -> Deployment:
            """The deployment of a model at one of its providers."""


_FORMS = (
    '%r is no "provider:model", such as "openai:gpt-5-mini" or "ollama:llama3.2"%s; and a name of'
    " your own needs its Deployment(base_url, api_key, model)"
)


def written(text: str, **more: "Any") -> Deployment:
    """The deployment that "provider:model" means.

    Args:
        text: a preset's name, ":", and the model's id there.
        more: arguments of Deployment.

    Raises:
        ValueError: it means none.
    """
    provider, mark, model = text.partition(":")
    if not mark or not model or not _preset(provider):
        hint = ""
        if mark and model:
            known = import_module("thinwire.core.providers.presets").names()
            hint = " (%r is none of %s)" % (provider, ", ".join(known))
        raise ValueError(_FORMS % (text, hint))
    return Deployment(provider=provider, model=model, **more)


def _preset(name: str) -> "dict[str, Any]":
    found: dict[str, Any] = import_module("thinwire.core.providers.presets").look_up(name)
    return found


@public
def resolve(
    name: str, config: "Config | str | PathLike[str] | Mapping[str, Any] | None" = None
) -> Deployment:
    """The deployment that a name stands for; see the head of this file.

    Args:
        name: a public name of the configuration, "provider:model", or a model's id.
        config: a configuration: its path, its content, or what was made of it; None: presets only.

    Raises:
        ValueError: none.
    """
    if config is not None and not hasattr(config, "is_provider"):
        config = import_module("thinwire.core.providers.config").Config(config)
    return _resolved(name, {}, config, None)  # type: ignore[arg-type]


def of_client(client: "BaseClient", name: str) -> Deployment:
    """The deployment that a name stands for at a client.

    Args:
        name: one of its names, or as for `resolve`.

    Raises:
        ValueError: none.
    """
    router = client._router  # noqa: SLF001 - this is a method of the client's
    own = dict(router.deployments)
    default = own.pop("*", None)
    if default is None and len(own) == 1 and router.single:
        default = own[router.default_model]  # type: ignore[index]
    return _resolved(name, own, getattr(client, "_config", None), default)


def _resolved(
    name: str, own: "dict[str, Deployment]", config: "Config | None", default: "Deployment | None"
) -> Deployment:
    if name in own:
        return own[name]
    if config is not None and name in config.deployments:
        return config.deployments[name]
    for mark in (":", "/"):
        provider, found, model = name.partition(mark)
        if not found or not model:
            continue
        if config is not None and config.is_provider(provider):
            return config.deployment(provider, model)
        if mark == ":" and _preset(provider):
            return written(name, **_key_of(provider, own, default))
    if default is not None:
        return _for_model(default, name)
    if config is not None and config.default_provider:
        return config.deployment(config.default_provider, name)
    raise ValueError(_FORMS % (name, ""))


def _key_of(
    provider: str, own: "dict[str, Deployment]", default: "Deployment | None"
) -> "dict[str, Any]":
    # The key that a client has for this provider's own address, if it has one.
    address = _preset(provider).get("base_url")
    for one in list(own.values()) + ([] if default is None else [default]):
        if (one.provider, one.base_url) == (provider, address) and one.api_key is not None:
            return {"api_key": one.api_key}
    return {}


def _for_model(deployment: Deployment, model: str) -> Deployment:
    patterns = _responses_only(deployment)
    if matches(model, patterns):
        return altered(deployment, model=model, dialect="responses")
    return altered(deployment, model=model)


def _responses_only(deployment: Deployment) -> "list[str]":
    # Ids of models that its provider has in no other dialect.
    if deployment.dialect != "openai" or not deployment.provider:
        return []
    found: list[str] = _preset(deployment.provider).get("responses", [])
    return found


def settled(
    default_model: "str | None",
    deployments: "Mapping[str, Deployment | str] | Deployment | str | None",
    lists: "Sequence[Lists | Sequence[str] | None]",
    api_key: "str | Credentials | None" = None,
    api_key_env: "str | None" = None,
) -> "tuple[dict[str, Deployment], list[Lists | None]]":
    """What a router takes, of what a client was given: texts are deployments, variables are read.

    Args:
        default_model: the client's; without deployments itself a text.
        deployments: its deployments, or its only one.
        lists: fallbacks, and those for special cases: lists where it has one model, else by name.
        api_key, api_key_env: of `default_model`, and of what is written as text and has the same
            provider; nobody else is sent it.

    Raises:
        ValueError, TypeError: see AsyncClient.
    """
    mine: dict[str, Any] = {}
    if api_key is not None or api_key_env is not None:
        if default_model is None:
            raise TypeError("api_key belongs to the model that is named first, and none is")
        mine = {"api_key": api_key, "api_key_env": api_key_env}
    single = deployments is None or isinstance(deployments, (str, Deployment))
    if deployments is None:
        deployments = default_model
    if single:
        deployments = {default_model: deployments}  # type: ignore[dict-item]
    given: Mapping[str, Any] = deployments  # type: ignore[assignment]
    made: dict[str, Deployment] = {}
    mine_of = default_model if default_model in given else "*"  # whose key it is
    first = given.get(mine_of)  # type: ignore[arg-type]
    provider = first.partition(":")[0] if isinstance(first, str) and mine else ""
    for name, value in given.items():
        if not isinstance(value, (str, Deployment)):
            raise TypeError("deployments[%r] must be a Deployment, or provider:model" % name)
        own = mine if name == mine_of else {}
        made[name] = _member(name, value, provider, mine) if isinstance(value, str) else value
        if not isinstance(value, str):
            made[name] = keyed(value, name, **own)
    if "*" in made and made["*"].model is not None:
        raise ValueError('deployments["*"] is for ids that nobody declared: leave out model=')
    names = ("fallbacks", "context_fallbacks", "content_filter_fallbacks")
    result: list[Any] = []
    for option, chains in zip(names, lists):
        chains = _by_name(option, chains, default_model, single)
        for chain in chains.values():
            for name in () if isinstance(chain, str) else chain:
                if name not in made and ":" in name:
                    made[name] = _member(name, name, provider, mine)
        result.append(chains)
    return made, result


def _member(name: str, text: str, provider: str, mine: "dict[str, Any]") -> Deployment:
    own = mine if text.partition(":")[0] == provider else {}
    return keyed(_configured(text) or written(text), name, **own)


def _configured(text: str) -> "Deployment | None":
    # What "provider:model" means in the configuration that the environment names, if it does.
    provider, _, model = text.partition(":")
    path = read(("THINWIRE_CONFIG",))
    if not path or not model:
        return None
    config: Config = import_module("thinwire.core.providers.config").Config(path)
    return config.deployment(provider, model) if config.is_provider(provider) else None


def _by_name(
    option: str, chains: "Any", default_model: "str | None", single: bool
) -> "Mapping[str, Sequence[str]]":
    if not chains:
        return {}
    if isinstance(chains, (list, tuple)):
        if not single:
            said = "%s of a client with several models takes a list for each: {%r: %r}"
            raise TypeError(said % (option, default_model, list(chains)))
        return {default_model: chains}  # type: ignore[dict-item]
    if isinstance(chains, str) or not hasattr(chains, "items"):
        shown = "[...]" if single else "{%r: [...]}" % default_model
        raise TypeError("%s takes %s, not %r" % (option, shown, chains))
    if single:
        wanted = list(next(iter(chains.values())))
        raise TypeError("%s of a client with one model takes a list: %r" % (option, wanted))
    return chains  # type: ignore[no-any-return]


def nameless(star: "Deployment | None", known: str) -> str:
    """What is wrong with a call that names no model, where its client has no default.

    Args:
        star: the deployment for ids that nobody declared, None for none.
        known: the declared names, as text.
    """
    if star is None:
        return "no model is named: chat(model=...), one of %s" % known
    said = "no model is named: chat(model=...)"
    if star.options is not None and star.options.model_env:
        said += ", or set the variable %s" % star.options.model_env
    return said


def wild(router: "Router", name: str) -> Deployment:
    """The deployment of a model that nobody declared, where a router has "*".

    Nothing is kept for each name: whoever asks chooses them.
    """
    star: Deployment = router.star  # type: ignore[assignment]
    if router.wild is None:
        patterns = _responses_only(star)
        router.wild = (patterns, altered(star, dialect="responses") if patterns else star)
    patterns, deployment = router.wild
    return deployment if matches(name, patterns) else star

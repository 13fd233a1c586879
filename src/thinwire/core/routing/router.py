"""Which deployments a model name leads to. Each public name has exactly one deployment; fallbacks
are strict lists per name: the list of the model that was asked for is walked, lists of the
models on it are not. Everything is checked here, at construction.
"""

from thinwire.core._compat import const, import_module, is_async
from thinwire.core.routing.deployment import Deployment

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from thinwire.core.routing.deployment import Credentials

    # By name, or for the one model there is.
    Lists = Mapping[str, list[str] | tuple[str, ...]] | Sequence[str]


class Router:
    """Names, deployments and fallback lists of a client.

    Args:
        default_model: name used when a call gives none; None: each call has to name one.
        deployments: public model name -> Deployment, or "provider:model"; or one, default_model's;
            None: default_model is such a text itself. "*" is for ids that nobody declared.
        fallbacks: public model name -> names to try after it, in order; or the list of the only
            model. What is not declared is "provider:model".
        context_fallbacks: the same for a request that does not fit the model's context.
        content_filter_fallbacks: the same for a request that a content filter refused.
        blocking: for Client, which cannot wait for a key.
        api_key, api_key_env: key of default_model, where its deployment has none.

    Raises:
        ValueError: a name that is not declared, a model in its own list, a name listed twice; a
            text that means nothing; a key that is missing.
        TypeError: a deployment that is no Deployment; an async api_key, if `blocking`; a list in
            place of lists by name, or the other way round.

    Attributes:
        single: whether it was made for one model.
        deployments: public model name -> Deployment, "*" included.
        star: the deployment of "*", or None.
        wild: see resolve.wild.
    """

    wild: "tuple[list[str], Deployment] | None" = None

    def __init__(
        self,
        default_model: "str | None",
        deployments: "Mapping[str, Deployment | str] | Deployment | str | None",
        fallbacks: "Lists | None" = None,
        context_fallbacks: "Lists | None" = None,
        content_filter_fallbacks: "Lists | None" = None,
        blocking: bool = False,
        api_key: "str | Credentials | None" = None,
        api_key_env: "str | None" = None,
    ) -> None:
        self.default_model = default_model
        self.blocking = blocking
        lists = [fallbacks, context_fallbacks, content_filter_fallbacks]
        self.single = not hasattr(deployments, "items")
        named = deployments
        if isinstance(deployments, Deployment):
            named = {default_model: deployments}  # type: ignore[dict-item]
        if api_key is not None or api_key_env is not None or not _is_plain(named, lists):
            settled = import_module("thinwire.core.providers.resolve").settled
            named, lists = settled(default_model, deployments, lists, api_key, api_key_env)
        self.deployments: dict[str, Deployment] = dict(named)  # type: ignore[arg-type]
        self.star = self.deployments.get("*")
        for name, deployment in self.deployments.items():
            if blocking and callable(deployment.api_key) and is_async(deployment.api_key):
                said = "api_key of deployments[%r] is async, and Client cannot wait for it"
                raise TypeError((said + ": give it a plain callable, or use AsyncClient") % name)
        if default_model is not None:
            self.name(default_model, "default_model")
        self._lists = {
            "": self._checked("fallbacks", lists[0]),
            "context_length": self._checked("context_fallbacks", lists[1]),
            "content_filter": self._checked("content_filter_fallbacks", lists[2]),
        }

    def deployment(self, name: str) -> Deployment:
        """The deployment of a name that `name` has let through."""
        found = self.deployments.get(name)
        if found is None:
            found = import_module("thinwire.core.providers.resolve").wild(self, name)
        return found

    def name(self, model: "str | None", what: str = "") -> str:
        """The name asked for: `model`, or the default for None.

        Args:
            what: which option it stands in, "" for a call's.

        Raises:
            ValueError: the model is not declared, and there is no "*"; or there is no default.
        """
        name = self.default_model if model is None else model
        if name in self.deployments and name != "*":
            return name
        if name is None:
            nameless = import_module("thinwire.core.providers.resolve").nameless
            raise ValueError(nameless(self.star, self._known()))
        if self.star is None or name == "*":
            said = "%s %r is not in deployments" % (what, name)
            if not what:
                said = "no deployment for model %r" % (name,)
            raise ValueError("%s: known are %s" % (said, self._known()))
        return name

    def fallbacks(self, name: str, reason: str = "") -> "list[str]":
        """Names to try after `name`, in order.

        Args:
            name: a name that `name` has let through.
            reason: "" for ordinary failures, "context_length" or "content_filter".
        """
        chains = self._lists.get(reason, {})
        return chains.get(name if name in self.deployments else "*", [])

    def models(self) -> "list[str]":
        """All declared names, sorted."""
        return sorted([name for name in self.deployments if name != "*"])

    def _checked(self, option: str, lists: "Lists | None") -> "dict[str, list[str]]":
        checked = {}
        for name, chain in (lists or {}).items():  # type: ignore[union-attr]
            if name != "*" or self.star is None:
                self.name(name, "%s key" % option)
            if isinstance(chain, str):
                raise TypeError("%s[%r] must be a list of names, not a string" % (option, name))
            for place, member in enumerate(chain):
                self.name(member, "%s of %r" % (option, name))
                if member == name or member in chain[:place]:
                    message = "%s of %r go in a circle: %r would be tried twice"
                    raise ValueError(message % (option, name, member))
            checked[name] = list(chain)
        return checked

    def _known(self) -> str:
        return ", ".join([repr(name) for name in self.models()]) or "none"


def _is_plain(deployments: object, lists: "list[Any]") -> bool:
    # Whether all names are declared, with deployments that have their keys.
    if not hasattr(deployments, "items") or "*" in deployments:  # type: ignore[operator]
        return False
    for deployment in deployments.values():  # type: ignore[attr-defined]
        if not isinstance(deployment, Deployment):
            return False
        if deployment.options is not None and deployment.options.variables:
            return False
    for chains in lists:
        if chains and not hasattr(chains, "items"):
            return False
        for chain in (chains or {}).values():
            for name in chain:
                if name not in deployments:  # type: ignore[operator]
                    return False
    return True

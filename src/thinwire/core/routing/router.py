"""Which deployments a model name leads to. Each public name has exactly one deployment; fallbacks
are strict lists per name: the list of the model that was asked for is walked, lists of the
models on it are not. Everything is checked here, at construction.
"""

from thinwire.core._compat import const, is_async
from thinwire.core.routing.deployment import Deployment

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from collections.abc import Mapping

    Lists = Mapping[str, list[str] | tuple[str, ...]]


class Router:
    """Names, deployments and fallback lists of a client.

    Args:
        default_model: name used when a call gives none.
        deployments: public model name -> Deployment; or one, default_model's.
        fallbacks: public model name -> names to try after it, in order.
        context_fallbacks: the same for a request that does not fit the model's context.
        content_filter_fallbacks: the same for a request that a content filter refused.
        blocking: for Client, which cannot wait for a key.

    Raises:
        ValueError: a name that is not declared, a model in its own list, a name listed twice.
        TypeError: a deployment that is no Deployment; an async api_key, if `blocking`.
    """

    def __init__(
        self,
        default_model: str,
        deployments: "Mapping[str, Deployment] | Deployment",
        fallbacks: "Lists | None" = None,
        context_fallbacks: "Lists | None" = None,
        content_filter_fallbacks: "Lists | None" = None,
        blocking: bool = False,
    ) -> None:
        self.default_model = default_model
        self.blocking = blocking
        if isinstance(deployments, Deployment):
            deployments = {default_model: deployments}
        self._deployments = dict(deployments)
        for name, deployment in self._deployments.items():
            if not isinstance(deployment, Deployment):
                raise TypeError("deployments[%r] must be a Deployment" % name)
            if blocking and callable(deployment.api_key) and is_async(deployment.api_key):
                said = "api_key of deployments[%r] is async, and Client cannot wait for it"
                raise TypeError((said + ": give it a plain callable, or use AsyncClient") % name)
        self._require(default_model, "default_model")
        self._lists = {
            "": self._checked("fallbacks", fallbacks),
            "context_length": self._checked("context_fallbacks", context_fallbacks),
            "content_filter": self._checked("content_filter_fallbacks", content_filter_fallbacks),
        }

    def deployment(self, name: str) -> Deployment:
        """The deployment of a declared name."""
        return self._deployments[name]

    def name(self, model: "str | None") -> str:
        """The name asked for: `model`, or the default for None.

        Raises:
            ValueError: the model is not declared.
        """
        name = self.default_model if model is None else model
        if name not in self._deployments:
            raise ValueError("no deployment for model %r: known are %s" % (name, self._known()))
        return name

    def fallbacks(self, name: str, reason: str = "") -> "list[str]":
        """Names to try after `name`, in order.

        Args:
            name: a declared name.
            reason: "" for ordinary failures, "context_length" or "content_filter".
        """
        return self._lists.get(reason, {}).get(name, [])

    def models(self) -> "list[str]":
        """All declared names, sorted."""
        return sorted(self._deployments)

    def _checked(self, option: str, lists: "Lists | None") -> "dict[str, list[str]]":
        checked = {}
        for name, chain in (lists or {}).items():
            self._require(name, "%s key" % option)
            if isinstance(chain, str):
                raise TypeError("%s[%r] must be a list of names, not a string" % (option, name))
            for place, member in enumerate(chain):
                self._require(member, "%s of %r" % (option, name))
                if member == name or member in chain[:place]:
                    message = "%s of %r go in a circle: %r would be tried twice"
                    raise ValueError(message % (option, name, member))
            checked[name] = list(chain)
        return checked

    def _require(self, name: str, what: str) -> None:
        if name not in self._deployments:
            raise ValueError(
                "%s %r is not in deployments: known are %s" % (what, name, self._known())
            )

    def _known(self) -> str:
        return ", ".join([repr(name) for name in self.models()]) or "none"

# Which deployments a model name leads to. Each public name has exactly one deployment; fallbacks
# are strict lists per name: the list of the model that was asked for is walked, lists of the
# models on it are not. Everything is checked here, at construction.

from thinwire.core.model import Deployment


class Router:
    """Names, deployments and fallback lists of a client.

    Args:
        default_model: name used when a call gives none.
        deployments: public model name -> Deployment.
        fallbacks: public model name -> names to try after it, in order.

    Raises:
        ValueError: a name that is not declared, a model in its own list, a name listed twice.
        TypeError: a deployment that is no Deployment.
    """

    def __init__(
        self,
        default_model: str,
        deployments: "dict[str, Deployment]",
        fallbacks: "dict[str, list[str]] | None" = None,
    ) -> None:
        self.default_model = default_model
        self._deployments = dict(deployments)
        self._fallbacks = {name: list(chain) for name, chain in (fallbacks or {}).items()}
        for name, deployment in self._deployments.items():
            if not isinstance(deployment, Deployment):
                raise TypeError("deployments[%r] must be a Deployment" % name)
        self._require(default_model, "default_model")
        for name, chain in self._fallbacks.items():
            self._check_chain(name, chain)

    def deployment(self, name: str) -> Deployment:
        """The deployment of a declared name."""
        return self._deployments[name]

    def chain(self, model: "str | None") -> "list[str]":
        """Names to try for `model` (None: the default), in order.

        Raises:
            ValueError: the model is not declared.
        """
        name = self.default_model if model is None else model
        if name not in self._deployments:
            raise ValueError("no deployment for model %r: known are %s" % (name, self._known()))
        return [name] + self._fallbacks.get(name, [])

    def models(self) -> "list[str]":
        """All declared names, sorted."""
        return sorted(self._deployments)

    def _check_chain(self, name: str, chain: "list[str]") -> None:
        self._require(name, "fallbacks key")
        for place, member in enumerate(chain):
            self._require(member, "fallback of %r" % name)
            if member == name or member in chain[:place]:
                raise ValueError("fallback %r of %r would be tried twice" % (member, name))

    def _require(self, name: str, what: str) -> None:
        if name not in self._deployments:
            raise ValueError(
                "%s %r is not in deployments: known are %s" % (what, name, self._known())
            )

    def _known(self) -> str:
        return ", ".join([repr(name) for name in self.models()]) or "none"

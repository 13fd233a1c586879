"""A configuration, from a file or a dict: providers, models and all that a client may be told, as
plain data (schema.py says what). It is checked as a whole, and gives arguments of a client: what
can be written in Python can be written in a file, and nothing else happens here.

  source -> document -> Walk (fields, kinds, variables) -> providers -> models -> references
         -> Config.arguments()

A key that is not there is found out at once where it will be needed: for the default model and all
that stands in lists of fallbacks, whose turn comes when it is too late to mend. Any other model
says so when it is asked; a file with five providers works for who has the key of one.
"""

from thinwire.core._compat import const, forget_module, getenv, import_module, warn
from thinwire.core.error_kinds import ThinwireError
from thinwire.core.providers.config_file import error_of, read
from thinwire.core.providers.keys import altered, keyed
from thinwire.core.providers.other_names import merged, numbered, plain
from thinwire.core.providers.schema import Unset, Walk, below
from thinwire.core.providers.spelling import did_you_mean
from thinwire.core.routing.deployment import Deployment
from thinwire.core.routing.health import CooldownPolicy
from thinwire.core.routing.policy import Policy, RetryPolicy, Timeouts
from thinwire.core.routing.router import Router

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from thinwire.core.providers.config_file import Document, Source

    Environ = Mapping[str, str]

_PRESETS = "thinwire.core.providers.presets"
_LISTS = ("fallbacks", "context_fallbacks", "content_filter_fallbacks")
_POLICY = ("fallback_on", "hedge_after", "on_interrupt")
_AS_THEY_ARE = ("fallback_on", "hedge_after", "on_interrupt", "log", "keep_headers")


class Config:
    """A configuration that is right.

    Args:
        source: path of a JSON file, or of a TOML file (its name ends in .toml; CPython); or a dict
            of the same form.
        environ: variables of the environment in place of the process's.

    Raises:
        ConfigError: all that is wrong with it.

    Attributes:
        default_model: public name of a model, None where several are declared and none is named.
        default_provider: name of the provider that models belong to that are named without one,
            "" for none.
        deployments: public name -> Deployment.
    """

    def __init__(self, source: "Source", environ: "Environ | None" = None) -> None:
        self._environ = environ
        self._variable = getenv if environ is None else environ.get
        self._shown, self._folder, document = read(source)
        self._walk = Walk(self._variable)
        self._said: Document = self._walk.section(document, "config")
        self._presets: Any = import_module(_PRESETS)
        self._configured: dict[str, Document] = {}
        self._trust: dict[str, list[tuple[object, tuple[str, ...]]]] = {}
        self.default_model: str | None = None
        self.default_provider = ""
        self.deployments: dict[str, Deployment] = {}
        self._policies()
        self._declare_providers()
        self._declare_models()
        self._lists = {name: self._chains(name) for name in _LISTS if name in self._said}
        self._need_keys()
        self._presets = None  # a chip forgets them
        forget_module(_PRESETS)
        if not self._walk.problems:
            self._check_as_client()
        if self._walk.problems:
            raise error_of(self._shown, self._walk.problems)

    def is_provider(self, name: str) -> bool:
        """Whether it is one of this configuration's; a preset alone is none."""
        return name in self._configured

    def deployment(self, provider: str, model: str) -> Deployment:
        """The deployment of any model of a provider.

        Raises:
            ConfigError: there is no such provider.
        """
        path = "%s:%s" % (provider, model)
        made = self._make(path, provider, {"model": model})
        if made is None:
            problems, self._walk.problems = self._walk.problems, []
            raise error_of(self._shown, problems)
        return made

    def arguments(self) -> "Document":
        """Keyword arguments of a client that do what the configuration says."""
        found: Document = {"default_model": self.default_model, "deployments": self.deployments}
        found.update(self._lists)
        for name in _AS_THEY_ARE:
            if name in self._said:
                found[name] = self._said[name]
        found.update(self._policy)
        if "store" in self._said:
            store = import_module("thinwire.core.routing.store")
            found["store"] = store.FileStore(self._path(self._said["store"]))
        self._add_trust(found)
        return found

    def _policies(self) -> None:
        said, self._policy = self._said, {}
        made = (("timeouts", Timeouts, "total"), ("retry", RetryPolicy, "attempts"))
        for name, kind, number in made:
            said[name] = numbered(said.get(name), number)
            if said[name]:
                self._policy[name] = self._try(name, kind, said[name])
        if "cooldown" in said:
            self._policy["cooldown"] = self._try("cooldown", CooldownPolicy, said["cooldown"])

    def _try(self, path: str, make: "Any", arguments: "Document") -> "Any":
        # What it makes; None after a problem, which is noted.
        try:
            return make(**arguments)
        except (TypeError, ValueError) as error:
            self._walk.add(path, str(error))
        return None

    def _check_as_client(self) -> None:
        # What a client would say of the whole (models in a circle, kinds that there are not).
        found: Document = {"default_model": self.default_model, "deployments": self.deployments}
        found.update(self._lists)
        self._try("", Router, found)
        found = {name: self._said[name] for name in _POLICY if name in self._said}
        self._try("", Policy, found)

    def _is_broken(self, path: str) -> bool:
        # Nothing is said of what a broken part would have led to.
        for place, _ in self._walk.problems:
            inside = place.startswith(path + ".") and not place.startswith(path + ".models.")
            if place == path or inside:
                return True
        return False

    def _declare_providers(self) -> None:
        given = self._said.get("providers", {})
        for name in sorted(given):
            path = below("providers", name)
            if ":" in name or "/" in name or not name:
                self._walk.add(path, "the name of a provider has no ':' and no '/' in it")
                continue
            section = dict(given[name])
            section.pop("models", None)
            kind = section.pop("type", None)
            self._configured[name] = found = plain(section, path, self._walk)
            if kind is None and self._preset(name):
                kind = name
            elif kind is None and "base_url" not in found and not self._is_broken(path):
                self._walk.add(path, "needs a base_url, or a type (`thinwire providers` has them)")
            elif kind is not None and not self._preset(kind):
                said = "%r is no preset%s" % (
                    kind,
                    did_you_mean(kind, self._known_presets().names()),
                )
                self._walk.add(below(path, "type"), said)
            if kind is not None:
                found["provider"] = kind
            found.setdefault("provider", name)  # a word for logs
            if not self._is_broken(path):
                self._make(path, "", merged({"model": "any"}, found))
        self.default_provider = name = self._said.get("default_provider", "")
        if not name and len(self._configured) == 1:
            self.default_provider = next(iter(self._configured))
        elif name and self._provider(name) is None:
            self._no_provider(name, "default_provider")

    def _declare_models(self) -> None:
        given = self._said.get("providers", {})
        places: dict[str, str] = {}
        for provider in sorted(given):
            for name, model in given[provider].get("models", {}).items():
                path = below(below(below("providers", provider), "models"), name)
                if name in places:
                    self._walk.add(path, "is declared in %s, too" % places[name])
                places[name] = path
                if isinstance(model, str):
                    model = {"model": model}
                elif model.get("provider", provider) != provider:
                    self._walk.add(path, "has a provider of its own: it belongs into models")
                    continue
                self._declare(name, path, provider, model)
        for name, model in self._said.get("models", {}).items():
            path = below("models", name)
            if name in places:
                self._walk.add(path, "is declared in %s, too" % places[name])
            elif isinstance(model, str):
                provider, model = self._split(model, path)
                if provider:
                    self._declare(name, path, provider, {"model": model})
            else:
                self._declare_section(name, path, model)
        self._choose_default()

    def _declare_section(self, name: str, path: str, model: "Document") -> None:
        provider = model.get("provider", "")
        if not provider and "base_url" not in model:
            provider = self.default_provider
            if not provider:
                if not self._is_broken(path):
                    self._walk.add(path, "needs a provider, or a base_url")
                return
        self._declare(name, path, provider, model)

    def _declare(self, name: str, path: str, provider: str, model: "Document") -> None:
        model = dict(model)
        model.pop("provider", None)
        arguments = plain(model, path, self._walk)
        if name == "*" and "model" in arguments:
            self._walk.add(path, "stands for all other ids, and has none of its own")
            return
        if name != "*" and "model" not in arguments:
            arguments["model"] = name
        made = self._make(path, provider, arguments)
        if made is not None:
            self.deployments[name] = made

    def _split(self, text: str, path: str) -> "tuple[str, str]":
        # Provider and model of a text that names both; "" for no provider, after a problem.
        provider, mark, model = text.partition(":")
        if mark and self._provider(provider) is not None:
            return provider, model
        provider, slash, rest = text.partition("/")
        if slash and provider in self._configured:
            return provider, rest
        if self.default_provider and ("default_provider" in self._said or not mark):
            return self.default_provider, text
        if mark and "/" not in text.partition(":")[0]:
            self._no_provider(text.partition(":")[0], path)
        else:
            self._walk.add(path, "%r names no provider: write 'PROVIDER:%s'" % (text, text))
        return "", ""

    def _choose_default(self) -> None:
        name = self._said.get("default_model")
        if name is not None:
            self.default_model = self._reference(name, "default_model")
        else:
            names = [one for one in self.deployments if one != "*"]
            self.default_model = names[0] if len(names) == 1 else None

    def _chains(self, option: str) -> "dict[str, list[str]]":
        given = self._said[option]
        if isinstance(given, list):
            if self.default_model is None:
                self._walk.add(option, "a list is that of the default model, and there is none")
                return {}
            given = {self._said.get("default_model", self.default_model): given}
        found = {}
        for name, chain in given.items():
            path = below(option, name)
            members = [
                self._reference(one, "%s[%d]" % (path, place)) for place, one in enumerate(chain)
            ]
            found[self._reference(name, path)] = members
        return found

    def _reference(self, text: str, path: str) -> str:
        # The public name that a text means; a model that nobody declared is, under this text.
        if text in self.deployments:
            return text
        provider, slash, name = text.partition("/")
        models = self._said.get("providers", {}).get(provider, {}).get("models", {})
        if slash and name in models:
            return name
        provider, mark, model = text.partition(":")
        if mark and self._provider(provider) is not None:
            made = self._make(path, provider, {"model": model})
            if made is not None:
                self.deployments[text] = made
        elif "*" not in self.deployments and not self._is_declared(text):
            known = [one for one in self.deployments if one != "*"]
            said = "%r is no model of this configuration%s" % (text, did_you_mean(text, known))
            self._walk.add(path, said + "; any other is written 'PROVIDER:MODEL'")
        return text

    def _is_declared(self, name: str) -> bool:
        # Whether it was to be one, and is none for a reason that is told already.
        models = self._said.get("models", {})
        if name in models or "*" in models:
            return True
        for provider in self._said.get("providers", {}).values():
            if name in provider.get("models", {}):
                return True
        return False

    def _known_presets(self) -> "Any":
        return self._presets or import_module(_PRESETS)

    def _preset(self, name: str) -> "Document":
        found: Document = self._known_presets().named(name)
        return found

    def _provider(self, name: str) -> "Document | None":
        if name in self._configured:
            return self._configured[name]
        return {"provider": name} if self._preset(name) else None

    def _no_provider(self, name: str, path: str) -> None:
        known = sorted(self._configured) + self._known_presets().names()
        self._walk.add(path, "%r is no provider%s" % (name, did_you_mean(name, known)))

    def _make(self, path: str, provider: str, arguments: "Document") -> "Deployment | None":
        base: Document = {}
        if provider:
            known = self._provider(provider)
            if known is None:
                self._no_provider(provider, below(path, "provider"))
                return None
            if self._is_broken(below("providers", provider)):
                return None
            base = known
        if self._is_broken(path):
            return None
        whole = merged(base, arguments)
        if "api_key" in arguments or "api_key_env" in arguments:
            for name in ("api_key", "api_key_env"):
                if name not in arguments:
                    whole.pop(name, None)
            base = {}
        if "deployment" in whole:
            whole["model"] = whole.pop("deployment")
        try:
            made = self._with_key(Deployment(**self._settled(whole, path)), path)
        except (TypeError, ValueError) as error:
            self._walk.add(path, str(error))
            return None
        if "base_url" in arguments and ("api_key" in base or "api_key_env" in base):
            hosts = self._known_presets().named(base["provider"]).get("hosts")
            is_of = import_module("thinwire.core.providers.options").is_of
            if hosts and "base_url" not in base and not is_of(made.url, hosts):
                said = "is another server than that of %r, whose key would go there: give its own"
                self._walk.add(below(path, "base_url"), said % provider)
                return None
        self._trust.setdefault(made.url.origin(), []).append(self._trust_of(whole))
        return made

    def _settled(self, given: "Document", path: str) -> "Document":
        found = dict(given)
        for name in ("verify", "add_ca", "deployment"):
            found.pop(name, None)
        for name, kind in (("timeouts", Timeouts), ("retry", RetryPolicy)):
            if name in found:
                own = merged(self._said[name], found[name])
                found[name] = self._try(below(path, name), kind, own)
        if found.get("provider") and "base_url" not in found:
            url = self._variable(self._preset(found["provider"]).get("base_url_env", ""))
            if url:
                found["base_url"] = url
        return found

    def _with_key(self, made: Deployment, path: str) -> Deployment:
        # A variable is read here, since `environ` may stand for the environment; which one it is
        # the deployment knows. Later it is not read again.
        if made.api_key is not None:
            return made
        try:
            made = keyed(made, path, environ=self._environ)
        except ValueError:
            variables = made.options.variables  # type: ignore[union-attr]
            return altered(made, api_key=Unset(" or ".join(variables), path))
        return altered(made, api_key="") if made.api_key is None else made

    def _need_keys(self) -> None:
        needed = [] if self.default_model is None else [self.default_model]
        for lists in self._lists.values():
            for name, chain in lists.items():
                needed += [name] + chain
        for name in needed:
            deployment = self.deployments.get(name) or self.deployments.get("*")
            if deployment is not None and isinstance(deployment.api_key, Unset):
                key = deployment.api_key
                self._walk.add(key.path, "the variable %s is not set" % key.name)

    def _path(self, text: str) -> str:
        if text.startswith("~/"):
            return (self._variable("HOME") or "~") + text[1:]
        return text if text.startswith("/") or text[1:2] == ":" else self._folder + text

    def _add_trust(self, found: "Document") -> None:
        # Whom to trust is a matter of the client's, unless providers differ in it.
        usual = self._trust_of({})
        own = {}
        for origin, wanted in self._trust.items():
            trust = wanted[0]
            for other in wanted[1:]:
                if other != trust:
                    warn("providers at %s differ in whom to trust: the stricter counts" % origin)
                    trust = (trust[0] or other[0], trust[1] + other[1])
            own[origin] = trust
        kinds = list(set(own.values()))
        if len(kinds) == 1:
            usual = kinds[0]
        if len(kinds) > 1:
            origins = import_module("thinwire.core.providers.origins")
            trusts = {origin: self._trusted(trust) for origin, trust in own.items()}
            found["transport"] = origins.TransportByOrigin(self._trusted(usual), trusts)
        else:
            found.update(self._trusted(usual))
            if "add_ca" in found:
                origins = import_module("thinwire.core.providers.origins")
                try:
                    found["add_ca"] = origins.certificates(found["add_ca"])
                    return
                except ThinwireError as error:
                    problem = str(error)
                raise error_of(self._shown, [("", problem)])

    def _trust_of(self, section: "Document") -> "tuple[object, tuple[str, ...]]":
        # Whether, and by which files, its servers are trusted, or those of all.
        files = section.get("add_ca") or self._said.get("add_ca", ())
        verify: object = section.get("verify", self._said.get("verify", True))
        return verify, (files,) if isinstance(files, str) else tuple(files)

    def _trusted(self, trust: "tuple[object, tuple[str, ...]]") -> "Document":
        # As arguments of a transport; True and no file are what it does anyway.
        verify, files = trust
        found: Document = {}
        if verify is not True:
            found["verify"] = self._path(verify) if isinstance(verify, str) else verify
        if files:
            found["add_ca"] = [self._path(file) for file in files]
        return found


def client(kind: "Any", source: "Source", environ: "Environ | None", options: "Document") -> "Any":
    """A client of a configuration.

    Args:
        kind: AsyncClient, Client, or a subclass.
        options: its arguments that count in place of what the configuration says.
    """
    config = Config(source, environ)
    found = config.arguments()
    if options.get("transport") is not None or options.get("http_client") is not None:
        for name in ("transport", "verify", "add_ca"):  # they bring their own
            found.pop(name, None)
    found.update(options)
    made = kind(**found)
    made._config = config  # noqa: SLF001 - for `resolve`
    return made

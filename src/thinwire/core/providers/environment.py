"""A client of what the environment says: `Client.from_env()`, and `Client()`.

The first of these that has a key decides (names in docs/configuration.md):

  THINWIRE_CONFIG         a configuration's file; it needs no key here
  OPENAI_COMPATIBLE_*     unless OPENAI_COMPATIBLE_ENABLED=false
  OPENAI_COMPAT_*
  OPENAI_*
  OPENROUTER_*
  the presets' own keys   GROQ_API_KEY, ...; of several, the one that PREFERRED_PROVIDER names

Where nothing has a key, a server that is named without one: it may need none. No paid service is
chosen by accident: several presets' keys are an error that lists them. No model is, either.
"""

from thinwire.core._compat import const, getenv, import_module, loads_whole
from thinwire.core.providers.config_file import error_of
from thinwire.core.providers.keys import read
from thinwire.core.providers.other_names import merged, tried, waits
from thinwire.core.providers.schema import WRONG, Walk
from thinwire.core.routing.deployment import Deployment
from thinwire.core.routing.policy import RetryPolicy, Timeouts

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from thinwire.core.providers.config import Environ
    from thinwire.core.providers.config_file import Document

_CONFIG = "thinwire.core.providers.config"  # loaded where a file is named
# Prefix, address where no variable has one, and variables for the model, the first counts.
_FAMILIES = (
    ("OPENAI_COMPATIBLE", "https://openrouter.ai/api/v1", ("OPENAI_COMPATIBLE_DEFAULT_MODEL",)),
    ("OPENAI_COMPAT", "https://api.openai.com/v1", ("OPENAI_COMPAT_MODEL",)),
    ("OPENAI", "https://api.openai.com/v1", ("OPENAI_MODEL",)),
    ("OPENROUTER", "https://openrouter.ai/api/v1", ("OPENROUTER_MODEL", "DEFAULT_MODEL")),
)
_OPENAI_HEADERS = (
    ("OpenAI-Organization", "OPENAI_ORG_ID"),
    ("OpenAI-Project", "OPENAI_PROJECT_ID"),
)
_NO = ("false", "0", "no", "off")
_YES = ("true", "1", "yes", "on", "")


def client(kind: "Any", environ: "Environ | None", options: "Document") -> "Any":
    """A client of what the environment says.

    Args:
        kind: AsyncClient, Client, or a subclass.
        environ: variables by name, None for those of this process.
        options: its arguments that count in place of what the environment says.
    """
    path = read(("THINWIRE_CONFIG",), environ)
    if path:
        make = import_module(_CONFIG).client
        return make(kind, path, environ, options)
    found = arguments(environ)
    found.update(options)
    return kind(**found)


def begin(made: "Any", init: "Callable[..., None]", given: "Document") -> None:
    """Begins a client that was made without a word of a model: `Client()`.

    Args:
        made: the client.
        init: what begins it, of its arguments.
        given: those that it has got, None for what was left out.
    """

    def again(**options: "Any") -> "Any":
        init(made, **options)
        return made

    client(again, None, {name: value for name, value in given.items() if value is not None})


def arguments(environ: "Environ | None" = None) -> "Document":
    """Keyword arguments of a client, of what variables say but for THINWIRE_CONFIG, which `client`
    has looked at; see the head of this file.

    Args:
        environ: variables by name, None for those of this process.

    Returns:
        Without a model's name `default_model` is None: each call has to name one.

    Raises:
        ConfigError (a ValueError): nothing is said, or nothing that decides, or something that
            cannot be.
    """
    return _Environment(environ).arguments()


class _Environment:
    def __init__(self, environ: "Environ | None") -> None:
        self._environ = environ
        self._walk = Walk(getenv if environ is None else environ.get)

    def _get(self, name: str) -> str:
        return read((name,), self._environ)

    def arguments(self) -> "Document":
        families = _FAMILIES if self._is_on("OPENAI_COMPATIBLE_ENABLED") else _FAMILIES[1:]
        found: Document | None = None
        for suffix in ("_API_KEY", "_BASE_URL"):
            for prefix, url, models in families:
                if found is None and self._get(prefix + suffix):
                    found = self._of_family(prefix, url, models)
            if found is None and suffix == "_API_KEY":
                found = self._of_preset()
        if found is None and not self._walk.problems:
            self._walk.add("", _nothing())
        if self._walk.problems:
            raise error_of("the environment", self._walk.problems)
        return found or {}

    def _is_on(self, name: str) -> bool:
        value = self._get(name).lower()
        if value not in _NO + _YES:
            self._walk.add(name, "takes true or false")
        return value not in _NO

    def _of_family(self, prefix: str, url: str, models: "tuple[str, ...]") -> "Document":
        found: Document = {"base_url": self._get(prefix + "_BASE_URL") or url}
        found["api_key"] = self._get(prefix + "_API_KEY")
        options: Document = {}
        if prefix == "OPENAI_COMPATIBLE":
            self._read_compatible(found, options)
        elif prefix == "OPENAI_COMPAT":
            limit = self._value("OPENAI_COMPAT_MAX_TOKENS", "count")
            if limit is not None:
                found["extra_body"] = {"max_tokens": limit}
        elif prefix == "OPENAI":
            found["extra_headers"] = headers = {}
            for header, name in _OPENAI_HEADERS:
                if self._get(name):
                    headers[header] = self._get(name)
        return self._made(found, models, options, prefix + "_BASE_URL")

    def _read_compatible(self, found: "Document", options: "Document") -> None:
        name = self._get("OPENAI_COMPATIBLE_PROVIDER_NAME")
        if name:
            found["provider"] = name
        headers = self._value("OPENAI_COMPATIBLE_CUSTOM_HEADERS", "{text}")
        if headers:
            found["extra_headers"] = headers
        seconds = self._value("OPENAI_COMPATIBLE_TIMEOUT", "seconds")
        if seconds is not None:
            options["timeouts"] = Timeouts(**waits(seconds))
        again = self._value("OPENAI_COMPATIBLE_MAX_RETRIES", "whole")
        if again is not None:
            options["retry"] = RetryPolicy(**tried(again))

    def _value(self, name: str, kind: str) -> "Any":
        # What a variable holds as JSON; None where it is not set, or after a problem.
        text = self._get(name)
        if not text:
            return None
        try:
            value = loads_whole(text.encode())
        except ValueError:
            value = text
        taken = self._walk.value(value, kind, name)
        return None if taken is WRONG else taken

    def _of_preset(self) -> "Document | None":
        presets = import_module("thinwire.core.providers.presets")
        found = []
        for name in presets.names():
            for variable in presets.named(name).get("keys", ()):
                if self._get(variable):
                    found.append((name, variable))
                    break
        wanted = self._get("PREFERRED_PROVIDER").lower()
        preset = presets.named(wanted)
        chosen = [one for one in found if one[0] == wanted]
        if not chosen and preset and not preset["hosts"]:
            chosen = [(wanted, "")]  # of this machine: it needs no key
        chosen = chosen or found
        if len(chosen) > 1:
            lines = ["  PREFERRED_PROVIDER=%s  (%s is set)" % one for one in chosen]
            said = "several providers have a key; say which one is meant:\n%s"
            self._walk.add("", said % "\n".join(lines))
            return None
        if not chosen:
            return None
        name, variable = chosen[0]
        upper = name.upper()
        made: Document = {"provider": name, "api_key": self._get(variable)}
        address = presets.named(name).get("base_url_env", upper + "_BASE_URL")
        if self._get(address):
            made["base_url"] = self._get(address)
        if name == "azure" and self._get("OPENAI_API_VERSION"):
            made["api_version"] = self._get("OPENAI_API_VERSION")
        return self._made(made, (upper + "_MODEL",), {}, address)

    def _made(
        self, found: "Document", models: "tuple[str, ...]", options: "Document", path: str
    ) -> "Document":
        model = read(models, self._environ)
        places: dict[str, Deployment] = {}
        if model == "*":
            self._walk.add(models[0], "has to be the id of a model")
        if not model and "api_version" in found:
            self._walk.add(models[0], "has to name the deployment that OPENAI_API_VERSION is for")
            return options
        try:
            if model:
                places[model] = Deployment(**merged(found, {"model": model}))
            if "api_version" not in found:  # or the model is in its path
                places["*"] = Deployment(**merged(found, {"model_env": models[0]}))
        except (TypeError, ValueError) as error:
            self._walk.add(path, str(error))
        options["default_model"] = model or None
        options["deployments"] = places
        return options


def _nothing() -> str:
    return (
        "no variable has a key: set e.g. OPENAI_API_KEY, OPENROUTER_API_KEY or GROQ_API_KEY, or"
        " THINWIRE_CONFIG=config.json (docs/configuration.md); or name a model,"
        " Client('openai:gpt-5-mini')"
    )

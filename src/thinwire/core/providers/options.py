"""What few deployments need beyond a URL, a key and a model: checked here, and kept in one object,
`Deployment.options`, which is None for all others. Loaded with the first deployment that has any.

Here as well: what a preset adds to what its user has said (`settle`).
"""

from thinwire.core._compat import const, forget_module, getenv, import_module
from thinwire.core.routing.deployment import URL

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, Literal, TypedDict

    Auth = Literal["bearer", "api-key", "x-api-key", "none"]

    class MoreOptions(TypedDict, total=False):
        """Further arguments of Deployment; None is as good as nothing.

        Keys:
            provider: name of the company or program whose API it is. The name of a preset
                brings what is known of it; any other is a word for logs.
            auth: in which header the key goes, and how: "bearer" (Authorization), "api-key",
                "x-api-key", or "none". By default as the preset says, or the dialect.
            api_key_env: variable of the environment that holds the key, in place of `api_key`;
                read when a client is made.
            api_version: for Azure, the date of the API; with it the path is that of a deployment.
            models_path: where its list of models is, below the base URL ("/models", the default)
                or from the host's root ("//api/tags").
            model_env: variable that would have named a model, for the words of an error.
        """

        provider: str | None
        auth: Auth | None
        api_key_env: str | None
        api_version: str | None
        model_env: str | None
        models_path: str | None


_AUTH = ("", "bearer", "api-key", "x-api-key", "none")
_TEXTS = ("provider", "auth", "api_key_env", "api_version", "model_env", "models_path")
# What a preset says that is an argument of Deployment, or becomes one.
_ARGUMENTS = ("dialect", "stream_usage", "framing", "think_tags", "first_token")


class Options:
    """What a deployment's `**more` said, or its preset.

    Args:
        given: the options by name.

    Raises:
        TypeError: an option that there is not, or of a kind that it cannot have.
        ValueError: a value that it cannot have.

    Attributes:
        variables: of the environment, where the key is while the deployment has none.
        needs_key: whether it is an error if none of them is set.
    """

    provider = ""
    auth = ""
    api_key_env = ""
    api_version = ""
    model_env = ""
    models_path = ""

    variables: "tuple[str, ...]" = ()
    needs_key = False

    def __init__(self, given: "Mapping[str, object]") -> None:
        for name, value in given.items():
            if name.startswith("_") or name in _OURS or not hasattr(Options, name):
                raise TypeError("Deployment has no option %s=" % name)
            if value is None:
                continue
            if name in _TEXTS and not isinstance(value, str):
                said = "%s= takes a str, not %s"
                raise TypeError(said % (name, type(value).__name__))
            setattr(self, name, value)
        if self.auth not in _AUTH:
            raise ValueError("auth must be one of %s, not %r" % (", ".join(_AUTH[1:]), self.auth))


_OURS = ("variables", "needs_key")


def settle(
    base_url: "str | None",
    api_key: object,
    model: "str | None",
    dialect: "str | None",
    given: "Mapping[str, object]",
) -> "tuple[str, dict[str, Any], Options | None]":
    """What a deployment is made of, once its preset has been looked up.

    Args:
        base_url, api_key, model, dialect: as Deployment was given them.
        given: its `**more`.

    Returns:
        The base URL; arguments of Deployment for which the preset has better values than the usual
        ones, with `provider`, and in seconds `first_token`; its options, None for none.

    Raises:
        TypeError, ValueError: see Deployment.
    """
    options = Options(given)
    name = options.provider
    url = None if base_url is None else URL(base_url)
    preset = _preset(name, url)
    # Whether its server is the preset's: a key in a variable of that name is for nobody else.
    # What runs at home may run anywhere.
    theirs = url is None or not preset.get("hosts") or _is_of(url, preset["hosts"])
    if base_url is None:
        base_url = preset.get("base_url") or getenv(preset.get("base_url_env", ""))
        if not base_url:
            raise _nowhere(name, preset)
    if preset.get("name") == "azure":
        azure = import_module("thinwire.core.providers.azure")
        base_url = azure.base_url(base_url, model, options.api_version, dialect)
    elif options.api_version:
        raise ValueError("api_version is for Azure: here base_url says which version is asked")
    elif url is not None and theirs and not (url.path or url.query) and "base_url" in preset:
        base_url = base_url.rstrip("/") + URL(preset["base_url"]).path  # a host alone is enough
    arguments = {key: preset[key] for key in _ARGUMENTS if key in preset}
    if model and preset.get("responses") and _is_like(preset["responses"], model):
        arguments["dialect"] = "responses"
    options.provider = arguments["provider"] = name or preset.get("name", "")
    plain = not [value for value in given.values() if value is not None]
    for key, value in preset.items():
        if given.get(key) is None and hasattr(Options, key):
            if key == "auth" and callable(api_key):
                value = "bearer"  # what is asked for is a token, and no key
            elif key == "auth" and dialect == "anthropic":
                continue  # the wire of another company has a header of its own
            setattr(options, key, value)
            plain = False
    _settle_key(options, api_key, preset if theirs else {})
    if options.variables:
        plain = False
        # Who gave only a URL may have other ways to show who it is.
        options.needs_key = options.needs_key or bool(name and preset.get("hosts"))
    if plain:
        forget_module(__name__)
    return base_url, arguments, None if plain else options


def _preset(name: str, url: "URL | None") -> "dict[str, Any]":
    # Only names are looked for: an address, or what has no dot, is nobody's whom we know. What
    # is asked for in plain text may be anybody.
    host = ""
    if url is not None and url.scheme == "https" and "." in url.host:
        host = "" if url.host[-1].isdigit() else url.host
    if not name and not host:
        return {}
    try:
        presets = import_module("thinwire.core.providers.presets")
    except ImportError:  # of a firmware that was built without
        if url is None:
            raise
        return {}
    return presets.look_up(name, host)  # type: ignore[no-any-return]


def _is_of(url: URL, hosts: "list[str]") -> bool:
    host = "." + url.host.lower().rstrip(".")
    return url.scheme == "https" and any(host.endswith("." + one) for one in hosts)


def _nowhere(name: str, preset: "dict[str, Any]") -> Exception:
    if not name:
        return TypeError("Deployment needs a base_url, e.g. 'https://api.openai.com/v1'")
    if preset:
        said = "provider %r has no address of its own: give base_url=, or set %s"
        return ValueError(said % (name, preset["base_url_env"]))
    names = ", ".join(import_module("thinwire.core.providers.presets").names())
    said = "provider %r is none of those known here, so it needs a base_url; known are %s"
    return ValueError(said % (name, names))


def _is_like(patterns: "list[str]", model: str) -> bool:
    matches = import_module("thinwire.core.providers.presets").matches
    return any(matches(pattern, model) for pattern in patterns)


def _settle_key(options: Options, api_key: object, preset: "dict[str, Any]") -> None:
    # Where the key is, when a client is made. A key that is "" is meant so.
    if options.api_key_env:
        if api_key is not None:
            raise ValueError("api_key and api_key_env are both given: one of them is the key")
        options.variables = (options.api_key_env,)
        options.needs_key = True
    elif api_key is None and options.auth != "none":
        options.variables = tuple(preset.get("keys", ()))

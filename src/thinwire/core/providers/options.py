"""What few deployments need beyond a URL, a key and a model: checked here, and kept in one object,
`Deployment.options`, which is None for all others. Loaded with the first deployment that has any.

Here as well: what a preset adds to what its user has said (`settle`).
"""

from thinwire.core._compat import const, forget_module, getenv, import_module
from thinwire.core.routing.deployment import URL

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any, Literal, TypedDict

    Auth = Literal["bearer", "api-key", "x-api-key", "none"]
    from thinwire.core.answer.completion import Completion
    from thinwire.core.exchange import Exchange
    from thinwire.core.routing.deployment import Deployment
    from thinwire.core.routing.plan import Attempt, Plan

    Reasons = Sequence[Literal["content_filter", "length"]]
    SessionField = Literal["user", "prompt_cache_key"]
    Spelling = Literal[
        "effort",
        "openrouter",
        "thinking",
        "thinking_effort",
        "enable_thinking",
        "template",
        "together",
        "gemini",
        "none",
    ]

    class MoreOptions(TypedDict, total=False):
        """Further arguments of Deployment; None is as good as nothing.

        Keys:
            provider: name of the company or program whose API it is. The name of a preset
                (docs/providers.md) brings what is known of it; any other is a word for logs.
            auth: in which header the key goes, and how: "bearer" (Authorization), "api-key",
                "x-api-key", or "none". By default as the preset says, or the dialect.
            api_key_env: variable of the environment that holds the key, in place of `api_key`;
                read when a client is made.
            api_version: for Azure, the date of the API; with it the path is that of a deployment.
            models_path: where its list of models is, below the base URL ("/models", the default),
                or from the host's root ("//api/tags").
            model_env: variable that would have named a model, for the words of an error.
            params: fields of each request, unless a call says otherwise; as `extra_body`.
            rename: field -> the name that this server has for it, e.g.
                {"max_tokens": "max_completion_tokens"}.
            drop: fields that this server refuses, e.g. ("temperature",); nothing of them is sent.
            force: fields that each request has, whatever a call says, e.g. {"store": False}.
            reasoning: how this server spells `reasoning_effort` and `reasoning_budget` of a call:
                "effort" (reasoning_effort, as OpenAI), "openrouter" (reasoning), "thinking"
                (thinking.type), "thinking_effort" (both), "enable_thinking" (and thinking_budget),
                "template" (chat_template_kwargs), "together", "gemini", or "none": it has nothing.
            reasoning_models: patterns of ids, e.g. ("o3*", "gpt-5*", "!gpt-5-chat*" before it),
                of models that take `max_completion_tokens` and no sampling parameters.
            divert_on: "content_filter", "length" or both: an answer that ends for that reason is
                an error, which leads to the fallback, if there is one.
            session_field: "user" or "prompt_cache_key": the field in which a call's `session=` is
                sent; None: it is not.
            referer, title: who asks, for OpenRouter's rankings (HTTP-Referer, X-Title).
            models: ids that OpenRouter may take in place of the model, in order.
            prompt_caching: breakpoints for Claude's prompt cache are set automatically.
            max_concurrent: how many requests may be at work at a time.
            requests_per_minute: how many may begin within any minute.
            allow_private: None: link-local addresses and metadata services are refused. True: they
                are not. False, where others give the URL: only addresses of the public internet
                are connected to; see docs/security.md.
            allow_insecure_http: http is taken to anywhere, and with a key.
            prices: what a million tokens cost, in any currency: {"input": 2.5, "cached_input":
                1.25, "cache_write": 0, "output": 10}, and "request" for each request. Where the
                server does not say it, `completion.cost` is reckoned from them, and
                `completion.cost_estimated` True.
            hygiene: False: messages and tools are sent as they are, tool results without a call
                and calls without a result as well.
        """

        provider: str | None
        auth: Auth | None
        api_key_env: str | None
        api_version: str | None
        model_env: str | None
        models_path: str | None
        params: Mapping[str, object]
        rename: Mapping[str, str]
        drop: Sequence[str]
        force: Mapping[str, object]
        reasoning: Spelling
        reasoning_models: Sequence[str]
        divert_on: Reasons
        session_field: SessionField | None
        referer: str
        title: str
        models: Sequence[str]
        prompt_caching: bool
        max_concurrent: int | None
        requests_per_minute: int | None
        allow_private: bool | None
        allow_insecure_http: bool
        prices: Mapping[str, float]
        hygiene: bool


# What a preset says that is an argument of Deployment, or becomes one.
_ARGUMENTS = ("dialect", "stream_usage", "framing", "think_tags", "first_token")
_OURS = ("variables", "needs_key")
# What each may be: a kind below, or the words it takes.
SPELLINGS = (
    "effort openrouter thinking thinking_effort enable_thinking template together gemini none"
)
_KINDS = (
    ("provider api_key_env api_version model_env models_path referer title", "a string"),
    ("auth", "bearer api-key x-api-key none"),
    ("params force", "a dict of fields"),
    ("rename", "a dict of names"),
    ("drop reasoning_models models", "a list of names"),
    ("prompt_caching allow_private allow_insecure_http hygiene", "True or False"),
    ("max_concurrent requests_per_minute", "a whole number of 1 or more"),
    ("reasoning", SPELLINGS),
    ("session_field", "user prompt_cache_key"),
)
# What a request cannot be without, and is not the deployment's to change.
_FIXED = ("messages",)
_REASONING = ("reasoning_effort", "reasoning_budget")


class Options:
    """What a deployment's `**more` said, or its preset.

    Args:
        given: the options by name.

    Raises:
        TypeError: an option that there is not, or of a kind that it cannot have.
        ValueError: a word that it does not know.

    None says the same as nothing.

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
    params: "Mapping[str, object]" = {}
    rename: "Mapping[str, str]" = {}
    drop: "tuple[str, ...]" = ()
    force: "Mapping[str, object]" = {}
    reasoning = "effort"
    reasoning_models: "tuple[str, ...]" = ()
    divert_on: "tuple[str, ...]" = ()
    session_field = ""
    referer = ""
    title = ""
    models: "tuple[str, ...]" = ()
    prompt_caching = False
    max_concurrent: "int | None" = None
    requests_per_minute: "int | None" = None
    allow_private: "bool | None" = None
    allow_insecure_http = False
    prices: "Mapping[str, float]" = {}
    hygiene = True
    _reasons = False  # its fields speak of reasoning

    def __init__(self, given: "Mapping[str, object]") -> None:
        for name, value in given.items():
            if name[:1] == "_" or name in _OURS or callable(getattr(Options, name, len)):
                raise TypeError("Deployment has no option %s=" % name)
            if value is not None:
                setattr(self, name, _checked(name, value))

    def admit(self, plan: "Plan", attempt: "Attempt", deployment: "Deployment") -> None:
        """Takes a place within the deployment's limits, if it has any; see limits.py.

        Raises:
            ThinwireError: of kind "limit".
        """
        if self.max_concurrent is not None or self.requests_per_minute is not None:
            import_module("thinwire.core.routing.limits").admit(plan, attempt, deployment)

    def shapes(self) -> bool:
        """Whether a document of the OpenAI wire may have to be made the deployment's."""
        names = self.rename or self.drop or self.force or self.models or self.reasoning_models
        return bool(names or self.prompt_caching or self.session_field or self._reasons)

    def check_end(self, plan: "Plan", exchange: "Exchange") -> None:
        """Refuses an answer that came to an end that `divert_on` names; see divert.py.

        Raises:
            Diverted: it did.
        """
        if self.divert_on:
            import_module("thinwire.core.routing.divert").check(plan, exchange, self.divert_on)

    def price(self, completion: "Completion") -> None:
        """Reckons what an answer has cost, if there are prices; see prices.py."""
        if self.prices:
            import_module("thinwire.core.routing.prices").estimate(completion, self.prices)

    def merged(
        self,
        headers: "Mapping[str, str] | None",
        body: "Mapping[str, object] | None",
    ) -> "tuple[dict[str, str], dict[str, object]]":
        """A deployment's `extra_headers` and `extra_body` with what is said here.

        Raises:
            ValueError: `extra_body` and `params` both have a field.
            TypeError: see Call, of reasoning.
        """
        fields = dict(body or {})
        for name, value in self.params.items():
            if name in fields and fields[name] != value:
                said = "extra_body and params are the same, and both say %r: leave one out"
                raise ValueError(said % name)
            fields[name] = value
        # Checked here, though it is spelled with each request.
        asked = {name: fields[name] for name in _REASONING if fields.get(name) is not None}
        if asked:
            self._reasons = True
            import_module("thinwire.core.request.reasoning").taken(asked)
        named = dict(headers or {})
        taken = [name.lower() for name in named]
        for name, value in (("HTTP-Referer", self.referer), ("X-Title", self.title)):
            if value and name.lower() not in taken:
                named[name] = value
        return named, fields


def _checked(name: str, value: "Any") -> object:
    # The value, if it is of the option's kind; a list as a tuple, a dict as a copy.
    if name == "divert_on":
        value = _names(name, value)
        for reason in value:
            _known(name, reason, "content_filter length")
        return value
    if name == "prices":
        return import_module("thinwire.core.routing.prices").checked(value)
    for names, kind in _KINDS:
        if name in names.split():
            value = _of_kind(name, kind, value)
    if name in ("rename", "drop", "force"):
        for field in _FIXED:
            if field in value:
                raise ValueError("Deployment %s cannot change %r" % (name, field))
    return value


def _of_kind(name: str, kind: str, value: "Any") -> object:
    fits = True
    if kind == "a list of names":
        return _names(name, value)
    if kind == "a string":
        fits = isinstance(value, str)
    elif kind == "True or False":
        fits = isinstance(value, bool)
    elif kind.startswith("a whole number"):
        fits = isinstance(value, int) and not isinstance(value, bool) and value >= 1
    elif kind.startswith("a dict"):
        fits = hasattr(value, "items")
        for field, other in value.items() if fits else ():
            fits = fits and isinstance(field, str)
            if kind == "a dict of names":
                fits = fits and isinstance(other, str)
        value = dict(value) if fits else value
    else:
        _known(name, value, kind)
    if not fits:
        raise TypeError("Deployment %s takes %s, not %r" % (name, kind, value))
    return value


def _names(name: str, value: "Any") -> "tuple[str, ...]":
    listed = isinstance(value, (list, tuple))
    if not listed or [one for one in value if not isinstance(one, str)]:
        raise TypeError("Deployment %s takes a list of names, not %r" % (name, value))
    return tuple(value)


def _known(name: str, value: object, words: str) -> None:
    if value not in words.split():
        shown = ", ".join([repr(word) for word in words.split()])
        raise ValueError("Deployment %s takes %s, not %r" % (name, shown, value))


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
    theirs = url is None or is_of(url, preset.get("hosts"))
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
    if model:
        # What is of some models is for these.
        for key in ("responses", "reasoning_models"):
            if key in preset:
                matches = import_module("thinwire.core.wire.patterns").matches
                if not matches(model, preset[key]):
                    preset.pop(key)
        if "responses" in preset:
            arguments["dialect"] = "responses"
    options.provider = arguments["provider"] = name or preset.get("name", "")
    plain = not [value for value in given.values() if value is not None]
    for key, value in preset.items():
        if given.get(key) is None and hasattr(Options, key) and key != "reasoning":
            if key == "auth" and callable(api_key):
                value = "bearer"  # what is asked for is a token, and no key
            elif key == "auth" and dialect == "anthropic":
                continue  # the wire of another company has a header of its own
            setattr(options, key, value)
            plain = False
    if options.allow_private is False and not name:
        theirs = False  # others give the URL: who they are is no reason to send them a key
    _settle_key(options, api_key, preset if theirs else {})
    if options.variables:
        plain = False
        # Who gave only a URL may have other ways to show who it is.
        options.needs_key = options.needs_key or bool(name and preset.get("hosts"))
    # How it spells reasoning is looked up where a call speaks of it: no reason for options.
    if not plain and "reasoning" in preset and given.get("reasoning") is None:
        options.reasoning = preset["reasoning"]
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


def is_of(url: URL, hosts: "list[str] | None") -> bool:
    """Whether a server may be sent the key of a preset with these hosts.

    What runs at home may run anywhere, but its key goes over no network in plain text.
    """
    host = url.host.lower().rstrip(".")
    if not hosts:
        local = host.startswith("127.") and host.replace(".", "").isdigit()
        return local or url.scheme == "https" or host in ("localhost", "::1")
    return url.scheme == "https" and any(("." + host).endswith("." + one) for one in hosts)


def _nowhere(name: str, preset: "dict[str, Any]") -> Exception:
    if not name:
        return TypeError("Deployment needs a base_url, e.g. 'https://api.openai.com/v1'")
    if preset:
        said = "provider %r has no address of its own: give base_url=, or set %s"
        return ValueError(said % (name, preset["base_url_env"]))
    names = ", ".join(import_module("thinwire.core.providers.presets").names())
    said = "provider %r is none of those known here, so it needs a base_url; known are %s"
    return ValueError(said % (name, names))


def _settle_key(options: Options, api_key: object, preset: "dict[str, Any]") -> None:
    # Where the key is, when a client is made. A key that is "" is meant so.
    if options.api_key_env:
        if api_key is not None:
            raise ValueError("api_key and api_key_env are both given: one of them is the key")
        import_module("thinwire.core.providers.keys").check_variable(options.api_key_env)
        options.variables = (options.api_key_env,)
        options.needs_key = True
    elif api_key is None and options.auth != "none":
        options.variables = tuple(preset.get("keys", ()))

"""What few deployments need beyond a URL, a key and a model: checked here, and kept in one object,
`Deployment.options`, which is None for all others. Loaded with the first deployment that has any.
"""

from thinwire.core._compat import const, import_module

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any, Literal, TypedDict

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
        """Further arguments of Deployment.

        Keys:
            provider: name of the company or program whose API it is.
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
            hygiene: False: messages and tools are sent as they are, tool results without a call
                and calls without a result as well.
        """

        provider: str
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
        hygiene: bool


# What each may be: a kind below, or the words it takes.
SPELLINGS = (
    "effort openrouter thinking thinking_effort enable_thinking template together gemini none"
)
_KINDS = (
    ("provider referer title", "a string"),
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


class Options:
    """What a deployment's `**more` said.

    Args:
        given: the options by name.

    Raises:
        TypeError: an option that there is not, or of a kind that it cannot have.
        ValueError: a word that it does not know.

    None says the same as nothing.
    """

    provider = ""
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
    hygiene = True

    def __init__(self, given: "Mapping[str, object]") -> None:
        for name, value in given.items():
            if name.startswith("_") or callable(getattr(Options, name, len)):
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

    def check_end(self, plan: "Plan", exchange: "Exchange") -> None:
        """Refuses an answer that came to an end that `divert_on` names; see divert.py.

        Raises:
            Diverted: it did.
        """
        if self.divert_on:
            import_module("thinwire.core.routing.divert").check(plan, exchange, self.divert_on)

    def merged(
        self,
        headers: "Mapping[str, str] | None",
        body: "Mapping[str, object] | None",
    ) -> "tuple[dict[str, str], dict[str, object]]":
        """A deployment's `extra_headers` and `extra_body` with what is said here.

        Raises:
            ValueError: `extra_body` and `params` both have a field.
        """
        fields = dict(body or {})
        for name, value in self.params.items():
            if name in fields and fields[name] != value:
                said = "extra_body and params are the same, and both say %r: leave one out"
                raise ValueError(said % name)
            fields[name] = value
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


def settle(base_url: "str | None", given: "Mapping[str, object]") -> "tuple[str, Options]":
    """The base URL, and what a deployment's `**more` said.

    Raises:
        TypeError, ValueError: see Deployment.
    """
    if base_url is None:
        raise TypeError("Deployment needs a base_url, e.g. 'https://api.openai.com/v1'")
    return base_url, Options(given)

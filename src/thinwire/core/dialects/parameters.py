"""What one deployment takes of the fields that a call asks for, so that a chain from one server to
the next works: fields of its own, other names for some, some not at all (docs/routing.md).

  params    fields that a call need not say; the call's own count more (Deployment's extra_body)
  rename    field -> the name that this server has for it
  drop      fields that it refuses
  force     fields that it gets, whatever the call says

And what a wire does not have: a hint is left out, with an event; what would change the answer
fails the deployment before anything is sent, which leads to the fallback.

Loaded for deployments with options, for calls that speak of reasoning, and with other wires.
"""

from thinwire.core._compat import const, import_module
from thinwire.core.error_kinds import ThinwireError
from thinwire.core.wire.patterns import matches as matches

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from typing import Any

    from thinwire.core.providers.options import Options
    from thinwire.core.request.call import Call
    from thinwire.core.request.reasoning import Reasoning
    from thinwire.core.routing.deployment import Deployment

    Names = tuple[str, ...]
    Fields = dict[str, object]

HINTS = tuple(
    "seed frequency_penalty presence_penalty logit_bias user safety_identifier prompt_cache_key"
    " prompt_cache_retention prediction store metadata service_tier verbosity".split()
)
REFUSED = tuple(
    "n logprobs top_logprobs stop modalities audio web_search_options functions"
    " function_call".split()
)
# What reasoning models refuse beside `max_tokens`.
_SAMPLING = ("temperature", "top_p", "frequency_penalty", "presence_penalty")
_LIMIT = "max_tokens"


def asked(deployment: "Deployment", call: "Call") -> "Fields":
    """What is asked for beside messages and tools, in OpenAI's words, as far as the deployment
    takes it: the call's fields over the deployment's. Without the call's reasoning (the
    deployment's is `reasoning_effort`, as Call.reasoning is), and without the call's extra_body,
    which is for the finished document. A fresh dict.
    """
    fields = dict(deployment.extra_body)
    if "reasoning_budget" in fields:
        fields["reasoning_effort"] = fields.pop("reasoning_budget")
    fields.update(call.params)
    if deployment.options is not None:
        _add_session(fields, deployment.options, call)
        _reshape(fields, deployment.options, call)
    return fields


def fitting(
    fields: "Fields",
    deployment: "Deployment",
    call: "Call",
    hints: "Names" = HINTS,
    refused: "Names" = REFUSED,
) -> "Fields":
    """`fields` as a wire can carry them: without its hints, of which an event tells.

    Args:
        hints: what the wire does not have, and the answer is good without.
        refused: what it does not have, and the answer would be another without. What asks for
            nothing (n=1, logprobs=False) is left out in silence.

    Raises:
        ThinwireError: of kind "unsupported".
    """
    result = {}
    for name, value in fields.items():
        if name in hints:
            if value is not None:
                dropped(call, name, "the wire has no field for it")
        elif name not in refused:
            result[name] = value
        elif not _asks_nothing(name, value):
            raise unsupported(name, deployment)
    return result


def reasoning(fields: "Fields", deployment: "Deployment", call: "Call") -> "Reasoning | None":
    """What is asked for of reasoning (see Call.reasoning): the call's, else the deployment's; None
    where the deployment drops it, too.

    Args:
        fields: see `asked`; the deployment's is taken out of them.
    """
    given: Any = fields.pop("reasoning_effort", None)
    options = deployment.options
    if call.reasoning is None:
        return False if given in ("none", 0) else given
    if options is not None and "reasoning_effort" in options.drop:
        dropped(call, "reasoning_effort", "the deployment drops it")
        return None
    return call.reasoning


def _asks_nothing(name: str, value: object) -> bool:
    if not value or (name == "n" and value == 1):
        return True
    return name == "modalities" and list(value) == ["text"]  # type: ignore[call-overload]


def unsupported(name: str, deployment: "Deployment", why: str = "") -> ThinwireError:
    """The error for a field that a wire, or a server, does not have; raised where the request is
    made, so that nothing is sent, and a fallback is asked.

    Args:
        name: of the field.
        why: in words, "" where the wire has no such thing.
    """
    text = "%s is not possible at %s (dialect %r)%s: ask without it, name a fallback, or write"
    shown = (name, deployment.url.host, deployment.dialect, why and ", " + why)
    error = ThinwireError((text + " Deployment(drop=(%r,))") % (shown + (name,)))
    error.kind = "unsupported"
    return error


def dropped(call: "Call", name: str, why: str) -> None:
    """Tells who listens that a field is not sent.

    Args:
        why: in words.
    """
    if call.tell is not None:
        call.tell("parameter_dropped", {"name": name, "why": why})


def force(document: "Fields", deployment: "Deployment", call: "Call") -> None:
    """The deployment's last word, in the wire's own names: what is dropped, what is forced."""
    if deployment.options is not None:
        for name in deployment.options.drop:
            _drop(document, name, call, "the deployment drops it")
        document.update(deployment.options.force)


def shape(document: "Fields", deployment: "Deployment", call: "Call") -> None:
    """Makes a finished document of the OpenAI wire the deployment's: all of the above."""
    options = deployment.options
    _reason(document, _spelling(deployment) if options is None else options.reasoning, call)
    if options is None:
        return
    _add_session(document, options, call)
    if options.models:
        document.setdefault("models", list(options.models))
    model = str(document.get("model"))
    if matches(model, options.reasoning_models):
        if _LIMIT not in call.extra_body:
            _rename(document, _LIMIT, "max_completion_tokens")
        for name in _SAMPLING:
            if name not in call.extra_body:
                _drop(document, name, call, "reasoning models refuse it")
    if options.prompt_caching and ("claude" in model or "anthropic" in model):
        marked = import_module("thinwire.core.dialects.prompt_caching").marked
        document["messages"] = marked(document["messages"])
    _reshape(document, options, call)
    document.update(options.force)


def _spelling(deployment: "Deployment") -> str:
    # Nothing else is special about it, but its provider may be known.
    if deployment.provider:
        try:
            presets = import_module("thinwire.core.providers.presets")
        except ImportError:  # of a firmware that was built without
            return "effort"
        spelling: str = presets.look_up(deployment.provider).get("reasoning", "effort")
        return spelling
    return "effort"


def _add_session(fields: "Fields", options: "Options", call: "Call") -> None:
    if options.session_field and call.session:
        fields.setdefault(options.session_field, call.session)


def _reshape(fields: "Fields", options: "Options", call: "Call") -> None:
    for old, new in options.rename.items():
        _rename(fields, old, new)
    for name in options.drop:
        _drop(fields, name, call, "the deployment drops it")


def _rename(fields: "Fields", old: str, new: str) -> None:
    # Who wrote the new name has said what it shall be.
    if old in fields:
        fields.setdefault(new, fields[old])
        del fields[old]


def _drop(fields: "Fields", name: str, call: "Call", why: str) -> None:
    if name in fields:
        del fields[name]
        dropped(call, name, why)


def _reason(document: "Fields", spelling: str, call: "Call") -> None:
    # The call's reasoning, or the deployment's, which stands among the fields as in OpenAI's API.
    said = {}
    for name in ("reasoning_effort", "reasoning_budget"):
        if document.get(name) is not None and name not in call.extra_body:
            said[name] = document.pop(name)
    wanted = call.reasoning
    if wanted is None:
        wanted = import_module("thinwire.core.request.reasoning").taken(said)
        if wanted is None:
            return
    spelled = import_module("thinwire.core.dialects.reasoning").spelled
    fields: Fields = spelled(wanted, spelling, str(document.get("model")))
    if not fields:
        dropped(call, "reasoning_effort", "the server has no field for it")
    for name, value in fields.items():
        if name not in call.extra_body:
            known = document.get(name)
            if isinstance(known, dict) and isinstance(value, dict):
                known = dict(known)
                known.update(value)
                value = known
            document[name] = value

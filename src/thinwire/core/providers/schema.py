"""What a configuration may say: one table, walked on both runtimes, and what docs and the JSON
Schema are made of (tools/config_schema.py).

A line is name, kind and words. A kind is one or more of these, with "|" between:

  text, bool, any, null   as in JSON; "any" is not looked at
  count, whole            a whole number from 1, from 0
  seconds, number         a number above 0, from 0
  key                     a text, or in a dict of Python's a callable that gives one
  =a,b                    one of these texts
  [kind]                  a list of them; {kind}: an object of them, by names of the user's; inside
                          of it "/" stands for "|"
  any other word          an object of the table's section of that name

A text may hold `${NAME}`, a variable of the environment, or `${NAME:-what stands in its place}`;
`$${` is `${`. Where all of a value came from there it may stand for a number or a bool, too.
"""

from thinwire.core._compat import const
from thinwire.core.providers.spelling import did_you_mean, nearest

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    Document = dict[str, Any]

_DEPLOYMENT = """
base_url text Address of the API up to and including its version.
api_key key The key; better ${VARIABLE}, or api_key_env.
api_key_env text Variable of the environment that holds the key.
auth =bearer,api-key,x-api-key,none In which header the key goes.
api_version text|null Azure: an API version, which means the path with deployments.
dialect =openai,anthropic,responses What the server speaks.
extra_headers {text} Headers of each request.
extra_body {any} Fields of each request where the call gives none.
params {any} The same, under the name to prefer.
rename {text} Fields that this server knows by another name.
drop [text] Fields that this server must not get.
force {any} Fields that replace what the call says.
stream_usage bool Whether to ask for token counts.
framing =auto,chunked,length How a request says where it ends.
timeouts timeouts|seconds Limits for each wait; a number is that of the whole call.
retry retry|count Retries; a number is how often it is tried.
provider_order [text] OpenRouter: the providers behind it to ask, in this order.
allow_fallbacks bool OpenRouter: whether it may ask others.
session_affinity bool Ask the provider of the session's last answer first.
think_tags bool|=inside Text in <think> tags is reasoning.
max_concurrent count How many calls it is asked at a time.
requests_per_minute count How many calls it is asked a minute.
reasoning bool|text How this server spells it; true: ask for much of it.
reasoning_models [text] Patterns of the ids of models that reason.
divert_on [text] Endings of an answer that count as errors.
session_field =user,prompt_cache_key Field that gets the name of the session.
referer text OpenRouter: address of the application.
title text OpenRouter: name of the application.
prompt_caching bool Mark what a prompt's cache is to hold.
allow_private bool Whether addresses of private networks are asked.
allow_insecure_http bool Whether it is asked over http, far away.
hygiene bool Whether messages are mended before they are sent.
prices prices What a million tokens cost, where the server does not say what an answer does.
models_path text Path of the list of its models.
verify bool|text false: any certificate is accepted; or the file of the only CAs to trust.
add_ca text|[text] Files of CA certificates to trust as well.
auth_method =bearer,api-key,x-api-key,none NEXUS3's name for auth.
deployment text|null NEXUS3's name for the model of an Azure deployment.
request_timeout seconds NEXUS3: the limit of each single wait.
max_retries whole NEXUS3: how often it is tried again.
retry_backoff number NEXUS3: how the wait grows from one attempt to the next.
verify_ssl bool NEXUS3's name for verify.
ssl_ca_cert text|null NEXUS3's name for add_ca.
"""

SECTIONS = {
    "config": """
$schema text Address of the JSON Schema, for editors.
default_model text Model that a call without a name asks.
default_provider text Provider of models that are named without one.
providers {provider} Who serves models, by names of your own.
models {model/text} Models by public name: "provider:model", or an object. "*": all others.
fallbacks {[text]}|[text] Models to try after a model; a list is that of the default model.
context_fallbacks {[text]} The same for a request that does not fit into the model.
content_filter_fallbacks {[text]} The same for a request that a content filter refused.
fallback_on [text] Kinds of errors that lead to the fallbacks.
timeouts timeouts|seconds Limits for each wait; a number is that of the whole call.
retry retry|count Retries; a number is how often a deployment is tried.
cooldown cooldown When a deployment is left alone for a while.
hedge_after number Seconds after which the fallback is started beside it.
on_interrupt =raise,restart What follows an answer that breaks off.
store text File in which the state of deployments is kept.
log bool Whether the client writes to the log.
keep_headers [text]|=all Response headers to keep.
verify bool|text false: any certificate is accepted; or the file of the only CAs to trust.
add_ca text|[text] Files of CA certificates to trust as well.
""",
    "provider": """
type text Name of its preset, as `thinwire providers` lists them.
models {model/text} Its models by public name: the id, or an object.
""",
    "model": """
provider text Name of one of the providers, or of a preset.
model text The id that the server knows it by.
id text Another name for model.
model_id text Another name for model.
models [text] OpenRouter: models that it may ask in place of this one.
context_window count Tokens that fit into it; for programs that read the file.
guidance text|null What it is good for; for programs that read the file.
""",
    "timeouts": """
connect seconds|null Name lookup, connection and TLS handshake.
first_token seconds|null From the last byte of the request to the first delta.
progress seconds|null Longest gap between two deltas.
liveness seconds|null Longest gap between any two bytes.
total seconds|null The whole call, retries and fallbacks included.
upload seconds|null Longest time in which no more of the request could be sent.
""",
    "prices": """
input number Of the prompt.
cached_input number Of what of it was read from a cache.
cache_write number Of what of it was written to a cache.
output number Of the answer.
request number Of each request, whatever its length.
""",
    "retry": """
attempts count How often a deployment is tried, the first time included.
base number Longest wait before the second attempt, in seconds.
cap number Longest wait between two attempts, in seconds.
multiplier number Growth of the wait.
jitter =full,equal,none How much of the wait is chance.
max_retry_after number Longest wait that a server may ask for, in seconds.
retry_empty bool Whether an empty answer is tried again.
""",
    "cooldown": """
failures count Failed attempts in a row after which it is left alone.
seconds number For how long.
max_seconds number Longest that a server may ask for, in seconds.
""",
}

# What the file of the application NEXUS3 says beside: its own matter.
PASSED_OVER = (
    "stream_output max_tool_iterations default_permission_level skill_timeout"
    " max_concurrent_tools permissions compaction search clipboard context mcp_servers server"
    " gitlab"
)

_WORDS = (
    ("text", "a text"),
    ("bool", "true or false"),
    ("count", "a whole number from 1"),
    ("whole", "a whole number from 0"),
    ("seconds", "seconds above 0"),
    ("number", "a number from 0"),
    ("key", "a text"),
    ("null", "null"),
)
_HUGE = 1e15  # more than anybody means, and less than arithmetic refuses
WRONG = object()  # what a value is that is of no kind of its field


def fields(section: str) -> "list[tuple[str, str, str]]":
    """Name, kind and words of each field of a section of the table."""
    found = []
    for text in _texts(section):
        for line in text.split("\n"):
            if line:
                name, kind, words = line.split(" ", 2)
                found.append((name, kind, words))
    return found


def _texts(section: str) -> "tuple[str, ...]":
    # Not joined: on a chip they stay where they are, in flash.
    own = SECTIONS[section]
    return (own, _DEPLOYMENT) if section in ("provider", "model") else (own,)


def kind_of(section: str, field: str) -> str:
    """The kind of a field of a section, "" where there is none of that name."""
    if " " in field or "\n" in field or not field:
        return ""
    for text in _texts(section):
        at = text.find("\n" + field + " ")
        if at >= 0:
            at += len(field) + 2
            return text[at : text.find(" ", at)]
    return ""


class Unset:
    """A key whose variable is not set: what `api_key` is then. Whoever asks for it is told."""

    def __init__(self, name: str, path: str = "") -> None:
        self.name = name
        self.path = path

    def __call__(self) -> str:
        raise ValueError("%s: the variable %s is not set" % (self.path, self.name))


class Walk:
    """One walk through a configuration, which finds all that is wrong with it.

    Args:
        variable: gives a variable of the environment, or None.

    Attributes:
        problems: (path, words) of each.
    """

    def __init__(self, variable: "Callable[[str], str | None]") -> None:
        self.problems: list[tuple[str, str]] = []
        self._variable = variable

    def add(self, path: str, words: str) -> None:
        """Notes a problem."""
        self.problems.append((path, words))

    def section(
        self, given: "dict[str, object]", name: str, path: str = ""
    ) -> "dict[str, object]":
        """What of `given` is right by the section `name`, with variables in place."""
        found = {}
        for field, value in given.items():
            field = str(field)
            place, kind = below(path, field), kind_of(name, field)
            if not kind:
                if name != "config" or field not in PASSED_OVER.split(" "):
                    self.add(place, self._unknown(field, name))
                continue
            taken = self.value(value, kind, place)
            if taken is not WRONG:
                found[field] = taken
        return found

    def _unknown(self, field: str, section: str) -> str:
        names = [name for name, _, _ in fields(section)]
        near = nearest(field, names)
        if not near:
            for other, place in (("provider", "providers.NAME"), ("config", "the top level")):
                if other != section and kind_of(other, field):
                    return "belongs into %s" % place
            if section in ("provider", "model"):
                return "there is no such setting; a field of the API belongs into params"
        return "there is no such setting" + did_you_mean(field, names)

    def value(self, value: object, kinds: str, path: str) -> object:
        """`value` as one of `kinds`, with variables in place; `WRONG` if it is none."""
        alternatives = kinds.split("|")
        taken = value
        if isinstance(value, str) and "${" in value:
            taken = self._with_variables(value, "key" in alternatives, path)
            if taken is WRONG or isinstance(taken, Unset):
                return taken
            if not ("text" in alternatives or "key" in alternatives or "any" in alternatives):
                taken = _meant(str(taken))
        choices: list[str] = []
        for kind in alternatives:
            inner = kind[1:-1].replace("/", "|")
            if kind[0] == "=":
                choices = kind[1:].split(",")
                if taken in choices:
                    return taken
            elif kind[0] == "[":
                if isinstance(taken, (list, tuple)):
                    return self._list(taken, inner, path)
            elif kind[0] == "{":
                if isinstance(taken, dict):
                    return self._object(taken, inner, path)
            elif kind in SECTIONS:
                if isinstance(taken, dict):
                    return self.section(taken, kind, path)
            elif _fits(taken, kind):
                return taken
        hint = ""
        if choices and isinstance(value, str):
            near = nearest(value, choices)
            hint = near and " (did you mean %r?)" % near
        shown = "a number" if "key" in alternatives else ""
        if not shown or isinstance(taken, bool) or not isinstance(taken, (int, float)):
            shown = _shown(taken, choices)
        self.add(path, "takes %s, not %s%s" % (_takes(alternatives), shown, hint))
        return WRONG

    def _list(self, values: "Sequence[object]", kind: str, path: str) -> "list[object]":
        found = []
        for place, value in enumerate(values):
            taken = self.value(value, kind, "%s[%d]" % (path, place))
            if taken is not WRONG:
                found.append(taken)
        return found

    def _object(self, values: "Document", kind: str, path: str) -> "Document":
        found = {}
        for name, value in values.items():
            taken = self.value(value, kind, below(path, str(name)))
            if taken is not WRONG:
                found[str(name)] = taken
        return found

    def _with_variables(self, text: str, is_key: bool, path: str) -> object:
        found, at = "", 0
        while True:
            start = text.find("${", at)
            if start < 0:
                return found + text[at:]
            before = text[at:start]
            found += before
            at = start + 2
            if before.endswith("$"):  # `$${`
                found += "{"
                continue
            end = text.find("}", at)
            name, mark, otherwise = text[at:end].partition(":-")
            if end < 0 or not name:
                self.add(path, "${ has to be followed by the name of a variable and }")
                return WRONG
            value = self._variable(name)
            if not value and not mark:
                if is_key:
                    return Unset(name, path)
                self.add(path, "the variable %s is not set" % name)
                return WRONG
            found += value or otherwise
            at = end + 1


def below(path: str, name: str) -> str:
    """The path of a field, e.g. `providers.groq.models."llama3.2:1b"`."""
    shown = '"%s"' % name if "." in name or " " in name or not name else name
    return path + "." + shown if path else shown


def _fits(value: object, kind: str) -> bool:
    if kind == "any":
        return True
    if kind == "null":
        return value is None
    if kind == "key":
        return isinstance(value, str) or callable(value)
    if kind == "text":
        return isinstance(value, str)
    if kind == "bool" or isinstance(value, bool):
        return kind == "bool" and isinstance(value, bool)
    if kind in ("count", "whole"):
        return isinstance(value, int) and (kind == "count") <= value < _HUGE
    if not isinstance(value, (int, float)):
        return False
    if kind == "seconds":
        return value > 0 and (isinstance(value, float) or value < _HUGE)  # infinity is no limit
    return 0 <= value < _HUGE


def _meant(text: str) -> object:
    if text in ("true", "false"):
        return text == "true"
    for number in (int, float):
        try:
            return number(text)
        except ValueError:
            pass
    return text


def _takes(kinds: "list[str]") -> str:
    found = []
    for kind in kinds:
        if kind[0] == "=":
            found += [repr(choice) for choice in kind[1:].split(",")]
        else:
            found.append(dict(_WORDS).get(kind) or ("a list" if kind[0] == "[" else "an object"))
    return " or ".join(found)


def _shown(value: object, choices: "list[str]") -> str:
    # A text is not shown: it may be a key.
    if isinstance(value, str):
        return "another text" if choices else "a text"
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, (list, tuple)):
        return "a list"
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int) and not -_HUGE < value < _HUGE:
        return "a number as large as that"  # some have too many digits to be shown
    return "%r" % value if isinstance(value, (int, float)) else "a %s" % type(value).__name__

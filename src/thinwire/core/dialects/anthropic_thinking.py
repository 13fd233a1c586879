"""What a model of Anthropic's API takes: how it is told to think, and how long its answers may be.

Models differ by generation, and refuse what another one wants:

  none       before Claude 3.7: no thinking
  budget     up to Claude 4.5, and models of others at this API: a number of tokens, less than
             max_tokens; sampling parameters are refused while it thinks
  adaptive   from Claude 4.6 on: the model decides, `output_config.effort` says how hard it tries.
             Its thoughts are shown only if asked for (`display`). From 4.7 on budgets are refused,
             and sampling parameters, whether it thinks or not

Sources: Anthropic's pages on extended thinking, adaptive thinking and effort, and the guide for
migrating to Claude Opus 4.7.
"""

from thinwire.core._compat import const
from thinwire.core.dialects.parameters import dropped
from thinwire.core.request.reasoning import budget_of, effort_of

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from typing import Any

    from thinwire.core.request.call import Call

    Fields = dict[str, Any]

_LEAST_BUDGET = const(1024)
_TEXT = const(4096)  # tokens for the answer behind a budget, where nobody says how many
_LEAST_TEXT = const(256)  # likewise where the caller's max_tokens is hardly more than the budget
_NONE = "claude-1 claude-2 claude-instant claude-3-5 claude-3-opus claude-3-sonnet claude-3-haiku"
# Of the dates behind Claude 4's ids: 2025....
_BUDGET = (
    "claude-3-7 claude-opus-4-0 claude-opus-4-1 claude-opus-4-2 claude-opus-4-5 claude-sonnet-4-0"
    " claude-sonnet-4-2 claude-sonnet-4-5 claude-haiku-4-5"
)
_EARLY = "claude-opus-4 claude-sonnet-4"  # the whole name
_SAMPLED = "claude-opus-4-6 claude-sonnet-4-6"  # adaptive, and sampling parameters are taken
_ALWAYS = "claude-mythos claude-fable"  # thinking cannot be switched off
# How long an answer may be where the caller does not say: what every model of the name takes.
_LENGTHS = (
    ("claude-3-5", 8192),
    ("claude-3-7", 32000),
    ("claude-3", 4096),
    ("claude-2", 4096),
    ("claude-instant", 4096),
    ("claude", 32000),
)
_LENGTH = const(8192)
SAMPLING = ("temperature", "top_p", "top_k")


def name_of(model: str) -> str:
    """The model's name as the tables have it: without whose it is ("anthropic/"), with "-" for
    ".", without what follows it ("@20250514", ":beta"); as it is where it is no Claude."""
    name = model.lower().replace(".", "-")
    at = name.find("claude")
    return name[at:].partition("@")[0].partition(":")[0] if at >= 0 else name


def longest(name: str) -> int:
    """Tokens that an answer may have at most, where nobody says.

    Args:
        name: see `name_of`.
    """
    for start, size in _LENGTHS:
        if name.startswith(start):
            return size
    return _LENGTH


def _begins(name: str, starts: str) -> bool:
    return True in [name.startswith(start) for start in starts.split()]


def _mode(name: str) -> str:
    if _begins(name, _NONE):
        return "none"
    if not name.startswith("claude") or name in _EARLY.split() or _begins(name, _BUDGET):
        return "budget"
    return "adaptive"


def add(document: "Fields", call: "Call", name: str, reasoning: "Any", given: bool) -> None:
    """Writes what `reasoning` asks for into a document, and takes out what is refused beside it.

    Args:
        document: with max_tokens and, if any, tool_choice, thinking and sampling parameters.
        name: see `name_of`.
        reasoning: see Call.reasoning.
        given: whether max_tokens is the caller's.
    """
    mode = _mode(name)
    if reasoning is False and "thinking" not in document:
        # Silence means the same at Claude up to 4.x; some of the later ones always think.
        if not name.startswith("claude") or (mode == "adaptive" and "-4-" not in name):
            if not _begins(name, _ALWAYS):
                document["thinking"] = {"type": "disabled"}
    elif reasoning is not None and "thinking" not in document:
        why = ""
        if mode == "none":
            why = "the model does not think"
        elif (document.get("tool_choice") or {}).get("type") in ("any", "tool"):
            why = "no thinking where a tool must be called"
        elif mode == "adaptive":
            document["thinking"] = {"type": "adaptive", "display": "summarized"}
            config = dict(document.get("output_config") or {})
            config.setdefault("effort", _effort(name, effort_of(reasoning)))
            document["output_config"] = config
        elif not _add_budget(document, reasoning, given):
            why = "max_tokens leaves no room for thoughts"
        if why:
            dropped(call, "reasoning_effort", why)
    thinking = document.get("thinking") or {}
    thinks = thinking.get("type") in ("enabled", "adaptive")
    unsampled = mode == "adaptive" and not _begins(name, _SAMPLED)
    both = "temperature" in document and name.startswith("claude")
    for field in SAMPLING:
        if field not in document:
            continue
        if thinks or unsampled:
            why = "the model refuses it" if unsampled else "it is refused beside thinking"
        elif field == "top_p" and both and not name.startswith("claude-3"):
            why = "the model takes temperature or top_p"
        else:
            continue
        del document[field]
        dropped(call, field, why)


def _effort(name: str, word: str) -> str:
    if word == "minimal":
        return "low"
    return "high" if word == "xhigh" and _begins(name, _SAMPLED) else word


def _add_budget(document: "Fields", reasoning: "Any", given: bool) -> bool:
    # Whether there is room for it: thoughts count as a part of max_tokens. What is said in a word
    # leaves a quarter for the answer.
    limit: int = document["max_tokens"]
    budget = max(budget_of(reasoning), _LEAST_BUDGET)
    if isinstance(reasoning, str):
        budget = min(budget, limit * 3 // 4)
    elif not given:
        document["max_tokens"] = limit = max(limit, budget + _TEXT)
    budget = min(budget, limit - _LEAST_TEXT)
    if budget < _LEAST_BUDGET:
        return False
    document["thinking"] = {"type": "enabled", "budget_tokens": budget}
    return True

"""How much a model shall reason, as the caller says it: one argument, whatever the wire. A dialect
writes it in its own words, dialects/reasoning.py those of the OpenAI wire.

Loaded with the first call that says anything of it.
"""

from thinwire.core._compat import const

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from typing import Any, Literal

    Reasoning = str | int | Literal[False]

# A budget in tokens below which it is that word, and what a word is in tokens. Those of the
# middle are what gateways take for them; 1024 is the least that Anthropic allows.
_WORDS = ((2048, "low"), (16384, "medium"))
_TOKENS = (
    ("minimal", 1024),
    ("low", 1024),
    ("medium", 8192),
    ("high", 32768),
    ("xhigh", 65536),
    ("max", 65536),
)


def taken(params: "dict[str, Any]") -> "Reasoning | None":
    """What a call's parameters say of reasoning, which is taken out of them.

    Args:
        params: of the call; `reasoning_effort` a word or False, `reasoning_budget` tokens.

    Returns:
        None (nothing), False (off), a word, or a number of tokens.

    Raises:
        TypeError: both are given, or one of another kind.
        ValueError: a budget below 0.
    """
    effort = params.pop("reasoning_effort", None)
    budget = params.pop("reasoning_budget", None)
    if budget is None:
        if effort is False or effort == "none":
            return False
        if effort is not None and (not isinstance(effort, str) or not effort):
            said = (
                'reasoning_effort takes a word ("low", "medium", "high", ...), or False for none'
            )
            raise TypeError("%s, not %r" % (said, effort))
        return effort
    if effort is not None:
        raise TypeError("reasoning_effort and reasoning_budget say the same: give one of them")
    if not isinstance(budget, int) or isinstance(budget, bool):
        raise TypeError("reasoning_budget takes a number of tokens, not %r" % (budget,))
    if budget < 0:
        raise ValueError("reasoning_budget takes 0 tokens (none) or more, not %d" % budget)
    return budget or False


def effort_of(reasoning: "Reasoning") -> str:
    """The word for it: a caller's own as it is, "none" for off, else by the budget."""
    if isinstance(reasoning, str):
        return reasoning
    if reasoning is False:
        return "none"
    for tokens, word in _WORDS:
        if reasoning < tokens:
            return word
    return "high"


def budget_of(reasoning: "Reasoning") -> int:
    """The tokens for it, 0 for off; a word that is not known is as good as "medium"."""
    if isinstance(reasoning, str):
        return dict(_TOKENS).get(reasoning, 8192)
    return int(reasoning)

"""What an answer has cost, where its server does not say: by the prices that its deployment was
given, for a million tokens each, in whatever currency they are meant.

  input          of the prompt
  cached_input   of the prompt, read from a cache; without it the price of input
  cache_write    of the prompt, written to a cache; without it the price of input
  output         of the answer, reasoning included
  request        for each request, whatever its length

OpenAI's `prompt_tokens` include what was cached, and so do ours of Anthropic's (dialects/
anthropic_answer); DeepSeek says `prompt_cache_hit_tokens`, OpenRouter `cache_write_tokens` among
the details. Loaded for deployments with `prices`.
"""

from thinwire.core._compat import const

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from thinwire.core.answer.completion import Completion

NAMES = ("input", "cached_input", "cache_write", "output", "request")
_MILLION = const(1000000)


def checked(prices: "Mapping[str, Any]") -> "dict[str, Any]":
    """Prices by name, as a copy.

    Raises:
        TypeError: they are no dict of numbers of 0 or more.
        ValueError: a name that is none of NAMES.
    """
    if not hasattr(prices, "items"):
        raise TypeError("Deployment prices takes a dict of numbers, not %r" % (prices,))
    for name, price in prices.items():
        if name not in NAMES:
            shown = ", ".join(NAMES)
            raise ValueError("Deployment prices has no %r: known are %s" % (name, shown))
        number = isinstance(price, (int, float)) and not isinstance(price, bool)
        if not number or not price >= 0:
            said = "Deployment prices takes numbers of 0 or more, not %r for %s"
            raise TypeError(said % (price, name))
    return dict(prices)


def estimate(completion: "Completion", prices: "Mapping[str, Any]") -> None:
    """Sets `cost` and `cost_estimated` of an answer whose server has not said what it costs; not
    where it has counted no tokens either.
    """
    usage = completion.usage
    prompt, output = _count(usage, "prompt_tokens"), _count(usage, "completion_tokens")
    if completion.cost is not None or prompt + output == 0:
        return
    details = usage.get("prompt_tokens_details")
    if not isinstance(details, dict):
        details = {}
    cached = _count(usage, "cached_tokens") or _count(usage, "prompt_cache_hit_tokens")
    written = _count(usage, "cache_creation_input_tokens") or _count(details, "cache_write_tokens")
    plain = prices.get("input", 0)
    cost = max(prompt - cached - written, 0) * plain
    cost += cached * prices.get("cached_input", plain)
    cost += written * prices.get("cache_write", plain)
    cost += output * prices.get("output", 0)
    completion.cost = cost / _MILLION + prices.get("request", 0)
    completion.cost_estimated = True


def _count(usage: "Mapping[str, Any]", name: str) -> int:
    value = usage.get(name)
    return value if isinstance(value, int) and value > 0 else 0
